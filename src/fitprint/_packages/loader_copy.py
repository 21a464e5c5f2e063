"""A flavor's own loader in its packages: a copy, so that a package loads where the flavor is not installed."""

from __future__ import annotations

import ast
import functools
import importlib.util
from dataclasses import dataclass

from fitprint._packages.options import Steps
from fitprint.models import environment
from fitprint.models.package import Package
from fitprint.plugin.contract import Flavor

_COPY = "_copy"


@dataclass(frozen=True)
class Loader:
    """What loads a package elsewhere."""

    module: str
    """The name that the MLmodel file gives."""
    needs: frozenset[str] = frozenset()
    """The modules that have to be there for it."""


def name_of_copy(loader_module: str) -> str:
    """Return the name of the copy of a loader.

    It is not the loader's own name, because a package's code comes first on the path of imports: a folder with the name
    of the plugin would hide the plugin.
    """
    return f"{loader_module.replace('.', '_')}{_COPY}"


def is_of_plugin(loader_module: str, flavor: Flavor) -> bool:
    """Return whether a loader is a module of the plugin that a flavor is from.

    Args:
        loader_module: The name of the loader.
        flavor: The flavor.
    """
    return _top(loader_module) == _top(type(flavor).__module__)


def is_copy(loader_module: str, flavor: Flavor) -> bool:
    """Return whether a loader has the name of a copy of the flavor's own one, or of another one of its plugin.

    Args:
        loader_module: The name of the loader.
        flavor: The flavor.
    """
    of_plugin = loader_module.startswith(f"{_top(type(flavor).__module__)}_") and loader_module.endswith(_COPY)
    return of_plugin or loader_module == name_of_copy(flavor.loader_module)


def loader_of(flavor: Flavor, name: str, package: Package, steps: Steps) -> Loader:
    """Copy a loader of the flavor into the package, unless it is MLflow's or the framework's.

    Args:
        flavor: the flavor.
        name: the name of the loader.
        package: the package.
        steps: gets the reason if the loader is not copied; it must then be installed where the package is loaded.
    """
    top = _top(name)
    if top in ("mlflow", "", *flavor.tops()):
        return Loader(name)
    source = _source(name)
    if source is None:
        return _not_copied(name, "its source file cannot be found", steps)
    imported = _imported(source, top)
    if own := sorted(module for module in imported if _top(module) in (top, "fitprint")):
        return _not_copied(name, f"it imports {', '.join(own)}, so a copy of it would not work by itself", steps)
    package.write(f"{environment.CODE}/{name_of_copy(name)}.py", source)
    covered = flavor.tops()
    return Loader(name_of_copy(name), frozenset(module for module in imported if _top(module) not in covered))


def _top(module: str) -> str:
    return module.partition(".")[0]


def _not_copied(name: str, why: str, steps: Steps) -> Loader:
    steps.skip(f"code of {name}", "code", f"{why}: the package loads only where {name} is installed")
    return Loader(name, frozenset({name}))


def _source(name: str) -> str | None:
    """Return the source text of a module, or None. The packages above it are imported, but not the module."""
    try:
        spec = importlib.util.find_spec(name)
        text: str | None = spec.loader.get_source(name)  # type: ignore[union-attr]
    except (ImportError, ValueError, AttributeError):  # no such module, or a loader that has no sources
        return None
    return text


@functools.lru_cache(maxsize=16)
def _imported(source: str, top: str) -> frozenset[str]:
    """Return the modules that a source text imports, also inside functions; relative ones are below `top`."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            modules.update(f"{top}.{name}" if node.level else str(name) for name in names)
    return frozenset(modules)
