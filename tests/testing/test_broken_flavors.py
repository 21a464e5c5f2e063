"""A flavor that is broken in one way fails the check for it, with a message that says what to look at."""

from __future__ import annotations

import pytest

PARAMS = 'return {"shift": call.instance.shift}'
METRICS = "def metrics(self, call):"
LISTEN = "def listen(self, call, emit):"


def first(method: str, line: str) -> dict[str, str]:
    """A line at the start of a method."""
    return {method: f"{method}\n        {line}"}


FLAVORS = {
    "it patches nothing that exists": (
        {'"Base.fit"': '"Base.no_such"'},
        "test_patched_functions",
        ["toylearn.base.Base.no_such is not there: look at patches()"],
    ),
    "it names a module that has no such function": (
        {'Patch("toylearn.training", "train")': 'Patch("toylearn.training", "Nobody.train")'},
        "test_it_is_on_once",
        ["the state of the flavor is broken", "look at patches()"],
    ),
    "it patches a class that inherits the method": (
        {'Patch("toylearn.training", "train")': 'Patch("toylearn.base", "Mean.fit")'},
        "test_patched_functions",
        [
            "toylearn.base.Mean.fit is inherited: look at patches()",
            'Patch("toylearn.base", "Base.fit", subclasses=True)',
        ],
    ),
    "it misses an entry point": (
        {'Patch("toylearn.training", "train"),': ""},
        "test_one_run_per_call and result",
        ["left 0 runs, not 1", "look at patches()"],
    ),
    "it misses subclasses": (
        {'"Base.fit", subclasses=True': '"Shifted.fit"'},
        "test_any_order",
        ["left [0, 0, 0] runs, not [1, 1, 0]", "look at patches()"],
    ),
    "it patches by itself": (
        {"class ToyFlavor": "import toylearn\ntoylearn.base.Base.mine = 1\n\n\nclass ToyFlavor"},
        "test_disabling_restores",
        ["after disable() these are not the same objects as before", "toylearn.base.Base", "mine"],
    ),
    "it listens twice to a value": (
        {'emit("level", level, step)': 'emit("level", level, step)\n                emit("level", level, step)'},
        "test_metrics_are",
        ["level is not what the framework says", "4 values were expected, 8 found", "look at listen()"],
    ),
    "its callback emits something else": (
        {'self._emit("level", level, step)': 'self._emit("height", level, step)'},
        "test_its_callback_leaves_the_run",
        ["the run of telling by its callback differs", "metric height", "look at callback()"],
    ),
    "it keeps the user's callback from being called": (
        {"theirs(step, level)": "pass"},
        "test_what_is_handed_over",
        ["without recording the training changes", "data['seen']", "the user's own callbacks"],
    ),
    "it changes what it is handed": (
        first(LISTEN, 'call.argument("rows").append(4.0)'),
        "test_what_is_handed_over",
        ["recording changed what the user handed over", "data['rows']", "look at listen()"],
    ),
    "it keeps models": (
        {**first(METRICS, "KEPT.append(call.instance)"), "class ToyFlavor": "KEPT = []\n\n\nclass ToyFlavor"},
        "test_nothing_is_kept_alive",
        ["these are kept alive: ['the model'", "look for caches"],
    ),
    "it does not say which model predicts": (
        {METRICS: f"def predicts_with(self, call):\n        return None\n\n    {METRICS}"},
        "test_predictions_are_known",
        ["is not known to come from their models", "look at the patches of Role.PREDICTS, at predicts_with()"],
    ),
    "it forgets the value of a score": (
        {METRICS: f"def scores(self, call):\n        return {{}}\n\n    {METRICS}"},
        "test_a_score_reaches_the_run",
        ["the scores of instance are not on its run", "look at the patches of Role.SCORES, and at"],
    ),
    "it forgets a param": (
        {PARAMS: "return {}"},
        "test_params_are_complete",
        ["has no param shift", "look at params()"],
    ),
    "it records another value": (
        {PARAMS: 'return {"shift": 0}'},
        "test_params_are_complete",
        ["'shift': (1.0, 0)", "look at params()"],
    ),
    "it records an address": (
        {PARAMS: 'return {"shift": str(object())}'},
        "test_params_are_json",
        ["these params contain a memory address", "look at params()"],
    ),
    "it gives another model": (
        {"return super().model(call)": "import copy\n        return copy.copy(super().model(call))"},
        "test_the_run_is_found",
        ["is None: look at model()"],
    ),
    "it leaves no package": (
        {"return super().model(call)": "return None"},
        "test_the_package_is_complete",
        ["left no package: look at model() and save()"],
    ),
    "it writes a file by itself": (
        {'dump_model(model, package, "model.pkl")': '(package.folder / "model.pkl").write_bytes(pickle.dumps(model))'},
        "test_the_package_is_complete",
        ["it does not verify", "package.open()"],
    ),
    "it hides a pickle": (
        first(
            METRICS,
            "return {}\n\n    def needs_trust(self, config):\n        return None\n\n    def unused(self, call):",
        ),
        "test_no_pickle",
        ["the package holds pickles: ['model.pkl']"],
    ),
    "it leaves something in the model": (
        first(METRICS, "setattr(call.instance, 'mine_', 1)"),
        "test_the_result_is_as",
        ["the attributes of the result is different", "look at listen() and metrics()"],
    ),
    "it leaves an object of its own in the model": (
        first(METRICS, "setattr(call.instance, 'mine_', type(self))"),
        "test_models_pickle",
        ["the pickle of a recorded model names [b'fitprint']", "look for what listen() leaves"],
    ),
    "it leaves a lock in the model": (
        first(METRICS, "setattr(call.instance, 'mine_', __import__('threading').Lock())"),
        "test_models_copy",
        ["cannot pickle '_thread.lock' object"],
    ),
    "it changes the exception": (
        first(LISTEN, "call.kwargs = {**call.kwargs, 'labels': 1}"),
        "test_the_exception_is_as",
        ["the exception of a failing training is different"],
    ),
    "it draws random numbers": (
        first(LISTEN, "__import__('random').random()"),
        "test_random_numbers",
        ["the random numbers of a training are different"],
    ),
    "it prints": (first(LISTEN, "print('hello')"), "test_random_numbers", ["the output of a training are different"]),
    "it changes the model by what it does for metrics": (
        first(METRICS, "setattr(call.instance, 'shift', 5.0)"),
        "test_predicting",
        ["differs from an unrecorded one in ['model.shift']", "look at metrics()"],
    ),
    "it takes each step for a loop of its own": (
        {
            "else call.instance": "else KEPT.append(type(self)()) or KEPT[-1]",
            "class ToyFlavor": "KEPT = []\n\n\nclass ToyFlavor",
            "def step_recorder": "def no_step_recorder",  # by which the loop would not be asked for again
        },
        "test_a_loop_is_one_run and save",
        ["the steps of loop without a save left several runs", "look at loop_of()"],
    ),
    "its loops leave no package": (
        {"return super().model(call)": "return None"},
        "test_a_loop_is_one_run and save",
        ["the loop loop without a save has ended and left no package", "look at model() and save()"],
    ),
    "its loops leave no package at the end of a block": (
        {"return super().model(call)": "return None"},
        "test_a_loop_ends_with_its_block and save",
        ["ended with its block and left no package", "look at model(), save() and sample()"],
    ),
    "it stands on a step that may fail": (
        {PARAMS: "call.cache['x'] = 1\n            " + PARAMS, 'emit("level", level, step)': "call.cache['x']"},
        "test_a_failing_step and params and result",
        ["KeyError"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", FLAVORS)
def test_a_broken_flavor_is_told(checked, broken):
    plugin, check, told = FLAVORS[broken]
    done = checked(check, plugin)
    assert done.code == 1, done.text
    for line in told:
        assert line in done.text, done.text


APPENDED = {
    "it predicts something else": (
        "def predict(self, model, data, params=None):\n        return [value + 1 for value in model.predict(data)]",
        "test_load_model_predicts",
        [
            "fitprint.load_model(...).predict does not predict the same as the framework",
            "look at save(), load() and predict()",
        ],
    ),
    "what it reads was written otherwise by an earlier release": (
        "def predict(self, model, data, params=None):\n        return [value + 1 for value in model.predict(data)]",
        "test_golden",
        ["which 0.1 wrote, predicts something else here"],
    ),
    "it loads what is in memory": (
        "def load(self, folder, config):\n        return KEPT[-1]\n\n"
        "    def size(self, model):\n        KEPT.append(model)\n\n"
        "    def requirements(self, model):\n        KEPT.append(model)\n        return ['toylearn']",
        "test_it_loads_in_a_process_of_its_own",
        ["fitprint.load_model in another process", "look at loader_module"],
    ),
    "its native model is another": (
        "def load(self, folder, config):\n        return [1]",
        "test_the_native_model",
        ["a list comes back, a Line was saved", "look at save() and load()"],
    ),
    "its loader needs fitprint": (
        "loader_module = 'fitprint_toy'",
        "test_its_loader_works",
        [
            "where fitprint and the plugin are not installed",
            "the package is read without fitprint",
            "look at loader_module",
            "it imports fitprint.plugin, so a copy of it would not work by itself",
        ],
    ),
    "it mixes the runs of threads": (
        "def metrics(self, call):\n        KEPT.append(call)\n        __import__('time').sleep(0.2)\n"
        "        return {f'mean{len(KEPT)}': 1.0}",
        "test_threads",
        ["a run of a thread has different metrics", "look for state that the flavor keeps"],
    ),
    "it records what it is told not to": (
        "def tags(self, call):\n        import fitprint\n        return {'team': 'mine'}",
        "test_settings",
        ["team"],
    ),
}


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("broken", APPENDED)
def test_a_flavor_with_a_broken_method_is_told(checked, broken):
    method, check, told = APPENDED[broken]
    end = ".read_bytes())\n"
    done = checked(check, {end: f"{end}\n    {method}\n\n\nKEPT = []\n"})
    assert done.code == 1, done.text
    for line in told:
        assert line in done.text, done.text


TESTS = {
    "an overridden check": (
        {},
        "\n\nclass TestOther(TestToy):\n    def test_models_copy(self):\n        pass\n",
        "TestOther and dropped",
        ["TestOther overrides or removes test_models_copy", 'without = {"test_models_copy": "the reason"}'],
    ),
    "a removed check": (
        {},
        "\n\nclass TestOther(TestToy):\n    test_models_copy = None\n",
        "TestOther and dropped",
        ["TestOther overrides or removes test_models_copy"],
    ),
    "a removed check of checks": (
        {},
        "\n\nclass TestOther(TestToy):\n    test_no_check_is_dropped = None\n",
        "TestOther and test_it_is_listed",
        ["TestOther overrides or removes test_no_check_is_dropped"],
    ),
    "a reason for what is no check": (
        {'"test_early_stopping_is_told"': '"test_early"'},
        "",
        "dropped",
        ["TestToy.without names 'test_early', which is not a check"],
    ),
    "no reason": ({'"it knows none"': '" "'}, "", "dropped", ["gives no reason for test_early_stopping_is_told"]),
    "a reason to fill in": (
        {'"it knows none"': '"FILL IN: say why"'},
        "",
        "test_early_stopping_is_told",
        ["gives no reason yet: FILL IN: say why"],
    ),
    "no case for a check": (
        {'"test_early_stopping_is_told": "it knows none",': ""},
        "",
        "test_early_stopping",
        ["no case of TestToy gives stopped, so this is not checked", "without ="],
    ),
    "early stopping that is not recorded": (
        {
            '"test_early_stopping_is_told": "it knows none",': "",
            "history=": 'stopped=lambda trained: {"best": 1}, history=',
        },
        "",
        "test_early_stopping",
        ["has no metric best, it has", "look at listen() and metrics()"],
    ),
    "an unknown flavor": (
        {'"toy"': '"toyy"'},
        "",
        "test_one_run",
        ["no flavor is registered as 'toyy'", "entry-points"],
    ),
    "a training that is not repeatable": (
        {"return model": "model.level = id(model)\n    return model"},
        "",
        "test_the_result_is_as and argument",
        ["gives another result each time: fix its seeds"],
    ),
    "no golden package": (
        {'with_name("golden")': 'with_name("none")'},
        "",
        "test_golden",
        ["there is no golden package"],
    ),
    "no budget": ({"budget = Budget(seconds=0.5)": ""}, "", "test_recording_stays", ["declares no budget"]),
    "a budget that is passed": (
        {"Budget(seconds=0.5)": "Budget(seconds=1e-9)"},
        "",
        "test_recording_stays",
        ["over the 0.0000 s of the plugin's budget", "profile params()"],
    ),
    "no case for a loop": (
        {"loop=True": "loop=False"},
        "",
        "test_every_kind",
        ["patches() names steps of a loop (Net.update, Tight.update,", "give a Case with loop=True"],
    ),
    "a loop that ends itself": (
        {'return net, data["seen"]': "return net, net.initialize()"},
        "",
        "test_a_loop_is_one_run and save",
        ["the run of loop without a save is FINISHED", "move what ends it", "to `ends` of the Case"],
    ),
    "a callback that cannot be pickled": (
        {"callback=note": "callback=None"},
        "",
        "test_what_listens and result",
        ["callback cannot be pickled", "put in place what call.wrap() returns"],
    ),
    "a nested training of two runs": (
        {'"test_training_inside_training_is_one_run": "no model of it trains another but through super()",': ""}
        | {"history=": "nested=lambda data: (boost(data), boost(data)), history="},
        "",
        "test_training_inside",
        ["the nested training of result left 2 runs, not 1"],
    ),
    "a failure that is none": (
        {"Line().fit([], [])": "Line().fit([1], [1])"},
        "",
        "test_a_failed_training",
        ["`fails` of the case instance raised nothing", "give a training that the framework refuses"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", TESTS)
def test_tests_that_say_too_little_are_told(checked, wrong):
    tests, more, check, told = TESTS[wrong]
    done = checked(check, tests=tests, more=more)
    assert done.code == 1, done.text
    for line in told:
        assert line in done.text, done.text


@pytest.mark.slow
def test_a_method_out_of_reach(checked, toy):
    module = toy.site / "toylearn" / "base.py"
    (toy.site / "outside.py").write_text("class Outside:\n    def fit(self, rows, labels=None):\n        return self\n")
    odd = "\n\nfrom outside import Outside\n\n\nclass Odd(Outside, Base):\n    pass\n"
    module.write_text(module.read_text() + odd)
    done = checked("test_inherited")
    assert done.code == 1, done.text
    assert "these methods are not patched" in done.text
    assert "toylearn.base.Odd.fit" in done.text


@pytest.mark.slow
def test_what_is_left_in_a_model_that_its_clone_has_too(checked):
    copied = {"type(model)(model.shift)": "__import__('copy').copy(model)"}
    done = checked("test_models_clone", first(METRICS, "setattr(call.instance, 'mine_', 1)"), copied)
    assert done.code == 1, done.text
    assert "the clone of a recorded model has other attributes" in done.text
