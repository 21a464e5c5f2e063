"""The flavor of `toylearn`, as a plugin's author would write it."""

import pickle

from fitprint import Flavor, Patch
from fitprint.models import dump_model, member


class ToyFlavor(Flavor):
    loader_module = "toy_loader"

    def patches(self):
        return [
            Patch("toylearn.base", "Base.fit", subclasses=True),
            Patch("toylearn.training", "train"),
            Patch("toylearn.late", "refine"),
        ]

    def params(self, call):
        return {"shift": call.instance.shift} if call.instance is not None else dict(call.argument("params", {}))

    def listen(self, call, emit):
        if call.name == "train":
            theirs = call.argument("callback")

            def both(step, level):
                emit("level", level, step)
                if theirs is not None:
                    theirs(step, level)

            call.kwargs = {**call.kwargs, "callback": both}

    def model(self, call):
        if call.name == "refine":
            return call.argument("model")
        return super().model(call)

    def metrics(self, call):
        return {"mean": call.instance.mean_} if call.instance is not None else {}

    def requirements(self, model):
        return ["toylearn"]

    def save(self, model, package):
        return {"data": "model.pkl", "format": dump_model(model, package, "model.pkl")}

    def load(self, folder, config):
        return pickle.loads(member(folder, config["data"]).read_bytes())
