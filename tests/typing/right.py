"""What a type checker has to accept, and what it has to know: checked by tests/typing/test_typing.py, never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack, assert_type

import fitprint
from fitprint.plugin import Package, TrainingCall


def a_rule(call: TrainingCall) -> str | None:
    return "too short" if call.seconds < 1 else None


def settings_are_keywords() -> None:
    fitprint.autolog()
    fitprint.autolog("sklearn", max_model_size="100MB", tags={"team": "risk"}, store=Path("runs"))
    fitprint.autolog(["sklearn", "xgboost"], log_models=False, min_fit_seconds=1, trust="verified", rules=[a_rule])
    fitprint.autolog(disable=True, silent=True, extra_tags={"job": 1}, max_tuning_runs=None)
    fitprint.sklearn.autolog(log_input_examples=True, exclude_estimators="*.Scaler,*.Encoder")
    fitprint.xgboost.autolog(disable=True)
    fitprint.tinyboost.autolog(log_every=10)  # a flavor that another distribution registers, with a setting of its own


def settings_are_passed_on(**settings: Unpack[fitprint.AutologSettings]) -> None:
    fitprint.autolog(**settings)
    fitprint.lightgbm.autolog(**settings)


def models_are_logged(model: Any, rows: Any) -> None:
    info = fitprint.log_model(model, "model", signature=fitprint.infer_signature(rows), metadata={"owner": "me"})
    assert_type(info, fitprint.ModelInfo)
    assert_type(info.signature, fitprint.models.ModelSignature | None)
    assert_type(info.path, Path)
    fitprint.log_model(model, artifact_path="model", serialization_format="skops")
    fitprint.save_model(model, "folder", pip_requirements=["numpy"], code_paths="helpers.py")
    fitprint.package_model("model.pkl", Path("folder"), "sklearn", trust=True)
    assert_type(fitprint.sklearn.log_model(sk_model=model, name="model"), fitprint.ModelInfo)
    fitprint.catboost.save_model(model, Path("folder"), signature=False)
    assert_type(fitprint.load_model(info.model_uri), fitprint.pyfunc.PyFuncModel)


def runs_are_read() -> None:
    with fitprint.start_run("a", tags={"team": "risk"}) as run:
        assert_type(run, fitprint.Run)
        fitprint.log_metric("loss", 0.5, step=1)
    assert_type(fitprint.last_run(), fitprint.Run | None)
    for run in fitprint.runs():
        assert_type(run.run_id, str)
    for row in fitprint.status():
        assert_type(row.state, str)


@fitprint.suppress()
def nothing_is_recorded(rows: list[int]) -> int:
    return len(rows)


assert_type(nothing_is_recorded([1]), int)
assert_type(fitprint.get_tracking_uri(), str)
assert_type(fitprint.infer_signature([1]), fitprint.models.ModelSignature)
assert_type(fitprint.__version__, str)


class Doubled(fitprint.pyfunc.PythonModel):
    def predict(
        self, context: fitprint.pyfunc.PythonModelContext, model_input: Any, params: dict[str, Any] | None = None
    ) -> Any:
        return model_input * 2


def packages_are_read(package: Package, error: fitprint.models.PackageError) -> None:
    assert_type(package.size, int)
    raise error
