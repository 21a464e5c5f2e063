"""Whatever bytes the files of a package hold: it is described, or refused in one line; nothing else is raised."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest
from click.testing import CliRunner

from fitprint.cli.application import fitprint
from fitprint.models import mlmodel
from fitprint.models.checksums import checked_files, verify
from fitprint.models.errors import PackageError
from fitprint.models.streams.files import imports_of

UNTIMED = [hypothesis.HealthCheck.too_slow]
MLMODEL = b"flavors:\n  sklearn: {pickled_model: model.pkl}\n  python_function: {loader_module: mlflow.sklearn}\n"
YAML = st.text(alphabet="{}[]&*!<>|:-? \n\"'#%@`,.0123456789abcdefxyz~\t", max_size=200)
BYTES = st.one_of(st.binary(max_size=300), YAML.map(lambda text: text.encode()))
CHECKSUMS = st.one_of(
    BYTES, st.dictionaries(st.text(max_size=20), st.text("0123456789abcdef", min_size=64, max_size=64))
)


@st.composite
def damaged(draw, content):
    """A file with some of its bytes changed, and perhaps cut off."""
    found = bytearray(content[: draw(st.integers(1, len(content)))])
    for place, byte in draw(st.lists(st.tuples(st.integers(0, len(found) - 1), st.integers(0, 255)), max_size=8)):
        found[place] = byte
    return bytes(found)


@pytest.mark.slow
@hypothesis.settings(suppress_health_check=UNTIMED, max_examples=300)
@hypothesis.given(st.one_of(BYTES, BYTES.map(lambda more: MLMODEL + more), damaged(MLMODEL)))
def test_an_mlmodel_of_any_bytes(content):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "MLmodel").write_bytes(content)
        document = read_or_refused(lambda: mlmodel.read(Path(folder)))
        assert document is None or isinstance(document["flavors"], dict)
        described(folder)


@pytest.mark.slow
@hypothesis.settings(suppress_health_check=UNTIMED, max_examples=100)
@hypothesis.given(CHECKSUMS)
def test_checksums_of_any_bytes(content):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "MLmodel").write_bytes(MLMODEL)
        Path(folder, "checksums.json").write_bytes(
            content if isinstance(content, bytes) else json.dumps(content).encode()
        )
        read_or_refused(lambda: verify(Path(folder), mlmodel.read(Path(folder))))
        read_or_refused(lambda: checked_files(Path(folder)))
        described(folder)


@pytest.mark.slow
@hypothesis.settings(suppress_health_check=UNTIMED, max_examples=200)
@hypothesis.given(BYTES)
def test_a_pickle_of_any_bytes(content):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "MLmodel").write_bytes(MLMODEL)
        Path(folder, "model.pkl").write_bytes(content)
        described(folder, status=0)


@pytest.mark.parametrize(
    "name", ["sklearn_skops/model.skops", "sklearn_pickle/model.pkl", "pyfunc_function/python_model.pkl"]
)
@pytest.mark.series
def test_a_damaged_model(name, package, tmp_path):
    folder = package(name.partition("/")[0])
    file = folder / name.partition("/")[2]
    whole = file.read_bytes()

    @hypothesis.settings(suppress_health_check=UNTIMED, max_examples=150)
    @hypothesis.given(damaged(whole))
    def read(content):
        file.write_bytes(content)
        for read in imports_of(folder, [file.name], pickles=[file.name]):
            assert "\n" not in read.names.problem

    read()
    shutil.rmtree(folder)


def read_or_refused(read):
    """What is read, or None where it is refused in one line."""
    told = ""
    try:
        return read()
    except PackageError as error:
        told = str(error)
    assert told
    assert "\n" not in told
    return None


def described(folder, status=None):
    """What `inspect` and `verify` say: a page, or one line."""
    for arguments in (
        ["inspect", folder],
        ["inspect", folder, "--json"],
        ["verify", folder],
        ["verify", folder, "--json"],
    ):
        result = CliRunner().invoke(fitprint, arguments, prog_name="fitprint")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        if result.stderr:
            assert result.exit_code == 1
            assert result.stderr.startswith("fitprint: ")
            assert result.stderr.count("\n") == 1
        if status is not None and arguments[0] == "inspect":
            assert result.exit_code == status, result.output
