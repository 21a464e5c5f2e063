"""Which data loader is being iterated, and when an iteration has ended: an epoch of a training is one iteration."""

from __future__ import annotations

import weakref
from typing import Any

from fitprint_pytorch._thread import Thread


class Iteration:
    """One iteration over a data loader, without keeping the loader or its iterator alive."""

    def __init__(self, loader: Any, iterator: Any) -> None:
        self._loader = weakref.ref(loader)
        self._iterator = weakref.ref(iterator)
        self._is_reused = bool(loader.persistent_workers)  # only such an iterator outlives its iteration
        self._is_over = self._is_anew = False

    @property
    def loader(self) -> Any:
        """The loader; None if it does not exist any more."""
        return self._loader()

    def is_of_loader_of(self, other: Iteration) -> bool:
        """Return whether another iteration is one over the same loader, as far as that is known."""
        return self is other or (self.loader is not None and self.loader is other.loader)

    def end(self) -> None:
        """Take note that the loader is iterated anew."""
        self._is_over = self._is_anew = True

    def is_over(self) -> bool:
        """Return whether it has ended: its iterator is gone, or one that is used again has given all batches."""
        if not self._is_over:
            iterator = self._iterator()
            self._is_over = iterator is None or (self._is_reused and self._has_given_all(iterator))
        return self._is_over

    def _has_given_all(self, iterator: Any) -> bool:
        loader = self._loader()  # without it, it is one over a temporary loader, as in `for batch in DataLoader(data)`
        return loader is not None and getattr(iterator, "_num_yielded", 0) >= getattr(loader, "__len__", lambda: 0)()

    def has_iterator(self) -> bool:
        """Return whether its iterator exists and has not begun another iteration."""
        return not self._is_anew and self._iterator() is not None


class Loaders:
    """The iterations of each thread that have not ended."""

    def __init__(self, thread: Thread) -> None:
        self._thread = thread

    def begun(self, loader: Any, iterator: Any) -> None:
        """Take note of a new iteration."""
        iterations = self._thread.state.iterations
        for iteration in iterations:
            if iteration.loader is loader:
                iteration.end()
        iterations.append(Iteration(loader, iterator))

    def current(self, of_steps: Iteration | None = None) -> Iteration | None:
        """Return the innermost iteration that has not ended, or None.

        Args:
            of_steps: The iteration of the last step, if a step is being made: it may be that of its last batch, after
                which an iterator with persistent workers still exists.
        """
        iterations: list[Iteration] = self._thread.state.iterations
        while iterations and iterations[-1].is_over():
            if iterations[-1] is of_steps and of_steps.has_iterator():
                break
            iterations.pop()
        return iterations[-1] if iterations else None
