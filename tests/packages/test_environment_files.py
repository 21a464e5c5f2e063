"""What a package needs: the distributions of its modules, the files that say so, the user's own code."""

from __future__ import annotations

import importlib
import json
import os
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from fitprint.models import distributions, environment
from fitprint.models.environment import copy_local_code, requirements, write_environment
from fitprint.models.package import Package


def pinned(name):
    return f"{name}=={metadata.version(name)}"


@pytest.fixture
def local(tmp_path, monkeypatch):
    """Writes modules of the user's own and imports them."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = {*sys.modules}

    def write(files):
        for name, text in files.items():
            file = folder / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        importlib.invalidate_caches()
        return folder

    yield write
    for name in {*sys.modules} - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def test_modules_are_traced_to_their_distributions():
    import yaml.nodes  # noqa: F401

    assert distributions.distribution_of_module("numpy.linalg") == "numpy"
    assert distributions.distribution_of_module("yaml.nodes") == "PyYAML"
    assert distributions.distribution_of_module("json.decoder") is None
    assert distributions.distribution_of_module("builtins") is None
    assert distributions.distribution_of_module("__main__") is None
    assert distributions.distribution_of_module("not_imported_at_all") is None
    assert distributions.distribution_of_module("fitprint._core.guard") == "fitprint", "installed for editing"


def test_versions():
    assert distributions.installed_version("PyYAML") == metadata.version("pyyaml")
    assert distributions.installed_version("no-such-thing") is None


def test_requirements_are_pinned_sorted_and_only_what_is_needed():
    import cloudpickle  # noqa: F401

    found = requirements({"pandas"}, {"numpy.core", "yaml", "json", "builtins", "cloudpickle.cloudpickle"})
    expected = [pinned("PyYAML"), pinned("cloudpickle"), pinned("numpy"), pinned("pandas")]
    assert found == ["mlflow>=2.8,<4", *sorted(expected)]


def test_what_is_covered_or_not_installed_is_left_out():
    assert requirements({"no-such-thing"}, {"numpy.core", "yaml"}, {"numpy"}) == [
        "mlflow>=2.8,<4",
        pinned("PyYAML"),
    ]
    assert requirements({"mlflow"}, ()) == ["mlflow>=2.8,<4"], "once"


def test_a_local_version_is_pinned_without_its_local_part(toy):
    toy.distribution("odd", "2.0+cu121", modules=("odd",))
    assert requirements({"odd"}, ()) == ["mlflow>=2.8,<4", "odd==2.0"]


def test_the_files_are_those_of_the_contract(tmp_path):
    package = Package(tmp_path / "package")
    write_environment(package, ["mlflow>=2.8,<4", "numpy==2.0"])
    python, pip = ".".join(map(str, sys.version_info[:3])), metadata.version("pip")
    assert (package.folder / "requirements.txt").read_text() == "mlflow>=2.8,<4\nnumpy==2.0"
    assert (package.folder / "conda.yaml").read_text() == (
        "channels:\n- conda-forge\ndependencies:\n"
        f"- python={python}\n- pip<={pip}\n- pip:\n  - mlflow>=2.8,<4\n  - numpy==2.0\nname: mlflow-env\n"
    )
    found = yaml.safe_load((package.folder / "python_env.yaml").read_text())
    assert list(found) == ["python", "build_dependencies", "dependencies"]
    assert found["python"] == python
    assert [requirement.partition("==")[0] for requirement in found["build_dependencies"]] == [
        "pip",
        "setuptools",
        "wheel",
    ]
    assert found["build_dependencies"][0] == f"pip=={pip}"
    assert found["dependencies"] == ["-r requirements.txt"]
    assert {*package.checksums} == {"requirements.txt", "conda.yaml", "python_env.yaml"}


def names_in_code(package):
    code = package.folder / "code"
    return sorted(path.relative_to(code).as_posix() for path in code.rglob("*") if path.is_file())


def test_a_module_beside_the_script_is_copied_with_what_it_imports(local, tmp_path):
    local(
        {
            "features_a": "import json, numpy\nimport features_b\nfrom features_c import LIMIT\n",
            "features_b": "from features_d import scale\n",
            "features_c": "LIMIT = 3\n",
            "features_d": "def scale(): pass\n",
            "features_e": "'not imported by any of them'\n",
        }
    )
    importlib.import_module("features_a")
    importlib.import_module("features_e")
    package = Package(tmp_path / "package")
    assert copy_local_code(package, {"features_a.anything", "numpy", "json", "__main__"}) == []
    assert names_in_code(package) == [f"features_{letter}.py" for letter in "abcd"]
    assert (package.folder / "code/features_c.py").read_text() == "LIMIT = 3\n"
    assert "code/features_a.py" in package.checksums


def test_a_package_of_the_user_s_own_is_copied_whole(local, tmp_path):
    folder = local(
        {
            "mine/__init__": "",
            "mine/models": "from mine.deep.er import thing\nfrom . import deep\n",
            "mine/deep/__init__": "",
            "mine/deep/er": "thing = 1\n",
            "mine/never_imported": "",
        }
    )
    (folder / "mine" / "data.json").write_text("{}")
    importlib.import_module("mine.models")
    (folder / "mine" / "__pycache__").mkdir(exist_ok=True)
    (folder / "mine" / "__pycache__" / "models.cpython.pyc").write_bytes(b"")
    package = Package(tmp_path / "package")
    assert copy_local_code(package, {"mine.models"}) == []
    expected = ["__init__.py", "data.json", "deep/__init__.py", "deep/er.py", "models.py", "never_imported.py"]
    assert names_in_code(package) == [f"mine/{file}" for file in expected]


def test_a_folder_without_an_init_is_copied_too(local, tmp_path):
    local({"space/inner": "x = 1\n"})
    importlib.import_module("space.inner")
    package = Package(tmp_path / "package")
    assert copy_local_code(package, {"space.inner"}) == []
    assert names_in_code(package) == ["space/inner.py"]


def test_installed_modules_and_the_standard_library_are_not_copied(tmp_path):
    package = Package(tmp_path / "package")
    assert (
        copy_local_code(package, {"numpy.core", "json", "yaml", "builtins", "__main__", "fitprint._core.guard"}) == []
    )
    assert os.listdir(package.folder) == []


def test_code_is_bounded_and_what_is_left_out_is_named(local, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "MOST_CODE_BYTES", 1000)
    local({"big_one": "x = '" + "x" * 1000 + "'\n", "small_one": "import big_one\n"})
    importlib.import_module("small_one")
    package = Package(tmp_path / "package")
    ((module, reason),) = copy_local_code(package, {"small_one"})
    assert (module, reason) == ("big_one", "over the limit of 500 files and 1,000 bytes of code")
    assert names_in_code(package) == ["small_one.py"], "what is small enough is copied all the same"


def test_many_files_are_bounded_too(local, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "MOST_CODE_FILES", 3)
    local({"many/__init__": "", "many/a": "", "many/b": "", "many/c": "", "one": ""})
    importlib.import_module("many")
    importlib.import_module("one")
    package = Package(tmp_path / "package")
    ((module, _),) = copy_local_code(package, {"many", "one"})
    assert module == "many"
    assert names_in_code(package) == ["one.py"]


def test_a_module_whose_file_is_gone_is_named(local, tmp_path):
    folder = local({"vanishing": "x = 1\n"})
    importlib.import_module("vanishing")
    (folder / "vanishing.py").unlink()
    package = Package(tmp_path / "package")
    ((module, reason),) = copy_local_code(package, {"vanishing"})
    assert (module, reason) == ("vanishing", "its source file cannot be found")


@pytest.fixture
def editable(tmp_path, monkeypatch):
    """A project installed for editing, with a script's folder inside that belongs to no distribution."""
    project, site = tmp_path / "project", tmp_path / "site"
    (project / "src" / "edited").mkdir(parents=True)
    (project / "src" / "edited" / "__init__.py").write_text("")
    (project / "scripts").mkdir()
    (project / "scripts" / "beside.py").write_text("import edited\n")
    info = site / "edited_project-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: edited-project\nVersion: 1.0\n")
    url = {"url": project.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(url))
    (site / "_edited.pth").write_text(f"{project / 'src'}\n")
    (info / "RECORD").write_text("_edited.pth,,\n")
    for folder in (project / "src", project / "scripts", site):
        monkeypatch.syspath_prepend(str(folder))
    distributions._editable.cache_clear()
    yield project
    distributions._editable.cache_clear()
    distributions._of_file.cache_clear()
    for name in ("edited", "beside"):
        sys.modules.pop(name, None)


def test_a_script_s_module_is_local_though_its_project_is_installed_for_editing(editable: Path, tmp_path):
    importlib.import_module("beside")
    assert distributions.distribution_of_module("edited") == "edited-project"
    assert not distributions.is_local("edited")
    assert distributions.is_local("beside")
    assert distributions.distribution_of_module("beside") is None
    package = Package(tmp_path / "package")
    assert copy_local_code(package, {"beside"}) == []
    assert names_in_code(package) == ["beside.py"]
