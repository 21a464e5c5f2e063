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
        value = "; ".join(
            f"{warning[4]} x {warning[0]} at {warning[2]}:{warning[3]}: {warning[1]}"
            for warning in _more(value, beside)
        )
    text = " ".join(str(value).split())
    return text[:500] or "nothing"


def _more(some: Iterable[object], others: list[object]) -> Iterator[list[object]]:
    return (warning for warning in some if isinstance(warning, list) and warning not in others)
