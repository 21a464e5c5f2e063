"""The package of a trained model: its files, its signature, its environment, its MLmodel."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitprint._flavor import Flavor
from fitprint._version import __version__
from fitprint.models import environment, mlmodel
from fitprint.models.example import write_example
from fitprint.models.fidelity import faithful_signature
from fitprint.models.package import Package, PackageTooLarge
from fitprint.models.rows import first_rows, row_count
from fitprint.models.signature import ModelSignature

if TYPE_CHECKING:
    from fitprint._recorder.recording import Recording

EXAMPLE_ROWS = 5


def pack(recording: Recording, model: Any) -> None:
    """Writes the package of a recorded call into its run, or the reason why there is none."""
    call, run = recording.call, recording.run
    limit = call.settings.max_model_size
    with recording.step("model"):
        estimate = call.flavor.size(model) if limit is not None else None
        if estimate is not None and limit is not None and estimate > limit:
            run.skip("model", "max_model_size", f"about {estimate:,} bytes, over max_model_size ({limit:,} bytes)")
            return
        package = run.begin_package(limit)
        kept = False
        try:
            _fill(recording, model, package)
            about = {"flavor": call.flavor.name, "size": package.size, "autologged": True}
            run.keep_package(package, "model", about)
            kept = True
        except PackageTooLarge as error:
            run.skip("model", "max_model_size", str(error))
        finally:
            if not kept:
                package.discard()


def _fill(recording: Recording, model: Any, package: Package) -> None:
    call, flavor = recording.call, recording.call.flavor
    keys = dict(flavor.save(model, package))
    package.settle()
    size = package.size
    data = None
    signature = None
    if call.settings.log_signatures or call.settings.log_input_examples:
        with recording.step("the data of the signature"):
            data = flavor.sample(call)  # rows alike, where the data itself is gone
    if call.settings.log_signatures and data is not None:
        with recording.step("signature"):
            signature = _signature(recording, model, data)
    example = None
    if call.settings.log_input_examples and row_count(data):
        with recording.step("input example"):
            example = write_example(package, first_rows(data, EXAMPLE_ROWS))
    code = _copy_code(recording, package)
    write_description(package, flavor, model, keys, size, signature, code, example, recording.run.run_id, data)


def write_description(
    package: Package,
    flavor: Flavor,
    model: Any,
    keys: dict[str, Any],
    size: int,
    signature: ModelSignature | None,
    code: str | None,
    example: dict[str, Any] | None,
    run_id: str | None,
    data: Any,
) -> None:
    """Writes the environment files and MLmodel: what any reader needs to know of the files beside them."""
    named = set(flavor.requirements(model))
    if hasattr(data, "iloc"):
        named.add("pandas")  # data is handed to the model as it was trained: as a DataFrame
    name, loader_module = package.flavor_name or flavor.name, package.loader_module or flavor.loader_module
    found = environment.requirements(loader_module, named, package.modules, flavor.tops())
    environment.write_environment(package, found)
    pyfunc = package.pyfunc
    if pyfunc is not None and "data" in keys:
        pyfunc = {"data": keys["data"], **pyfunc}
    document = mlmodel.describe(
        flavors=mlmodel.flavors(name, keys, loader_module, pyfunc, code),
        model_uuid=uuid.uuid4().hex,
        model_size_bytes=size,
        signature=signature.to_dict() if signature is not None else None,
        run_id=run_id,
        artifact_path="model" if run_id is not None else None,
        saved_input_example_info=example,
        fitprint_version=__version__,
    )
    package.write(mlmodel.NAME, mlmodel.to_yaml(document))


def _signature(recording: Recording, model: Any, data: Any) -> ModelSignature | None:
    flavor = recording.call.flavor

    def predict(rows: Any) -> Any:
        return flavor.predict(model, rows)

    try:
        signature, reasons = faithful_signature(predict, data)
    except NotImplementedError as error:
        recording.run.skip("signature", "flavor", str(error))
        return None
    for what, reason in reasons:
        recording.run.skip(what, "signature", reason)
    return signature


def _copy_code(recording: Recording, package: Package) -> str | None:
    left_out: list[tuple[str, str]] = []
    with recording.step("code"):
        left_out = environment.copy_local_code(package, package.modules)
    for module, reason in left_out:
        recording.run.skip(f"code of {module}", "code", reason)
    return environment.CODE if Path(package.folder, environment.CODE).is_dir() else None
