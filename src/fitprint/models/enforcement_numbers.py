"""Whether numbers keep their values in another dtype."""

from __future__ import annotations

from typing import Any


def fits_exactly(numbers: Any, target: Any) -> bool:
    """Whether every number of an ndarray is the same number in the numpy dtype `target`.

    Integers and floats only: anything else, booleans included, answers False. NaN fits floats.
    """
    import numpy as np

    source = numbers.dtype
    if source.kind not in "iuf" or target.kind not in "iuf":
        return False
    if numbers.size == 0 or (np.can_cast(source, target, "safe") and target.kind == source.kind):
        return True
    if source.kind == "f" and target.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            back = numbers.astype(target).astype(source)
        return bool(((back == numbers) | np.isnan(numbers)).all())
    if source.kind == "f":
        return _whole_and_within(numbers, np.iinfo(target))
    if target.kind == "f":
        return _integers_fit_float(numbers, target)
    limits = np.iinfo(target)
    return bool(int(numbers.min()) >= limits.min and int(numbers.max()) <= limits.max)


def _whole_and_within(floats: Any, limits: Any) -> bool:
    import numpy as np

    if not (floats == np.trunc(floats)).all():  # NaN equals nothing; infinity is out of bounds below
        return False
    # limits.max is no float itself for 64 bits; the next power of two is
    return float(floats.min()) >= float(limits.min) and float(floats.max()) < float(limits.max + 1)


def _integers_fit_float(integers: Any, target: Any) -> bool:
    import numpy as np

    sure = 2 ** (np.finfo(target).nmant + 1)  # every integer up to here has its own float
    if -sure <= int(integers.min()) and int(integers.max()) <= sure:
        return True
    large = [number for number in np.unique(integers).tolist() if abs(number) > sure]
    most = int(np.finfo(target).max)
    return all(abs(number) <= most and int(target.type(number)) == number for number in large)
