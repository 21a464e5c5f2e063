"""Pickling a model: plain pickle or cloudpickle, the modules the stream names, no second copy in memory."""

from __future__ import annotations

import json
import pickle
import pickletools
import threading
from decimal import Decimal
from fractions import Fraction

import cloudpickle
import numpy as np
import pytest

from fitprint.models.package import Package, PackageTooLarge
from fitprint.models.pickling import dump_model


@pytest.fixture(autouse=True)
def classes_of_tests_by_value():
    """Takes the place of the fixture for all tests: here the classes of this file are found by their names."""


@pytest.fixture
def dumped(tmp_path):
    def dump(model, limit=None):
        package = Package(tmp_path / "package", limit)
        return dump_model(model, package, "model.pkl"), package

    return dump


def content(package):
    return (package.folder / "model.pkl").read_bytes()


def module_level(x):
    return x + 1


ANONYMOUS = lambda x: x * 2  # noqa: E731


class Plain:
    """A class that its module has under its name."""

    def __init__(self, value):
        self.value = value

    def method(self):
        return self.value


def test_what_is_found_by_name_is_pickled_plainly(dumped):
    model = {"a": np.arange(3), "b": Fraction(1, 2), "c": [json.dumps, len, dict, np.float64, Decimal("0.1")]}
    kind, package = dumped(model)
    assert kind == "pickle"
    assert {"fractions", "json", "builtins", "decimal"} <= package.modules
    assert {name.partition(".")[0] for name in package.modules} == {
        "numpy",
        "fractions",
        "json",
        "builtins",
        "decimal",
    }
    found = pickle.loads(content(package))
    assert found["b"] == Fraction(1, 2)
    assert found["c"] == model["c"]
    assert next(arg for opcode, arg, _ in pickletools.genops(content(package)) if opcode.name == "PROTO") == 5


def test_what_was_written_is_hashed_and_counted(dumped):
    _, package = dumped([1, 2, 3])
    assert package.size == len(content(package))
    assert set(package.checksums) == {"model.pkl"}


@pytest.mark.parametrize("what", ["lambda", "local function", "local class", "instance of one", "partial of one"])
def test_what_has_no_name_is_pickled_by_value(dumped, what):
    import functools

    def local(x):
        return x + 40

    class Local:
        def __init__(self):
            self.value = 42

    model = {
        "lambda": [ANONYMOUS],
        "local function": [local],
        "local class": [Local],
        "instance of one": [Local()],
        "partial of one": [functools.partial(local, 2)],
    }[what]
    kind, package = dumped(["before", np.zeros(100_000), model])
    assert kind == "cloudpickle"
    assert {"cloudpickle", "numpy"} <= {module.partition(".")[0] for module in package.modules}
    first, second, (found,) = pickle.loads(content(package))
    assert (first, second.shape) == ("before", (100_000,))
    if what == "lambda":
        assert found(21) == 42
    elif what == "local class":
        assert found().value == 42
    elif what == "instance of one":
        assert found.value == 42
    assert package.size == len(content(package)), "what was written before does not count"


def test_a_class_that_was_defined_again_is_pickled_by_value(dumped, monkeypatch):
    import sys

    old = Plain(1)
    monkeypatch.setattr(sys.modules[__name__], "Plain", type("Plain", (), {"__module__": __name__}))
    kind, package = dumped(old)
    assert kind == "cloudpickle"
    assert pickle.loads(content(package)).method() == 1


def test_a_bound_method_and_a_function_of_a_module_are_plain(dumped):
    kind, _ = dumped([module_level, Plain(3), Plain(4).method])
    assert kind == "pickle"


def test_what_the_user_has_registered_with_cloudpickle_travels_by_value(dumped, request):
    cloudpickle.register_pickle_by_value(request.module)
    request.addfinalizer(lambda: cloudpickle.unregister_pickle_by_value(request.module))
    kind, package = dumped([module_level, Plain(3)])
    assert kind == "cloudpickle"
    assert __name__ not in package.modules


def test_what_cannot_be_pickled_at_all_raises(dumped):
    with pytest.raises(TypeError, match="pickle"):
        dumped([threading.Lock()])


def test_the_limit_holds_for_both_ways(tmp_path):
    array = np.zeros(10_000)
    for number, model in enumerate(([array], [array, lambda x: x])):
        package = Package(tmp_path / f"package-{number}", 50_000)
        with pytest.raises(PackageTooLarge):
            dump_model(model, package, "model.pkl")
        assert (package.folder / "model.pkl").stat().st_size <= 50_000


SCRIPT = """
import pickle, sys
from fitprint.models.package import Package
from fitprint.models.pickling import dump_model

class Mine:
    def __init__(self):
        self.value = 3
    def predict(self, rows):
        return [helper(self.value) for _ in rows]

def helper(value):
    return value * 14

package = Package("package")
print(dump_model(Mine(), package, "model.pkl"), sorted(package.modules))
package.seal("model")
"""


def test_a_class_of_the_script_itself_loads_elsewhere(run_python):
    done = run_python(SCRIPT)
    assert done.stdout.split(" ", 1)[0] == "cloudpickle"
    done = run_python("import pickle\nprint(pickle.load(open('model/model.pkl', 'rb')).predict([1]))")
    assert done.stdout.strip() == "[42]"


MEASURES = """
import resource, sys
import numpy as np
from fitprint.models.package import Package
from fitprint.models.pickling import dump_model

model = {"big": np.ones(25_000_000), "columns": np.asfortranarray(np.ones((2500, 2000)))}   # 240 MB
if sys.argv[1] == "cloudpickle":
    model["code"] = lambda x: x
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
package = Package("package")
assert dump_model(model, package, "model.pkl") == sys.argv[1]
assert package.size > 240_000_000
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["pickle", "cloudpickle"])
def test_no_second_copy_of_the_arrays_is_made(run_python, kind):
    grown = int(run_python(MEASURES, kind).stdout)
    assert grown < 60, f"{grown} MB more for a model of 240 MB"
