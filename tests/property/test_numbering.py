"""Producer numbers: in the order of scheduling, beside exactly what is under way, bounded."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.numbering import MAX_BESIDE, MAX_RANGES, Numbered, Numbering
from kai_flow.stream.place import NOTHING, Place, to_ranges


@given(last=st.integers(0, 9), steps=st.lists(st.one_of(st.none(), st.integers(0, 9))))
def test_an_activity_is_beside_those_that_are_under_way(last: int, steps: list[int | None]) -> None:
    """Numbers rise by one from the session's last, and `beside` is what a plain list holds."""
    numbering, under_way = Numbering(last), list[int]()
    for step in steps:
        if step is None:
            number = numbering.next()
            assert number is not None
            assert number == numbering.next(), "nothing is taken before the activity is scheduled"
            assert number == Numbered(last + 1, frozenset(under_way))
            numbering.scheduled(number)
            last += 1
            under_way.append(last)
        elif step < len(under_way):
            numbering.ended(under_way.pop(step))
    assert numbering.last == last


def test_too_many_at_once_get_no_number_until_one_ends() -> None:
    """However many of them stream, a cursor stays within its parts."""
    numbering = Numbering()
    place = Place().advance(Place().position(0)._replace(attempt=1, seq=1))
    while (number := numbering.next()) is not None:
        numbering.scheduled(number)
        first = place.position(number.producer)._replace(attempt=1, seq=1)
        place = place.advance(first, number.beside)
    assert numbering.last == MAX_BESIDE + 1
    assert NOTHING not in place.positions.values()
    assert Place.parse(str(place)) == place
    numbering.ended(1)
    later = numbering.next()
    assert later is not None
    assert later.beside == set(range(2, MAX_BESIDE + 2))
    numbering.scheduled(later)
    assert numbering.next() is None


def test_a_list_of_many_ranges_is_too_long() -> None:
    """Every other one of many activities is under way: their list would not fit in a header."""
    numbering = Numbering()
    for _ in range(2 * MAX_RANGES):
        number = numbering.next()
        assert number is not None
        numbering.scheduled(number)
    for producer in range(2, 2 * MAX_RANGES, 2):
        numbering.ended(producer)
    full = numbering.next()
    assert full is not None
    assert len(to_ranges(full.beside)) == MAX_RANGES
    numbering.scheduled(full)
    numbering.ended(2 * MAX_RANGES)
    assert numbering.next() is None
    numbering.ended(1)
    assert numbering.next() is not None
