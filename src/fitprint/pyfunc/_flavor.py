"""The generic flavor: python models and loader modules, written and read in MLflow's layout."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint._core.guard import warn_user
from fitprint.models import distributions
from fitprint.models.errors import PackageError
from fitprint.models.fidelity import Inferred
from fitprint.models.package import Package
from fitprint.models.package_paths import member
from fitprint.models.saved_model import SaveContext, SavedModel
from fitprint.plugin.contract import Flavor
from fitprint.plugin.entry_points import Patch
from fitprint.pyfunc._context import Config, context_paths, copy_artifacts, copy_into, merged
from fitprint.pyfunc._mlflow_compat import read_python_model, run_script
from fitprint.pyfunc._pickler import MLFLOW_MODULE, dump
from fitprint.pyfunc._python_model import PythonModel, PythonModelContext, RunningModel, call_with_params
from fitprint.pyfunc._sources import LoaderModuleSource, PythonModelSource, source_of

FILE = "python_model.pkl"
SCRIPTS = "mlflow.pyfunc.loaders.code_model"
_FOR_CHAT = frozenset({"chat_model", "chat_agent", "responses_agent"})


class PyfuncFlavor(Flavor):
    """The flavor of models that users write themselves. It patches nothing and is not a registered flavor."""

    name = "python_function"
    loader_module = MLFLOW_MODULE

    def __init__(self, model_config: Config | None = None) -> None:
        self._changes = model_config

    def patches(self) -> Sequence[Patch]:
        return ()

    def takes(self, model: Any) -> bool:
        """Return whether a model is one of these."""
        return isinstance(model, (PythonModel, PythonModelSource, LoaderModuleSource))

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        source = source_of(model)
        if isinstance(source, LoaderModuleSource):
            pyfunc = {}
            if source.data_path is not None:
                pyfunc[DATA] = f"{DATA}/{source.data_path.name}"
                copy_into(package, source.data_path, pyfunc[DATA])
            loader = source.loader_module
            return SavedModel(pyfunc=pyfunc, loader_module=loader, modules=(loader,))
        dump(source.python_model, package, FILE)
        entry: dict[str, Any] = {
            "python_model": FILE,
            "cloudpickle_version": distributions.installed_version("cloudpickle"),
        }
        if callable(getattr(source.python_model, "predict_stream", None)):
            entry["streamable"] = True
        if source.artifacts:
            entry["artifacts"] = copy_artifacts(package, source.artifacts)
        return SavedModel(pyfunc=entry)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        loader = str(config.get("loader_module"))
        name = loader.rpartition(".")[2]
        if name in _FOR_CHAT:
            raise PackageError(f"{folder} is a {name} of MLflow, made for its chat server: only mlflow can load it")
        model_config = merged(config.get("config"), self._changes)
        if loader in (MLFLOW_MODULE, SCRIPTS):
            return self._running(folder, config, model_config or None)
        if loader.partition(".")[0] == "mlflow":
            raise PackageError(f"{folder}: its loader_module {loader} is not known here: only mlflow can load it")
        return load_with(folder, config, model_config)

    def signature(self, model: Any) -> Any:
        """Return the signature that the type hints of a python model or a function stand for, or None."""
        source = source_of(model)
        if not isinstance(source, PythonModelSource):
            return None
        try:
            # not `source.running()`, which loads the model's files
            signature = RunningModel(source.python_model, PythonModelContext({}, None)).hinted_signature()
        except ValueError as error:
            warn_user(f"the type hint of the model's input is not used for its signature: {error}")
            return None
        return Inferred(signature, [], from_type_hint=True) if signature is not None else None

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        if isinstance(model, LoaderModuleSource):
            raise NotImplementedError("no signature can be inferred for a loader module: pass signature=")
        if isinstance(model, (PythonModelSource, PythonModel)):
            return source_running(model).predict(data, params)
        if isinstance(model, RunningModel):
            return model.predict(data, params)
        return call_with_params(model.predict, (data,), params)

    def requirements(self, model: Any) -> Iterable[str]:
        return () if isinstance(model, LoaderModuleSource) else ("cloudpickle",)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        """Return why loading a package may run code of its author, as it always may here."""
        if config.get("python_model"):
            return "a python model is a pickle"
        return f"its loader {config.get('loader_module')} runs code of its author"

    def _running(self, folder: Path, config: Mapping[str, Any], model_config: Mapping[str, Any] | None) -> RunningModel:
        read = run_script if config.get("model_code_path") else read_python_model
        context = PythonModelContext(context_paths(folder, config.get("artifacts")), model_config)
        python_model = read(folder, config, model_config)
        if not callable(getattr(python_model, "predict", None)):
            raise PackageError(f"{folder}: its python model, a {type(python_model).__name__}, has no method predict")
        if hasattr(python_model, "load_context"):
            python_model.load_context(context)
        return RunningModel(python_model, context)


def source_running(model: Any) -> RunningModel:
    """Return a python model with its context, as it is before it is saved."""
    source = source_of(model)
    assert isinstance(source, PythonModelSource)
    return source.running()


DATA = "data"


def load_with(folder: Path, config: Mapping[str, Any], model_config: Mapping[str, Any]) -> Any:
    """Return the object that the loader module of a package loads. An error that the module raises is not changed.

    Raises:
        PackageError: The module cannot be imported, has no loader, or loads an object that cannot predict.
    """
    name = str(config.get("loader_module"))
    data = member(folder, config[DATA]) if config.get(DATA) else folder
    try:
        module = importlib.import_module(name)
    except (ImportError, ValueError, TypeError) as error:
        raise PackageError(f"{folder}: its loader_module {name} cannot be imported: {error}") from error
    load = getattr(module, "_load_pyfunc", None)
    if not callable(load):
        raise PackageError(f"{folder}: its loader_module {name} has no function _load_pyfunc")
    place = str(data.absolute())
    model = load(place, dict(model_config)) if model_config else load(place)
    method = config.get("predict_fn") or "predict"
    if not callable(getattr(model, method, None)):
        raise PackageError(f"{folder}: what {name} loads, a {type(model).__name__}, has no method {method}")
    return model
