"""Packages: written so that MLflow 2 and 3 read them, and read in every form that MLflow writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import fitprint
from fitprint._instrumentation import registry
from fitprint.plugin import PackageError

FIXTURES = Path(__file__).with_name("fixtures")


def test_a_module_is_as_it_was_after_it_was_saved(store, net, batch, tmp_path):
    model = net().train()
    model.drop.eval()
    model.noted = []
    model.register_forward_hook(lambda module, args, result: module.noted.append(1))
    state = torch.get_rng_state()
    fitprint.save_model(model, tmp_path / "package", input_example=batch[0].numpy())
    assert torch.equal(torch.get_rng_state(), state)
    assert (model.training, model.drop.training, model.noted) == (True, False, [])
    loaded = fitprint.load_model(tmp_path / "package")
    model.eval()
    with torch.no_grad():
        expected = model(batch[0]).numpy()
    assert np.allclose(loaded.predict(batch[0].numpy()), expected)
    frame = loaded.predict(batch[0].numpy())
    assert frame.dtype == np.float32


def test_a_table_is_predicted_with_its_index(store, net, batch, tmp_path):
    fitprint.save_model(net(), tmp_path / "package")
    table = pd.DataFrame(batch[0].numpy(), index=range(5, 17), columns=list("abcd"))
    predicted = fitprint.load_model(tmp_path / "package").predict(table)
    assert list(predicted.index) == list(table.index)


@pytest.mark.filterwarnings("ignore:.torch.jit.load. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("fixture", ["exported", "mlflow2-pickle", "mlflow2-script"])
def test_packages_of_mlflow_are_read(store, fixture):
    loaded = fitprint.load_model(FIXTURES / fixture)
    assert loaded.predict(np.ones((3, 4), np.float32)).shape == (3, 2)


def test_weights_are_noted_as_being_on_the_cpu(store, net, tmp_path, monkeypatch):
    """A storage whose place would be noted as a GPU: `torch.save` asks for it by a function of its own."""
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
    torch.save(nn.Linear(2, 2), tmp_path / "plain.pt")
    fitprint.save_model(nn.Linear(2, 2), tmp_path / "package")
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(tmp_path / "plain.pt", weights_only=False)
    assert torch.load(tmp_path / "package/data/model.pth", weights_only=False).weight.device.type == "cpu"


def test_weights_that_are_shared_stay_shared(store, tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    fitprint.save_model(model, tmp_path / "package")
    loaded = fitprint.pytorch.load_model(tmp_path / "package")
    assert loaded[0].weight is loaded[1].weight


def test_a_large_model_is_refused_before_it_is_written(recorded, net, batch, monkeypatch):
    monkeypatch.setenv("FITPRINT_PYTORCH_MAX_MODEL_SIZE", "1kB")
    fitprint.autolog("pytorch", strict=True, quiet=True)
    model = nn.Linear(4, 500)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(batch[0]).sum().backward()
    optimizer.step()
    fitprint.disable()
    (run,) = fitprint.runs()
    assert run.models == {}
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "max_model_size")]
    assert "10,000 bytes" in run.skipped[0].reason


def test_a_compiled_and_a_wrapped_module_are_saved_as_they_are_without(store, net, tmp_path):
    model = net()
    fitprint.pytorch.save_model(torch.compile(model, backend="eager"), tmp_path / "compiled")
    fitprint.save_model(nn.DataParallel(model), tmp_path / "wrapped")
    for name in ("compiled", "wrapped"):
        assert type(fitprint.pytorch.load_model(tmp_path / name)).__name__ == "Net"


def test_a_broken_file_is_said_to_be_broken(store, net, tmp_path):
    fitprint.save_model(net(), tmp_path / "package")
    (tmp_path / "package/data/model.pth").write_bytes(b"no zip")
    with pytest.raises(PackageError, match=r"model\.pth"):
        fitprint.pytorch.load_model(tmp_path / "package", trust="all")


def test_a_checkpoint_becomes_a_package(recorded, net, batch, tmp_path):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    kept = []
    for epoch in range(2):
        model(batch[0]).sum().backward()
        optimizer.step()
        torch.save({"epoch": epoch, "model": model.state_dict()}, tmp_path / f"{epoch}.pt")
        kept.append(model.out.weight.detach().clone())
    run = fitprint.run_of(model)
    fitprint.disable()
    fitprint.package_checkpoint(run, 1, tmp_path / "first", trust=True)
    assert torch.equal(fitprint.pytorch.load_model(tmp_path / "first").out.weight, kept[0])


LARGE = """
from torch import nn

def make(count):
    return nn.Sequential(*[nn.Linear(1000, 1000) for _ in range(count)])
"""


@pytest.mark.slow
def test_a_large_model_is_saved_without_a_second_copy_in_memory(memory_of_saving):
    assert memory_of_saving("pytorch", LARGE) < 0.2


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert registry.entries()["pytorch"].flavor().defaults["max_model_size"] == said_limit


def test_weights_that_zero_has_distributed_leave_no_package(recorded, net, batch, tmp_path):
    """A stand-in, because DeepSpeed is not installed: stage 3 of ZeRO gives each parameter an attribute `ds_id`."""
    model = net()
    for number, weight in enumerate(model.parameters()):
        weight.ds_id = number
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(batch[0]).sum().backward()
    optimizer.step()
    torch.save(model.state_dict(), tmp_path / "part.pt")
    fitprint.disable()
    (run,) = fitprint.runs()
    assert run.models == {}
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "is_local")]
    assert [Path(checkpoint.path).name for checkpoint in run.checkpoints] == ["part.pt"]
