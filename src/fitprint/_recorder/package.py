"""The package of a recorded call: every part of it is a guarded step, and no incomplete package stays behind."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fitprint._core.privacy.find_in_files import files_with
from fitprint._core.rows import first_rows, read_once, row_count
from fitprint._packages.build import make
from fitprint._packages.options import Options, Subject
from fitprint._recorder.rows_before import as_before
from fitprint._recorder.steps import Recording, RecordingStep
from fitprint._runs.record import OTHER_NAMES
from fitprint._runs.writer import RunWriter
from fitprint.models.package import Package, PackageTooLarge

PACKAGE_NAME = "model"
EXAMPLE_ROWS = 5


def record_package(recording: Recording, model: Any, name: str = PACKAGE_NAME, renews: str | None = None) -> str | None:
    """Write the package of a model into the run of a recording.

    Args:
        recording: The recording of the call.
        model: What was trained or converted.
        name: The name of the package in the run. If it is taken, a number is added.
        renews: The name of an earlier package of this recording, which the new one replaces once it is complete.

    Returns:
        The name that the package got; None if there is no package, and then the run has the reason.
    """
    call, writer = recording.call, recording.writer
    limit = call.settings.max_model_size
    with recording.step("model"):
        if not call.flavor.is_local(model):
            reason = "its weights are distributed over several processes, and saving it would have to wait for them"
            writer.skip("model", "is_local", reason)
            return None
        estimate = call.flavor.size(model) if limit is not None else None
        if estimate is not None and limit is not None and estimate > limit:
            reason = f"its size, about {estimate:,} bytes, is over max_model_size ({limit:,} bytes)"
            writer.skip("model", "max_model_size", reason)
            return None
        package = writer.begin_package(limit)
        package.background = writer.run_id if recording.may_finish_later else None
        is_made = False
        try:
            make(_subject(recording, model, renews or name), package, _GuardedSteps(recording))
            is_made = True
        except PackageTooLarge as error:
            writer.skip("model", "max_model_size", str(error))
        finally:
            if not is_made:
                package.discard()
        if not is_made:
            return None
        about: dict[str, Any] = {"flavor": call.flavor.name, "size": package.size, "autologged": True}
        if call.other_names:
            about[OTHER_NAMES] = list(call.other_names)
        new_package = _Kept(writer, package, renews or name, about, renews is not None, call.settings.redact_models)
        if package.writes_later():
            recording.finish_later(recording.step("model"), new_package.keep)
            return renews or name
        return new_package.keep()
    return None


@dataclass(frozen=True)
class _Kept:
    """A package that is made and is to be kept in its run. It refers to none of the user's objects."""

    writer: RunWriter
    package: Package
    name: str
    about: Mapping[str, Any]
    replaces: bool
    refuses_secrets: bool

    def keep(self) -> str | None:
        """Keep the package, or remove it if it may not be kept. Returns the name that it has, or None."""
        is_complete = False
        try:
            if _is_refused_for_secrets(self.writer, self.package, self.refuses_secrets):
                return None
            name = self.writer.keep_package(self.package, self.name, self.about, replaces=self.replaces)
            is_complete = True
            return name
        finally:
            if not is_complete:
                self.package.discard()


def _is_refused_for_secrets(writer: RunWriter, package: Package, refused: bool) -> bool:
    """Return True if values of redacted params are in the package's files and `redact_models` forbids that.

    If such values are found, the run gets a skip reason in either case.
    """
    if not writer.secrets.hidden:
        return False
    files_of_param = {name: files_with(package.folder, values) for name, values in writer.secrets.hidden.items()}
    has_secrets = False
    for name, files in files_of_param.items():
        if not files:
            continue
        has_secrets = True
        places = ", ".join(files)
        if refused:
            reason = f"{places} contains param {name}, which is *** in the run (redact_models=true)"
            writer.skip("model", "redact", reason)
        else:
            writer.skip(f"param {name}", "redact", f"it is *** in the run, but the package still contains it: {places}")
    return has_secrets and refused


def _subject(recording: Recording, model: Any, name: str) -> Subject:
    call = recording.call
    settings = call.settings
    if not settings.log_signatures:
        recording.writer.skip("signature", "log_signatures", "turned off")

    def data() -> Any:
        sample = call.flavor.sample(call)  # similar rows, if the data itself is gone
        return as_before(sample, recording.rows_before)

    return Subject(
        call.flavor,
        model,
        _options(settings.log_signatures),
        data=data if settings.log_signatures or settings.log_input_examples else lambda: None,
        example=_first_rows if settings.log_input_examples else lambda data: None,
        predicted=lambda: call.predicted,
        run_id=recording.writer.run_id,
        artifact_path=name,
    )


@functools.cache
def _options(has_signature: bool) -> Options:
    return Options(signature=None if has_signature else False)


def _first_rows(data: Any) -> Any:
    """Return the first rows of data; None if it has no rows, or can be read only once."""
    return first_rows(data, EXAMPLE_ROWS) if not read_once(data) and row_count(data) else None


class _GuardedSteps:
    """How the steps of an automatically recorded package are taken: an error costs only its own step."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def step(self, name: str) -> RecordingStep:
        return self._recording.step(name)

    def skip(self, what: str, rule: str, reason: str) -> None:
        self._recording.writer.skip(what, rule, reason)
