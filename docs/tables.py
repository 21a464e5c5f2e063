"""Writes the tables of flavors in README.md and in the plugins' README.md, from what their pyproject.toml say.

python docs/tables.py           # writes them
python docs/tables.py --check   # says which are not current, and exits with 1
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PLANNED = ("scikit-learn", "XGBoost", "LightGBM", "CatBoost", "statsmodels", "Prophet", "spaCy", "ONNX")
LATER = ("PyTorch", "Lightning", "Keras", "Transformers", "Spark MLlib", "pmdarima", "H2O", "fastai", "PaddlePaddle")
HEAD = ("flavor", "framework", "recorded", "package", "MLflow's autolog")
ABOUT, CALL = ("title", "recorded", "package", "mlflow_autologs", "calls"), ("call", "recorded", "predict")


def read(plugin: Path) -> dict[str, Any]:
    """What a plugin says of itself. Raises ValueError for what is missing."""
    document = tomllib.loads((plugin / "pyproject.toml").read_text("utf-8"))
    about = document.get("tool", {}).get("fitprint", {})
    missing = [name for name in ABOUT if not about.get(name)]
    missing += [f"calls.{name}" for call in about.get("calls", ()) for name in CALL if name not in call]
    if missing:
        raise ValueError(f"{plugin / 'pyproject.toml'}: [tool.fitprint] does not say {', '.join(missing)}")
    project = document["project"]
    (name,) = project["entry-points"]["fitprint.flavors"]
    return {**about, "name": name, "instruments": project["optional-dependencies"]["instruments"]}


def flavors() -> list[dict[str, Any]]:
    """Those of this repository, the planned ones in their order."""
    found = [read(each.parent) for each in sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    return sorted(found, key=lambda each: PLANNED.index(each["title"]) if each["title"] in PLANNED else len(PLANNED))


def supported(about: dict[str, Any]) -> str:
    """`XGBoost 2.1 or later, below 4 (`xgboost` or `xgboost-cpu`)`."""
    parts = [re.fullmatch(r"([\w.-]+)\s*(.*)", each) for each in about["instruments"]]
    names, ranges = zip(*((part[1], part[2]) for part in parts if part is not None), strict=True)
    words = []
    for bound in ranges[0].split(",") if ranges[0] else ():
        sign, version = re.match(r"([<>=!~]+)\s*(.*)", bound).groups()  # type: ignore[union-attr]
        words.append({">=": f"{version} or later", "<": f"below {version}"}.get(sign, bound))
    brought = f" ({' or '.join(f'`{each}`' for each in names)})" if len(names) > 1 else ""
    return f"{about['title']} {', '.join(words)}{brought}" if words else f"{about['title']}{brought}"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines).replace("| --- ", "|---").replace("---|\n", "---|\n")


def of_all() -> str:
    """The table of README.md, and what is to come."""
    found = flavors()
    rows = [
        (f"`{each['name']}`", supported(each), each["recorded"], each["package"], each["mlflow_autologs"])
        for each in found
    ]
    titles = {each["title"] for each in found}
    coming = [each for each in (*PLANNED, *LATER) if each not in titles]
    return f"{table(HEAD, rows)}\nTo come: {', '.join(coming)}.\n"


def of_one(plugin: Path) -> str:
    """The table of a plugin's README."""
    calls = read(plugin)["calls"]
    rows = [(each["call"], each["recorded"], each["predict"] or "no package") for each in calls]
    return table(("call", "what a run has", "what `predict` of its package gives"), rows)


def documents() -> dict[Path, tuple[str, str]]:
    """From each document to the name of its markers and what belongs between them."""
    found = {ROOT / "README.md": ("flavors", of_all())}
    for plugin in sorted(each.parent for each in ROOT.glob("plugins/*/pyproject.toml")):
        found[plugin / "README.md"] = ("recorded", of_one(plugin))
    return found


def current(document: Path, name: str, content: str) -> str:
    """The text of a document with its table as it has to be. Raises ValueError without the markers."""
    text = document.read_text("utf-8")
    before, start, rest = text.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    if not start or not end:
        raise ValueError(f"{document} has no lines <!-- {name} --> and <!-- /{name} -->")
    return before + start + content + end + after


def main(arguments: list[str]) -> int:
    stale = []
    for document, (name, content) in documents().items():
        text = current(document, name, content)
        if text != document.read_text("utf-8"):
            stale.append(document)
            if "--check" not in arguments:
                document.write_text(text, "utf-8")
    for each in stale:
        sys.stdout.write(f"{each.relative_to(ROOT)}: {'not current' if '--check' in arguments else 'written'}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
