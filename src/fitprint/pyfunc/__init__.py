"""Python models that users write themselves, and any package as something that predicts.

Importing this module loads nothing else: each name is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any

from fitprint._core.lazy import late

if TYPE_CHECKING:
    from fitprint.pyfunc._calls import log_model, save_model
    from fitprint.pyfunc._loaded import PyFuncModel, load_model
    from fitprint.pyfunc._python_model import PythonModel, PythonModelContext

__all__ = ["PyFuncModel", "PythonModel", "PythonModelContext", "load_model", "log_model", "save_model"]

_MODULES = {
    "fitprint.pyfunc._python_model": ("PythonModel", "PythonModelContext"),
    "fitprint.pyfunc._calls": ("log_model", "save_model"),
    "fitprint.pyfunc._loaded": ("PyFuncModel", "load_model"),
}


if not TYPE_CHECKING:  # to a type checker, a name that is not above is an error

    def __getattr__(name: str) -> Any:
        return late(__name__, name, _MODULES)
