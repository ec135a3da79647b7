"""Filters on time: days, months, quarters, years, ranges, and periods up to now."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.lexicon.periods import Days
from kai_flow.analyst.reading.parts import Clock, Joined, Negated, Sign, Time, Where, Within


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


KIND = Kind(
    "dates",
    "Periods: on 15 March 2025, since June 2024, in Q2 2023, in the last 3 months.",
    english={"during": ("during", "in", "on", "throughout", "within", "over", "for", "as of")},
    indonesian={
        "during": ("pada", "selama", "di", "dalam", "pada tanggal", "di tahun", "sepanjang", "utk"),
    },
    rules=(
        Rule("period", (Time,), lambda time: Where(Within(time))),
        Rule("during", ("during", Time), lambda _sign, time: Where(Within(time)), cost=-0.02),
        Rule("axis period", (Clock, Time), _of_axis),
        Rule("period axis", (Time, Clock), lambda time, clock: _of_axis(clock, time), cost=0.1),
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
