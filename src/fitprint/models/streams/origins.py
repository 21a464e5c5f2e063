"""Where a name in a pickle stream comes from, and whether it is one that does harm by itself.

Of the standard library is known what pickles of data name; all else of it counts as dangerous, because a list of
dangers always lacks one. Of other modules the name alone is judged: that it is a framework's is no proof of anything.
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
"""The modules that models of any framework name, beside the framework's own."""

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
"""Modules of types and of functions that touch nothing but their arguments."""

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
"""Names that say what they do, wherever a module has got them from."""

_WAYS = _words("builtins ctypes importlib nt os posix pty runpy shutil socket subprocess sys webbrowser")
"""Modules that lead to everything else: told even where only the module itself is named."""


def origin(named: Named, frameworks: Container[str], own: Container[str]) -> str:
    """The kind of a name. Both are top-level modules: those of frameworks, and those that the package brings itself."""
    top = named.module.partition(".")[0]
    if top in sys.stdlib_module_names:
        kind = _standard(named)
    elif top == _BUILDER and (named.name.startswith(("_make_", "_builtin_type")) or named.name in _BUILDER_STEPS):
        kind = BY_VALUE
    elif not top or _tells_harm(named.name):
        kind = DANGEROUS
    else:
        kind = FRAMEWORK if top in TOPS or top in frameworks else USER
    return USER if top in own and kind != DANGEROUS else kind  # its own code comes first, whatever it is called


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
        # a module that it imports could be reached through it, but for what is called as its module
        harmful = "." in name or (name.lstrip("_") in sys.stdlib_module_names and name != module)
    else:
        harmful = not (module in _CLASSES and name.isidentifier() and name[0].isupper())
    return DANGEROUS if harmful else STANDARD


def _tells_harm(name: str) -> bool:
    *path, last = name.split(".")
    if any(not part.lstrip("_")[:1].isupper() for part in path):
        return True  # through something that is no class: a module that the module has imported
    is_special = last.startswith("__") and last.endswith("__") and bool(last)
    return last in _HARMFUL or last.lstrip("_") in _WAYS or is_special
