"""The package of a recorded call: each step of making it under the guard, and nothing half done left."""

from __future__ import annotations

from typing import Any

from fitprint._core.privacy.find_in_files import files_with
from fitprint._core.rows import first_rows, read_once, row_count
from fitprint._packages.build import make
from fitprint._packages.options import Options, Subject
from fitprint._recorder.steps import RecordedCall, Step
from fitprint.models.package import Package, PackageTooLarge

NAME = "model"
EXAMPLE_ROWS = 5


def pack(recording: RecordedCall, model: Any, name: str = NAME) -> str | None:
    """Writes the package of a recorded call into its run. Returns the name it got, or None: the run has the reason."""
    call, run = recording.call, recording.run
    limit = call.settings.max_model_size
    with recording.step("model"):
        estimate = call.flavor.size(model) if limit is not None else None
        if estimate is not None and limit is not None and estimate > limit:
            run.skip("model", "max_model_size", f"about {estimate:,} bytes, over max_model_size ({limit:,} bytes)")
            return None
        package = run.begin_package(limit)
        kept = False
        try:
            make(_subject(recording, model, name), package, _Guarded(recording))
            if _holds_secrets(recording, package):
                return None
            about = {"flavor": call.flavor.name, "size": package.size, "autologged": True}
            got = run.keep_package(package, name, about)
            kept = True
            return got
        except PackageTooLarge as error:
            run.skip("model", "max_model_size", str(error))
        finally:
            if not kept:
                package.discard()
    return None


def _holds_secrets(recording: RecordedCall, package: Package) -> bool:
    """Whether the package is not to be kept for what is in it of hidden params; the run says so in either case."""
    run, refused = recording.run, recording.call.settings.redact_models
    places = {name: files_with(package.folder, values) for name, values in run.secrets.hidden.items()}
    found = {name: ", ".join(files) for name, files in places.items() if files}
    for name, files in found.items():
        if refused:
            run.skip("model", "redact", f"param {name}, shown as *** in the run, is in {files} (redact_models=true)")
        else:
            run.skip(f"param {name}", "redact", f"shown as *** in the run, and in the package all the same: {files}")
    return bool(found) and refused


def _subject(recording: RecordedCall, model: Any, name: str) -> Subject:
    call = recording.call
    settings = call.settings
    if not settings.log_signatures:
        recording.run.skip("signature", "log_signatures", "turned off")

    def data() -> Any:
        return call.flavor.sample(call)  # rows alike, where the data itself is gone

    return Subject(
        call.flavor,
        model,
        Options(signature=None if settings.log_signatures else False),
        data=data if settings.log_signatures or settings.log_input_examples else lambda: None,
        example=_example if settings.log_input_examples else lambda data: None,
        run_id=recording.run.run_id,
        artifact_path=name,
    )


def _example(data: Any) -> Any:
    """The first rows, of data that has any."""
    return first_rows(data, EXAMPLE_ROWS) if not read_once(data) and row_count(data) else None


class _Guarded:
    """The steps of a package that nobody asked for: an error ends its step alone."""

    def __init__(self, recording: RecordedCall) -> None:
        self._recording = recording

    def step(self, name: str) -> Step:
        return self._recording.step(name)

    def skip(self, what: str, rule: str, reason: str) -> None:
        self._recording.run.skip(what, rule, reason)
