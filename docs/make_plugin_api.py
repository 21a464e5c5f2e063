"""Writes docs/plugin-api.md from the docstrings of `fitprint.plugin`, and of what `fitprint.testing` asks a plugin for.

python docs/make_plugin_api.py           # writes it
python docs/make_plugin_api.py --check   # exits with 1 if it is not current
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fitprint.plugin
import fitprint.testing

PAGE = Path(__file__).with_name("plugin-api.md")
SOURCES = Path(__file__).parents[1] / "src"
GROUPS = {
    "The contract": [
        "Flavor",
        "Patch",
        "Role",
        "TrainingCall",
        "Emit",
        "Listener",
        "ModelInTraining",
        "safe_callback",
        "SafeCallback",
        "SaveContext",
        "SavedModel",
        "ChildRun",
        "BestModel",
        "DeclaredSignature",
        "Rule",
        "SecondsUnknown",
        "API_VERSION",
    ],
    "Metrics": [
        "MetricHistory",
        "TrainingRows",
        "rows_within_budget",
        "skip_several_values",
        "training_metrics",
        "with_training_prefix",
    ],
    "Engines": ["Engine", "EngineTask", "Sending", "WorkerReport", "WorkerSetup"],
    "Gradient boosting": ["BoostingFlavor", "ContainerOrigins", "UnknownColumns", "example_row"],
}
"""The first sections, with their names in this order; every other name comes after them, by itself."""
TESTING = ["Case", "Budget"]
"""What the author of a plugin declares for the conformance kit."""
HEAD = """\
# The plugin API

What `fitprint.plugin` offers to the author of a [flavor](write-a-flavor.md), and what the tests declare with
`fitprint.testing`, the conformance kit. This page is written by `docs/make_plugin_api.py` from the docstrings.
"""
SECTION = re.compile(r"^(Args|Returns|Raises|Yields|Example):\n", re.MULTILINE)


def page() -> str:
    """Return the text that the page must have."""
    grouped = {name for names in GROUPS.values() for name in names}
    further = [name for name in fitprint.plugin.__all__ if name not in grouped]
    parts = [HEAD]
    for title, names in {**GROUPS, "Helpers": further}.items():
        parts.append(f"## {title}\n")
        parts += [entry(name, getattr(fitprint.plugin, name)) for name in names if name in fitprint.plugin.__all__]
    parts.append("## The conformance kit\n")
    parts += [entry(name, getattr(fitprint.testing, name)) for name in TESTING]
    return "\n".join(parts)


def entry(name: str, value: Any) -> str:
    """Return what the page says of a name."""
    lines = [f"### {name}\n"]
    if inspect.isclass(value):
        lines.append(f"{docstring(value)}\n")
        lines += members(name, value)
    elif inspect.isfunction(value := inspect.unwrap(value)):
        lines += [f"```text\n{name}{signature(value)}\n```\n", f"{docstring(value)}\n"]
    elif inspect.ismodule(value):
        lines.append(f"The module `{value.__name__}`. {docstring(value)}\n")
    else:
        described = dict(itertools.chain(*(described_in(module.body).items() for module in source_of(name)))).get(name)
        lines.append(f"{described or f'`{value!r}`'}\n")
    return "\n".join(lines)


def members(name: str, kind: type) -> Iterator[str]:
    """Yield the attributes and the methods that a class defines and documents, by itself or in a private base."""
    parts = list(itertools.takewhile(is_private, kind.__mro__[1:]))
    described = described_members(name)
    for part in parts:
        tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
        described |= described_in(next(node.body for node in tree.body if isinstance(node, ast.ClassDef)))
    fields = {field.name: field for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else {}
    attributes = [name for name in [*fields, *described] if not name.startswith("_")]
    for attribute in dict.fromkeys(attributes):
        about = f": {one_line(described[attribute])}" if attribute in described else ""
        yield f"- **`{attribute}`**{about}"
    if attributes:
        yield ""
    methods = itertools.chain(*(vars(part).items() for part in (kind, *parts)))
    # what a plugin's author must write comes first
    for method, member in sorted(methods, key=lambda item: not getattr(item[1], "__isabstractmethod__", False)):
        function = member.fget if isinstance(member, property) else member
        function = getattr(function, "__func__", function)
        if (
            (method.startswith("_") and method != "__call__")
            or not inspect.isfunction(function)
            or not function.__doc__
        ):
            continue
        shown = method if isinstance(member, property) else f"{method}{signature(function)}"
        yield f"#### {name}.{method}\n\n```text\n{shown}\n```\n\n{docstring(function)}\n"


def is_private(kind: type) -> bool:
    """Return whether a class is of `fitprint.plugin`, but none of its public names: those have been given its name."""
    return kind.__module__.startswith("fitprint.plugin.")


def signature(function: Any) -> str:
    """Return a signature as it stands in the source, without `self` and on lines that can be read."""
    found = inspect.signature(function)
    parameters = [parameter for parameter in found.parameters.values() if parameter.name not in ("self", "cls")]
    text = str(found.replace(parameters=parameters)).replace("'", "").replace('"', "")
    return re.sub(r"<object object at 0x\w+>|<fitprint[\w. ]* object at 0x\w+>", "...", text)


def docstring(value: Any) -> str:
    """Return a docstring in Markdown: the sections of Google's style become lists."""
    text = inspect.cleandoc(value.__doc__ or "").replace("``", "`")
    before, *sections = SECTION.split(text)
    parts = [before.rstrip()]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        body, rest = indented(body)
        shown = f"```python\n{body}\n```" if title == "Example" else listed(body, title)
        parts += [f"{title}:", shown, rest]
    return "\n\n".join(filter(None, parts))


def indented(body: str) -> tuple[str, str]:
    """Split what follows the title of a section into its own, indented lines and the text after them."""
    lines = body.splitlines()
    end = next((at for at, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
    return textwrap.dedent("\n".join(lines[:end])).strip(), "\n".join(lines[end:]).strip()


def listed(body: str, title: str) -> str:
    """Return arguments or errors as a list; a result stays a paragraph."""
    if title in ("Returns", "Yields"):
        return one_line(body)
    items = re.split(r"\n(?=\S)", body)
    return "\n".join(f"- `{name}`: {one_line(rest)}" for name, _, rest in (item.partition(":") for item in items))


def one_line(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.replace("``", "`").split())


def source_of(name: str) -> list[ast.Module]:
    """Return the parsed source of the module that a name comes from, or of its whole package."""
    if name in TESTING:
        module = inspect.getmodule(getattr(fitprint.testing, name))
        return [ast.parse(inspect.getsource(module))] if module else []
    modules = vars(fitprint.plugin)["_MODULES"]
    path = SOURCES.joinpath(*next(module for module, names in modules.items() if name in names).split("."))
    files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return [ast.parse(file.read_text("utf-8")) for file in files]


def described_members(kind: str) -> dict[str, str]:
    """Return the strings that stand below the attributes of a class, by the attribute's name."""
    statements = itertools.chain(*(module.body for module in source_of(kind)))
    return described_in(
        next((node.body for node in statements if isinstance(node, ast.ClassDef) and node.name == kind), [])
    )


def described_in(body: list[ast.stmt]) -> dict[str, str]:
    """Return the strings that stand below assignments, by the assigned name."""
    described = {}
    for node, after in itertools.pairwise(body):
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        string = after.value if isinstance(after, ast.Expr) else None
        if isinstance(target, ast.Name) and isinstance(string, ast.Constant) and isinstance(string.value, str):
            described[target.id] = inspect.cleandoc(string.value)
    return described


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is current."""
    text = page()
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text("utf-8") == text
        return 0 if current else 1
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
