"""`--dockerfile`: the text, and its steps run in a virtual environment, since there is no Docker where tests run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import fitprint
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.serving.dockerfile import write_dockerfile

ROOT = Path(__file__).parents[2]


MAKE = """
    import sys
    import fitprint, pandas as pd
    from fitprint.models import infer_signature
    sys.modules["mlflow"] = None

    class Sums(fitprint.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input.sum(axis=1).to_numpy()

    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    options = {"pip_requirements": ["cloudpickle", "numpy"], "signature": infer_signature(frame)}
    fitprint.pyfunc.save_model("image/sums", python_model=Sums(), **options)
"""


@pytest.fixture
def package(tmp_path, run_python):
    run_python(MAKE)
    return tmp_path / "image" / "sums"


def _written(package: Path, **options) -> list[tuple[str, str]]:
    """The instructions of the Dockerfile: the word, and what follows it."""
    file = write_dockerfile(package, mlmodel.read(package), **options)
    assert file == package.parent / "Dockerfile"
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def _all(steps: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for name, rest in steps if name == word]


def test_what_it_says(package):
    steps = _written(package)
    minor = ".".join(map(str, sys.version_info[:2]))
    assert steps[0] == ("FROM", f"python:{minor}-slim")
    (install,) = map(json.loads, _all(steps, "RUN"))
    assert install[:4] == ["python", "-m", "pip", "install"]
    assert {"cloudpickle", "numpy", f"fitprint[serve]=={fitprint.__version__}"} < set(install)
    assert "mlflow" not in str(install)
    assert "--only-binary" not in install, "the default of trust is all"
    assert _all(steps, "USER") == ["10001:10001"]
    assert "curl" not in _all(steps, "HEALTHCHECK")[0]
    assert json.loads(_all(steps, "ENTRYPOINT")[0]) == ["fitprint"]
    assert json.loads(_all(steps, "CMD")[0]) == ["serve", "/opt/ml/model"]
    words = [word for word, _ in steps]
    assert words.index("RUN") < words.index("COPY") < words.index("USER")  # a new model does not install anew


def test_trust_is_kept_and_nothing_is_built_with_less_than_all(package):
    from fitprint.models.checksums import verify

    digest = verify(package, mlmodel.read(package)).digest
    steps = _written(package, trust="verified", digest=digest, arguments=["--batch"])
    (install,) = map(json.loads, _all(steps, "RUN"))
    assert install[install.index("--only-binary") + 1] == ":all:"
    given = ["--trust", "verified", "--digest", digest, "--batch"]
    assert json.loads(_all(steps, "CMD")[0]) == ["serve", "/opt/ml/model", *given]
    with pytest.raises(PackageError, match="not the digest given"):
        _written(package, digest="0" * 64)


def test_the_command_writes_it_with_its_options_but_no_token(package):
    from click.testing import CliRunner

    from fitprint.cli.application import fitprint as command

    words = ["serve", str(package), "--dockerfile", "--batch", "64", "--port", "1234", "--token", "hidden", "--no-page"]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    text = (package.parent / "Dockerfile").read_text()
    assert 'CMD ["serve", "/opt/ml/model", "--batch", "64", "--no-page"]' in text
    assert "hidden" not in text
    assert f"docker build -t sums {package.parent}" in done.stdout


def test_a_plugin_is_named_as_fitprint_names_it(tmp_path):
    from sklearn.linear_model import LinearRegression

    fitprint.save_model(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]), tmp_path / "line")
    (install,) = map(json.loads, _all(_written(tmp_path / "line"), "RUN"))
    assert any(word.startswith("fitprint-sklearn~=") for word in install)
    assert any(word.startswith("scikit-learn==") for word in install)


def test_constraints_and_hashes_are_put_into_files(package):
    digest = "0" * 64
    (package / "requirements.txt").write_text(f"numpy==2.1.0 --hash=sha256:{digest}\n-c constraints.txt\n")
    (package / "constraints.txt").write_text("pandas<3\n")
    constraints, requirements, first, then = map(json.loads, _all(_written(package), "RUN"))
    for words, text in ((constraints, "pandas<3\n"), (requirements, f"numpy==2.1.0 --hash=sha256:{digest}\n")):
        words[0], words[3] = sys.executable, "written.txt"
        subprocess.run(words, check=True)
        assert Path("written.txt").read_text() == text
    assert first[-4:] == ["--constraint", "/tmp/constraints.txt", "--requirement", "/tmp/requirements.txt"]
    assert "numpy==2.1.0" in then


def test_no_requirement_reaches_a_shell(package):
    (package / "requirements.txt").write_text("numpy>=1 ; python_version > '3' and sys_platform != 'x'\n")
    for rest in _all(_written(package), "RUN"):
        assert isinstance(json.loads(rest), list)
    (package / "requirements.txt").write_text("--index-url https://evil.example\n")
    with pytest.raises(PackageError, match="its environment is not rebuilt"):
        _written(package)


def test_what_somebody_else_has_written_stays(package):
    _written(package)
    _written(package)  # its own is written again
    (package.parent / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(PackageError, match="fitprint has not written it"):
        _written(package)
    assert (package.parent / "Dockerfile").read_text() == "FROM scratch\n"
    with pytest.raises(PackageError, match="Docker would read its name as a pattern"):
        write_dockerfile(package.rename(package.parent / "a[b]"), mlmodel.read(package.parent / "a[b]"))


@pytest.mark.slow
@pytest.mark.process
def test_its_steps_work(package, tmp_path, monkeypatch):
    """Every RUN, COPY, CMD and HEALTHCHECK, with the paths of the image mapped to folders of this test."""
    steps = _written(package)
    image, wheels = tmp_path / "root", tmp_path / "wheels"
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True)  # as an index will have it
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    subprocess.run([sys.executable, "-m", "venv", str(image)], check=True)
    python = image / "bin" / "python"
    places = {"python": str(python), "fitprint": str(image / "bin" / "fitprint"), "/opt/ml/model": str(image / "model")}

    def mapped(words: list[str]) -> list[str]:
        return [places.get(word, word) for word in words]

    for rest in _all(steps, "RUN"):
        done = subprocess.run(mapped(json.loads(rest)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    (copy,) = _all(steps, "COPY")
    source, target = json.loads(copy.partition(" ")[2])
    shutil.copytree(package.parent / source, places[target.rstrip("/")])
    environment = {"PATH": os.environ["PATH"], **dict(pair.split("=") for pair in _all(steps, "ENV")[0].split())}
    assert environment["FITPRINT_SERVE_HOST"] == "0.0.0.0"
    environment |= {"FITPRINT_SERVE_HOST": "127.0.0.1", "FITPRINT_SERVE_PORT": "0", "HOME": str(tmp_path)}
    words = mapped([*json.loads(_all(steps, "ENTRYPOINT")[0]), *json.loads(_all(steps, "CMD")[0])])
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        try:
            url = server.stdout.readline().partition(" ")[0]
            body = json.dumps({"dataframe_records": [{"a": 1.0, "b": 3.0}]}).encode()
            request = urllib.request.Request(f"{url}/invocations", body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request) as answer:
                assert json.load(answer) == {"predictions": [4.0]}
            port = url.rpartition(":")[2]
            check = mapped(json.loads(_all(steps, "HEALTHCHECK")[0].partition("CMD ")[2]))
            alive = subprocess.run(check, env={**environment, "FITPRINT_SERVE_PORT": port}, check=False)
            assert alive.returncode == 0
        finally:
            server.terminate()
            server.wait(60)
    dead = subprocess.run(check, env={**environment, "FITPRINT_SERVE_PORT": port}, capture_output=True, check=False)
    assert dead.returncode != 0
