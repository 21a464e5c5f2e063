"""Which versions of the plugin API are accepted, and the hooks that flavors should no longer use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fitprint._core.guard import warn_once
from fitprint.plugin.contract import Flavor
from fitprint.plugin.instrumentation import API_VERSION

Version = tuple[int, int]


@dataclass(frozen=True)
class DeprecatedHook:
    """A method or attribute of `Flavor` that a later version of the plugin API will not have.

    Attributes:
        name: The name of the hook.
        since: The version of the API that deprecates it.
        removed_in: The version that no longer asks for it.
        instead: The hook to define instead. A flavor that defines both is ready, and is not warned about.
    """

    name: str
    since: Version
    removed_in: Version
    instead: str


_deprecated: list[DeprecatedHook] = []


def deprecated_hook(name: str, since: Version, removed_in: Version, instead: str) -> DeprecatedHook:
    """Declare a hook deprecated: a flavor that defines it is named in a warning, once, from `since` on.

    Args:
        name: The name of the hook.
        since: The version of the API that deprecates it.
        removed_in: The version that no longer asks for it: at least one minor version later.
        instead: The hook to define instead.

    Returns:
        The declaration.

    Raises:
        ValueError: If plugins would not be warned in any version before the hook is removed.
    """
    if removed_in <= since:
        raise ValueError(f"{name} is deprecated since {_text(since)}, so it can be removed in a later version only")
    hook = DeprecatedHook(name, since, removed_in, instead)
    _deprecated.append(hook)
    return hook


def warn_deprecated(flavor: Flavor, plugin: str) -> None:
    """Warn of the deprecated hooks that a flavor defines, each once.

    Args:
        flavor: The flavor.
        plugin: The name of its plugin.
    """
    for hook in _deprecated:
        if hook.since <= API_VERSION and _defines(flavor, hook.name) and not _defines(flavor, hook.instead):
            warn_once(
                ("deprecated hook", f"{flavor.name} {hook.name}"),
                f"{plugin} defines {hook.name}, which is deprecated since version {_text(hook.since)} of the plugin "
                f"API and is no longer called from {_text(hook.removed_in)} on; define "
                f"{hook.instead} instead",
            )


def check_version(version: Any, plugin: str) -> None:
    """Check that a flavor was written for a version of the plugin API that this fitprint has.

    The same major version is accepted, with any minor version up to fitprint's own: a minor version only adds.

    Args:
        version: The flavor's `api_version`.
        plugin: The name of its plugin.

    Raises:
        TypeError: If the version is another one, or is none.
    """
    if not _is_version(version):
        raise TypeError(
            f"{plugin} declares {version!r} as the version of the plugin API that it was written for; "
            f"api_version is a pair of numbers, such as {API_VERSION}"
        )
    if version[0] == API_VERSION[0] and version <= API_VERSION:
        return
    mend = f"a newer {plugin}" if version < API_VERSION else "a newer fitprint"
    raise TypeError(
        f"{plugin} was written for version {_text(version)} of the plugin API, and this fitprint has version "
        f"{_text(API_VERSION)}: install {mend}"
    )


def _is_version(version: Any) -> bool:
    return isinstance(version, tuple) and len(version) == 2 and all(isinstance(part, int) for part in version)


def _text(version: Version) -> str:
    return ".".join(map(str, version))


def _defines(flavor: Flavor, name: str) -> bool:
    """Return whether a flavor has a hook of its own, and not that of `Flavor`."""
    return getattr(type(flavor), name, None) is not getattr(Flavor, name, None)
