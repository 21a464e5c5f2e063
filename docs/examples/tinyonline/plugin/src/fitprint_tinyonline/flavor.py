"""The flavor of tinyonline: the answers to the questions of fitprint's plugin contract."""

import tinyonline

from fitprint.plugin import Flavor, Patch, Role, member


class TinyonlineFlavor(Flavor):
    """Records loops of `Learner.learn`; the model is the learner."""

    loader_module = "fitprint_tinyonline.loader"
    holds_model = True  # a learner is small: it may live until its loop ends, so that every loop leaves a package

    def patches(self):
        return [
            Patch("tinyonline", "Learner.learn", subclasses=True, role=Role.STEP),
            Patch("tinyonline", "Learner.reset", subclasses=True, role=Role.BEGINS),
            Patch("tinyonline", "Learner.save", subclasses=True, role=Role.SAVES),
        ]

    def params(self, call):
        return {"rate": call.loop.rate}

    def stepped(self, call, emit, step):
        emit("loss", call.result, step)
        if step == 0:
            call.cache["rows"] = call.argument("X")[:5].copy()

    def metrics(self, call):
        return {"batches": call.loop.batches} if call.loop is not None else {}

    def sample(self, call):
        return call.cache.get("rows")

    def save(self, model, package, context):
        model.save(package.path("model.json"))
        return {"data": "model.json"}

    def load(self, folder, config):
        return tinyonline.load(member(folder, config["data"]))

    def needs_trust(self, config):
        return None  # JSON contains only data

    def requirements(self, model):
        return ["tinyonline", "numpy"]
