"""The change from one period to another: "how much did revenue grow from 2023 to 2024"."""

from collections.abc import Sequence

from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.ends import adjacent, ends

__all__ = ["changed"]

_Measures = Sequence[tuple[p.Measured, Words]]


def changed(bag: Bag, measures: _Measures) -> tuple[Bag, _Measures] | None:
    """One change as the difference of two periods in percent, if the question names just two.

    None when it does not. What the question names as a range of two units ("from 2023 to 2024")
    is taken apart; the filter on time goes into each side of the difference.
    """
    times = [(test, words) for test, words in bag.tests if isinstance(test, p.Within)]
    if len(measures) != 1 or len(times) != 1:
        return None
    ((measure, words),) = measures
    (test, _) = times[0]
    sides = ends(test.time)
    if (
        not isinstance(measure, p.Change)
        or measure.of is None
        or sides is None
        or not adjacent(*sides)
    ):
        return None
    before, after = sides
    gap = p.Gap(
        _during(measure.of, after), _during(measure.of, before), percent=not measure.absolute
    )
    rest = [each for each in bag.tests if each != times[0]]
    return Bag(**{**vars(bag), "tests": rest, "change": None}), [(gap, words)]


def _during(of: p.Amount, time: p.Time) -> p.Amount:
    return p.Amount(of.function, of.of, of.table, (*of.where, p.Within(time)))
