"""Models of another framework, made out of this one's."""


class Proto:
    """Takes no weak reference."""

    __slots__ = ("level",)

    def __init__(self, level):
        self.level = level

    def predict(self, rows):
        return [self.level for _ in rows]


class Referable(Proto):
    """Takes one."""

    __slots__ = ("__weakref__",)


def convert(model, kind=Proto):
    """A `Proto` with what the model learnt."""
    if model is None:
        raise ValueError("no model")
    level = model.mean_ if hasattr(model, "mean_") else model.level
    return kind(level)


def convert_and_save(model, path):
    """Both at once."""
    proto = convert(model)
    save(proto, path)
    return proto


def save(proto, path):
    """Writes it down."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(proto.level))
