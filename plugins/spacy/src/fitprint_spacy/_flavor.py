"""spaCy's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint.plugin import Emit, Flavor, Package, Patch, Role, SaveContext, SavedModel, TrainingCall
from fitprint_spacy import _facts, _packages, _scores, _texts

_BEST = "model-best"


class SpacyFlavor(Flavor):
    """spaCy: loops of ``Language.update``, and ``spacy.training.loop.train``, which ``spacy train`` calls."""

    api_version = (2, 0)
    loader_module = "mlflow.spacy"
    model_argument = "spacy_model"

    def patches(self) -> Sequence[Patch]:
        language = "spacy.language"
        return [
            Patch(language, "Language.update", role=Role.STEP),
            Patch(language, "Language.rehearse", role=Role.STEP),
            Patch(language, "Language.initialize", role=Role.BEGINS),
            Patch(language, "Language.resume_training", role=Role.BEGINS),
            Patch(language, "Language.to_disk", role=Role.SAVES),
            Patch(language, "Language.evaluate", role=Role.WATCHED),
            Patch("spacy.training.loop", "train"),
            Patch("spacy.training.loop", "update_meta", role=Role.WATCHED),
        ]

    def loop_of(self, call: TrainingCall) -> Any:
        return call.argument("nlp") if call.name == "train" else call.instance

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        if step == 0 and call.settings.log_input_examples:
            call.cache["texts"] = _texts.of_examples(call.argument("examples"))
        call.cache["steps"] = step + 1
        prefix = "" if call.name == "update" else "rehearsal_"
        for name, value in (call.result or {}).items():
            emit(f"{prefix}{name}_loss", float(value), step)

    def watched(self, call: TrainingCall) -> None:
        if call.name == "update_meta":
            _scores.emit_checkpoint(call)
        elif "steps" in call.cache:  # in a loop; what `train` evaluates comes with its checkpoints
            _scores.emit_scores(call, call.result, call.cache["steps"] - 1)

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        nlp = self.loop_of(call)
        if call.name == "train":
            return {**_facts.of_pipeline(nlp), **_facts.of_training(nlp.config)}
        return {**_facts.of_pipeline(nlp), **_facts.of_step(call)}

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.name == "train" or "optimizer" in call.cache:
            return {}
        return _facts.of_optimizer(getattr(call.loop, "_optimizer", None))

    def model(self, call: TrainingCall) -> Any:
        best = self._best(call)
        if best is not None:
            return _packages.read(best)
        return call.loop if call.loop is not None else call.argument("nlp")

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        return {"package_of": _BEST} if self._best(call) is not None else {}

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        return _scores.best(call)

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        return _facts.files(self._pipeline(call))

    def sample(self, call: TrainingCall) -> Any:
        nlp = self._pipeline(call)
        if call.name == "train" and call.settings.log_input_examples:
            call.cache["texts"] = _texts.of_corpus(nlp)
        return _texts.rows(call.cache.get("texts", ()), nlp)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _texts.categories(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "components with a PyTorch model load their weights from a pickle"

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return _packages.requirements(model)

    def _pipeline(self, call: TrainingCall) -> Any:
        return call.loop if call.loop is not None else call.argument("nlp")

    @staticmethod
    def _best(call: TrainingCall) -> Path | None:
        """Return the folder in which `train` has saved the best pipeline, or None."""
        folder = call.argument("output_path") if call.name == "train" else None
        best = Path(folder) / _BEST if folder is not None else None
        return best if best is not None and best.is_dir() else None
