"""The contract between fitprint and a plugin: a recorded call, and what fitprint asks a flavor about it."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fitprint._core.publish import publish
from fitprint._core.rows import shape_of
from fitprint.plugin.arguments import first_argument
from fitprint.plugin.emit import BestModel, ChildRun, Emit
from fitprint.plugin.instrumentation import Instrumentation
from fitprint.plugin.recorded_call import RecordedCall

Rule = Callable[["TrainingCall"], "str | None"]
"""Decides whether a training call is left out: returns the reason why, or None to record it.

The rule's name is its attribute `name` if it has one, otherwise the name of the function. It is asked before the call;
a rule that reads `TrainingCall.seconds` is asked again when the call has returned.
"""

Watcher = Callable[[Any, tuple[Any, ...], dict[str, Any], Any], None]
"""Takes note of a call that has returned: of the instance, the arguments by position and by name, and the result."""
StepRecorder = Callable[[Any, tuple[Any, ...], dict[str, Any], Any, int], None]
"""Records a step that has returned: the instance, the arguments by position and by name, the result, and its number."""


@dataclass
class TrainingCall(RecordedCall):
    """One call of an entry point. `Flavor.listen` may replace `args` and `kwargs`, but not change what is in them."""

    flavor: Flavor
    """The flavor of the entry point."""
    asked_later: tuple[Rule, ...] = ()
    """The rules that read `seconds` before the call had returned."""

    def world(self) -> tuple[int, int]:
        """Return the rank of this process and the number of processes that this training is distributed over."""
        return self.flavor.world(self)

    @property
    def params(self) -> Mapping[str, Any]:
        """The params that the flavor reads from the call. For rules."""
        return self.flavor.params(self)

    @property
    def data_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of ``inputs`` and ``target``, as far as they are known without copying data. For rules."""
        return self.flavor.shapes(self)


class Flavor(Instrumentation):
    """What fitprint asks about one framework. A plugin subclasses it and registers the class as an entry point.

    fitprint calls every method under its guard: an error costs only what that method would have recorded.

    The order for one call: `params` and `listen`; the user's call; `late_params`, `model`, `metrics`, `artifacts` and
    `children`; then, for the package, `data`, `sample`, `predict`, `size`, `save` and `requirements`.

    In a loop, `params` is called before the first step, and `stepped` after each step. The methods for the package are
    called when the user saves the model, or at the end of the loop if nobody has saved it; `metrics` and `children` are
    called at the end of the loop. The call that they get has no arguments.
    """

    registered: Mapping[str, Any] = {}
    """The registrations of all flavors by name, for `other`. fitprint sets it from the entry points."""
    rules: Sequence[Rule] = ()
    """The flavor's own rules."""
    watches_inside: bool = True
    """Whether `Role.WATCHED` calls inside a recorded call are looked at. False for a framework that others train with,
    and which learns nothing there, because they are recorded themselves."""
    watchers: Mapping[str, Watcher] = {}
    """What is called in place of `watched`, by the name of the function: for a function that is called at every step of
    a loop, because making a `TrainingCall` takes a few microseconds. A watcher has no run to write to."""
    holds_model: bool = False
    """Whether the object of a loop is kept alive until the loop ends, so that the loop leaves a package even if the
    object is a local variable that nobody saves. This costs the memory of the model until the end of the loop: the end
    of its block or of the process, another training on the object, or the beginning of another loop when only fitprint
    still refers to the object."""

    def model(self, call: TrainingCall) -> Any:
        """Return what was trained: by default the loop's object, the instance of a method, or a function's result."""
        if call.loop is not None:
            return call.loop
        return call.instance if call.instance is not None else call.result

    def best_model(self, call: TrainingCall) -> BestModel | None:
        """Return the best model of the training, if it is not the last one; by default None.

        This is called if the setting `package_of` is ``best``, in a loop when the loop ends. The package then contains
        this model, and the tags ``package_of``, ``package_step`` and ``package_checkpoint`` of the run say which one it
        is. The user's own model must not change, so load weights into a copy of it.

        Args:
            call: The call, which has succeeded.
        """
        return None

    def resumes(self, call: TrainingCall) -> Any:
        """Return what the training continues: a model, or the path of a checkpoint. By default None: it is a new one.

        The run gets the tag ``resumed_from``: the id of the run that trained the model or wrote the checkpoint, or the
        path of a checkpoint whose run is not known. fitprint knows the runs of models that this process has trained or
        loaded from a package, and those of the checkpoints of the latest runs in the store. This is called before the
        call. If it returns None, it is called again after the call, because the framework may choose a checkpoint.

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
        """Return another registered flavor, such as the one that `package_flavor` names, to have it write the model.

        In this way a plugin uses the code of another plugin, which it requires, without importing it.

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

        It is called before the training, and again when there is a model. Before that, and if the model consists of
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

        Return `Params` if you know which of them have their default values. Displays then show the others first.
        """
        return {}

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return params that are known only after the training, such as the best ones of a search."""
        return {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        """Subscribe to the framework's own callbacks, by replacing ``call.args`` or ``call.kwargs``.

        Your callback runs inside the user's training, so use `TrainingCall.guard` in it.

        Args:
            call: The call, before it is made.
            emit: Records values of metrics.

        Returns:
            A function that is called when the training has ended, successfully or not; or None.
        """
        return None

    def watches(self, name: str) -> bool:
        """Return whether `watched` is to be called for a `Role.WATCHED` call that is about to be made: by default True.

        If watched functions are called many times, such as at every step of a loop, return False once the calls tell
        nothing new. This is called before each such call, so it must be quick and never raise an error.

        Args:
            name: The name of the function.
        """
        return True

    def watched(self, call: TrainingCall) -> None:
        """Take note of a call of a `Role.WATCHED` entry point, which has returned."""
        return

    def predicts_with(self, call: TrainingCall) -> Any:
        """Return the model that a `Role.PREDICTS` call predicts with: by default the instance.

        It is called before each such call, so it must be quick.
        """
        return call.instance

    def predictions(self, call: TrainingCall) -> Any:
        """Return the predictions that a `Role.PREDICTS` call has made: by default what it returned.

        In a tuple or a short list, each item counts as predictions. fitprint remembers only objects to which Python can
        make weak references, such as arrays, Series and tables, but not lists of numbers.
        """
        return call.result

    def prediction_facts(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return small facts about predictions, such as the name of the data. None of them may be the data itself.

        `scores` and `score_name` find them in ``call.cache``.
        """
        return {}

    def scored_predictions(self, call: TrainingCall) -> Iterable[Any]:
        """Return what may be predictions in a `Role.SCORES` call: by default its instance and all its arguments.

        A recorded model among them stands for its predictions, as in ``model.score(X, y)``. If the objects belong to
        several runs, nothing is recorded. This is called before every such call, so it must be quick.
        """
        return (call.instance, *call.args, *call.kwargs.values())

    def predicted_data(self, call: TrainingCall) -> Any:
        """Return the data that a `Role.SCORES` call predicts by itself: by default its first argument.

        This is called if the call got a recorded model instead of its predictions, as in ``model.score(X, y)``.
        """
        return first_argument(call.args, call.kwargs)

    def rows_of(self, data: Any) -> Any:
        """Return the rows of data that a model has predicted: by default the data itself.

        For a container, such as an ``xgboost.DMatrix``, return the table that it was made from; None if it is gone.
        """
        return data

    def validated_model(self, call: TrainingCall) -> Any:
        """Return a model that a training call evaluates without training it; by default None.

        A cross-validation trains copies of an estimator. If the estimator itself is a recorded model, `scores` of the
        call are added to the run of that model too.
        """
        return None

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        """Return the metrics that a `Role.SCORES` call has computed from predictions, by their names.

        By default this is the result of the call, under `score_name`, if the result is a number. In the run, the name
        ends with the name of the variable with the data: ``accuracy_X_test``. A further value gets a number:
        ``accuracy-2_X_test``.
        """
        is_number = isinstance(call.result, numbers.Real) and not isinstance(call.result, bool)
        return {self.score_name(call): float(call.result)} if is_number else {}

    def score_name(self, call: TrainingCall) -> str:
        """Return the name of the metric that a `Role.SCORES` call makes.

        By default it is the name of the function; the name of a method follows that of its class: ``Booster_score``.
        """
        return call.name if call.instance is None else f"{type(call.instance).__name__}_{call.name}"

    def score_artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return results of a `Role.SCORES` call that are not numbers, such as a confusion matrix, by file names.

        The name of the data is added to each file name: ``confusion_matrix.json`` becomes
        ``confusion_matrix_X_test.json``. The values are like those of `artifacts`.
        """
        return {}

    def loop_of(self, call: TrainingCall) -> Any:
        """Return the object whose loop a call belongs to: by default the instance. None: it belongs to no loop.

        A loop that trains several objects, such as the two networks of a GAN, is one run if this method returns all of
        them at each step, in a tuple or a list. If the user saves several objects at once (`Role.SAVES`), the loop of
        each object gets its package. fitprint keeps weak references to the objects, unless `holds_model` is set. This
        is called at every step, so it must be quick.
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

    def step_recorder(self, call: TrainingCall, emit: Emit) -> StepRecorder | None:
        """Return what records the further steps of an object in place of `loop_of` and `stepped`; by default nothing.

        It is for loops with steps of less than a millisecond, because making a `TrainingCall` takes a few microseconds.
        It is asked after a step that `stepped` has recorded. The further calls of that method on that instance then
        belong to the same loop until the loop ends. Loops of several objects are not asked.

        Args:
            call: The call of the step that has just been recorded. The recorder must not keep it.
            emit: Records values of metrics; the recorder may keep it.
        """
        return None

    def saved(self, call: TrainingCall) -> None:
        """Take note of a `Role.SAVES` call that has returned: ``call.checkpoint(path)`` names the file it has written.

        Args:
            call: The user's call, with the `emit` and the `cache` of the loop that it belongs to.
        """
        return

    def read_values(self, values: Sequence[Any]) -> Iterable[float]:
        """Return emitted values that are not numbers, such as tensors on a device, as numbers.

        It is called about once a second with all values since the last time, so that they can be copied from a device
        together.

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

        At the end of a loop, ``call.loop`` is None if the object no longer exists. Values that `stepped` has put into
        ``call.cache`` are still there.
        """
        return {}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        """Return files about the finished training, by name: texts, or values that are written as JSON."""
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
        """Return the rank of an ended `Role.GROUPS` call in the group around it. The smallest rank is the best.

        Ranks may be any objects that `worst` can compare. If it is None, the run of the call always stays.
        """
        return None

    def worst(self, ranks: Sequence[Any]) -> int:
        """Return the position of the worst of several ranks, in the order in which the calls ended.

        By default it is the largest rank, and the latest one of several equal ranks.
        """
        return max(range(len(ranks)), key=lambda position: (ranks[position], position))

    def continues(self, call: TrainingCall) -> bool:
        """Return whether a `Role.GROUPS` call continues the run of an earlier call on the same object."""
        return False

    def data(self, call: TrainingCall) -> Any:
        """Return the inputs of the training, from which the signature is inferred; or None."""
        return None

    def sample(self, call: TrainingCall) -> Any:
        """Return a few rows like the inputs, which are used if `data` no longer exists. By default `data` itself."""
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
        """Return whether `model` finds a model to keep after a training has failed or was interrupted.

        This is called if the setting `keep_incomplete` is on, in a loop at the step that failed. The package is then
        written like any other, and the run gets the tag ``incomplete``. By default it is True for a loop, because an
        earlier step has succeeded then, and False for other calls. Their result is None, so `model` has to return
        something else, such as the model that a listener has seen (`ModelInTraining`).

        Args:
            call: The call, whose result is None.
            error: What it raised; a KeyboardInterrupt or SystemExit too.
        """
        return call.loop is not None


publish("fitprint.plugin", TrainingCall, Flavor)
