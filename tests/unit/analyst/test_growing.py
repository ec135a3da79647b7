"""How much work a question may be."""

import pytest

from kai_flow.analyst.kinds.kind import Rule
from kai_flow.analyst.reading.chart import BEAM, Chart
from kai_flow.analyst.reading.growing import by_heads, grow
from kai_flow.analyst.reading.parts import Part, Rows, leaf


def _first(left: Part, _right: Part) -> Part:
    return left


@pytest.mark.parametrize(("words", "read"), [(5, True), (80, False)])
def test_words_that_go_together_in_too_many_ways_are_given_up(words: int, *, read: bool) -> None:
    """The work of reading a question is bounded, whatever its words may mean together."""
    rules = by_heads([Rule("beside", (Rows, Rows), _first)])
    leaves = [
        leaf(at, at + 1, Rows(f"table {number}"), 0.1)
        for at in range(words)
        for number in range(BEAM)
    ]
    assert grow(Chart(words, {}), leaves, rules) is read
