"""Comparisons: two groups, or two periods, side by side."""

from kai_flow.analyst.kinds.kind import Kind, Rule
from kai_flow.analyst.reading.parts import Sign, Time, Values, Versus


def _values(left: Values, _sign: Sign, right: Values) -> Versus | None:
    if left.column != right.column or set(left.values) & set(right.values):
        return None
    return Versus(values=(left, right))


def _times(left: Time, _sign: Sign, right: Time) -> Versus | None:
    return Versus(times=(left, right)) if left.period != right.period else None


def _several(_sign: Sign, values: Values) -> Versus | None:
    if len(values.values) < 2:
        return None
    return Versus(values=tuple(Values(values.column, (value,)) for value in values.values))


KIND = Kind(
    "compare",
    "Side by side: Bali and Jawa Barat, 2023 against 2024.",
    english={
        "compare": ("compare", "comparison of", "comparison", "compare between", "contrast"),
        "side by side": ("between", "compare between"),
    },
    indonesian={
        "compare": ("bandingkan", "perbandingan", "banding", "membandingkan", "komparasi"),
        "side by side": ("antara", "di antara"),
    },
    rules=(
        Rule("values", (Values, "versus", Values), _values),
        Rule("times", (Time, "versus", Time), _times),
        Rule("times and", (Time, "and", Time), _times, cost=0.05),
        Rule("between values", ("side by side", Values), _several),
    ),
)
