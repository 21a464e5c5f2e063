"""`fitprint serve --dockerfile`: the text of a Dockerfile for a package. Nothing is built here.

The folder that holds the package is the context of the build, and the Dockerfile stands in it, beside the package. Each
step is in exec form, a JSON list of arguments, so that no shell reads a requirement.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint._packages.environment_plan import SERVE, flavors_of, plan_of
from fitprint._packages.own_distributions import own_requirement, plugin_requirement
from fitprint._version import __version__
from fitprint.models.errors import PackageError
from fitprint.models.requirement_lines import is_pinned_by_hash, without_hashes
from fitprint.models.trust import ALL
from fitprint.serving.environments import check_trust

NAME = "Dockerfile"
MODEL = "/opt/ml/model"
"""Where SageMaker puts a model too, so that `fitprint serve` finds it there without being told."""
PORT = 8080
USER = 10001
"""The user of the process: not root, and no user of any base image."""
_MARK = "# Written by fitprint"
_PLAIN = re.compile(r"[\w][\w.-]*")
_ALIVE = (
    "import os, urllib.request; "
    "urllib.request.urlopen('http://127.0.0.1:' + os.environ['FITPRINT_SERVE_PORT'] + '/ping', timeout=4)"
)
_WRITE = "import sys; open(sys.argv[1], 'w').write('\\n'.join(sys.argv[2:]) + '\\n')"


def write_dockerfile(
    folder: Path,
    document: Mapping[str, Any],
    *,
    trust: str | None = None,
    digest: str | None = None,
    arguments: Sequence[str] = (),
) -> Path:
    """Write a Dockerfile beside a package.

    Args:
        folder: The folder of the package.
        document: Its MLmodel document.
        trust: As for loading it.
        digest: As for loading it.
        arguments: Further arguments of `fitprint serve` in the container.

    Returns:
        The file. It is built with the folder that it is in: ``docker build -t NAME FOLDER``.

    Raises:
        PackageError: The package may not be loaded, its environment cannot be rebuilt, or there is a Dockerfile of
            somebody else.
    """
    folder = Path(os.path.abspath(folder))
    if not _PLAIN.fullmatch(folder.name):
        raise PackageError(f"{folder}: Docker would read its name as a pattern: copy it to a folder with a plain name")
    level = check_trust(folder, document, trust, digest)
    file = folder.parent / NAME
    if file.exists() and not file.read_text("utf-8", "replace").startswith(_MARK):
        raise PackageError(f"{file} exists, and fitprint has not written it: remove it, or copy the package elsewhere")
    all_arguments = [*(["--trust", trust] if trust else []), *(["--digest", digest] if digest else []), *arguments]
    file.write_text(dockerfile(folder, document, only_binary=level != ALL, arguments=all_arguments), "utf-8")
    return file


def dockerfile(
    folder: Path, document: Mapping[str, Any], *, only_binary: bool = False, arguments: Sequence[str] = ()
) -> str:
    """Return the text of the Dockerfile of a package; see `write_dockerfile`."""
    plan = plan_of(folder, document)
    own = [own_requirement(SERVE)]
    for flavor in flavors_of(document):
        own += plugin_requirement(flavor)
    python = ".".join(re.findall(r"\d+", plan.python or "3")[:2])
    lines = [
        f"{_MARK} {__version__} for the package in {folder.name}/. In this folder:",
        f"#   docker build -t {folder.name.lower()} .",
        f"#   docker run --rm -p 127.0.0.1:{PORT}:{PORT} {folder.name.lower()}",
        f"FROM python:{python}-slim",
        f"ENV PYTHONUNBUFFERED=1 HOME=/tmp FITPRINT_SERVE_HOST=0.0.0.0 FITPRINT_SERVE_PORT={PORT}",
        *(f"# not installed: {_comment(line)} ({reason})" for line, reason in plan.left_out),
        "# A system library that a framework needs and a slim image lacks is installed here, with apt-get.",
        *_install_steps(plan.requirements, plan.constraints, own, only_binary),
        f"COPY --chown={USER}:{USER} {_exec([f'{folder.name}/', f'{MODEL}/'])}",
        f"USER {USER}:{USER}",
        f"EXPOSE {PORT}",
        f"HEALTHCHECK --interval=30s --timeout=5s --start-period=120s CMD {_exec(['python', '-c', _ALIVE])}",
        'ENTRYPOINT ["fitprint"]',
        f"CMD {_exec(['serve', MODEL, *arguments])}",
        "",
    ]
    return "\n".join(lines)


def _install_steps(
    requirements: Sequence[str], constraints: Sequence[str], own: Sequence[str], only_binary: bool
) -> Iterable[str]:
    install = ["python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"]
    install += ["--only-binary", ":all:"] if only_binary else []
    if constraints:
        yield _write_step("/tmp/constraints.txt", constraints)
        install += ["--constraint", "/tmp/constraints.txt"]
    if any(map(is_pinned_by_hash, requirements)):  # pip takes hashes from a file alone, and then for every line of it
        yield _write_step("/tmp/requirements.txt", requirements)
        yield f"RUN {_exec([*install, '--requirement', '/tmp/requirements.txt'])}"
        requirements = [without_hashes(line) for line in requirements]
    yield f"RUN {_exec([*install, *requirements, *own])}"


def _write_step(path: str, lines: Iterable[str]) -> str:
    return f"RUN {_exec(['python', '-c', _WRITE, path, *lines])}"


def _exec(words: Iterable[str]) -> str:
    """Return a command in exec form."""
    return json.dumps([*words])


def _comment(text: str) -> str:
    return " ".join(text.split())[:200]
