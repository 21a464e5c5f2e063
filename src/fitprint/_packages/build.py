"""From a model to the files of its package: model, signature, example, code, environment, and last the MLmodel."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from fitprint._core.privacy import in_force
from fitprint._core.rows import read_once
from fitprint._packages.attachments import copy_code, copy_extra_files, write_environment
from fitprint._packages.options import Steps, Subject
from fitprint._version import __version__
from fitprint.models import mlmodel
from fitprint.models.example import split_params, write_example
from fitprint.models.fidelity import faithful_signature
from fitprint.models.inference import infer_signature
from fitprint.models.package import Package
from fitprint.models.signature import ModelSignature
from fitprint.plugin.flavor import Declared


def make(subject: Subject, package: Package, steps: Steps) -> dict[str, Any]:
    """Writes all files of a package but ``checksums.json``. Returns the MLmodel document."""
    options = subject.options
    keys = _saved(subject, package, steps)
    data = options.input_example
    if data is None:
        with steps.step("the data of the signature"):
            data = subject.data()
    signature = _signature(subject, package, data, steps)
    example = None
    with steps.step("input example"):
        shown = options.input_example if options.input_example is not None else subject.example(data)
        if shown is not None:
            example = write_example(package, shown)
    size = package.size
    if options.loader_module is not None:
        package.modules.add(options.loader_module)
    code = copy_code(package, options.code_paths, steps)
    extra = copy_extra_files(package, options.extra_files)
    if extra:
        keys["extra_files"] = extra
    write_environment(subject, package, split_params(data)[0])
    document = mlmodel.describe(
        flavors=_flavors(subject, package, keys, code, steps),
        model_uuid=uuid.uuid4().hex,
        model_size_bytes=size,
        signature=signature.to_dict() if signature is not None else None,
        run_id=subject.run_id,
        artifact_path=subject.artifact_path,
        saved_input_example_info=example,
        metadata=_hidden("metadata", options.metadata, steps) if options.metadata is not None else None,
        fitprint_version=__version__,
    )
    package.write(mlmodel.NAME, mlmodel.to_yaml(document))
    return document


def _saved(subject: Subject, package: Package, steps: Steps) -> dict[str, Any]:
    """Writes the model. Returns the keys of the flavor's map. The run keeps the package, which keeps no call alive."""
    unheard = package.skip
    package.options, package.skip = subject.options.own, steps.skip
    try:
        keys = dict(subject.flavor.save(subject.model, package))
    finally:
        package.options, package.skip = {}, unheard
    package.settle()
    return keys


def _signature(subject: Subject, package: Package, example: Any, steps: Steps) -> ModelSignature | None:
    """The signature given, else one under which the model predicts what it predicts on the data.

    ``example``: the data, or ``(data, params)``.
    """
    given = subject.options.signature
    if isinstance(given, ModelSignature):
        return given
    if given is False:
        return None
    declared: Declared | None = None
    with steps.step("signature"):
        declared = subject.flavor.signature(subject.model)
    if declared is not None:
        return _told(declared, steps)
    data, params = split_params(example)
    if data is None:
        return None
    if read_once(data):
        steps.skip("signature", "data", "what the model was given can be read only once")
        return None
    signature: ModelSignature | None = None
    if subject.options.loader_module is not None:
        with steps.step("signature"):
            # what the caller's loader will predict is not known yet
            signature = infer_signature(data, params=params or None)
        return signature
    with steps.step("signature"):
        try:
            signature = _told(faithful_signature(_predict(subject, package, params), data), steps)
        except NotImplementedError as error:
            steps.skip("signature", "flavor", str(error))
            return None
        if params:
            signature = _with_params(signature, params)
    return signature


def _told(found: Declared, steps: Steps) -> ModelSignature | None:
    signature, reasons = found
    for what, reason in reasons:
        steps.skip(what, "signature", reason)
    return signature


def _with_params(signature: ModelSignature | None, params: dict[str, Any]) -> ModelSignature:
    inferred = infer_signature(params=params)
    return inferred if signature is None else ModelSignature(signature.inputs, signature.outputs, inferred.params)


def _predict(subject: Subject, package: Package, params: dict[str, Any]) -> Callable[[Any], Any]:
    """What the package will predict with."""
    method = (package.pyfunc or {}).get("predict_fn", "predict")
    if method == "predict":
        return lambda rows: subject.flavor.predict(subject.model, rows, params or None)
    return lambda rows: getattr(subject.model, method)(rows)


def _hidden(what: str, given: Mapping[str, Any], steps: Steps) -> dict[str, Any]:
    """What a user gave for MLmodel, with what is secret in it hidden; then that is said."""
    found = dict(given)
    shown: dict[str, Any] = in_force().inside(found)
    if shown == found:
        return found
    steps.skip(f"secrets in {what}", "redact", "shown as ***; what the model needs of them it gets when it is loaded")
    return shown


def _flavors(
    subject: Subject, package: Package, keys: Mapping[str, Any], code: str | None, steps: Steps
) -> dict[str, Any]:
    flavor, options = subject.flavor, subject.options
    name = package.flavor_name or flavor.name
    loader_module = package.loader_module or flavor.loader_module
    pyfunc = package.pyfunc
    if pyfunc is not None and "data" in keys:
        pyfunc = {"data": keys["data"], **pyfunc}
    if options.loader_module is not None:
        # the caller's loader gets the file that the flavor's own would get
        found = pyfunc or keys
        data = found.get("data") or found.get("model_path") or keys.get("pickled_model")
        loader_module, pyfunc = options.loader_module, {"data": data} if data else {}
    if pyfunc is not None and options.model_config:
        pyfunc = {**pyfunc, "config": _hidden("model_config", options.model_config, steps)}
    return mlmodel.flavors(name, keys, loader_module, pyfunc, code)
