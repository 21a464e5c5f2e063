"""Modules with several inputs: their packages have a loader of their own, which takes named tensors everywhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from torch import nn

import fitprint
from fitprint.models import ModelSignature, mlmodel


def forms():
    """Classes of no module, so that packages have them by value, and how each is called."""

    class Two(nn.Module):
        """Takes two tensors, in one of the ways in which a module may be given them."""

        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(4, 2), nn.Linear(3, 2)

        def both(self, left, right):
            return self.left(left) + self.right(right.float())

    class ByPosition(Two):
        def forward(self, left, right):
            return self.both(left, right)

    class ByKeyword(Two):
        def forward(self, left, *, right=None):
            return self.both(left, right)

    class InDict(Two):
        def forward(self, batch):
            return self.both(batch["left"], batch["right"])

    class InTuple(Two):
        def forward(self, pair):
            left, right = pair
            return self.both(left, right)

    class AnyNumber(Two):
        def forward(self, *parts):
            return self.both(*parts)

    class AnyKeywords(Two):
        def forward(self, left, **others):
            return self.both(left, others["right"])

    return {
        ByPosition: lambda left, right: ((left, right), {}),
        ByKeyword: lambda left, right: ((left,), {"right": right}),
        InDict: lambda left, right: (({"left": left, "right": right},), {}),
        InTuple: lambda left, right: (((left, right),), {}),
        AnyNumber: lambda left, right: ((left, right), {}),
        AnyKeywords: lambda left, right: ((), {"left": left, "right": right}),
    }


FORMS = forms()
BY_NAME = {form.__name__: form for form in FORMS}


@pytest.fixture(params=list(FORMS), ids=lambda form: form.__name__)
def trained(request, recorded):
    """The run of a training of one form, its inputs by name, and what the module predicts on them."""
    torch.manual_seed(0)
    model = request.param()
    left, right = torch.randn(12, 4), torch.arange(36).reshape(12, 3)
    args, kwargs = FORMS[request.param](left, right)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(model(*args, **kwargs), torch.arange(12) % 2).backward()
        optimizer.step()
    fitprint.disable()
    (run,) = fitprint.runs()
    names = ("0", "1") if request.param.__name__ in ("InTuple", "AnyNumber") else ("left", "right")
    with torch.no_grad():
        expected = model(*args, **kwargs).numpy()
    return run, dict(zip(names, (left.numpy(), right.numpy()), strict=True)), expected


def test_named_tensors_are_predicted_here(trained):
    run, inputs, expected = trained
    assert run.skipped == []
    assert np.allclose(fitprint.load_model(run.model_path).predict(inputs), expected)
    signature = ModelSignature.from_dict(mlmodel.read(run.model_path)["signature"])
    assert {spec.name: (str(spec.type), spec.shape) for spec in signature.inputs} == {
        name: (str(part.dtype), (-1, *part.shape[1:])) for name, part in inputs.items()
    }


def test_named_tensors_are_predicted_by_stock_mlflow(trained, mlflow_python, load_elsewhere):
    run, inputs, expected = trained
    assert np.allclose(load_elsewhere(run.model_path, inputs, mlflow_python), expected)


def test_stock_mlflow_loads_the_module_itself(recorded, mlflow_python, run_python, tmp_path):
    fitprint.pytorch.save_model(BY_NAME["ByPosition"](), tmp_path / "package")
    loader = mlmodel.read(tmp_path / "package")["flavors"]["python_function"]["loader_module"]
    assert loader == "fitprint_pytorch_loader_copy"
    done = run_python(
        "import mlflow.pytorch; print(type(mlflow.pytorch.load_model('package')).__name__)", python=mlflow_python
    )
    assert done.stdout.strip() == "ByPosition"


def test_a_module_of_one_input_keeps_the_loader_of_mlflow(recorded, tmp_path):
    fitprint.pytorch.save_model(nn.Linear(2, 1), tmp_path / "package", input_example=np.ones((2, 2), np.float32))
    assert mlmodel.read(tmp_path / "package")["flavors"]["python_function"]["loader_module"] == "mlflow.pytorch"
    assert not (tmp_path / "package" / "code").exists()


def test_an_input_example_in_a_dict_has_names(recorded, tmp_path):
    model = BY_NAME["InDict"]()
    example = {"left": np.ones((2, 4), np.float32), "right": np.ones((2, 3), np.float32)}
    fitprint.pytorch.save_model(model, tmp_path / "package", input_example=example)
    assert mlmodel.read(tmp_path / "package")["flavors"]["python_function"]["code"] == "code"
    assert fitprint.load_model(tmp_path / "package").predict(example).shape == (2, 2)
