"""The contract between fitprint and a plugin: the flavor, its entry points, and a recorded call."""

from __future__ import annotations

import numbers
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field
from typing import TYPE_CHECKING, Any

from fitprint._core.guard import guarded
from fitprint._core.publish import publish
from fitprint._core.rows import shape_of
from fitprint._settings.table import Settings
from fitprint.plugin.arguments import FUNCTIONS_OWN, argument, first_argument, named_arguments, with_argument
from fitprint.plugin.callbacks import SafeCallback
from fitprint.plugin.emit import DISCARDING, BestModel, ChildRun, Emit
from fitprint.plugin.entry_points import Patch
from fitprint.plugin.model_format import ModelFormat

if TYPE_CHECKING:
    from fitprint.plugin.by_callback import CallbackRecording

API_VERSION = (2, 1)
"""The version of this contract: (major, minor).

A flavor is accepted if it was written for the same major version, and for this minor version or an earlier one.
"""


Rule = Callable[["TrainingCall"], "str | None"]
"""Decides whether a training call is left out: returns the reason why, or None to record it.

The rule's name is its attribute `name` if it has one, otherwise the name of the function. It is asked before the call;
a rule that reads `TrainingCall.seconds` is asked again when the call has returned.
"""


class SecondsUnknown(Exception):
    """The duration of a training call was asked for before the call has returned."""


_DEFAULT_SETTINGS = Settings()  # shared, because making one at every step of a loop would take too long


@dataclass
class TrainingCall:
    """One call of an entry point. `Flavor.listen` may replace `args` and `kwargs`, but not change what is in them."""

    flavor: Flavor
    """The flavor of the entry point."""
    function: Any
    """The function or method that was called."""
    instance: Any
    """The object whose method was called; None for a function."""
    args: tuple[Any, ...]
    """The arguments that were passed by position."""
    kwargs: dict[str, Any]
    """The arguments that were passed by name."""
    name: str = ""
    """The name of the function that was called, such as ``fit`` or ``train``."""
    settings: Settings = _DEFAULT_SETTINGS
    """The settings that hold for this flavor."""
    result: Any = None
    """What the call returned."""
    took: float | None = None
    """The duration of the user's own call in seconds; None until it has returned."""
    predicted: tuple[Any, Any] | None = None
    """All inputs that the model has predicted for metrics, and its predictions: the signature is inferred from them."""
    cache: dict[str, Any] = field(default_factory=dict)
    """Small results that one method of the flavor computes and another needs; shared by all calls of a loop."""
    loop: Any = None
    """In a step, and when its loop is saved or ends: what `Flavor.loop_of` returned. When the loop ends, None if the
    object, or one of several, does not exist any more. In other calls None."""
    other_names: tuple[str, ...] = ()
    """Further names under which users find the package in the run, besides ``model``; `Flavor.model` may set them."""
    emit: Emit = DISCARDING
    """Records values of a metric in this call's run."""
    skip: Callable[[str, str, str], None] = lambda what, rule, reason: None
    """Stores in ``run.skipped`` why something was not recorded; takes what it was, the rule, and the reason."""
    is_by_callback: bool = False
    """Whether a callback of `Flavor.callback` has found the call: then its arguments are what the function has made of
    those that it was given."""
    asked_later: tuple[Rule, ...] = ()
    """The rules that read `seconds` before the call had returned."""

    def argument(self, name: str, default: Any = FUNCTIONS_OWN) -> Any:
        """Return one argument of the call, whether it was passed by position or by name.

        Args:
            name: The name of the parameter.
            default: What to return when the argument was not passed. By default the function's own default for it, or
                None if the function has none.
        """
        return argument(self.function, self.args, self.kwargs, name, default)

    def arguments(self, *leading: str) -> dict[str, Any]:
        """Return all arguments that have a name, including the defaults of those that were not passed.

        Args:
            leading: Names for the first arguments, for a function that does not name them (``*args``).
        """
        return named_arguments(self.function, self.args, self.kwargs, leading)

    def replace_argument(self, name: str, value: Any) -> None:
        """Set an argument to another value, in new `args` or `kwargs`.

        Args:
            name: The name of the parameter.
            value: The new value.

        Raises:
            TypeError: The function has no such parameter.
        """
        self.args, self.kwargs = with_argument(self.function, self.args, self.kwargs, name, value)

    def wrap(self, function: Callable[..., Any], step: str = "per-iteration metrics") -> SafeCallback:
        """Return a function for the framework to call, whose errors never reach the training: see `safe_callback`.

        Args:
            function: The function to call. After an error in it, the framework gets None.
            step: What the function does, for the report of an error.
        """
        return SafeCallback(function, self.guard(step))

    def guard(self, step: str) -> guarded:
        """Return a context manager for code that the framework calls during the user's training.

        An error inside the block ends the block and is reported once; the training goes on. It may be used many times,
        and keeps no reference to this call.

        Args:
            step: What the code does, for the report: ``"per-iteration metrics"``.
        """
        return guarded(step, self.flavor.name, strict=self.settings.strict)

    @property
    def checkpoint(self) -> Callable[..., None]:
        """Takes note of a checkpoint that the user has just written: `Emit.checkpoint` of `emit`, with its arguments.

        ``call.checkpoint(path, step=3, score=0.25, monitor="val_loss")``. A callback may keep it, and it pickles, as
        `emit` does.
        """
        return self.emit.checkpoint

    def world(self) -> tuple[int, int]:
        """Return the rank of this process and the number of processes that this training is distributed over."""
        return self.flavor.world(self)

    @property
    def class_name(self) -> str:
        """The qualified name of the instance's class, or of the function."""
        owner = type(self.instance) if self.instance is not None else self.function
        return f"{owner.__module__}.{owner.__qualname__}"

    @property
    def seconds(self) -> float:
        """The duration of the user's own call. For rules.

        Raises:
            SecondsUnknown: The call has not returned yet.
        """
        if self.took is None:
            raise SecondsUnknown("the duration of a training call is not known before it has returned")
        return self.took

    @property
    def params(self) -> Mapping[str, Any]:
        """The params that the flavor reads from the call. For rules."""
        return self.flavor.params(self)

    @property
    def data_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of ``inputs`` and ``target``, as far as they are known without copying data. For rules."""
        return self.flavor.shapes(self)


class Flavor(ModelFormat):
    """What fitprint asks about one framework. A plugin subclasses it and registers the class as an entry point.

    fitprint calls every method under its guard: an error costs only what that method would have recorded.

    The order for one call: `params` and `listen`; the user's call; `late_params`, `model`, `metrics`, `artifacts` and
    `children`; then, for the package, `data`, `sample`, `predict`, `size`, `save` and `requirements`. In a loop,
    `params` is called before the first step and `stepped` after each one; the call then has no arguments when
    everything that follows the user's call is done: the package, and what belongs to it, when the user saves the model,
    or when the loop ends if nobody has saved it; `metrics` and `children` when the loop ends.
    """

    api_version: tuple[int, int] = (2, 0)
    """The version of the contract that the flavor was written for: `API_VERSION` of the fitprint at hand, as numbers.

    A flavor that does not say so is taken to be written for the first version that this fitprint accepts.
    """
    registered: Mapping[str, Any] = {}
    """The registrations of all flavors by name, for `other`. fitprint sets it from the entry points."""
    defaults: Mapping[str, Any] = {}
    """Defaults of fitprint's settings that are different for this flavor."""
    settings: Mapping[str, Field[Any]] = {}
    """The flavor's own settings, each declared with `setting`. A call has their values in ``call.settings.own``."""
    rules: Sequence[Rule] = ()
    """The flavor's own rules."""
    holds_model: bool = False
    """Whether the object of a loop is kept alive until the loop ends, so that a loop whose object is a local variable
    and that nobody saves leaves a package too. It costs the memory of the model until the block, another training on
    the object, or the process ends the loop, or another loop begins and nobody but fitprint refers to the object any
    more."""

    def tops(self) -> set[str]:
        """Return the top-level modules of the framework; their distributions are among the requirements."""
        if self._tops is None:  # it is asked for several times in a fit
            self._tops = frozenset(patch.module.partition(".")[0] for patch in self.patches())
        return {*self._tops}

    _tops: frozenset[str] | None = None

    @abstractmethod
    def patches(self) -> Sequence[Patch]:
        """Return the entry points to record."""

    def enable(self) -> None:
        """Register what is global in the framework, such as a hook of every optimizer: called when the flavor is on.

        It is called once the framework is imported and patched, and not again before `disable`: not by a further
        `autolog()`, nor in a forked child, which has what its parent registered. What it registers runs inside the
        user's program and has to keep its errors to itself: `attempt` helps.
        """
        return

    def disable(self) -> None:
        """Unregister what `enable` registered: called when the flavor is turned off, if `enable` returned."""
        return

    def model(self, call: TrainingCall) -> Any:
        """Return what was trained: by default the loop's object, the instance of a method, or a function's result."""
        if call.loop is not None:
            return call.loop
        return call.instance if call.instance is not None else call.result

    def best_model(self, call: TrainingCall) -> BestModel | None:
        """Return the best model of the training, if it is another one than the last; by default None.

        This is asked if the setting `package_of` is ``best``. The package is then of this model, and the tags
        ``package_of``, ``package_step`` and ``package_checkpoint`` of the run say which one it is. The user's own model
        has to stay as it is, so that weights are loaded into a copy. In a loop this is asked when the loop ends.

        Args:
            call: The call, which has succeeded.
        """
        return None

    def resumes(self, call: TrainingCall) -> Any:
        """Return what the training goes on with: a model, or the path of a checkpoint. By default None: it begins anew.

        The run gets the tag ``resumed_from``: the id of the run that trained the model or wrote the checkpoint. It is
        known of models that this process has trained or loaded from a package, and of the checkpoints of the latest
        runs in the store; of another checkpoint the tag is the path. This is asked before the call, and if it has
        returned None then, again after it, when the framework may have chosen a checkpoint by itself.

        Args:
            call: The call. In a loop that of the first step.
        """
        return None

    def first_step(self, call: TrainingCall) -> int:
        """Return the number of the first step of a loop: by default 0. The steps of a resumed loop go on from there.

        Args:
            call: The call of the first step.
        """
        return 0

    def other(self, name: str) -> Flavor:
        """Return another registered flavor, such as the one whose format `package_flavor` names: it writes the model.

        In this way a plugin uses the code of another one, which it requires, without importing it.

        Args:
            name: The name of the flavor.

        Raises:
            LookupError: No installed plugin registers it.
        """
        if name not in self.registered:
            raise LookupError(f'the flavor {self.name} needs the flavor {name}: pip install "fitprint[{name}]"')
        other: Flavor = self.registered[name].flavor()
        return other

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        """Return the name of the run: by default the name of the model's class.

        It is asked before the training, and again when there is a model. Until then, and where the model consists of
        several objects, the default is the class of the instance, or else the flavor and the function.

        Args:
            call: The call.
            model: What `model` returned; None before that, and where there is none.
        """
        candidates = (model, call.loop, call.instance)
        named = next((one for one in candidates if one is not None and not isinstance(one, (tuple, list))), None)
        return type(named).__name__ if named is not None else f"{self.name}.{call.name}"

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return the params of the training, before it starts.

        Where it is known which of them have their default values, return `Params`: displays show the others first.
        """
        return {}

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return params that are known only after the training, such as the best ones of a search."""
        return {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        """Subscribe to the framework's own callbacks, by replacing ``call.args`` or ``call.kwargs``.

        What the framework then calls runs inside the user's training: use `TrainingCall.guard` in it.

        Args:
            call: The call, before it is made.
            emit: Records values of metrics.

        Returns:
            A function that is called when the training has ended, successfully or not; or None.
        """
        return None

    def callback(self, recording: CallbackRecording) -> Any:
        """Return a callback of the framework's own kind, for ``fitprint.<flavor>.callback()``.

        Users who want nothing patched give it to the framework themselves. At the beginning of a training it calls
        ``recording.begin``; everything else is asked of this flavor, as for a call that is patched. By default there is
        none, and the user is told so.

        Args:
            recording: Begins a run at the beginning of each training, and ends it.

        Raises:
            NotImplementedError: The flavor has no callback.
        """
        raise NotImplementedError(f"the flavor {self.name} has no callback: turn recording on by fitprint.autolog()")

    def logger(self, recording: CallbackRecording) -> Any:
        """Return a logger of the framework's own kind, for ``fitprint.<flavor>.logger()``: see `callback`.

        It is for frameworks that have both, and its run is the one of the callback.

        Args:
            recording: Begins a run at the beginning of each training, and ends it.

        Raises:
            NotImplementedError: The flavor has no logger.
        """
        raise NotImplementedError(f"the flavor {self.name} has no logger: fitprint.{self.name}.callback() may be there")

    def watches(self, name: str) -> bool:
        """Return whether a `Role.WATCHED` call that is about to be made is of interest: by default always.

        A flavor whose watched functions are called many times, such as at every step of a loop, says here when it
        learns nothing more of them. This is asked before each call, so it must be quick and never raise.

        Args:
            name: The name of the function.
        """
        return True

    def watched(self, call: TrainingCall) -> None:
        """Take note of a call of a `Role.WATCHED` entry point, which has returned."""
        return

    def predicts_with(self, call: TrainingCall) -> Any:
        """Return the model that a `Role.PREDICTS` call predicts with: by default the instance.

        It is asked before the call, at every call, so it must be quick.
        """
        return call.instance

    def predictions(self, call: TrainingCall) -> Any:
        """Return the predictions that a `Role.PREDICTS` call has made: by default what it returned.

        In a tuple or a short list each part counts. Only objects that Python can refer to weakly are remembered:
        arrays, Series, tables and the like, but not lists of numbers.
        """
        return call.result

    def prediction_facts(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return small facts about predictions, such as the name of the data. None of them may be the data itself.

        `scores` and `score_name` find them in ``call.cache``.
        """
        return {}

    def scored_predictions(self, call: TrainingCall) -> Iterable[Any]:
        """Return what may be predictions in a `Role.SCORES` call: by default its instance and all its arguments.

        An object that is a recorded model itself stands for its predictions, as in ``model.score(X, y)``. If the
        objects belong to several runs, nothing is recorded. This is asked before every such call, so it must be quick.
        """
        return (call.instance, *call.args, *call.kwargs.values())

    def predicted_data(self, call: TrainingCall) -> Any:
        """Return the data that a `Role.SCORES` call predicts by itself: by default its first argument.

        This is asked where the call was given a recorded model, and not its predictions, as in ``model.score(X, y)``.
        """
        return first_argument(call.args, call.kwargs)

    def rows_of(self, data: Any) -> Any:
        """Return the rows of data that a model has predicted: by default the data itself.

        Of a container, such as an ``xgboost.DMatrix``, they are the table that it was made from; None if it is gone.
        """
        return data

    def validated_model(self, call: TrainingCall) -> Any:
        """Return the model that a training call says something of without training it; None, as by default, if none.

        A cross-validation trains copies of an estimator. If the estimator itself is a recorded model, `scores` of the
        call are added to the run of that model too.
        """
        return None

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        """Return the metrics that a `Role.SCORES` call has made of predictions, by their names.

        By default this is what it returned, under `score_name`, if that is a number. The run has it under this name,
        followed by that of the variable with the data: ``accuracy_X_test``. For a further value of it the name gets a
        number: ``accuracy-2_X_test``.
        """
        is_number = isinstance(call.result, numbers.Real) and not isinstance(call.result, bool)
        return {self.score_name(call): float(call.result)} if is_number else {}

    def score_name(self, call: TrainingCall) -> str:
        """Return the name of the metric that a `Role.SCORES` call makes.

        By default it is the name of the function, and for a method that of the class before it: ``Booster_score``.
        """
        return call.name if call.instance is None else f"{type(call.instance).__name__}_{call.name}"

    def score_artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return what a `Role.SCORES` call has made that is not a number, such as a confusion matrix.

        By file names, to which the name of the data is added: ``confusion_matrix.json`` becomes
        ``confusion_matrix_X_test.json``. The values are as those of `artifacts`.
        """
        return {}

    def loop_of(self, call: TrainingCall) -> Any:
        """Return the object whose loop a call belongs to: by default the instance. None: it belongs to no loop.

        A loop that trains several objects, such as the two networks of a GAN, is one run if each of its steps returns
        all of them, in a tuple or a list. Where the user saves several objects at once (`Role.SAVES`), the loop of each
        gets its package. fitprint keeps weak references to the objects, unless `holds_model` is set. This is asked at
        every step, so it must be quick.
        """
        return call.instance

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        """Emit the metrics of a step of a loop that has returned. The user's loop waits for it.

        Args:
            call: The call of the step.
            emit: Records values of metrics.
            step: The number of the step, counted from 0.
        """
        return

    def saved(self, call: TrainingCall) -> None:
        """Take note of a `Role.SAVES` call that has returned: ``call.checkpoint(path)`` names the file it has written.

        Args:
            call: The call of the user's, with the `emit` and the `cache` of the loop that it belongs to.
        """
        return

    def read_values(self, values: Sequence[Any]) -> Iterable[float]:
        """Return the numbers of values that were emitted as they were, such as tensors on a device.

        It is called about once a second with everything that has come together, so that a framework can copy the values
        from a device in one go.

        Args:
            values: The values, in the order in which they were emitted.

        Returns:
            A number for each value.
        """
        return [float(value) for value in values]

    def source(self, call: TrainingCall) -> Any:
        """Return the model that a conversion has converted; its run gets the package. None when it is not known."""
        return None

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        """Return metrics of the finished training. Values of single steps go through ``call.emit``.

        At the end of a loop ``call.loop`` may be None, because the object is gone: what `stepped` has kept in
        ``call.cache`` is still there.
        """
        return {}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return files about the finished training: a file name to a text, or to a value that is written as JSON."""
        return {}

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        """Return tags of the run, in addition to those that every run has."""
        return {}

    def children(self, call: TrainingCall) -> Iterable[ChildRun]:
        """Return the runs below a search, best first."""
        return ()

    def failure(self, call: TrainingCall) -> str | None:
        """Return why a `Role.GROUPS` call has failed although it has returned, as the error of its run; or None."""
        return None

    def rank(self, call: TrainingCall) -> Any:
        """Return the place of an ended `Role.GROUPS` call among those of the group around it, the smallest being best.

        Places may be anything that `worst` can compare. None: the run of the call stays in any case.
        """
        return None

    def worst(self, ranks: Sequence[Any]) -> int:
        """Return which of several places, in the order in which the calls ended, is the worst: by default the largest.

        Of equal ones it is the latest.
        """
        return max(range(len(ranks)), key=lambda position: (ranks[position], position))

    def continues(self, call: TrainingCall) -> bool:
        """Return whether a `Role.GROUPS` call goes on with the run that an earlier call had on the same object."""
        return False

    def data(self, call: TrainingCall) -> Any:
        """Return the inputs of the training, from which the signature is inferred; or None."""
        return None

    def sample(self, call: TrainingCall) -> Any:
        """Return a few rows like the inputs, for when `data` no longer exists. By default `data` itself."""
        return self.data(call)

    def target(self, call: TrainingCall) -> Any:
        """Return what the model learns to predict, or None."""
        return None

    def shapes(self, call: TrainingCall) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of ``inputs`` and ``target``, for rules. No data is copied or read for it."""
        shapes = {"inputs": shape_of(self.data(call)), "target": shape_of(self.target(call))}
        return {name: shape for name, shape in shapes.items() if shape is not None}

    def world(self, call: TrainingCall) -> tuple[int, int]:
        """Return the rank of this process and the number of processes of a training, by default (0, 1).

        Ask the framework whether the training itself is distributed (its trainer, its collective), and not the
        environment variables of a launcher, which also starts independent trainings. The setting `rank_zero_only`
        leaves a training of several processes to rank 0.

        Args:
            call: The call, before it is made.
        """
        return 0, 1

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        """Return whether `model` finds something worth keeping after a training has failed or was interrupted.

        This is asked if the setting `keep_incomplete` is on, for a loop at the step that failed. The package is then
        written like any other, and the run gets the tag ``incomplete``. By default True for a loop, of which a step
        before has succeeded then, and False for other calls. The result of these is None, so that `model` has to return
        something else, such as what a listener has seen of the model (`ModelInTraining`).

        Args:
            call: The call, whose result is None.
            error: What it raised; a KeyboardInterrupt or SystemExit too.
        """
        return call.loop is not None


publish("fitprint.plugin", SecondsUnknown, TrainingCall, Flavor)
