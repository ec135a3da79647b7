"""Filters on time: days, months, quarters, years, ranges, and periods up to now."""

from msgspec.structs import replace

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.lexicon.periods import Days
from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.parts import (
    Calendar,
    Clock,
    Joined,
    Negated,
    Sign,
    Test,
    Time,
    Versus,
    Where,
    Within,
)


def _of_axis(clock: Clock, time: Time) -> Time | None:
    """The words “Shipped in March”: the axis is named."""
    return Time(time.period, time.grain, clock.axis) if time.axis is None else None


def _either(left: Time, sign: Sign, right: Time) -> Where:
    """March or April; "came in in March and left in April" are both, of two times."""
    if sign.name == "and" and (right.axis not in {None, left.axis} or _range(left, right)):
        return Where(Joined((Within(left), Within(right)), either=False))
    return Where(Joined((Within(left), Within(right)), either=True, listed=sign.name == "and"))


def _range(left: Time, right: Time) -> bool:
    """Whether both are the ends of a range: after 2010 and before 2015."""
    ends = [each.period for each in (left, right) if isinstance(each.period, Days)]
    starts = [each.start for each in ends if each.start is not None and each.end is None]
    last = [each.end for each in ends if each.end is not None and each.start is None]
    return len(starts) == len(last) == 1 and starts[0] < last[0]


def _going_by(
    of: Where | Versus, _sign: Sign, clock: Clock, day: Calendar | None = None
) -> Where | Versus | None:
    """The words “in 2023, going by the date they were sent”: the axis of what is said before."""
    if day is not None and day != Calendar(Grain.DAY):
        return None
    if isinstance(of, Where):
        test = _dated(of.test, clock)
        return None if test is None else Where(test)
    sides = tuple(test for test in (_dated(side, clock) for side in of.sides) if test is not None)
    return replace(of, sides=sides) if len(sides) == len(of.sides) else None


def _dated(test: Test, clock: Clock) -> Within | None:
    """A period of a time that is named after it."""
    time = _of_axis(clock, test.time) if isinstance(test, Within) and clock.axis else None
    return None if time is None else Within(time)


KIND = Kind(
    "dates",
    "Periods: on 15 March 2025, since June 2024, in Q2 2023, in the last 3 months.",
    english={
        "during": ("during", "in", "on", "throughout", "within", "over", "for", "as of"),
        "going by": (
            *("going by", "judging by", "judged by", "going off", "counted by", "dated by"),
        ),
        "perhaps going by": ("according to", "based on", "using", "by"),
    },
    indonesian={
        "going by": (
            *("mengacu pada", "mengacu ke", "berpatokan pada", "acuannya", "patokannya"),
            *(
                "dihitung dari",
                "dilihat dari",
                "berdasarkan",
                "menurut",
                "pakai",
                "dihitung menurut",
            ),
        ),
        "during": ("pada", "selama", "di", "dalam", "pada tanggal", "di tahun", "sepanjang", "utk"),
    },
    rules=(
        Rule("period", (Time,), lambda time: Where(Within(time))),
        Rule("during", ("during", Time), lambda _sign, time: Where(Within(time)), cost=-0.02),
        Rule("axis period", (Clock, Time), _of_axis),
        Rule("period axis", (Time, Clock), lambda time, clock: _of_axis(clock, time), cost=0.1),
        Rule("going by", ((Where, Versus), "going by", Clock), _going_by, cost=-0.2),
        Rule("going by a day", ((Where, Versus), "going by", Clock, Calendar), _going_by, -0.4),
        Rule("perhaps going by", (Versus, "perhaps going by", Clock), _going_by),
        Rule("either period", (Time, "or", Time), _either),
        Rule("both periods", (Time, "and", Time), _either, cost=0.02),
        Rule("not period", ("not", Time), lambda _sign, time: Where(Negated(Within(time)))),
    ),
    samples=(
        Sample(
            "en",
            "Total revenue between 2021 and 2023",
            "SELECT SUM(pendapatan) FROM laporan_tahunan WHERE tahun_buku BETWEEN 2021 AND 2023",
        ),
        Sample(
            "id",
            "Berapa koperasi yang berdiri sejak 2020?",
            "SELECT COUNT(*) FROM koperasi WHERE tahun_berdiri >= 2020",
        ),
    ),
)
