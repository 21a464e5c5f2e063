"""What differs between two runs of the same tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from running import Came, Test

NOTHING: Test = {"outcome": "was not run", "said": "", "left": "", "warnings": []}
ASPECTS = {
    "outcome": "outcome",
    "said": "why",
    "warnings": "warnings",
    "left": "random numbers and filters of warnings that it leaves",
}


def differing(one: Came, other: Came) -> list[str]:
    """The names of the tests that are not the same in both, in the order they ran."""
    names = dict.fromkeys([*one.tests, *other.tests])
    return [name for name in names if one.tests.get(name) != other.tests.get(name)]


def explained(name: str, bare: Came, recorded: Came) -> Iterator[str]:
    """Lines that tell how a test differs, both sides."""
    one, other = bare.tests.get(name, NOTHING), recorded.tests.get(name, NOTHING)
    yield name
    for aspect, title in ASPECTS.items():
        if one[aspect] != other[aspect]:
            yield f"    {title}"
            yield f"        without: {_shown(one[aspect], other[aspect])}"
            yield f"        with:    {_shown(other[aspect], one[aspect])}"


def _shown(value: object, beside: object) -> str:
    if isinstance(value, list) and isinstance(beside, list):  # of warnings only those that the other side has not
        value = "; ".join(f"{each[4]} x {each[0]} at {each[2]}:{each[3]}: {each[1]}" for each in _more(value, beside))
    text = " ".join(str(value).split())
    return text[:500] or "nothing"


def _more(some: Iterable[object], others: list[object]) -> Iterator[list[object]]:
    return (each for each in some if isinstance(each, list) and each not in others)
