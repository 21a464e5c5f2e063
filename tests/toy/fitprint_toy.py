"""The flavor of `toylearn`, as a plugin's author would write it."""

import pickle

from fitprint.plugin import Flavor, Patch, Role, dump_model, member


class ToyFlavor(Flavor):
    api_version = (2, 0)
    loader_module = "toy_loader"

    def patches(self):
        return [
            Patch("toylearn.base", "Base.fit", subclasses=True),
            Patch("toylearn.training", "train"),
            Patch("toylearn.late", "refine"),
            Patch("toylearn.looping", "Net.update", role=Role.STEP),
            Patch("toylearn.looping", "Tight.update", role=Role.STEP),
            Patch("toylearn.looping", "Optimizer.step", role=Role.STEP),
            Patch("toylearn.looping", "Net.initialize", role=Role.BEGINS),
            Patch("toylearn.looping", "Net.to_disk", role=Role.SAVES),
            Patch("toylearn.looping", "Pair.update", role=Role.STEP),
            Patch("toylearn.looping", "save_together", role=Role.SAVES),
            Patch("toylearn.looping", "train_whole"),
            Patch("toylearn.searching", "Search.run", role=Role.GROUPS),
            Patch("toylearn.searching", "Search.attempt", role=Role.GROUPS),
            Patch("toylearn.converting", "convert", role=Role.CONVERTS),
            Patch("toylearn.converting", "convert_and_save", role=Role.CONVERTS),
            Patch("toylearn.converting", "save", role=Role.CONVERTS),
            *(
                Patch("toylearn.scoring", f"Line.{name}", subclasses=True, role=Role.PREDICTS)
                for name in ("predict", "predict_both", "predict_table", "predict_first")
            ),
            *(
                Patch("toylearn.scoring", name, role=Role.SCORES)
                for name in ("Line.score", "error", "errors", "count", "average")
            ),
        ]

    def params(self, call):
        if call.name == "fit":
            return {"shift": call.instance.shift}
        if call.name == "train":
            return dict(call.argument("params", {}))
        return {"rate": call.loop.rate} if hasattr(call.loop, "rate") else {}

    def late_params(self, call):
        return {"steps": call.loop.steps} if hasattr(call.loop, "steps") else {}

    def listen(self, call, emit):
        if call.name == "train" or type(call.instance).__name__ == "Telling":
            theirs = call.argument("callback")

            def both(step, level):
                emit("level", level, step)
                if theirs is not None:
                    theirs(step, level)

            call.kwargs = {**call.kwargs, "callback": both}

    def callback(self, recording):
        return ToyCallback(recording)

    def loop_of(self, call):
        if call.name == "save_together":
            return call.argument("nets")
        if hasattr(call.instance, "nets"):
            return call.instance.nets()
        return call.argument("net") if call.name == "train_whole" else call.instance

    def stepped(self, call, emit, step):
        if call.result is not None:
            emit("loss", call.result, step)

    def step_recorder(self, call, emit):
        self.asked_for_recorder = getattr(self, "asked_for_recorder", 0) + 1

        def record(instance, args, kwargs, result, step):
            if result is not None:
                emit("loss", result, step)

        return record

    def model(self, call):
        if call.name == "refine":
            return call.argument("model")
        if call.name == "step":
            return call.loop.net
        if call.name == "save":
            return call.argument("proto")
        if call.name in ("run", "attempt"):
            return None
        return super().model(call)

    def run_name(self, call, model=None):
        return call.name if call.name in ("run", "attempt") else super().run_name(call, model)

    def continues(self, call):
        return call.name == "run"

    def failure(self, call):
        return "there is no value" if call.name == "attempt" and call.result is None else None

    def rank(self, call):
        return (call.result is None, call.result or 0.0) if call.name == "attempt" else None

    def source(self, call):
        return call.argument("model") if call.name.startswith("convert") else None

    def identity(self, model):
        return model.level

    def metrics(self, call):
        if call.name in ("run", "attempt"):
            return {"calls": len(call.instance.values)}
        return {"mean": call.instance.mean_} if hasattr(call.instance, "mean_") else {}

    def requirements(self, model):
        return ["toylearn"]

    def save(self, model, package, context):
        return {"data": "model.pkl", "format": dump_model(model, package, "model.pkl")}

    def load(self, folder, config):
        return pickle.loads(member(folder, config["data"]).read_bytes())


class ToyCallback:
    """For `toylearn.training.train`, which tells its callback neither the beginning nor the end of a training."""

    def __init__(self, recording):
        self._recording = recording
        self._emit = None

    def __call__(self, step, level):
        with self._recording.guard("per-iteration metrics"):
            if step == 0 and not self._recording.begin(self._listen):
                self._emit = None
            if self._emit is not None:
                self._emit("level", level, step)

    def _listen(self, call, emit):
        self._emit = emit
