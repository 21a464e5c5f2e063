"""Model packages in MLflow's format: signatures, schemas and checks of data against them; what flavors write and read.

Importing this loads nothing yet: each name is imported when it is first asked for, numpy and pandas when data is.
"""

from typing import TYPE_CHECKING, Any

from fitprint._core.lazy import late

if TYPE_CHECKING:
    from fitprint.models.enforcement import validate_schema
    from fitprint.models.errors import PackageError, SchemaError
    from fitprint.models.package import Package, PackageTooLarge
    from fitprint.models.package_paths import member
    from fitprint.models.pickling import dump_model, load_pickle
    from fitprint.models.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
    from fitprint.models.signature import ModelSignature, infer_signature
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
    "validate_schema",
]

_MODULES = {
    "fitprint.models.enforcement": ("validate_schema",),
    "fitprint.models.errors": ("PackageError", "SchemaError"),
    "fitprint.models.package": ("Package", "PackageTooLarge"),
    "fitprint.models.package_paths": ("member",),
    "fitprint.models.pickling": ("dump_model", "load_pickle"),
    "fitprint.models.schema": ("ColSpec", "ParamSchema", "ParamSpec", "Schema", "TensorSpec"),
    "fitprint.models.signature": ("ModelSignature", "infer_signature"),
    "fitprint.models.types": ("DataType",),
}


if not TYPE_CHECKING:  # to a type checker, a name that is not above is an error

    def __getattr__(name: str) -> Any:
        return late(__name__, name, _MODULES)
