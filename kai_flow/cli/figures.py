"""Formats the numbers of one column or chart so that they are easy to compare.

The rule: spaces between groups of three digits and a point before the decimals, because readers of
all languages read that as the same number (unlike `1,234` and `1.234`). All numbers have the same
count of decimals, so that their points are aligned.
"""

import math
from collections.abc import Sequence
from typing import Final

DECIMALS: Final = 2  # where there are fractions
MOST_DECIMALS: Final = 6  # where the smallest fraction needs more than two
GROUPED_FROM: Final = 10_000  # smaller numbers are not grouped: 2024 may be a year
PLAIN_BELOW: Final = 1e15  # above it, floats are not exact and integers are probably ids


def written(values: Sequence[float]) -> list[str]:
    """The numbers, in the same form."""
    decimals = _decimals(values)
    comma = "," if any(GROUPED_FROM <= abs(value) < PLAIN_BELOW for value in values) else ""
    return [_written(value, f"{comma}.{decimals}f") for value in values]


def _decimals(values: Sequence[float]) -> int:
    """Enough for two digits of the smallest fraction, but no zeros beyond the usual two."""
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
        return f"{value:.2g}"  # not zero, so it must not look like zero
    return words
