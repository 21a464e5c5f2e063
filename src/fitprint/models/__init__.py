"""Model packages in MLflow's format: signatures, schemas and checks of data against them.

Importing this loads neither numpy nor pandas; they are imported when data is looked at.
"""

from fitprint.models.errors import SchemaError
from fitprint.models.inference import infer_signature
from fitprint.models.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from fitprint.models.signature import ModelSignature
from fitprint.models.types import DataType

__all__ = [
    "ColSpec",
    "DataType",
    "ModelSignature",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "SchemaError",
    "TensorSpec",
    "infer_signature",
]
