"""What a limit costs when it is hit, and a rule at each call: CPU milliseconds.

python benchmarks/limits.py size | rule
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import statistics
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from cases import CASES
from measure import cpu_seconds

LIMIT = 10_000_000
REPEATS = 15


def size() -> dict[str, float]:
    """The forest of 300 MB under a limit of 10 MB, against a forest of 10 MB that is written; and its bare pickle."""
    large = CASES["forest of 300 MB"].make()()
    small = _of_size(large, LIMIT)
    with tempfile.TemporaryDirectory() as folder:
        contenders: dict[str, Callable[[], Any]] = {
            "hit": lambda: _package(large, os.path.join(folder, "hit"), LIMIT),
            "written": lambda: _package(small, os.path.join(folder, "written"), None),
            "pickled": lambda: _pickle(small, os.path.join(folder, "pickled")),
        }
        found = _in_turn(contenders)
    return {**found, "megabytes": len(pickle.dumps(large, protocol=5)) / 1e6}


def rule() -> dict[str, float]:
    """A small recorded fit without a rule of the caller's, with one, and with one that has a reason."""
    from sklearn.datasets import load_iris
    from sklearn.naive_bayes import GaussianNB

    import fitprint

    inputs, target = load_iris(return_X_y=True)

    def fits_under(rules: list[Callable[..., str | None]]) -> Callable[[], Any]:
        def fits() -> None:
            for _ in range(20):
                GaussianNB().fit(inputs, target)

        fits.ready = lambda: fitprint.autolog(store=folder, quiet=True, rules=rules)  # type: ignore[attr-defined]
        return fits

    with tempfile.TemporaryDirectory() as folder:
        rules: dict[str, list[Callable[..., str | None]]] = {
            "without": [],
            "with": [lambda call: None],
            "skipping": [lambda call: "not wanted"],
        }
        found = _in_turn({name: fits_under(rule) for name, rule in rules.items()})
    return {name: value / 20 for name, value in found.items()}


def _in_turn(contenders: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The median of each, measured in turn after one round that is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(REPEATS + 1):
        for name, contender in contenders.items():
            getattr(contender, "ready", lambda: None)()
            began = cpu_seconds()
            contender()
            spent[name].append((cpu_seconds() - began) * 1000)
    return {name: statistics.median(times[1:]) for name, times in spent.items()}


def _of_size(forest: Any, most: int) -> Any:
    """A forest with as many of the trees as just stay below a size."""
    few = copy.copy(forest)
    one = len(pickle.dumps(forest.estimators_[0], protocol=5))
    few.estimators_ = forest.estimators_[: most // one]
    return few


def _package(model: Any, folder: str, limit: int | None) -> None:
    """Writes the model's file of a package, and removes the folder, as a recording does with one over the limit."""
    from fitprint.models.package import Package, PackageTooLarge
    from fitprint.models.pickling import dump_model

    package = Package(folder, limit)
    try:
        dump_model(model, package, "model.pkl")
        if limit is not None:
            raise SystemExit("the limit was not hit")
    except PackageTooLarge:
        pass
    finally:
        package.discard()


def _pickle(model: Any, path: str) -> None:
    with open(path, "wb") as file:
        pickle.dump(model, file, protocol=5)
    os.remove(path)


if __name__ == "__main__":
    print(json.dumps({"size": size, "rule": rule}[sys.argv[1]]()))
