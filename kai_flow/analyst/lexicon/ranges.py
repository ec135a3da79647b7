"""Joins dates to ranges and lists: what one of them leaves out is taken from the other."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.dates import Point
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token

__all__ = ["Range", "joined", "ranged"]


class Range(Struct, frozen=True, gc=False, cache_hash=True):
    """The tokens from ``first`` up to ``last`` as all time from one point to another, both
    included.
    """

    first: int
    last: int
    left: Point
    right: Point
    sure: bool
    """Whether it cannot be a comparison: "March to April" beside "compare" may be one."""
    ordered: bool
    """Whether the words say which end is the first: "from … to", not "between … and"."""


_BETWEEN = Phrases("between", "antara", "antara tanggal", "rentang", "between the")
_FROM = Phrases(
    *("from", "from the", "dari", "mulai", "mulai dari", "sejak", "since", "starting", "periode"),
)
_TO = Phrases(
    *("to", "until", "till", "through", "thru", "up to", "up until", "to the end of"),
    *("until the end of", "to the", "until the", "through the", "through the end of"),
    *("sampai", "hingga", "sampai dengan", "s d", "s / d", "sd", "ke", "-"),
    *("sampai akhir", "hingga akhir", "up to and including", "to and including"),
    *("until and including", "through and including", "sampai dan termasuk", "sampai dengan akhir"),
    *("hingga dan termasuk", "hingga dengan", "sampai ke", "until and with"),
)
_BOTH = Phrases("and", "dan", "and the", "to", "-")
_COMPARED = {
    *("compare", "compared", "comparing", "comparison", "versus", "vs", "against", "change"),
    *("changed", "grow", "grew", "growth", "bandingkan", "dibandingkan", "dibanding"),
    *("perbandingan", "naik", "turun", "berubah"),
}
_AND = Phrases(
    *("and", "or", ",", ", and", ", or", "&", "vs", "versus", "with", "and the", "compared to"),
    *("compared with", "against", "dan", "atau", ", dan", ", atau", "serta", "dengan"),
    *("dibanding", "dibandingkan", "dibandingkan dengan", "/", "to", "than"),
)


def ranged(tokens: Sequence[Token], points: Sequence[Point]) -> Iterator[Range]:
    """Every range in the question: "from January to March 2024", "antara 1 dan 31 Maret 2025"."""
    comparing = any(token.word in _COMPARED for token in tokens)
    starts = _by_first([*points, *_lone_days(tokens)])
    for left in (*points, *_lone_days(tokens)):
        opened, between = _opened(tokens, left.first)
        ends = {end: phrase != "to" for phrase, end in _TO.after(tokens, left.last)}
        if between is not None:
            ends |= dict.fromkeys((end for _, end in _BOTH.after(tokens, left.last)), True)
        first = min(opened, between if between is not None else left.first)
        for end, plain in ends.items():
            for right in _whole(starts.get(end, ())):
                both = completed(left, right)
                if both is not None:
                    sure = plain or first < left.first or not comparing
                    ordered = between is None and opened < left.first
                    yield Range(first, right.last, *both, sure, ordered)


def _whole(points: Sequence[Point]) -> list[Point]:
    """Points of one place without those whose own year another one has: "and Q1 2023" is no Q1."""
    dated = max((point.last for point in points if point.year is not None), default=0)
    return [point for point in points if point.year is not None or point.last >= dated]


def joined(tokens: Sequence[Token], points: Sequence[Point]) -> tuple[Point, ...]:
    """Points of a list with the month or year that only another one says: "March and April 2025".

    Each covers its own words alone.
    """
    starts = _by_first(points)
    whole = [point for point in points if point.year is not None]
    bare = [point for point in (*points, *_lone_days(tokens)) if point.year is None]
    found: dict[Point, None] = {}
    for left in sorted(bare, key=lambda point: -point.first):  # from the right: lists of three
        for _, end in _AND.after(tokens, left.last):
            for right in (*starts.get(end, ()), *(p for p in found if p.first == end)):
                both = completed(left, right) if right.year is not None else None
                if both is not None and left.kind == right.kind:
                    wraps = _wraps(left, right)
                    found[both[0] if wraps else replace(both[0], year=right.year)] = None
    dated = {point.first for point in whole}
    for left in (*whole, *found):
        for _, end in _AND.after(tokens, left.last):
            for right in starts.get(end, ()) if end not in dated else ():
                both = completed(left, right) if right.year is None else None
                if both is not None and left.kind == right.kind:
                    found[replace(both[1], year=left.year)] = None
                    if _wraps(left, right):  # the first quarter of that year, or the next one
                        found[both[1]] = None
    return tuple(found)


def completed(left: Point, right: Point) -> tuple[Point, Point] | None:
    """Both points, each with what it takes from the other; None if they do not go together."""
    if left.kind == right.kind == "day" and None in {left.number, right.number}:
        return _completed_days(left, right)
    if left.kind != right.kind and not (left.year and right.year):
        years = {left.kind, right.kind} & {"year", "decade"}
        if years or left.year == right.year or None in {left.number, right.number}:
            return None
    later = _place(left) > _place(right)
    if left.year is None and right.year is not None:
        left = replace(left, year=right.year - later, score=max(left.score, 0.95))
    elif right.year is None and left.year is not None:
        right = replace(right, year=left.year + later, score=max(right.score, 0.95))
    return left, right


def _wraps(left: Point, right: Point) -> bool:
    """Whether the last of a year stands before the first: December and January.

    The second half of a year is compared with the first of the same one.
    """
    last = {"month": 12, "quarter": 4}.get(left.kind)
    return last is not None and (left.number, right.number) == (last, 1)


def _completed_days(left: Point, right: Point) -> tuple[Point, Point] | None:
    """Two days of which one leaves out the month."""
    number = left.number or right.number
    if number is None or (left.year and right.year and left.year != right.year):
        return None
    year = left.year or right.year
    return replace(left, number=number, year=year), replace(right, number=number, year=year)


def _place(point: Point) -> tuple[int, int]:
    """Where in a year a point begins."""
    number = point.number or 1
    month = {"quarter": number * 3 - 2, "half": number * 6 - 5}.get(point.kind, number)
    return month, point.day or 1


def _by_first(points: Sequence[Point]) -> dict[int, list[Point]]:
    found: dict[int, list[Point]] = {}
    for point in points:
        found.setdefault(point.first, []).append(point)
    return found


def _opened(tokens: Sequence[Token], at: int) -> tuple[int, int | None]:
    """Where a range begins with "from" before a place; and with "between", if that stands there."""
    opened = min((start for _, start in _FROM.before(tokens, at)), default=at)
    return opened, min((start for _, start in _BETWEEN.before(tokens, at)), default=None)


def _lone_days(tokens: Sequence[Token]) -> tuple[Point, ...]:
    """Days of a month that is said elsewhere: the 1 in "antara 1 dan 31 Maret 2025"."""
    found: list[Point] = []
    for at, token in enumerate(tokens):
        if token.number is None or not token.word.isdigit() or len(token.word) > 2:
            continue
        if not 1 <= token.number <= 31:
            continue
        after = at + 1
        ending = after < len(tokens) and tokens[after].word in data.ORDINAL_ENDINGS
        point = Point(at, after + ending, "day", None, None, int(token.number), score=0.9)
        found.append(point)
        if at and tokens[at - 1].word in {"tanggal", "tgl", "the"}:
            found.append(replace(point, first=at - 1))
        comma = point.last < len(tokens) and tokens[point.last].word == ","
        year = point.last + comma
        text = tokens[year].word if year < len(tokens) else ""
        if len(text) == 4 and text.isdigit() and text[:2] in {"19", "20"}:
            found.append(replace(point, last=year + 1, year=int(text)))
    return tuple(found)
