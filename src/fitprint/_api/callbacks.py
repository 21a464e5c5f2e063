"""``fitprint.<flavor>.callback()``: recording through a framework's own callbacks, with nothing patched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitprint._console.logger import set_up_logger
from fitprint._core import call_scope
from fitprint._core.guard import attempt, guarded, warn_once
from fitprint._instrumentation import registry
from fitprint._recorder import rules
from fitprint._recorder.by_callback import RecordingByCallback
from fitprint._recorder.running_call import RunningCall, find
from fitprint._recorder.state import recorder_state
from fitprint._runs import code
from fitprint._settings.layers import Configuration, current
from fitprint._settings.table import Settings, check_arguments
from fitprint._workers.pickled_settings import Packed, packed, unpacked
from fitprint.plugin.by_callback import Listen
from fitprint.plugin.contract import Flavor, TrainingCall


def make_callback(name: str, arguments: Mapping[str, Any], kind: str = "callback") -> Any:
    """Make the callback of a flavor, or its logger.

    Args:
        name: The name of the flavor.
        arguments: The settings that were given.
        kind: ``callback`` or ``logger``.

    Returns:
        A callback or a logger of the framework's own kind.

    Raises:
        RuntimeError: The installed version of the framework is not supported.
        TypeError: An argument is not a setting.
        ValueError: The value of a setting cannot be read.
        NotImplementedError: The flavor has none.
    """
    flavor = _set_up(name)
    settings = check_arguments(arguments, flavor.settings, f"fitprint.{name}.{kind}")
    recorder = CallbackRecorder(name, current().with_scope(name, settings))
    with guarded("the state of the code"):
        code.find_out(recorder.settings())  # here, so that no training has to wait for it
    return flavor.logger(recorder) if kind == "logger" else flavor.callback(recorder)


def _set_up(name: str) -> Flavor:
    """Return a flavor, and prepare this process for recording its trainings without patching anything."""
    with registry.lock:
        flavor = registry.known_flavors()[name].supported_flavor()
        if not recorder_state.on:
            set_up_logger()
            rules.installed_rules.discover(registry.entry_points())
    return flavor


class CallbackRecorder:
    """The `CallbackRecording` of one callback.

    Args:
        name: The name of the flavor.
        configuration: The settings, among them those that the callback was made with.
    """

    def __init__(self, name: str, configuration: Configuration) -> None:
        self._name = name
        self._configuration = configuration
        self._recording: RecordingByCallback | None = None

    def settings(self) -> Settings:
        """Return the settings of the callback."""
        flavor = self._flavor()
        return self._configuration.settings(self._name, flavor.defaults, flavor.settings)

    def begin(self, listen: Listen | None = None, instance: Any = None, **arguments: Any) -> bool:
        """Begin a run, unless something records the training already: see `CallbackRecording.begin`."""
        if self._recording is not None and self._recording.is_running():
            return True
        previous, self._recording = self._recording, None
        if previous is not None and not previous.sees_end:
            previous.end()  # nothing else has ended it, and its callback has gone on to another training
        if call_scope.current() is None:
            with guarded("the start of a run", self._name) as guard:
                settings = self.settings()
                guard.strict = settings.strict
                if not settings.disabled:
                    self._begin(settings, listen, instance, arguments)
        return self._recording is not None

    def _begin(self, settings: Settings, listen: Listen | None, instance: Any, arguments: Mapping[str, Any]) -> None:
        outermost = find(self._flavor())
        if outermost is not None:
            call, frame = outermost
            running = RunningCall(frame)
        elif instance is not None or arguments:
            function = type(instance) if instance is not None else type(self)
            call = TrainingCall(self._flavor(), function, instance, (), dict(arguments), "callback")
            running = None
        else:
            warn_once(
                (self._name, "callback"),
                f"{self._name}: its callback was called, but no training is known to which it belongs",
            )
            return
        call.settings, call.is_by_callback = settings, True
        refusal = rules.refusal_before(call)
        if refusal is not None:
            recorder_state.count_skip(self._name, refusal[0])
            return
        self._recording = RecordingByCallback(call, running, listen or call.flavor.listen)
        self._recording.open()

    def returns(self, result: Any) -> None:
        """Note what the call returns."""
        if self._recording is not None:
            self._recording.set_result(result)

    def end(self, error: BaseException | None = None) -> None:
        """Note that the training has ended, and end its run if its call is not seen to end."""
        recording = self._recording
        if recording is not None:
            recording.error, recording.has_returned = _without_traceback(error), error is None
            if not recording.sees_end:
                recording.end()

    def guard(self, step: str) -> guarded:
        """Return a context manager for code that the framework calls."""
        return guarded(step, self._name, strict=self.settings().strict)

    def _flavor(self) -> Flavor:
        return registry.entries()[self._name].flavor()

    def __copy__(self) -> CallbackRecorder:
        return CallbackRecorder(self._name, self._configuration)

    def __deepcopy__(self, memo: dict[int, Any]) -> CallbackRecorder:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return _unpickled, (self._name, packed(self._configuration))


def _without_traceback(error: BaseException | None) -> BaseException | None:
    """Return an error like another one, which keeps no frame alive: a run ends when the frame of its call is gone."""
    if error is None:
        return None
    kind = type(error)
    made, alike = attempt(lambda: kind.__new__(kind, *error.args))
    if not made:
        return error
    vars(alike).update(vars(error))
    twin: BaseException = alike
    return twin


def _unpickled(name: str, settings: Packed) -> CallbackRecorder:
    _set_up(name)
    return CallbackRecorder(name, unpacked(*settings))
