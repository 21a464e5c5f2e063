"""Model packages in MLflow's format: signatures, schemas and checks of data against them; what flavors write and read.

Importing this loads nothing yet: each name is imported when it is first asked for, numpy and pandas when data is.
"""

from typing import TYPE_CHECKING, Any

from fitprint._core.lazy import late

if TYPE_CHECKING:
    from fitprint.models.errors import PackageError, SchemaError
    from fitprint.models.inference import infer_signature
    from fitprint.models.package import Package, PackageTooLarge, member
    from fitprint.models.pickling import dump_model, load_pickle
    from fitprint.models.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
    from fitprint.models.signature import ModelSignature
    from fitprint.models.types import DataType

__all__ = [
    "ColSpec",
    "DataType",
    "ModelSignature",
    "Package",
    "PackageError",
    "PackageTooLarge",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "SchemaError",
    "TensorSpec",
    "dump_model",
    "infer_signature",
    "load_pickle",
    "member",
]

_MODULES = {
    "fitprint.models.errors": ("PackageError", "SchemaError"),
    "fitprint.models.inference": ("infer_signature",),
    "fitprint.models.package": ("Package", "PackageTooLarge", "member"),
    "fitprint.models.pickling": ("dump_model", "load_pickle"),
    "fitprint.models.schema": ("ColSpec", "ParamSchema", "ParamSpec", "Schema", "TensorSpec"),
    "fitprint.models.signature": ("ModelSignature",),
    "fitprint.models.types": ("DataType",),
}


def __getattr__(name: str) -> Any:
    return late(__name__, name, _MODULES)
