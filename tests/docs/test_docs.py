"""Every snippet of the documents runs: Python in order, as one script per document, then its fitprint commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLAVORS = metadata.entry_points(group="fitprint.flavors").names
ENGINES = metadata.entry_points(group="fitprint.engines").names - FLAVORS
INSTALLED = FLAVORS | ENGINES
"""The documents of other flavors and engines are tested in their own environments."""
CLUSTERS = ROOT / "docs" / "clusters.md"
"""The page of the engines, and where they are installed, the only one of docs/ that is tested."""
DOCUMENTS = sorted(
    ([CLUSTERS] if ENGINES else [path for path in (ROOT / "README.md", *ROOT.glob("docs/*.md")) if path != CLUSTERS])
    + [path for path in ROOT.glob("plugins/*/README.md") if path.parent.name in (ENGINES or INSTALLED)]
)
EXAMPLES = {ROOT / "docs" / "write-a-flavor.md": "tinyboost", ROOT / "docs" / "loops.md": "tinyonline"}
"""Documents whose framework is installed for them alone, each with the fixture that does so."""
FENCE = re.compile(r"^```(\w+(?: mlflow)?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def snippets(document: Path, language: str) -> list[str]:
    return [text for found, text in FENCE.findall(document.read_text("utf-8")) if found == language]


def run(command: list[str], folder: Path, site: Path | None = None) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FITPRINT_")}
    environment["PYSPARK_PYTHON"] = sys.executable  # what Spark's workers are; a user has activated an environment
    if site is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), environment.get("PYTHONPATH")]))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


@pytest.mark.process
@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_every_snippet_of_a_document_runs(document, tmp_path, request):
    python = snippets(document, "python")
    site = request.getfixturevalue(EXAMPLES[document]) if document in EXAMPLES else None
    if python:
        script = tmp_path / "snippets.py"
        script.write_text("\n\n".join(python), "utf-8")
        run([sys.executable, str(script)], tmp_path, site)
    for block in snippets(document, "console"):
        for line in block.splitlines():
            if line.startswith("$ fitprint "):
                run([sys.executable, "-m", *shlex.split(line.removeprefix("$ "))], tmp_path)


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if snippets(path, "python mlflow")], ids=lambda path: path.name
)
@pytest.mark.parametrize("version", ["mlflow2", "mlflow3"])
def test_every_snippet_for_mlflow_runs_on_what_the_document_wrote(document, version, tmp_path, mlflow_pythons):
    for python, language in ((sys.executable, "python"), (mlflow_pythons[version], "python mlflow")):
        script = tmp_path / "snippets.py"
        script.write_text("\n\n".join(snippets(document, language)), "utf-8")
        run([python, str(script)], tmp_path)
    for block in snippets(document, "sh"):
        for line in block.splitlines():
            if line.startswith("fitprint verify "):
                run([sys.executable, "-m", *shlex.split(line)], tmp_path)


def test_every_link_to_a_file_leads_to_one():
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"
