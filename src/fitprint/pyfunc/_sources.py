"""What a package of a python model or a loader module is made of."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fitprint.pyfunc._mlflow_compat import ModelUnpickler
from fitprint.pyfunc._pickler import MLFLOW_MODULE, dumped
from fitprint.pyfunc._python_model import PythonModel, PythonModelContext, RunningModel, of_function


@dataclass
class PythonModelSource:
    """A python model and the files that it needs."""

    python_model: Any
    artifacts: Mapping[str, Path] = field(default_factory=dict)
    model_config: Mapping[str, Any] | None = None
    _running: RunningModel | None = None

    @property
    def name(self) -> str:
        """The name of a run that is started for it."""
        return type(self.python_model).__name__

    def running(self) -> RunningModel:
        """Return the model with its context, before it is saved.

        `load_context` is called on a copy of the user's object.
        """
        if self._running is None:
            model = self.python_model
            context = PythonModelContext({name: str(path) for name, path in self.artifacts.items()}, self.model_config)
            if type(model).load_context is not PythonModel.load_context:
                model = ModelUnpickler(io.BytesIO(dumped(model))).load()
                model.load_context(context)
            self._running = RunningModel(model, context)
        return self._running


@dataclass
class LoaderModuleSource:
    """A module of the user that loads a file or a folder."""

    loader_module: str
    data_path: Path | None = None

    @property
    def name(self) -> str:
        """The name of a run that is started for it."""
        return self.loader_module


Source = PythonModelSource | LoaderModuleSource


def source_of(model: Any) -> Source:
    """Return what a package of this model is made of.

    Raises:
        TypeError: The object cannot be a python model.
    """
    if isinstance(model, (PythonModelSource, LoaderModuleSource)):
        return model
    if isinstance(model, (str, os.PathLike)):
        raise TypeError(
            f"{model}: fitprint does not write models from code; give an instance of a PythonModel, a function, "
            "or a loader_module with its code_paths"
        )
    if isinstance(model, type):
        raise TypeError(f"python_model must be an instance, not the class itself: {model.__name__}(...)")
    bases = [base.__name__ for base in type(model).__mro__ if base.__module__ == MLFLOW_MODULE]
    if bases and bases != ["PythonModel"]:
        raise TypeError(f"a {bases[0]} of MLflow is made for MLflow's own server: fitprint writes only PythonModels")
    if isinstance(model, PythonModel) or bases:
        return PythonModelSource(model)
    if callable(model):
        return PythonModelSource(of_function(model))
    raise TypeError(f"python_model must be an instance of a PythonModel, or a function, not {type(model).__name__}")
