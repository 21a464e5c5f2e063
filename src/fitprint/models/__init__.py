"""Model packages in MLflow's format: signatures, schemas and checks of data against them.

Importing this loads nothing yet: each name is imported when it is first asked for, numpy and pandas when data is.
"""

from typing import TYPE_CHECKING, Any

from fitprint._late import late

if TYPE_CHECKING:
    from fitprint.models.errors import PackageError, SchemaError
    from fitprint.models.inference import infer_signature
    from fitprint.models.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
    from fitprint.models.signature import ModelSignature
    from fitprint.models.types import DataType

__all__ = [
    "ColSpec",
    "DataType",
    "ModelSignature",
    "PackageError",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "SchemaError",
    "TensorSpec",
    "infer_signature",
]

_MODULES = {
    "fitprint.models.errors": ("PackageError", "SchemaError"),
    "fitprint.models.inference": ("infer_signature",),
    "fitprint.models.schema": ("ColSpec", "ParamSchema", "ParamSpec", "Schema", "TensorSpec"),
    "fitprint.models.signature": ("ModelSignature",),
    "fitprint.models.types": ("DataType",),
}


def __getattr__(name: str) -> Any:
    return late(__name__, name, _MODULES)
