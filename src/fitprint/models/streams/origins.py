"""Where a name in a pickle stream comes from, and whether it can do harm by itself.

For the standard library, what pickles of data name is known; everything else in it counts as dangerous, because a list
of dangers would never be complete. Of frameworks, those functions count as dangerous whose names say that they load,
evaluate or run something, and modules that are known to do so. For other modules, only names that are dangerous
everywhere do. That a name belongs to a framework does not prove that it is harmless.
"""

from __future__ import annotations

import re
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


_LOADING = _words(
    "command compile connect deserialize download dump dumps eval evaluate exec execute fetch fromfile fromregex "
    "genfromtxt import instantiate load loads loadtxt locate memmap open popen query read request run save savetxt "
    "savez shell spawn system tofile upload urlopen write"
)
"""Words in the names of functions of frameworks that unpickle, evaluate, or read and write files."""

_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+")
_NESTED = _words("DataSource NpzFile _unpickle_model read_pickle unpickle")
"""Classes that unpickle or read files when they are used, and functions whose names have none of the words above."""

_OF_TENSORS = "torch."
_EVALUATING = _words(
    "_dynamo _inductor distributed hub jit.unsupported_tensor_ops package serialization utils.bottleneck "
    "utils.collect_env utils.cpp_extension utils.data.datapipes.utils.decoder"
)
_ELSEWHERE = _words(
    "_interpreters _pyrepl _xxsubinterpreters distutils imp lib2to3 pipes telnetlib test.libregrtest test.support"
)
"""Modules of the standard library of another Python than this one."""
_DANGEROUS_MODULES = {_OF_TENSORS + name for name in _EVALUATING}.union(
    _ELSEWHERE,
    _words(
        "IPython aiohttp dill fabric httpx invoke jsonpickle numexpr numpy.ctypeslib numpy.distutils numpy.f2py "
        "numpy.testing pandas.core.computation paramiko pexpect pip pkg_resources plumbum ptyprocess requests "
        "setuptools sh sympy.parsing urllib3"
    ),
)
_DILL, _DILL_STEPS = "dill", ("_create_", "_load_type")


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
    elif _builds_code(top, named.name):
        kind = BY_VALUE
    elif not top or _tells_harm(named.name):
        kind = DANGEROUS
    elif top in own:
        kind = USER
    elif _is_dangerous(named.module):
        kind = DANGEROUS
    elif top in TOPS or top in frameworks:
        kind = DANGEROUS if _loads_or_evaluates(named.name) else FRAMEWORK
    else:
        kind = USER
    # its own code has precedence over modules of the same name
    return USER if top in own and kind != DANGEROUS else kind


def _builds_code(top: str, name: str) -> bool:
    if top == _DILL:
        return name.startswith(_DILL_STEPS)
    return top == _BUILDER and (name.startswith(("_make_", "_builtin_type")) or name in _BUILDER_STEPS)


def _is_dangerous(module: str) -> bool:
    parts = module.split(".")
    return any(".".join(parts[: i + 1]) in _DANGEROUS_MODULES for i in range(len(parts)))


def _loads_or_evaluates(name: str) -> bool:
    last = name.rpartition(".")[2]
    if last in _NESTED or last.endswith("Unpickler"):
        return True
    is_class = last.lstrip("_")[:1].isupper()
    return not is_class and any(word.lower() in _LOADING for word in _WORD.findall(last))


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
