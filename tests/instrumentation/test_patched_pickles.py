"""Pickles and copies of what is patched: those of the originals, with nothing of ours in them."""

from __future__ import annotations

import copy
import functools
import pickle

import cloudpickle
import pytest


@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_functions_and_methods_pickle_as_the_originals(base, patched, train, pickler, protocol):
    model = base.Mean(2.0).fit([1], [1])
    everything = [train, base.Base.fit, base.Mean.fit, model.fit, model, base.Mean, functools.partial(model.fit, [1])]
    content = pickler.dumps(everything, protocol=protocol)
    for trace in (b"fitprint._", b"wrapt"):
        assert trace not in content
    found_train, found_fit, inherited, bound, found_model, found_class, partial = pickle.loads(content)
    assert found_train is train
    assert found_fit is base.Base.fit
    assert inherited is base.Mean.fit
    assert found_class is base.Mean
    assert found_model.mean_ == 3.0
    assert bound([1], [5]) is found_model
    assert partial([7]).mean_ == 9.0


def test_copies(base, patched, train):
    model = base.Mean(2.0)
    assert copy.copy(train) is train
    assert copy.deepcopy(train) is train
    assert copy.copy(base.Base.fit)(model, [1], [1]) is model
    assert copy.deepcopy([base.Base.fit])[0](model, [1], [1]) is model
    bound = copy.deepcopy([model.fit])[0]
    other = bound([1], [10])
    assert other is not model
    assert other.mean_ == 12.0
    held = {"model": model, "fit": model.fit}
    held = copy.deepcopy(held)
    assert held["fit"]([1], [1]) is held["model"], "the copy of the instance, made once"


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("fitprint", "wrapt"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
import pickle
for name in sys.argv[1:]:
    found = pickle.load(open(name, "rb"))
    print(found(2.0).fit([1], [1]).mean_ if isinstance(found, type) else found([1], [1]).mean_)
assert not {"fitprint", "wrapt"} & {*sys.modules}
"""


def test_pickles_load_where_neither_fitprint_nor_wrapt_is(base, patched, run_python, tmp_path):
    (tmp_path / "class.pkl").write_bytes(pickle.dumps(base.Mean))
    (tmp_path / "bound.pkl").write_bytes(pickle.dumps(base.Mean(2.0).fit))
    assert run_python(BLOCKED, "class.pkl", "bound.pkl").stdout.split() == ["3.0", "3.0"]


def test_a_class_of_the_script_s_own_loads_where_neither_is(run_python, toy):
    run_python(
        """
        import cloudpickle, fitprint, toylearn
        fitprint.autolog("toy", store="store")

        class Mine(toylearn.Base):
            def fit(self, rows, labels=None):
                super().fit(rows, labels)
                return self

        assert type(vars(Mine)["fit"]).__name__ == "Patched"
        open("class.pkl", "wb").write(cloudpickle.dumps(Mine))
        open("bound.pkl", "wb").write(cloudpickle.dumps(Mine(2.0).fit))
        """
    )
    assert run_python(BLOCKED, "class.pkl", "bound.pkl").stdout.split() == ["3.0", "3.0"]
