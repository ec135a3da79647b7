"""Numbers of one column or chart, written so that the eye can compare them.

The rule: blanks between groups of three digits and a point before the decimals, which readers of
every language take for the same number (`1,234` and `1.234` they do not), and the same decimals
for all, so that the points stand below each other.
"""

import math
from collections.abc import Sequence
from typing import Final

DECIMALS: Final = 2  # where there are fractions
MOST_DECIMALS: Final = 6  # where the smallest is too small for that
GROUPED_FROM: Final = 10_000  # a column below it has no groups: 2024 may be a year
PLAIN_BELOW: Final = 1e15  # beyond, a float is not exact and an integer rather an id


def written(values: Sequence[float]) -> list[str]:
    """The numbers, in the same form."""
    decimals = _decimals(values)
    comma = "," if any(GROUPED_FROM <= abs(value) < PLAIN_BELOW for value in values) else ""
    return [_written(value, f"{comma}.{decimals}f") for value in values]


def _decimals(values: Sequence[float]) -> int:
    """As many as show two digits of the smallest fraction, and no zeros beyond the usual two."""
    fractions = [abs(value) for value in values if abs(value) < PLAIN_BELOW and value % 1]
    if not fractions:
        return 0
    wanted = max(DECIMALS, min(MOST_DECIMALS, 1 - math.floor(math.log10(min(fractions)))))
    while wanted > DECIMALS and all(
        round(each, wanted) == round(each, wanted - 1) for each in fractions
    ):
        wanted -= 1
    return wanted


def _written(value: float, form: str) -> str:
    if not abs(value) < PLAIN_BELOW:  # true of NaN as well
        return str(value) if isinstance(value, int) else f"{value:.6g}"
    words = format(value + 0, form).replace(",", " ")  # 0 takes the sign from a negative zero
    if value and not words.strip("-0."):
        return f"{value:.2g}"  # not zero, and must not look like it
    return words
