"""The flavor of tinyboost: the answers to the questions of fitprint's plugin contract."""

import tinyboost

from fitprint.plugin import Flavor, Patch, member


class TinyboostFlavor(Flavor):
    """Records `Booster.fit`; the model is the instance that was fitted."""

    api_version = (2, 0)
    loader_module = "fitprint_tinyboost.loader"

    def patches(self):
        return [Patch("tinyboost", "Booster.fit", subclasses=True)]

    def params(self, call):
        return {"rounds": call.instance.rounds, "rate": call.instance.rate}

    def listen(self, call, emit):
        callbacks = call.argument("callbacks", ())
        call.replace_argument("callbacks", [*callbacks, lambda step, loss: emit("loss", loss, step)])

    def metrics(self, call):
        return {"stopped_round": len(call.instance.losses_) - 1}

    def data(self, call):
        return call.argument("X")

    def save(self, model, package, context):
        model.save(package.path("model.json"))
        return {"data": "model.json"}

    def load(self, folder, config):
        return tinyboost.load(member(folder, config["data"]))

    def needs_trust(self, config):
        return None  # JSON contains only data

    def requirements(self, model):
        return ["tinyboost", "numpy"]
