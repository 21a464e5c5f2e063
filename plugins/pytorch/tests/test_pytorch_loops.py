"""Plain training loops: one run each, with what the loop itself computes."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import fitprint


def finished():
    """The only run, after every loop has ended."""
    fitprint.disable()
    (run,) = fitprint.runs()
    assert run.status == "FINISHED"
    return run


def values(run, name):
    return [value for _, value in run.metric_history(name)]


def steps(model, optimizer, rows, target, count=3):
    losses = []
    for _ in range(count):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(rows), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_model_that_is_local_to_a_function_leaves_its_package(recorded, net, batch):
    def main():
        model = net()
        losses = steps(model, torch.optim.SGD(model.parameters(), lr=0.1), *batch)
        model.eval()
        return losses, model(batch[0]).detach().numpy()

    losses, expected = main()
    run = finished()
    assert run.name == "Net"
    assert run.skipped == []
    assert run.metric_history("loss_step") == list(enumerate(losses))
    assert np.allclose(fitprint.load_model(run.model_path).predict(batch[0].numpy()), expected)
    assert run.params["optimizer_name"] == "SGD"
    assert run.tags["device"] == "cpu"


def test_weights_losses_and_random_states_are_as_without(store, net, batch):
    def train():
        model = net()
        optimizer = torch.optim.Adam(model.parameters())
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
        loader = DataLoader(TensorDataset(*batch), batch_size=4, shuffle=True)
        losses = []
        for _ in range(3):
            for rows, target in loader:
                losses += steps(model, optimizer, rows, target, 1)
            scheduler.step()
            buffer = io.BytesIO()
            torch.save(model.state_dict(), buffer)
        state = [weight.clone() for weight in model.state_dict().values()]
        gradients = [weight.grad.clone() for weight in model.parameters()]
        hooks = len(model._forward_hooks) + len(model._forward_pre_hooks)
        return losses, state, gradients, torch.rand(3), model.training, hooks, buffer.getvalue()

    plain = train()
    fitprint.autolog("pytorch", strict=True, quiet=True)
    recorded = train()
    fitprint.disable()
    assert recorded[0] == plain[0]
    for mine, theirs in zip([*recorded[1], *recorded[2], recorded[3]], [*plain[1], *plain[2], plain[3]], strict=True):
        assert torch.equal(mine, theirs)
    assert recorded[4:] == plain[4:]
    assert len(fitprint.runs()) == 1


def test_no_global_hook_stays_after_the_first_step(recorded, net, batch):
    from torch.nn.modules import module

    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert module._has_any_global_hook()
    steps(model, optimizer, *batch, count=1)
    assert not module._has_any_global_hook()


def test_an_optimizer_that_was_made_before_recording_began(store, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fitprint.autolog("pytorch", strict=True, quiet=True)
    losses = steps(model, optimizer, *batch)
    run = finished()
    assert run.metric_history("loss_step") == list(enumerate(losses))
    assert run.name == "Net"
    assert run.model_path is not None


def test_accumulated_gradients_are_of_one_loss(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sums = []
    for _ in range(2):
        total = 0.0
        for part in range(3):
            rows = slice(4 * part, 4 * part + 4)
            loss = F.cross_entropy(model(batch[0][rows]), batch[1][rows]) / 3
            loss.backward()
            total += loss.item()
        optimizer.step()
        optimizer.zero_grad()
        sums.append(total)
    run = finished()
    assert values(run, "loss_step") == pytest.approx(sums)
    assert run.params["accumulated_batches"] == 3
    assert run.params["loss"] == "cross_entropy"


def test_a_scaled_loss_is_recorded_unscaled(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(batch[0]), batch[1])
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    run = finished()
    assert values(run, "loss_step") == losses
    assert run.params["loss"] == "cross_entropy"


def test_two_optimizers_of_a_gan_are_one_run(recorded, batch):
    class Generator(nn.Linear):
        pass

    class Discriminator(nn.Linear):
        pass

    torch.manual_seed(0)
    generator, discriminator = Generator(2, 4), Discriminator(4, 1)
    first = torch.optim.Adam(discriminator.parameters(), lr=0.01)
    second = torch.optim.Adam(generator.parameters(), lr=0.02)
    told = {"Discriminator": [], "Generator": []}
    for _ in range(3):
        discriminator.zero_grad()
        real = F.binary_cross_entropy_with_logits(discriminator(batch[0]), torch.ones(12, 1))
        real.backward()
        made = generator(torch.randn(12, 2))
        fake = F.binary_cross_entropy_with_logits(discriminator(made.detach()), torch.zeros(12, 1))
        fake.backward()
        first.step()
        told["Discriminator"].append((real + fake).item())
        generator.zero_grad()
        loss = F.binary_cross_entropy_with_logits(discriminator(made), torch.ones(12, 1))
        loss.backward()
        second.step()
        told["Generator"].append(loss.item())
    run = finished()
    assert values(run, "loss_step_Discriminator") == pytest.approx(told["Discriminator"])
    assert values(run, "loss_step_Generator") == pytest.approx(told["Generator"])
    assert (values(run, "lr_Discriminator"), values(run, "lr_Generator")) == ([0.01], [0.02])
    assert sorted(run.name.split("+")) == ["Discriminator", "Generator"]
    both = fitprint.pytorch.load_model(run.model_path)
    assert torch.equal(both["Generator"].weight, generator.weight)


def test_a_closure_of_lbfgs(recorded, net, batch):
    model = net()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=3)
    told = []

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        return loss

    for _ in range(2):
        told.append(optimizer.step(closure).item())
    run = finished()
    assert values(run, "loss_step") == told
    assert run.model_path is not None


@pytest.mark.filterwarnings("error")
def test_a_compiled_model_is_recorded_as_the_module_itself(recorded, net, batch):
    model = net()
    compiled = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(compiled.parameters(), lr=0.1)
    losses = steps(compiled, optimizer, *batch)
    run = finished()
    assert run.name == "Net"
    assert values(run, "loss_step") == losses
    assert type(fitprint.pytorch.load_model(run.model_path)).__name__ == "Net"


@pytest.mark.filterwarnings("error")
def test_a_model_that_is_compiled_after_its_optimizer_was_made(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    compiled = torch.compile(model, backend="eager")
    losses = steps(compiled, optimizer, *batch)
    assert values(finished(), "loss_step") == losses


def test_fine_tuning_of_a_part_packages_the_whole_model(recorded, net, batch):
    model = net()
    model.hidden.requires_grad_(False)
    steps(model, torch.optim.SGD(model.out.parameters(), lr=0.1), *batch)
    steps(model, torch.optim.SGD(model.parameters(), lr=0.01), *batch)
    run = finished()
    assert run.params["trainable_weights"] == 14
    assert len(values(run, "loss_step")) == 6
    assert torch.equal(fitprint.pytorch.load_model(run.model_path).hidden.weight, model.hidden.weight)


def test_parts_that_are_called_one_by_one_are_found_through_the_users_variables(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        loss = F.cross_entropy(model.out(model.hidden(batch[0])), batch[1])
        loss.backward()
        optimizer.step()
    run = finished()
    assert run.name == "Net"
    assert type(fitprint.pytorch.load_model(run.model_path)).__name__ == "Net"


def test_tensors_without_a_module_leave_a_run_without_a_model(recorded):
    image = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.Adam([image], lr=0.1)
    for _ in range(2):
        F.mse_loss(image, torch.ones(3)).backward()
        optimizer.step()
    run = finished()
    assert len(values(run, "loss_step")) == 2
    assert run.models == {}
    assert [skip.what for skip in run.skipped] == ["model"]


def test_a_checkpoint_of_each_epoch_does_not_split_the_run(recorded, net, batch, tmp_path):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(3):
        steps(model, optimizer, *batch)
        torch.save({"epoch": epoch, "model": model.state_dict()}, tmp_path / f"{epoch}.pt")
    weight = model.out.weight.detach().clone()
    steps(model, optimizer, *batch, count=1)
    run = finished()
    assert [checkpoint.step for checkpoint in run.checkpoints] == [2, 5, 8]
    assert torch.equal(fitprint.pytorch.load_model(run.model_path).out.weight, weight)
    assert [skip.what for skip in run.skipped] == ["the model after its last save"]


def test_a_resumed_training_goes_on_with_its_steps(recorded, net, batch, tmp_path):
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    steps(model, optimizer, *batch)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "last.pt")
    first = fitprint.run_of(model).run_id
    checkpoint = torch.load(tmp_path / "last.pt")
    resumed = net()
    resumed.load_state_dict(checkpoint["model"])
    optimizer = torch.optim.Adam(resumed.parameters())
    optimizer.load_state_dict(checkpoint["optimizer"])
    steps(resumed, optimizer, *batch)
    fitprint.disable()
    run = fitprint.last_run()
    assert [step for step, _ in run.metric_history("loss_step")] == [3, 4, 5]
    assert run.tags["resumed_from"] == first


@pytest.mark.parametrize("copies", [False, True])
def test_what_is_saved_of_one_of_two_equal_models_belongs_to_it(recorded, net, batch, tmp_path, copies):
    models = [net(), net()]
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]
    for number, (model, optimizer) in enumerate(zip(models, optimizers, strict=True)):
        steps(model, optimizer, *batch, count=number + 1)
        state = model.state_dict()
        torch.save({"weights": copy.deepcopy(state) if copies else state}, tmp_path / f"{number}.pt")
    fitprint.disable()
    runs = {len(run.metric_history("loss_step")): run for run in fitprint.runs()}
    names = {number: [checkpoint.path for checkpoint in runs[number].checkpoints] for number in (1, 2)}
    assert names == {1: [str(tmp_path / "0.pt")], 2: [str(tmp_path / "1.pt")]}


def test_two_trainings_are_two_runs(recorded, net, batch):
    for _ in range(2):
        model = net()
        steps(model, torch.optim.SGD(model.parameters(), lr=0.1), *batch)
    fitprint.disable()
    assert [(run.status, len(values(run, "loss_step"))) for run in fitprint.runs()] == [("FINISHED", 3)] * 2
    assert all(run.model_path for run in fitprint.runs())


def test_a_teacher_is_no_part_of_the_run_of_its_student(recorded, net, batch):
    teacher, student = net(), net()
    steps(teacher, torch.optim.SGD(teacher.parameters(), lr=0.1), *batch)
    teacher.eval()
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        F.mse_loss(student(batch[0]), teacher(batch[0])).backward()
        optimizer.step()
    fitprint.disable()
    assert [len(values(run, "loss_step")) for run in fitprint.runs()] == [3, 3]


def test_a_step_that_fails_and_a_loop_that_goes_on(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    steps(model, optimizer, *batch)
    with pytest.raises(RuntimeError, match="closure went wrong"):
        optimizer.step(lambda: (_ for _ in ()).throw(RuntimeError("closure went wrong")))
    fitprint.disable()
    (run,) = fitprint.runs()
    assert (run.status, run.error["type"]) == ("FAILED", "RuntimeError")


def test_a_model_with_several_inputs(recorded, batch):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(4, 2), nn.Linear(4, 2)

        def forward(self, left, right):
            return self.left(left) + self.right(right)

    model = Two()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    F.cross_entropy(model(batch[0], right=batch[0]), batch[1]).backward()
    optimizer.step()
    run = finished()
    assert run.skipped == []
    arrays = {"left": batch[0].numpy(), "right": batch[0].numpy()}
    with torch.no_grad():
        expected = model(batch[0], batch[0]).numpy()
    assert np.allclose(fitprint.load_model(run.model_path).predict(arrays), expected)


def test_a_copy_of_the_model_that_the_user_keeps_is_the_users(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    steps(model, optimizer, *batch, count=1)
    best = copy.deepcopy(model)
    steps(model, optimizer, *batch, count=1)
    assert fitprint.run_of(best) is not fitprint.run_of(model)


def test_texts_in_one_row_have_no_signature(recorded):
    """As in PyTorch's tutorial: the tensors of a batch have no rows in common, so that no first rows can be taken."""

    class Texts(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.out = nn.EmbeddingBag(9, 4), nn.Linear(4, 2)

        def forward(self, text, offsets):
            return self.out(self.embedding(text, offsets))

    model = Texts()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    F.cross_entropy(model(torch.arange(9), torch.tensor([0, 2, 6])), torch.tensor([0, 1, 0])).backward()
    optimizer.step()
    run = finished()
    assert run.model_path is not None
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("signature", "flavor")]
    assert "the same number of rows" in run.skipped[0].reason


@pytest.mark.parametrize("returns", ["a tuple", "an error"])
def test_a_module_that_cannot_predict_a_few_rows_says_so(recorded, batch, returns):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, x):
            if returns == "a tuple":
                return self.layer(x), x
            return self.layer(x.view(12, 4))

    model = Own()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    predicted = model(batch[0])
    F.cross_entropy(predicted[0] if returns == "a tuple" else predicted, batch[1]).backward()
    optimizer.step()
    run = finished()
    (skip,) = run.skipped
    assert skip.what == "signature"
    assert ("returns a tuple" if returns == "a tuple" else "RuntimeError: shape") in skip.reason
    assert run.model_path is not None


def test_numbers_that_numpy_does_not_have(recorded, batch):
    model = nn.Linear(4, 2).bfloat16()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    F.cross_entropy(model(batch[0].bfloat16()), batch[1]).backward()
    optimizer.step()
    (skip,) = finished().skipped
    assert skip.what == "signature"
