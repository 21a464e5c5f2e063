"""Where a name in a pickle stream comes from, and whether it can do harm by itself.

For the standard library, what pickles of data name is known; everything else in it counts as dangerous, because a list
of dangers would never be complete. For other modules only the name is judged: that it belongs to a framework does not
prove that it is harmless.
"""

from __future__ import annotations

import sys
from collections.abc import Container

from fitprint.models.streams.names import Named

FRAMEWORK, STANDARD, USER = "framework", "standard library", "user code"
BY_VALUE, DANGEROUS = "code by value", "dangerous"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOPS = frozenset({"fitprint", "mlflow", "numpy", "scipy", "pandas", "pyarrow", "joblib", "cloudpickle"})
"""Modules that models of any framework name, beside the framework's own."""

_BY_VALUE = {
    "types": frozenset({"CodeType", "FunctionType", "CellType", "ModuleType"}),
    "builtins": frozenset({"code", "function"}),
}
_BUILDER = "cloudpickle"
_BUILDER_STEPS = frozenset({"_class_setstate", "_function_setstate", "_cell_set", "_empty_cell_value", "subimport"})

_PURE = _words(
    "_collections _collections_abc _datetime _decimal abc array bisect calendar cmath collections collections.abc "
    "datetime decimal fractions heapq itertools math numbers statistics"
)
"""Modules of types, and of functions that use only their arguments."""

_CLASSES = _words(
    "_random _weakrefset enum ipaddress pathlib pathlib._local random string typing uuid zoneinfo zoneinfo._zoneinfo"
)
"""Modules whose classes hold data; their functions read files, clocks or devices."""

_ARITHMETIC = _words(
    "abs add and_ concat contains eq floordiv ge getitem gt index invert is_ is_not itemgetter le lt matmul mod mul ne "
    "neg not_ or_ pos pow sub truediv truth xor"
)
_SOME = {
    "_codecs": frozenset({"encode", "decode"}),
    "_functools": frozenset({"partial", "reduce"}),
    "_operator": _ARITHMETIC,
    "array": frozenset({"_array_reconstructor"}),
    "copyreg": frozenset({"_reconstructor", "__newobj__", "__newobj_ex__"}),
    "functools": frozenset({"partial", "reduce", "cmp_to_key"}),
    "logging": frozenset({"getLogger", "Logger", "RootLogger"}),
    "operator": _ARITHMETIC,
    "re": frozenset({"_compile", "compile", "Pattern", "RegexFlag"}),
    "time": frozenset({"struct_time"}),
    "types": frozenset({"GenericAlias", "MappingProxyType", "MethodType", "NoneType", "SimpleNamespace", "UnionType"}),
    "weakref": frozenset({"WeakKeyDictionary", "WeakSet", "WeakValueDictionary", "ref"}),
}
_HARMFUL_BUILTINS = _words(
    "breakpoint compile delattr eval exec exit getattr globals help input locals open quit setattr vars"
)
_HARMFUL = _HARMFUL_BUILTINS - {"help", "vars"} | _words(
    "Popen attrgetter call check_call check_output execfile getoutput import_module load_module load_source "
    "methodcaller popen rmtree run_code run_module run_path runstring spawn startfile subimport system unlink"
)
"""Names of dangerous functions, in whatever module they are found."""

_WAYS = _words("builtins ctypes importlib nt os posix pty runpy shutil socket subprocess sys webbrowser")
"""Modules that lead to everything else: dangerous even if only the module itself is named."""


def origin(named: Named, frameworks: Container[str], own: Container[str]) -> str:
    """Return the kind of a name.

    Args:
        named: The name.
        frameworks: The top-level modules of frameworks.
        own: The top-level modules that the package brings itself.
    """
    top = named.module.partition(".")[0]
    if top in sys.stdlib_module_names:
        kind = _standard(named)
    elif top == _BUILDER and (named.name.startswith(("_make_", "_builtin_type")) or named.name in _BUILDER_STEPS):
        kind = BY_VALUE
    elif not top or _tells_harm(named.name):
        kind = DANGEROUS
    else:
        kind = FRAMEWORK if top in TOPS or top in frameworks else USER
    return (
        USER if top in own and kind != DANGEROUS else kind
    )  # its own code has precedence over modules of the same name


def _standard(named: Named) -> str:
    module, name = named.module, named.name
    if not name:  # code by value that uses a module
        return DANGEROUS if module.partition(".")[0] in _WAYS - {"os", "sys"} else STANDARD
    if name in _BY_VALUE.get(module, ()):
        return BY_VALUE
    if module == "builtins":
        harmful = name in _HARMFUL_BUILTINS or name.startswith("_") or "." in name
    elif name in _SOME.get(module, ()):
        harmful = False
    elif module in _PURE:
        # a module that it imports could be reached through it; a class may have the name of its module
        harmful = "." in name or (name.lstrip("_") in sys.stdlib_module_names and name != module)
    else:
        harmful = not (module in _CLASSES and name.isidentifier() and name[0].isupper())
    return DANGEROUS if harmful else STANDARD


def _tells_harm(name: str) -> bool:
    *path, last = name.split(".")
    if any(not part.lstrip("_")[:1].isupper() for part in path):
        return True  # through something that is not a class: a module that the module has imported
    is_special = last.startswith("__") and last.endswith("__") and bool(last)
    return last in _HARMFUL or last.lstrip("_") in _WAYS or is_special
