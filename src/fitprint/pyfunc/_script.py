"""A model that is a script ("models from code"): it is run, and says itself which object is the model."""

from __future__ import annotations

import builtins
import sys
import types
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint.models.errors import PackageError
from fitprint.models.package import member
from fitprint.pyfunc import _stand_in
from fitprint.pyfunc._base import PythonModel
from fitprint.pyfunc._functions import of_function


def run_script(folder: Path, config: Mapping[str, Any], model_config: Mapping[str, Any] | None) -> Any:
    """Runs the script of a package and gives the model that it sets. An error of the script's own is raised as it is.

    ``mlflow`` is there for the script alone, through an ``__import__`` of its own: no other code sees it.
    """
    path = member(folder, _stand_in.base_name(config.get("model_code_path")))
    chosen: list[Any] = []
    module = types.ModuleType(f"code_model_{uuid.uuid4().hex}")
    module.__file__ = str(path)
    own = _import_with(_stand_in.stand_in(chosen.append, model_config))
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": own}
    sys.modules[module.__name__] = module  # classes look for the module that they are of
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    if not chosen:
        raise PackageError(f"{path} sets no model: it has to call mlflow.models.set_model(...)")
    model = chosen[-1]
    if isinstance(model, PythonModel) or not callable(model):
        return model
    return of_function(model)


def _import_with(mlflow: _stand_in.Mlflow) -> Any:
    def import_in_script(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level or name.partition(".")[0] != _stand_in.TOP:
            return builtins.__import__(name, globals, locals, fromlist, level)
        found = _stand_in.submodule(mlflow, name)
        return found if fromlist else mlflow

    return import_in_script
