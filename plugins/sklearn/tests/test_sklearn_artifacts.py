"""A file that holds a model becomes a package: `fitprint.package_model` and `fitprint package`."""

from __future__ import annotations

import pickle
from pathlib import Path

import joblib
import pytest
import skops.io
from click.testing import CliRunner
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

import fitprint
from fitprint.cli.application import fitprint as command
from fitprint.models import infer_signature, mlmodel
from fitprint.models.errors import PackageError

X, y = load_iris(return_X_y=True, as_frame=True)


class Singing:
    """Unpickling one makes a file."""

    def __reduce__(self):
        return open, ("sung", "w")


@pytest.fixture
def model():
    return DecisionTreeClassifier(max_depth=2).fit(X, y)


@pytest.fixture
def sample():
    X.iloc[::15].to_csv("sample.csv", index=False)
    return "sample.csv"


WRITERS = {
    "model.pkl": lambda model, name: Path(name).write_bytes(pickle.dumps(model)),
    "old.pkl": lambda model, name: Path(name).write_bytes(pickle.dumps(model, protocol=0)),
    "without_a_suffix": lambda model, name: Path(name).write_bytes(pickle.dumps(model)),
    "model.joblib": joblib.dump,
    "of_joblib.pkl": joblib.dump,
    "compressed.pkl": lambda model, name: joblib.dump(model, name, compress=3),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_pickle_becomes_a_package_with_trust_alone(model, sample, name):
    WRITERS[name](model, name)
    with pytest.raises(PackageError, match=r"is not read: it is a pickle.*trust=True, or --trust"):
        fitprint.package_model(name, "package", "sklearn", data=sample)
    assert not Path("package").exists()
    fitprint.package_model(name, "package", "sklearn", data=sample, trust=True)
    loaded = fitprint.load_model("package")
    assert (loaded.predict(X) == model.predict(X)).all()
    assert loaded.metadata.signature == infer_signature(X, model.predict(X))
    assert loaded.input_example is None


def test_the_class_of_a_pickle_tells_its_flavor(model):
    Path("model.pkl").write_bytes(pickle.dumps(model))
    fitprint.package_model("model.pkl", "package", trust=True, data=X, metadata={"team": "risk"})
    assert fitprint.load_model("package").metadata.metadata == {"team": "risk"}
    Path("words.pkl").write_bytes(pickle.dumps("words"))
    with pytest.raises(TypeError, match=r"no flavor is registered for builtins\.str"):
        fitprint.package_model("words.pkl", "words", trust=True)


def test_skops_needs_no_trust_but_a_list_of_types_and_stays_skops(model, sample):
    skops.io.dump(model, "model.skops")
    with pytest.raises(PackageError, match=r"types that are not trusted: sklearn\.tree\._tree\.Tree"):
        fitprint.package_model("model.skops", "package", "sklearn", data=sample)
    types = ["sklearn.tree._tree.Tree"]
    fitprint.package_model("model.skops", "package", "sklearn", data=sample, skops_trusted_types=types)
    assert mlmodel.read(Path("package"))["flavors"]["sklearn"]["serialization_format"] == "skops"
    loaded = fitprint.load_model("package", trust="no-pickle", trusted_types=types)
    assert (loaded.predict(X) == model.predict(X)).all()


@pytest.mark.parametrize("name", ["song.pkl", "song.skops", "song", "song.ubj"])
def test_a_pickle_under_any_name_is_never_unpickled_without_trust(name):
    Path(name).write_bytes(pickle.dumps(Singing()))
    with pytest.raises(PackageError):
        fitprint.package_model(name, "package", "sklearn")
    assert not Path("sung").exists()
    assert not Path("package").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "EOFError"),
        (pickle.dumps([1])[:-3], "UnpicklingError|EOFError"),
        (b"cnowhere\nNone\n.", "No module named"),
    ],
)
def test_a_broken_pickle_is_one_clear_error(content, told):
    Path("broken.pkl").write_bytes(content)
    with pytest.raises(PackageError, match=rf"broken\.pkl cannot be loaded: .*({told})"):
        fitprint.package_model("broken.pkl", "package", "sklearn", trust=True)


def test_what_is_missing_is_named():
    with pytest.raises(FileNotFoundError, match=r"there is no file nowhere\.pkl"):
        fitprint.package_model("nowhere.pkl", "package")
    Path("other.bin").write_bytes(b"{}")
    with pytest.raises(PackageError, match="is not a pickle: say which framework wrote it"):
        fitprint.package_model("other.bin", "package")
    with pytest.raises(PackageError, match=r'the flavor nope is not installed here: pip install "fitprint\[nope\]"'):
        fitprint.package_model("other.bin", "package", "nope")


# ---- on the command line


def run(*arguments, status=0):
    found = CliRunner().invoke(command, [str(argument) for argument in arguments], prog_name="fitprint")
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    assert found.exit_code == status, found.output
    return found


def test_the_command_does_the_same(model, sample):
    Path("model.pkl").write_bytes(pickle.dumps(model))
    call = ("package", "model.pkl", "--flavor", "sklearn", "--data", sample, "--to", "package")
    refused = run(*call, status=1).stderr
    assert refused.startswith("fitprint: ")
    assert refused.count("\n") == 1
    assert "--trust" in refused
    assert not Path("package").exists()
    assert run(*call, "--trust").stdout == "package is a package now: `fitprint inspect` shows what is in it\n"
    assert run("verify", "package").exit_code == 0
    lines = run("predict", "package", sample).stdout.splitlines()
    assert lines == ["prediction", *map(str, model.predict(X.iloc[::15]))]


def test_modules_of_the_users_own_are_given_as_code(run_python):
    Path("elsewhere").mkdir()
    Path("elsewhere", "own_trees.py").write_text(
        "class Tree:\n    def predict(self, rows):\n        return [5] * len(rows)"
    )
    run_python(
        "import sys, pickle; sys.path.insert(0, 'elsewhere'); import own_trees\n"
        "pickle.dump(own_trees.Tree(), open('tree.pkl', 'wb'))"
    )
    done = run_python(
        "from fitprint.cli import main; main()",
        *(
            "package",
            "tree.pkl",
            "--flavor",
            "sklearn",
            "--to",
            "package",
            "--trust",
            "--code",
            "elsewhere/own_trees.py",
        ),
    )
    assert done.stderr == ""
    assert Path("package", "code", "own_trees.py").exists()
    predicted = run_python("import fitprint; print(fitprint.load_model('package').predict([[1.0], [2.0]]))")
    assert predicted.stdout == "[5, 5]\n"


def test_an_error_of_the_models_own_is_one_line(sample):
    class Moody:
        def predict(self, rows):
            raise KeyError("mood")

    fitprint.sklearn.save_model(Moody(), "moody")
    assert "KeyError: 'mood'" in run("predict", "moody", sample, status=1).stderr
