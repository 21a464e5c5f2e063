"""What stands for MLflow if it is not installed: as much of it as python models and their scripts use.

`NAMES` are the classes and functions that MLflow's own pickles refer to. `Mlflow` is what ``import mlflow`` gives to a
script that is a model, and what a pickled model finds as the module that it used: the real module if there is one, else
fitprint, whose calls have MLflow's names.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import lzma
import sys
import types
import uuid
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from fitprint._packages.compatibility import OPENERS
from fitprint.models.errors import PackageError, SchemaError
from fitprint.models.package_paths import member
from fitprint.models.pickling import UNPICKLING_ERRORS, Unpickler, unreadable
from fitprint.pyfunc._python_model import PythonModel, PythonModelContext, of_function
from fitprint.pyfunc._type_hints import fitting, input_hint

TOP = "mlflow"


class FuncInfo(NamedTuple):
    """The type hint of a model's input, as MLflow's wrapper of `predict` keeps it."""

    input_type_hint: Any
    input_param_name: str


class TypeHints:
    """The type hints of a model, as MLflow keeps them beside it."""

    input: Any = None
    output: Any = None


class FunctionOfMlflow(PythonModel):
    """A function that MLflow saved as a model."""

    func: Callable[..., Any]

    @property
    def _predict_type_hints(self) -> Any:
        return types.SimpleNamespace(input=input_hint(self.func, 0))

    def predict(self, model_input: Any, params: Any = None) -> Any:  # type: ignore[override]
        return self.func(model_input)


class MlflowError(Exception):
    """What stands for MLflow's MlflowException in models that raise it."""

    def __init__(self, message: Any = "", *_: Any, **__: Any) -> None:
        super().__init__(message)


class UnfitData(SchemaError, MlflowError):
    """Data that does not fit the type hint. MLflow's wrapper lets only its own exceptions through."""


class Inert:
    """What a pickle of MLflow holds beside the model and nobody uses: schemas and signatures."""

    def __new__(cls, *_: Any, **__: Any) -> Inert:
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    def __setstate__(self, _: Any) -> None:
        return


def validate_model_input(
    args: tuple[Any, ...], kwargs: dict[str, Any], index: int, hint: Any, name: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call of `predict`, with the data as the type hint of the input asks."""
    try:
        if name in kwargs:
            return args, {**kwargs, name: fitting(kwargs[name], hint)}
        if len(args) > index:
            return (*args[:index], fitting(args[index], hint), *args[index + 1 :]), kwargs
    except SchemaError as error:
        raise UnfitData(error.problems, error.what) from None
    return args, kwargs


NAMES: Mapping[tuple[str, str], Any] = {
    ("mlflow.pyfunc.model", "PythonModel"): PythonModel,
    ("mlflow.pyfunc.model", "PythonModelContext"): PythonModelContext,
    ("mlflow.pyfunc.model", "_FunctionPythonModel"): FunctionOfMlflow,
    ("mlflow.pyfunc.utils.data_validation", "FuncInfo"): FuncInfo,
    ("mlflow.pyfunc.utils.data_validation", "_validate_model_input"): validate_model_input,
    ("mlflow.models.signature", "_TypeHints"): TypeHints,
    ("mlflow.exceptions", "MlflowException"): MlflowError,
}
INERT = ("mlflow.types.", "mlflow.models.signature")


class Mlflow(types.ModuleType):
    """A module of MLflow.

    It has what is set on it, else what the real module has, else fitprint's object of that name.
    """

    def __init__(self, name: str, behind: str, **own: Any) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self._behind = behind
        self.__dict__.update(own)

    def __getattr__(self, name: str) -> Any:
        if is_installed() and not name.startswith("__"):
            real = importlib.import_module(self.__name__)
            return getattr(real, name) if hasattr(real, name) else importlib.import_module(f"{self.__name__}.{name}")
        value = None if name.startswith("_") else getattr(importlib.import_module(self._behind), name, None)
        if value is None:
            raise AttributeError(f"{self.__name__}.{name}: mlflow is not installed, and fitprint has no equivalent")
        return value


def stand_in(set_model: Callable[[Any], None], model_config: Mapping[str, Any] | None) -> Mlflow:
    """Return the module ``mlflow`` for one model."""

    class ModelConfig(_ModelConfig):
        saved = model_config

    models, pyfunc = "fitprint.models", "fitprint.pyfunc"
    base = {"PythonModel": PythonModel, "PythonModelContext": PythonModelContext}
    return Mlflow(
        TOP,
        "fitprint",
        models=Mlflow(
            "mlflow.models",
            models,
            set_model=set_model,
            ModelConfig=ModelConfig,
            model=Mlflow("mlflow.models.model", models, set_model=set_model),
            signature=Mlflow("mlflow.models.signature", models),
        ),
        pyfunc=Mlflow("mlflow.pyfunc", pyfunc, **base, model=Mlflow("mlflow.pyfunc.model", pyfunc, **base)),
        types=Mlflow("mlflow.types", models, schema=Mlflow("mlflow.types.schema", models)),
    )


def submodule(top: Mlflow, name: str) -> Any:
    """Return a module below ``mlflow`` by its full name.

    Raises:
        ModuleNotFoundError: Nothing stands for it.
    """
    module: Any = top
    for part in name.split(".")[1:]:
        try:
            module = getattr(module, part)
        except AttributeError as error:
            raise ModuleNotFoundError(str(error), name=name) from None
    return module


def is_installed() -> bool:
    """Return whether the real MLflow can be imported."""
    try:
        return importlib.util.find_spec(TOP) is not None
    except (ImportError, ValueError):
        return False


class _ModelConfig:
    """MLflow's `ModelConfig`: the config that the model was saved with, else the one for developing it."""

    saved: Mapping[str, Any] | None = None

    def __init__(self, *, development_config: Any = None) -> None:
        from fitprint.pyfunc._context import read_config

        self.config = dict(self.saved) if self.saved else read_config(development_config)

    def get(self, key: str) -> Any:
        """Return the value of a key, or raise KeyError if the config does not have it."""
        return self.config[key]

    def to_dict(self) -> dict[str, Any]:
        """Return the whole config."""
        return dict(self.config)


def base_name(path: Any) -> str:
    """Return the file name of a script that MLmodel names by its path on the author's machine."""
    return Path(str(path).replace("\\", "/")).name


def run_script(folder: Path, config: Mapping[str, Any], model_config: Mapping[str, Any] | None) -> Any:
    """Run the script of a package ("models from code") and return the model that it sets.

    ``mlflow`` exists only for the script, which gets a special ``__import__``. An error that the script raises is not
    changed.
    """
    path = member(folder, base_name(config.get("model_code_path")))
    chosen: list[Any] = []
    module = types.ModuleType(f"code_model_{uuid.uuid4().hex}")
    module.__file__ = str(path)
    own = _import_with(stand_in(chosen.append, model_config))
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": own}
    sys.modules[module.__name__] = module  # classes look up the module that they are defined in
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    if not chosen:
        raise PackageError(f"{path} sets no model: it must call mlflow.models.set_model(...)")
    model = chosen[-1]
    if isinstance(model, PythonModel) or not callable(model):
        return model
    return of_function(model)


def _import_with(mlflow: Mlflow) -> Any:
    def import_in_script(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level or name.partition(".")[0] != TOP:
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = submodule(mlflow, name)
        return module if fromlist else mlflow

    return import_in_script


_CLOUDPICKLE = frozenset({"cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast"})
_BROKEN = (
    *UNPICKLING_ERRORS,
    LookupError,
    OSError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RuntimeError,
    lzma.LZMAError,
    zlib.error,
)
"""The exceptions of unpickling a broken or foreign stream."""


class ModelUnpickler(Unpickler):
    """Finds fitprint's classes where the stream names MLflow's."""

    def __init__(self, file: BinaryIO, model_config: Mapping[str, Any] | None = None) -> None:
        super().__init__(file)
        self._mlflow = stand_in(lambda model: None, model_config)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("importlib", "import_module") or (module in _CLOUDPICKLE and name == "subimport"):
            return self._module
        if module.partition(".")[0] != TOP:
            return super().find_class(module, name)
        if (module, name) in NAMES:
            return NAMES[module, name]
        if module.startswith(INERT):
            return type(name, (Inert,), {})
        return getattr(self._module(module), name)

    def _module(self, name: str, package: str | None = None) -> Any:
        if name.partition(".")[0] == TOP:
            return submodule(self._mlflow, name)
        return importlib.import_module(name, package)


def read_python_model(folder: Path, config: Mapping[str, Any], model_config: Mapping[str, Any] | None) -> Any:
    """Unpickle the python model of a package, written by fitprint or MLflow.

    Raises:
        PackageError: The file is broken; the text is one line.
    """
    path = member(folder, config.get("python_model"))
    compression = config.get("python_model_compression")
    if not isinstance(compression, (str, type(None))) or compression not in OPENERS:
        known = ", ".join(filter(None, OPENERS))
        raise PackageError(f"{path} is compressed with {compression!r}, which is not known; known are {known}")
    try:
        with OPENERS[compression](path, "rb") as file:
            return ModelUnpickler(file, model_config).load()
    except _BROKEN as error:
        raise unreadable(path, error) from error
