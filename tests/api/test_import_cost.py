"""What `import fitprint` and `fitprint.autolog()` import, and what they leave to the moment when it is needed."""

from __future__ import annotations

HEAVY = ("numpy", "pandas", "yaml", "packaging", "cloudpickle", "click", "rich", "joblib")
FRAMEWORKS = ("sklearn", "xgboost", "scipy", "toylearn", "fitprint_toy", "fitprint_sklearn", "fitprint_xgboost")

PRINTS_WHAT_IS_IMPORTED = f"""
import sys
found = [name for name in {HEAVY + FRAMEWORKS} if name in sys.modules]
assert not found, found
"""


def test_importing_loads_nothing_heavy(run_python, toy):
    run_python("import fitprint\n" + PRINTS_WHAT_IS_IMPORTED)


def test_turning_on_and_off_loads_nothing_heavy(run_python, toy, store):
    run_python("import fitprint\nfitprint.autolog()\n" + PRINTS_WHAT_IS_IMPORTED + "\nfitprint.disable()")


def test_autolog_with_settings_loads_nothing_heavy(run_python, toy, store):
    script = "import fitprint\nfitprint.autolog('toy', tags={'a': 1}, max_model_size='1MB', store='elsewhere')\n"
    run_python(script + PRINTS_WHAT_IS_IMPORTED)


def test_logging_to_a_run_loads_nothing_heavy(run_python, store):
    run_python(
        "import fitprint\n"
        "with fitprint.start_run() as run:\n"
        "    fitprint.log_params({'a': 1})\n"
        "    fitprint.log_metric('b', 0.5)\n"
        "    fitprint.log_dict({'c': [1]}, 'c.json')\n"
        "assert fitprint.runs()[0].params == {'a': 1}\n" + PRINTS_WHAT_IS_IMPORTED
    )


def test_the_public_modules_are_there_without_being_imported(run_python):
    run_python(
        """
        import fitprint, sys
        assert "fitprint.pyfunc" not in sys.modules
        assert fitprint.models.infer_signature is fitprint.infer_signature
        assert fitprint.pyfunc.load_model is fitprint.load_model
        from fitprint import load_model, runs, search_runs
        """
    )


def test_the_names_that_a_plugin_needs_load_nothing_heavy(run_python):
    run_python(
        "from fitprint.plugin import ChildRun, Emit, Flavor, Package, PackageError, Patch, Rule, TrainingCall, member\n"
        + PRINTS_WHAT_IS_IMPORTED
    )


def test_the_conformance_kit_is_there_and_imported_when_asked_for_alone(run_python):
    run_python(
        """
        import sys, fitprint
        fitprint.status()
        assert "pytest" not in sys.modules
        assert "fitprint.testing" not in sys.modules
        assert fitprint.testing.FlavorConformance.__name__ == "FlavorConformance"
        assert "pytest" in sys.modules
        """
    )


NO_PLUGIN = """
import sys
from importlib import metadata

everything = metadata.distributions

class NoPlugin(metadata.MetadataPathFinder):
    # an installation of the core alone: the plugins' distributions are not to be found
    @classmethod
    def find_distributions(cls, context=metadata.DistributionFinder.Context()):
        for distribution in super().find_distributions(context):
            if not distribution.metadata["Name"].startswith("fitprint-"):
                yield distribution

from importlib.machinery import PathFinder
PathFinder.find_distributions = NoPlugin.find_distributions
"""


def test_without_any_plugin_it_is_imported_and_says_loudly_that_nothing_is_recorded(run_python, store):
    done = run_python(
        NO_PLUGIN
        + """
import fitprint
assert list(fitprint.status()) == [] or {row.state for row in fitprint.status()} == {"no plugin"}
with fitprint.start_run():
    fitprint.log_param("a", 1)
fitprint.autolog()
"""
    )
    assert "no flavor is installed, so nothing will be recorded" in done.stderr
    assert 'pip install "fitprint[all]"' in done.stderr


def test_a_flavor_that_is_not_installed_is_named_with_the_command_that_installs_it(run_python, store):
    done = run_python(
        NO_PLUGIN
        + """
import fitprint
try:
    fitprint.autolog("xgboost")
except ValueError as error:
    print(error)
try:
    fitprint.xgboost
except AttributeError as error:
    print(error)
print(hasattr(fitprint, "nonsense"), hasattr(fitprint, "_nonsense"))
"""
    )
    first, second, third = done.stdout.splitlines()
    assert 'pip install "fitprint[xgboost]"' in first
    assert 'pip install "fitprint[xgboost]"' in second
    assert third == "False False"


def test_a_framework_whose_plugin_is_missing_is_told_once(run_python, store):
    done = run_python(NO_PLUGIN + "\nimport fitprint\nfor _ in range(3): fitprint.autolog()\n")
    lines = [line for line in done.stderr.splitlines() if "sklearn" in line]
    assert len(lines) == 1
    assert "its plugin is not" in lines[0]
    assert 'pip install "fitprint[sklearn]"' in lines[0]
    rows = run_python(NO_PLUGIN + "\nimport fitprint\nprint([(r.name, r.state) for r in fitprint.status()])").stdout
    assert "('sklearn', 'no plugin')" in rows
