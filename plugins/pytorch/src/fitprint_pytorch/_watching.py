"""The calls between the steps of a loop that say something of it, and what is done with each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fitprint.plugin import Patch, Role, TrainingCall
from fitprint_pytorch._loop import Loop
from fitprint_pytorch._losses import FUNCTIONS, is_plain_scalar
from fitprint_pytorch._observer import Observer
from fitprint_pytorch._states import file_of
from fitprint_pytorch._values import copied

_WRITER = "torch.utils.tensorboard.writer"
OF_THE_LATEST_LOOP = frozenset(
    {"add_scalar", "add_scalars", "add_hparams", "clip_grad_norm_", "clip_grad_value_", "__iter__"}
)
"""The calls that belong to the loop of the latest step, to whose run they may write."""


def patches() -> list[Patch]:
    """Return the entry points that are watched."""
    watched = [
        ("torch.optim.optimizer", "Optimizer.__init__"),
        ("torch.autograd", "backward"),
        ("torch.amp.grad_scaler", "GradScaler.scale"),
        ("torch.utils.data.dataloader", "DataLoader.__iter__"),
        ("torch", "compile"),
        ("torch.serialization", "load"),
        ("torch.distributed.checkpoint.state_dict_loader", "load"),
        ("torch.nn.utils.clip_grad", "clip_grad_norm_"),
        ("torch.nn.utils.clip_grad", "clip_grad_value_"),
        ("torch.optim.lr_scheduler", "LRScheduler.__init__"),
        ("torch.optim.lr_scheduler", "ReduceLROnPlateau.__init__"),
        (_WRITER, "SummaryWriter.add_scalar"),
        (_WRITER, "SummaryWriter.add_scalars"),
        (_WRITER, "SummaryWriter.add_hparams"),
        *(("torch.nn.functional", function) for function in FUNCTIONS),
    ]
    return [Patch(module, target, role=Role.WATCHED) for module, target in watched]


def _made(call: TrainingCall, observer: Observer) -> None:
    from torch.optim import Optimizer

    if isinstance(call.instance, Optimizer):
        observer.discovery.made(call.instance)
    else:
        observer.scheduled(call.instance)


def _iterated(call: TrainingCall, observer: Observer) -> None:
    observer.loaders.begun(call.instance, call.result)


def _loaded(call: TrainingCall, observer: Observer) -> None:
    observer.loaded_from = file_of(call)


TAKE_NOTE: Mapping[str, Callable[[TrainingCall, Observer], None]] = {
    "__init__": _made,
    "__iter__": _iterated,
    "scale": lambda call, observer: observer.losses.scaled(call),
    "compile": lambda call, observer: observer.discovery.compiled(),
    "load": _loaded,
    **{function: lambda call, observer: observer.computed(call) for function in FUNCTIONS},
}
"""What is done with the calls that say something outside of a loop too, by the name of the function."""


# what belongs to a loop


def _clipped_norm(call: TrainingCall, loop: Loop) -> None:
    loop.facts["max_grad_norm"] = float(call.argument("max_norm"))


def _clipped_value(call: TrainingCall, loop: Loop) -> None:
    loop.facts["max_grad_value"] = float(call.argument("clip_value"))


def _scalar(call: TrainingCall, loop: Loop) -> None:
    _emit(call, loop, str(call.argument("tag")), call.argument("scalar_value"), call.argument("global_step"))


def _scalars(call: TrainingCall, loop: Loop) -> None:
    main = call.argument("main_tag")
    for tag, value in call.argument("tag_scalar_dict").items():
        _emit(call, loop, f"{main}/{tag}", value, call.argument("global_step"))


def _hparams(call: TrainingCall, loop: Loop) -> None:
    loop.facts.update(call.argument("hparam_dict") or {})
    for name, value in (call.argument("metric_dict") or {}).items():
        _emit(call, loop, str(name), value, call.argument("global_step"))


def _emit(call: TrainingCall, loop: Loop, name: str, value: Any, step: Any) -> None:
    loop.users_names.add(name)
    number = loop.latest_step if step is None else int(step)
    call.emit(name, copied(value) if is_plain_scalar(value) else float(value), number)


TAKE_NOTE_IN_LOOP: Mapping[str, Callable[[TrainingCall, Loop], None]] = {
    "clip_grad_norm_": _clipped_norm,
    "clip_grad_value_": _clipped_value,
    "add_scalar": _scalar,
    "add_scalars": _scalars,
    "add_hparams": _hparams,
}
"""What is done with the calls that only say something of a loop."""
