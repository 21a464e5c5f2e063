"""Building the files of a package: model, signature, example, code, environment, and last the MLmodel file."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from fitprint._core.guard import attempt, describe
from fitprint._core.privacy import in_force
from fitprint._core.rows import read_once
from fitprint._packages.attachments import copy_code, copy_extra_files, write_environment
from fitprint._packages.loader_copy import Loader, is_of_plugin, loader_of
from fitprint._packages.options import Steps, Subject
from fitprint._version import __version__
from fitprint.models import exact_inputs, mlmodel
from fitprint.models.example import split_params, write_example
from fitprint.models.fidelity import FOR_MLFLOW, Inferred, faithful_signature, signature_of_example
from fitprint.models.package import Package
from fitprint.models.saved_model import SaveContext, SavedModel
from fitprint.models.signature import ModelSignature, infer_signature
from fitprint.plugin.containers import UnknownColumns
from fitprint.plugin.model_format import DeclaredSignature

NOTHING = Inferred(None, [])
MOST_EXACT = 1_000_000
"""How long fitprint's own entry about the inputs may be: a reader takes only MLmodel files of a bounded size."""
SCALARS = (str, bytes, bool, int, float, date)
"""What may be an input example of one value."""


def make(subject: Subject, package: Package, steps: Steps) -> dict[str, Any]:
    """Write all files of a package except ``checksums.json``.

    Args:
        subject: The model, its flavor and the options.
        package: The package to write to.
        steps: How the steps are taken and what is done with reasons for what is left out.

    Returns:
        The document of the MLmodel file.
    """
    options = subject.options
    saved = _saved(subject, package, steps)
    keys = dict(saved.keys)
    data = options.input_example
    if data is None:
        with steps.step("the data of the signature"):
            data = subject.data()
    inferred = _inferred(subject, saved, data, steps)
    signature = inferred.signature
    example = None
    with steps.step("input example"):
        rows = options.input_example if options.input_example is not None else subject.example(data)
        if rows is not None:
            example = write_example(package, rows)
    size = package.size
    loader = _loader(subject, saved, signature, package, steps)
    modules = {*package.modules, *saved.modules, *loader.needs}
    code = copy_code(package, modules, options.code_paths, steps)
    extra = copy_extra_files(package, options.extra_files)
    if extra:
        keys["extra_files"] = extra
    write_environment(subject, package, modules, split_params(data)[0])
    document = mlmodel.describe(
        flavors=_flavors(subject, saved, keys, loader.module, code, steps),
        model_uuid=uuid.uuid4().hex,
        model_size_bytes=size,
        signature=signature.to_dict() if signature is not None else None,
        is_signature_from_type_hint=inferred.from_type_hint or None,
        **_exact_entry(inferred, steps),
        run_id=subject.run_id,
        artifact_path=subject.artifact_path,
        saved_input_example_info=example,
        metadata=_hidden("metadata", options.metadata, steps) if options.metadata is not None else None,
        fitprint_version=__version__,
        fitprint_flavor=_writer(subject),
    )
    package.write(mlmodel.NAME, mlmodel.document_yaml(document))
    return document


def _saved(subject: Subject, package: Package, steps: Steps) -> SavedModel:
    """Write the model, and return what the flavor says about it."""
    context = SaveContext(subject.options.own, steps.skip)
    saved = subject.flavor.save(subject.model, package, context)
    package.settle()
    return saved if isinstance(saved, SavedModel) else SavedModel(keys=saved)


def _loader(
    subject: Subject, saved: SavedModel, signature: ModelSignature | None, package: Package, steps: Steps
) -> Loader:
    """Return what loads the package elsewhere: the caller's choice, else that of `save`, else the flavor's own."""
    flavor, chosen = subject.flavor, subject.options.loader_module
    own = saved.loader_module
    if saved.loader_of_named_tensors is not None and signature is not None and _has_named_tensors(signature):
        own = saved.loader_of_named_tensors
    if chosen is None and own is not None and not is_of_plugin(own, flavor):
        chosen = own
    if chosen is not None:
        return Loader(chosen, frozenset() if chosen.startswith("mlflow.") else frozenset({chosen}))
    if saved.pyfunc is None:
        return Loader("")  # the model cannot predict, so nothing loads it for that
    loader = Loader(own or flavor.loader_module)
    with steps.step("the loader"):
        loader = loader_of(flavor, own or flavor.loader_module, package, steps)
    return loader


def _has_named_tensors(signature: ModelSignature) -> bool:
    inputs = signature.inputs
    return inputs is not None and inputs.is_tensor_spec() and inputs.has_input_names()


def _writer(subject: Subject) -> str | None:
    """Return the flavor that wrote the package, if that is not the one whose format it has."""
    name = subject.flavor.name
    return name if subject.flavor.package_flavor(subject.model) != name else None


def _inferred(subject: Subject, saved: SavedModel, example: Any, steps: Steps) -> Inferred:
    """Return the given signature, else one under which the model predicts what it predicts on the data.

    Args:
        subject: The model, its flavor and the options.
        saved: What the flavor says about the model, which is saved already.
        example: The data, or ``(data, params)``.
        steps: How the steps are taken.
    """
    chosen = subject.options.signature
    if isinstance(chosen, ModelSignature):
        return Inferred(chosen, [])
    if chosen is False:
        return NOTHING
    declared: DeclaredSignature | None = None
    with steps.step("signature"):
        declared = subject.flavor.signature(subject.model)
    if declared is not None:
        inferred = _with_reasons(declared if isinstance(declared, Inferred) else Inferred(*declared), steps)
        params = split_params(example)[1] if inferred.from_type_hint else {}
        return inferred._replace(signature=_with_params(inferred.signature, params)) if params else inferred
    data, params = split_params(example)
    if data is None:
        return NOTHING
    if read_once(data):
        steps.skip("signature", "data", "the training data can be read only once")
        return NOTHING
    inferred = NOTHING
    if subject.options.loader_module is not None:
        with steps.step("signature"):
            # the predictions of the caller's loader are not known yet
            inferred = Inferred(infer_signature(data, params=params or None), [])
        return inferred
    with steps.step("signature"):
        try:
            inferred = _with_reasons(_from_predictions(subject, saved, data, params), steps)
        except NotImplementedError as error:
            steps.skip("signature", "flavor", str(error))
            return NOTHING
        if params:
            inferred = inferred._replace(signature=_with_params(inferred.signature, params))
    return inferred


def _from_predictions(subject: Subject, saved: SavedModel, data: Any, params: dict[str, Any]) -> Inferred:
    """Return the signature of the data and of what the model predicts for it.

    An input example for which the model raises an error costs only the signature, and a reason tells the error.
    """
    predict = _predict(subject, saved, params)
    if isinstance(data, UnknownColumns):  # the flavor has said why the inputs are unknown
        return Inferred(infer_signature(None, predict(data)), [])
    if subject.options.input_example is None:
        predicted = _already_predicted(subject, saved, data, params)
        like = subject.flavor.outputs_like(subject.model) if predicted is None and _is_plain(saved, params) else None
        return faithful_signature(predict, data, predicted, like)
    infer = signature_of_example if isinstance(data, (dict, list, *SCALARS)) else faithful_signature
    predicted, inferred = attempt(infer, predict, data)
    if predicted:
        return cast(Inferred, inferred)
    if isinstance(inferred, NotImplementedError):
        raise inferred
    return Inferred(None, [("signature", f"the model cannot predict the input example: {describe(inferred)}")])


def _exact_entry(inferred: Inferred, steps: Steps) -> dict[str, str]:
    """Return fitprint's own entry in the MLmodel file, if MLflow's signature does not say everything."""
    if inferred.exact is None:
        return {}
    text = inferred.exact.to_json(inferred.signature.inputs if inferred.signature is not None else None)
    what = "the exact dtypes of the inputs"
    if len(text) > MOST_EXACT:
        steps.skip(what, "size", f"they take {len(text):,} characters, and at most {MOST_EXACT:,} are kept")
    elif in_force().by_format(text) != text:
        steps.skip(what, "redact", "a category looks like a secret")
    else:
        return {exact_inputs.KEY: text}
    return {}


def _with_reasons(inferred: Inferred, steps: Steps) -> Inferred:
    """Return what was inferred, and pass on the reasons for what it lacks."""
    for what, reason in inferred.reasons:
        steps.skip(what, "mlflow" if what == FOR_MLFLOW else "signature", reason)
    return inferred


def _with_params(signature: ModelSignature | None, params: dict[str, Any]) -> ModelSignature:
    inferred = infer_signature(params=params)
    return inferred if signature is None else ModelSignature(signature.inputs, signature.outputs, inferred.params)


def _predict(subject: Subject, saved: SavedModel, params: dict[str, Any]) -> Callable[[Any], Any]:
    """Return the function that the package will predict with."""
    method = _method(saved)
    if method == "predict":
        return lambda rows: subject.flavor.predict(subject.model, rows, params or None)
    return lambda rows: getattr(subject.model, method)(rows)


def _method(saved: SavedModel) -> str:
    """Return the name of the method that the package will predict with."""
    return (saved.pyfunc or {}).get("predict_fn") or "predict"


def _already_predicted(subject: Subject, saved: SavedModel, data: Any, params: dict[str, Any]) -> Any:
    """Return what the model has predicted on this very data as the package will predict it; None if it has not."""
    inputs, outputs = subject.predicted() or (None, None)
    return outputs if inputs is data and _is_plain(saved, params) else None


def _is_plain(saved: SavedModel, params: dict[str, Any]) -> bool:
    """Return whether the package will predict as the flavor does, without params."""
    return _method(saved) == "predict" and not params


def _hidden(what: str, values: Mapping[str, Any], steps: Steps) -> dict[str, Any]:
    """Return values for the MLmodel file with secrets hidden; if there are any, that is reported."""
    plain = dict(values)
    hidden: dict[str, Any] = in_force().inside(plain)
    if hidden == plain:
        return plain
    steps.skip(
        f"secrets in {what}", "redact", "they were replaced by ***; if the model needs them, pass them when you load it"
    )
    return hidden


def _flavors(
    subject: Subject, saved: SavedModel, keys: Mapping[str, Any], loader_module: str, code: str | None, steps: Steps
) -> dict[str, Any]:
    flavor, options = subject.flavor, subject.options
    pyfunc = saved.pyfunc
    if pyfunc is not None and "data" in keys:
        pyfunc = {"data": keys["data"], **pyfunc}
    if options.loader_module is not None:
        # the caller's loader gets the file that the flavor's own would get
        entry = pyfunc or keys
        data = entry.get("data") or entry.get("model_path") or keys.get("pickled_model")
        pyfunc = {"data": data} if data else {}
    if pyfunc is not None and options.model_config:
        pyfunc = {**pyfunc, "config": _hidden("model_config", options.model_config, steps)}
    return mlmodel.flavors(flavor.package_flavor(subject.model), keys, loader_module, pyfunc, code)
