"""Write the tables of flavors in README.md and in the READMEs of the plugins, from the texts in their pyproject.toml.

python docs/tables.py           # writes them
python docs/tables.py --check   # names the documents that are out of date, and exits with 1
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PLANNED = (
    *("scikit-learn", "XGBoost", "LightGBM", "CatBoost", "statsmodels", "Prophet", "spaCy", "ONNX", "Optuna"),
    *("PyTorch", "PyTorch Lightning", "Keras", "TensorFlow", "fastai", "transformers", "PaddlePaddle", "MXNet"),
    *("Spark MLlib", "H2O", "MLeap"),
)
LATER = ("pmdarima",)
HEAD = ("flavor", "framework", "recorded", "package", "MLflow's autolog")
ABOUT, CALL = ("title", "recorded", "package", "mlflow_autologs", "calls"), ("call", "recorded", "predict")


def read(plugin: Path) -> dict[str, Any]:
    """Read what a plugin says about itself.

    Raises:
        ValueError: Something is missing.
    """
    document = tomllib.loads((plugin / "pyproject.toml").read_text("utf-8"))
    about = document.get("tool", {}).get("fitprint", {})
    missing = [name for name in ABOUT if not about.get(name)]
    missing += [f"calls.{name}" for call in about.get("calls", ()) for name in CALL if name not in call]
    if missing:
        raise ValueError(f"{plugin / 'pyproject.toml'}: [tool.fitprint] does not say {', '.join(missing)}")
    project = document["project"]
    (name,) = project["entry-points"]["fitprint.flavors"]
    return {**about, "name": name, "instruments": project["optional-dependencies"]["instruments"]}


def of_flavors() -> list[Path]:
    """Return the folders of the plugins that are flavors. The others are engines, which have no tables."""
    projects = sorted(ROOT.glob("plugins/*/pyproject.toml"))
    return [path.parent for path in projects if '"fitprint.flavors"' in path.read_text("utf-8")]


def flavors() -> list[dict[str, Any]]:
    """Read the flavors of this repository, in the order of `PLANNED`."""
    plugins = [read(plugin) for plugin in of_flavors()]
    return sorted(plugins, key=lambda about: (*PLANNED, about["title"]).index(about["title"]))


def supported(about: dict[str, Any]) -> str:
    """Describe the supported versions: `XGBoost 2.1 or later, below 4 (`xgboost` or `xgboost-cpu`)`."""
    parts = [re.fullmatch(r"([\w.-]+)\s*(.*)", requirement) for requirement in about["instruments"]]
    names, ranges = zip(*((part[1], part[2]) for part in parts if part is not None), strict=True)
    words = []
    for bound in ranges[0].split(",") if ranges[0] else ():
        sign, version = re.match(r"([<>=!~]+)\s*(.*)", bound).groups()  # type: ignore[union-attr]
        words.append({">=": f"{version} or later", "<": f"below {version}"}.get(sign, bound))
    distributions = f" ({' or '.join(f'`{name}`' for name in names)})" if len(names) > 1 else ""
    return f"{' '.join([about['title'], ', '.join(words)]).rstrip()}{distributions}"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("| --- ", "|---").replace("---|\n", "---|\n")


def of_all() -> str:
    """Return the table of README.md, and the line with the frameworks to come."""
    plugins = flavors()
    rows = [
        (f"`{about['name']}`", supported(about), about["recorded"], about["package"], about["mlflow_autologs"])
        for about in plugins
    ]
    titles = {about["title"] for about in plugins}
    coming = [title for title in (*PLANNED, *LATER) if title not in titles]
    return f"{table(HEAD, rows)}\nTo come: {', '.join(coming)}.\n"


def of_one(plugin: Path) -> str:
    """Return the table of a plugin's README."""
    about = read(plugin)
    rows = [(call["call"], call["recorded"], call["predict"] or "no package") for call in about["calls"]]
    text = table(("call", "what a run has", "what `predict` of its package gives"), rows)
    if limit := about.get("max_model_size"):
        text += (
            f"\nA package is written of models up to {limit}, unless the setting `max_model_size` or the variable "
            f"`FITPRINT_{about['name'].upper()}_MAX_MODEL_SIZE` says otherwise.\n"
        )
    return text


def documents() -> dict[Path, tuple[str, str]]:
    """Return, for each document, the name of its markers and what belongs between them."""
    contents = {ROOT / "README.md": ("flavors", of_all())}
    for plugin in of_flavors():
        contents[plugin / "README.md"] = ("recorded", of_one(plugin))
    return contents


def current(document: Path, name: str, content: str) -> str:
    """Return the text of a document with an up-to-date table.

    Raises:
        ValueError: The document has no such markers.
    """
    text = document.read_text("utf-8")
    before, start, rest = text.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    if not start or not end:
        raise ValueError(f"{document} has no lines <!-- {name} --> and <!-- /{name} -->")
    return before + start + content + end + after


def main(arguments: list[str]) -> int:
    """Write or check the tables. Returns the exit status."""
    stale = []
    for document, (name, content) in documents().items():
        text = current(document, name, content)
        if text != document.read_text("utf-8"):
            stale.append(document)
            if "--check" not in arguments:
                document.write_text(text, "utf-8")
    for document in stale:
        sys.stdout.write(f"{document.relative_to(ROOT)}: {'not current' if '--check' in arguments else 'written'}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
