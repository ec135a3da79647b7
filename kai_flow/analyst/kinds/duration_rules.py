"""Durations in the words of a question: which times, which unit, longer or shorter than what."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.kind import Rule
from kai_flow.analyst.query.lapses import SECONDS
from kai_flow.analyst.query.nodes import Function, Operator, TimeUnit
from kai_flow.analyst.reading.parts import (
    Amount,
    Bound,
    Clock,
    Compared,
    Figure,
    Lasting,
    Measured,
    Noun,
    Part,
    Rank,
    Rows,
    Sign,
    Where,
)

__all__ = ["UNITS", "in_unit", "rules"]

UNITS: Final = {
    "min": TimeUnit.MINUTE,
    "h": TimeUnit.HOUR,
    "d": TimeUnit.DAY,
    "night": TimeUnit.DAY,
    "w": TimeUnit.WEEK,
    "mo": TimeUnit.MONTH,
    "y": TimeUnit.YEAR,
}
"""The units of numbers that are durations."""

COMPARED: Final = {
    "above": Operator.ABOVE,
    "longer": Operator.ABOVE,
    "at least": Operator.AT_LEAST,
    "below": Operator.BELOW,
    "shorter": Operator.BELOW,
    "at most": Operator.AT_MOST,
}

ANY: Final = Amount(None, Lasting())
"""How long it took, whatever it was."""

ENDED: Final = -0.2
"""Of "until it arrives": what ends here is a time, and no status "arrived"."""

ALSO: Final = 0.1
"""Of "and the founding year": after a name, it is likelier one more column."""

TWO_TIMES: Final = 0.4
"""Of times that only "and" joins: what came in and left in March did both then."""

_Of = Noun | Measured


def in_unit(of: _Of, figures: tuple[Figure, ...]) -> tuple[_Of, tuple[Figure, ...]]:
    """A duration in the unit of the numbers that it is compared with, or these in its own."""
    if isinstance(of, Amount) and isinstance(of.of, Lasting):
        inner, figures = in_unit(of.of, figures)
        return (replace(of, of=inner) if isinstance(inner, Lasting) else of), figures
    unit = next((UNITS[each.unit] for each in figures if each.unit in UNITS), None)
    if not isinstance(of, Lasting) or unit is None:
        return of, figures
    factor = 1.0 if of.unit is None else SECONDS[unit] / SECONDS[of.unit]
    scaled = tuple(Figure(each.value * factor) for each in figures)
    return replace(of, unit=of.unit or unit), scaled


def rules() -> Iterator[Rule]:
    """All rules of durations."""
    yield from _named()
    yield from _in_units()
    yield from _averages()
    yield from _comparisons()
    yield from _ranks("longest", descending=True)
    yield from _ranks("quickest", descending=False)


def _named() -> Iterator[Rule]:
    """What lasted: "duration", "delivery time", "from order to delivery"."""
    yield Rule("duration", ("duration",), lambda _sign: Lasting(), cost=0.1)
    for sign in ("duration", "vague duration"):  # "time" by itself is no duration
        yield Rule(f"rows' {sign}", (Rows, sign), _of_rows, cost=0.02)
        yield Rule(f"{sign} of rows", (sign, Rows), _of_rows, cost=0.02, tight=sign != "duration")
    yield Rule("time's duration", (Clock, "vague duration"), lambda clock, _s: _since(clock))
    yield Rule("vague duration of it", ("vague duration", Lasting), lambda _sign, of: of)
    yield Rule("it, a vague duration", (Lasting, "vague duration"), lambda of, _sign: of)
    for sign, cost in (("time to", 0.1), ("time and", TWO_TIMES)):
        yield Rule(f"from, {sign}", ("time from", Clock, sign, Clock), _between, cost=-0.15)
        yield Rule(f"time, {sign}", (Clock, sign, Clock), _between, cost=cost)
    for sign, cost in (("time to", ENDED), ("time and", ALSO), ("time from", ENDED / 2)):
        yield Rule(f"{sign} a time", (sign, Clock), _bound, cost=cost)
        yield Rule(f"{sign} rows' time", (sign, Rows, Clock), _bound, cost=cost)
    yield Rule("durations together", (Lasting, Lasting), lambda left, right: left.with_(right))
    yield Rule("bounded", (Lasting, Bound), lambda lasting, bound: lasting.with_(_ended(bound)))
    yield Rule("took", (Lasting, "took"), lambda lasting, _sign: lasting)
    yield Rule("taken", ("took", Lasting), lambda _sign, lasting: lasting)


def _in_units() -> Iterator[Rule]:
    """The words "In hours", "hours from order to delivery", "the duration, hours"."""
    for unit in TimeUnit:
        sign = f"{unit}s"
        yield Rule(f"in {sign}", (f"in {sign}",), _unit(unit), cost=0.05)
        yield Rule(f"{sign} of a duration", (sign, Lasting), _also_in(unit))
        yield Rule(f"duration, {sign}", (Lasting, sign), _also_in(unit))


def _averages() -> Iterator[Rule]:
    """Averages of what a question says in pieces, and of times, which only durations have."""
    yield Rule("more of a duration", (Amount, Lasting), _more_of)
    yield Rule("amount, bounded", (Amount, Bound), lambda amount, b: _more_of(amount, _ended(b)))
    yield Rule("amount took", (Amount, "took"), _took)
    yield Rule("took, averaged", (Lasting, "average", Lasting), _averaged)
    yield Rule("average time", ("average", Clock), _timed(Function.AVERAGE), cost=0.05)
    yield Rule("time, averaged", (Clock, "average"), _timed(Function.AVERAGE), cost=0.1)
    yield Rule("average, vague", ("average", "vague duration"), _any_average, cost=0.1)
    yield Rule("median time", ("median", Clock), _timed(Function.MEDIAN), cost=0.05)


def _comparisons() -> Iterator[Rule]:
    """The words "Took more than 2 days", "longer than 2 days", "arrived within 2 days"."""
    for sign, operator in COMPARED.items():
        build = _compared(operator)
        yield Rule(f"took {sign}", ("took", sign, Figure), build)
        yield Rule(f"time {sign}", (Clock, sign, Figure), build)
    for sign in ("longer", "shorter"):
        yield Rule(f"{sign} than", (sign, Figure), _compared(COMPARED[sign]), cost=0.02)
    yield Rule("within", (Clock, "within", Figure), _compared(Operator.AT_MOST), cost=0.02)
    yield Rule("compared, bounded", (Where, Bound), _also_bounded)


def _ranks(sign: str, *, descending: bool) -> Iterator[Rule]:
    """The words "Longest delivery time", "fastest on average", "took the longest"."""
    rank, average = _ranked(descending=descending), _on_average(descending=descending)
    any_ = Rank(descending, by=ANY)
    yield Rule(f"{sign} time", (sign, Clock), rank, cost=0.05)
    yield Rule(f"time, {sign}", (Clock, sign), rank, cost=0.05)
    yield Rule(f"{sign} duration", (sign, Lasting), rank)
    yield Rule(f"duration, {sign}", (Lasting, sign), rank)
    extreme = Amount(Function.MAXIMUM if descending else Function.MINIMUM, Lasting())
    vague = (sign, "vague duration")
    yield Rule(f"{sign}, vague", vague, lambda *_signs: (extreme, any_), cost=0.1)
    yield Rule(f"{sign} on average", (sign, "average", Lasting), average)
    yield Rule(f"took {sign}", ("took", sign), lambda *_signs: any_)
    yield Rule(f"{sign} to take", (sign, "took"), lambda *_signs: any_, cost=0.05)


def _of_rows(*parts: Sign | Rows) -> Lasting:
    return Lasting(table=next(part.table for part in parts if isinstance(part, Rows)))


def _between(*parts: Sign | Clock) -> Lasting | None:
    first, last = (part.axis for part in parts if isinstance(part, Clock))
    return Lasting((first, last)) if first != last and first and last else None


def _bound(*parts: Sign | Rows | Clock) -> Bound | None:
    """The words "Until a shipment arrives"."""
    axis = next(part.axis for part in parts if isinstance(part, Clock))
    return Bound(axis) if axis else None


def _ended(bound: Bound) -> Lasting:
    return Lasting((bound.axis,))


def _since(clock: Clock) -> Lasting:
    return Lasting((clock.axis,) if clock.axis else ())


def _unit(unit: TimeUnit) -> Callable[..., Lasting]:
    def build(_sign: Sign) -> Lasting:
        return Lasting(unit=unit)

    return build


def _also_in(unit: TimeUnit) -> Callable[..., Lasting | None]:
    def build(*parts: Sign | Lasting) -> Lasting | None:
        lasting = next(part for part in parts if isinstance(part, Lasting))
        return lasting.with_(Lasting(unit=unit))

    return build


def _more_of(amount: Amount, lasting: Lasting) -> Amount | None:
    inner = amount.of.with_(lasting) if isinstance(amount.of, Lasting) else None
    return None if inner is None else replace(amount, of=inner)


def _any_average(*_signs: Sign) -> Amount:
    """The words "The average time"."""
    return Amount(Function.AVERAGE, Lasting())


def _took(amount: Amount, _sign: Sign) -> Amount | None:
    return amount if isinstance(amount.of, Lasting) else None


def _averaged(left: Lasting, _sign: Sign, right: Lasting) -> Amount | None:
    both = left.with_(right)
    return None if both is None else Amount(Function.AVERAGE, both)


def _timed(function: Function) -> Callable[..., Amount]:
    def build(*parts: Sign | Clock) -> Amount:
        return Amount(function, next(_since(part) for part in parts if isinstance(part, Clock)))

    return build


def _compared(operator: Operator) -> Callable[..., Where | None]:
    def build(*parts: Sign | Clock | Figure) -> Where | None:
        (figure,) = (part for part in parts if isinstance(part, Figure))
        if figure.unit not in UNITS:
            return None
        axes = tuple(part.axis for part in parts if isinstance(part, Clock) and part.axis)
        return Where(Compared(Lasting(axes, UNITS[figure.unit]), operator, (figure.value,)))

    return build


def _also_bounded(where: Where, bound: Bound) -> Where | None:
    """The words "Took more than 2 days to arrive"."""
    test = where.test
    if not isinstance(test, Compared) or not isinstance(test.of, Lasting):
        return None
    both = test.of.with_(_ended(bound))
    return None if both is None else Where(replace(test, of=both))


def _ranked(*, descending: bool) -> Callable[..., Any]:
    def build(*parts: Sign | Clock | Lasting) -> Iterable[Part]:
        of = next(part for part in parts if not isinstance(part, Sign))
        lasting = _since(of) if isinstance(of, Clock) else of
        function = Function.MAXIMUM if descending else Function.MINIMUM
        return Amount(function, lasting), Rank(descending, by=Amount(None, lasting))

    return build


def _on_average(*, descending: bool) -> Callable[..., Rank]:
    def build(*parts: Sign | Lasting) -> Rank:
        of = next(part for part in parts if isinstance(part, Lasting))
        return Rank(descending, by=Amount(Function.AVERAGE, of))

    return build
