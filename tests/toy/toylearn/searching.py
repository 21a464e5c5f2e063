"""A search that calls a function of the caller's, which trains models."""


class Search:
    """Keeps what each attempt gave; low values are good."""

    def __init__(self, catch=()):
        self.catch = catch
        self.values = []

    def run(self, objective, count):
        for _ in range(count):
            self.attempt(objective)
        return self

    def attempt(self, objective):
        number = len(self.values)
        try:
            self.values.append(objective(number))
        except self.catch:
            self.values.append(None)
        return self.values[-1]
