"""A model for tests of the layers of serving: decoding, predicting and encoding, without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fitprint._packages.load import Loaded
from fitprint.models.exact_inputs import KEY, ExactInputs
from fitprint.models.schema import ParamSchema, Schema
from fitprint.models.signature import ModelSignature
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.serving.served import ServedModel


class Echo:
    """A model that a loader module of a user might return: it gives back what it is given."""

    def predict(self, data: Any, params: Any = None) -> Any:
        return data


@pytest.fixture
def served(tmp_path: Path) -> Callable[..., ServedModel]:
    """Serves any object with `predict` under a signature, as if a package of it had been loaded."""

    def serve(
        inputs: Schema | None = None,
        *,
        outputs: Schema | None = None,
        params: ParamSchema | None = None,
        model: Any = None,
        exact: ExactInputs | None = None,
        **document: Any,
    ) -> ServedModel:
        is_signed = inputs is not None or outputs is not None or params is not None
        signature = ModelSignature(inputs, outputs, params).to_dict() if is_signed else None
        own = {KEY: exact.to_json(inputs)} if exact is not None else {}
        pyfunc = {"python_function": {"loader_module": "of_a_user"}}
        content = {"flavors": pyfunc, "signature": signature, "name": "echo", **own, **document}
        return ServedModel(Loaded(tmp_path, content, PyfuncFlavor(), model or Echo(), None))

    return serve
