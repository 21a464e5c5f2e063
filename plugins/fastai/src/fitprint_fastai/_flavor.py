"""The flavor of fastai: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import distributed

from fitprint.plugin import CallbackRecording, Flavor, Package, Patch, Role, SaveContext, SavedModel, TrainingCall
from fitprint_fastai import _callback, _export, _facts, _predicting, _samples
from fitprint_fastai._classes import is_a

_FITS = ("fit_one_cycle", "fit_flat_cos", "fit_sgdr", "fine_tune")
"""The fits that call `Learner.fit`, some of them more than once."""


def lr_find(call: TrainingCall) -> str | None:
    """Leave out the training of `learn.lr_find`, whose weights are thrown away."""
    callbacks = call.argument("cbs", None)
    callbacks = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    is_search = any(is_a(callback, "LRFinder") for callback in callbacks)
    return "lr_find only looks for a learning rate, and discards the model that it trains" if is_search else None


class FastaiFlavor(Flavor):
    """fastai: every fit of a learner, and what it validates afterwards."""

    api_version = (2, 0)
    loader_module = "fitprint_fastai.loader"
    defaults = {"max_model_size": "2GB"}  # noqa: RUF012  read only
    model_argument = "fastai_learner"
    rules = (lr_find,)

    def __init__(self) -> None:
        """Know of no table yet."""
        self._tables = _samples.Tables()

    def patches(self) -> Sequence[Patch]:
        learner = "fastai.learner"
        return [
            Patch(learner, "Learner.fit", subclasses=True),
            *(Patch("fastai.callback.schedule", f"Learner.{name}") for name in _FITS),
            Patch(learner, "Learner.validate", subclasses=True, role=Role.SCORES),
            Patch(learner, "Learner.save", role=Role.WATCHED),
            Patch(learner, "Recorder.after_epoch", subclasses=True, role=Role.WATCHED),
            Patch("fastai.tabular.core", "Tabular.__init__", subclasses=True, role=Role.WATCHED),
        ]

    def callback(self, recording: CallbackRecording) -> _callback.FitprintCallback:
        return _callback.FitprintCallback(recording)

    def watched(self, call: TrainingCall) -> None:
        if call.name == "after_epoch":
            _facts.emit_epoch(call)
        elif call.name == "save":
            _facts.note_checkpoint(call)
        elif call.argument("do_setup"):  # else it is a part of other data, made of what the transforms have changed
            self._tables.remember(call.instance, call.argument("df"), bool(call.argument("inplace")))

    def world(self, call: TrainingCall) -> tuple[int, int]:
        if not hasattr(call.instance, "distributed_trainer") or not distributed.is_initialized():
            return 0, 1
        return distributed.get_rank(), distributed.get_world_size()

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _facts.params(call)

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        return _facts.metrics(call)

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        return {"model.txt": f"{call.instance.model}\n"}

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        return _facts.tags(call)

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        return _facts.scores(call.instance, call.result)

    def predicted_data(self, call: TrainingCall) -> Any:
        loader = call.argument("dl")
        return loader if loader is not None else call.instance.dls[call.argument("ds_idx")]

    def rows_of(self, data: Any) -> Any:
        return None  # a data loader shuffles, and may compute its rows: only the learner reads it

    def data(self, call: TrainingCall) -> Any:
        return None  # see `rows_of`

    def sample(self, call: TrainingCall) -> Any:
        rows, reason = _samples.sample(call.instance, self._tables)
        if rows is None:
            call.skip("signature", "flavor", reason)
        return rows

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        return "epoch" in call.cache

    def is_local(self, model: Any) -> bool:
        return not any(type(weight).__name__ in ("DTensor", "FlatParameter") for weight in model.model.parameters())

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _predicting.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _export.save(model, package)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _export.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "its learner is a pickle"

    def load_checkpoint(self, path: Path, model: Any = None) -> Any:
        return _export.load_weights(path, model)

    def checkpoint_needs_trust(self, path: Path) -> str | None:
        return None  # PyTorch reads weights, and nothing else, from it

    def size(self, model: Any) -> int | None:
        weights = {id(weight): weight for weight in model.model.state_dict(keep_vars=True).values()}
        return int(sum(weight.numel() * weight.element_size() for weight in weights.values()))

    def requirements(self, model: Any) -> Iterable[str]:
        return ["fastai", "torch", "pandas", "numpy"]
