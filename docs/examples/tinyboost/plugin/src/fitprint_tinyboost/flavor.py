"""The flavor: what fitprint asks of tinyboost."""

import tinyboost

from fitprint.plugin import Flavor, Patch, member


class TinyboostFlavor(Flavor):
    """Records `Booster.fit`; the model is the instance that was fitted."""

    loader_module = "fitprint_tinyboost.loader"

    def patches(self):
        return [Patch("tinyboost", "Booster.fit", subclasses=True)]

    def params(self, call):
        return {"rounds": call.instance.rounds, "rate": call.instance.rate}

    def listen(self, call, emit):
        theirs = call.argument("callbacks", ())
        rest = call.args[:2]
        call.kwargs = {**call.kwargs, "callbacks": [*theirs, lambda at, loss: emit("loss", loss, at)]}
        call.args = rest

    def metrics(self, call):
        return {"stopped_round": len(call.instance.losses_) - 1}

    def data(self, call):
        return call.argument("X")

    def save(self, model, package):
        model.save(package.path("model.json"))
        return {"data": "model.json"}

    def load(self, folder, config):
        return tinyboost.load(member(folder, config["data"]))

    def needs_trust(self, config):
        return None  # JSON holds data alone

    def requirements(self, model):
        return ["tinyboost", "numpy"]
