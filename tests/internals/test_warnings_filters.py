"""`warnings.filters` is a list that is read at every warning, and its patterns need only a method `match`.

If this falls: fitprint's own predictions show warnings to the user, or hide the user's (`no_warnings_in_context`).
"""

from __future__ import annotations

import warnings


class Pattern:
    matches = True

    def match(self, text):
        return self.matches


def test_a_filter_that_is_inserted_by_hand_is_asked_at_every_warning():
    pattern = Pattern()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.filters.insert(0, ("ignore", pattern, Warning, None, 0))
        warnings.warn("dropped", stacklevel=1)
        pattern.matches = False
        warnings.warn("shown", stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["shown"]
