"""Places: each is compared with a plain set of the event ids that a reader has seen."""

from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.errors import InvalidId
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import MAX_NUMBER, EventId, incarnation_of
from kai_flow.stream.place import (
    MAX_CURSOR_PARTS,
    MAX_LISTED,
    MAX_PARTS,
    NOTHING,
    NOWHERE,
    Cursor,
    Place,
    from_ranges,
    to_ranges,
)
from tests.property.strategies import Session, any_ids, concurrent_sessions, ids_of, readings

positions = st.tuples(st.integers(1, 3), st.integers(0, 5)) | st.just(NOTHING)
spoken = st.integers(1, 9).map(lambda seq: (1, seq))
places = st.builds(
    lambda listed, voice: Place({**listed, **({} if voice is None else {0: voice})}),
    st.dictionaries(st.integers(1, 12) | st.integers(1, MAX_NUMBER), positions, max_size=8),
    st.none() | spoken,
)
incarnations = st.text("0123456789abcdef", min_size=8, max_size=8)
# Digits, dots and what looks like them.
almost = st.text(st.sampled_from("0123456789..,, @+-_eEnd\n\r\t\x00٣³²½"), max_size=24)


def place_after(session: Session, reading: list[NumberedEvent]) -> Place:
    """The place of a reader who has these events."""
    place = NOWHERE
    for event in reading:
        assert not place.covers(event.id)
        place = place.advance(event.id, session.beside[event.id.producer])
    return place


def seen_in(session: Session, reading: list[NumberedEvent]) -> set[EventId]:
    """The ids of a reading, with those that its events replace."""
    newest = {event.id.producer: event.id for event in reading}
    everything = (event.id for sent in session.sent.values() for event in sent)
    return {one for one in everything if one <= newest.get(one.producer, EventId(0, 0, 0))}


@given(concurrent_sessions(), st.data())
def test_a_place_covers_what_was_seen(session: Session, data: st.DataObject) -> None:
    """After each event of a reading, the place covers exactly the set of events seen."""
    reading = data.draw(readings(session))
    for count in range(len(reading) + 1):
        place = place_after(session, reading[:count])
        covered = {e.id for sent in session.sent.values() for e in sent if place.covers(e.id)}
        assert covered == seen_in(session, reading[:count])


@given(concurrent_sessions(), st.data())
def test_a_place_is_as_small_as_what_runs_at_once(session: Session, data: st.DataObject) -> None:
    """It lists the newest producer seen and those beside it, and no others."""
    reading = data.draw(readings(session))
    newest = max((event.id.producer for event in reading), default=0)
    place = place_after(session, reading)
    assert set(place.listed()) == (session.beside[newest] | {newest} if newest else set())
    assert len(place.positions) <= session.most + 1


@given(concurrent_sessions(), st.data())
def test_a_text_is_the_same_however_a_place_was_made(session: Session, data: st.DataObject) -> None:
    """What is kept of the text from one event to the next changes nothing."""
    place = NOWHERE
    for event in data.draw(readings(session)):
        place = place.advance(event.id, session.beside[event.id.producer])
        leading = data.draw(st.sampled_from([event.id.producer, *place.positions]))
        assert place.text(leading) == Place(place.positions).text(leading)
        assert place.newest == max(place.positions)


@given(concurrent_sessions(), st.data())
def test_only_the_next_event_follows(session: Session, data: st.DataObject) -> None:
    """Of a producer's events that are not covered, the next one follows and later ones do not.

    The first one of a later attempt follows as well.
    """
    place = place_after(session, data.draw(readings(session)))
    for sent in session.sent.values():
        rest = [event.id for event in sent if not place.covers(event.id)]
        follows = [event for event in rest if place.follows(event)]
        assert follows == [event for event in rest if event == rest[0] or event.seq == 1]


@given(concurrent_sessions(), st.data())
def test_places_are_ordered_as_the_sets_of_what_was_seen(
    session: Session, data: st.DataObject
) -> None:
    """One place includes another exactly if its set does; along one reading always."""
    one, other = data.draw(readings(session)), data.draw(readings(session))
    mine, theirs = place_after(session, one), place_after(session, other)
    assert mine.includes(theirs) == (seen_in(session, one) >= seen_in(session, other))
    assert (mine == theirs) == (mine.includes(theirs) and theirs.includes(mine))
    for count in range(len(one) + 1):
        earlier = place_after(session, one[:count])
        assert mine.includes(earlier)
        assert earlier.includes(mine) == (count == len(one))
        assert hash(earlier) == hash(place_after(session, one[:count]))


@given(concurrent_sessions(), st.data())
def test_a_withdrawal_takes_back_the_end_of_one_producer(
    session: Session, data: st.DataObject
) -> None:
    """After a withdrawal everything else is covered as before, and that producer up to its last."""
    place = place_after(session, data.draw(readings(session)))
    for producer in place.listed():
        last = place.position(producer)
        back = last.offset(-data.draw(st.integers(0, last.seq)))
        withdrawn = place.withdraw(back)
        for sent in session.sent.values():
            for event in ids_of(sent):
                still = place.covers(event) and (event.producer != producer or event <= back)
                assert withdrawn.covers(event) == still


@given(st.integers(1, 20), st.integers(0, 5), st.integers(0, 25), st.integers(1, 9))
def test_a_run_begins_where_the_one_before_it_ended(
    producer: int, said: int, other: int, seq: int
) -> None:
    """`before` covers the lower producers and so many of the workflow's events, and no others."""
    place = Place.before(producer, said)
    assert place.covers(EventId(other, 1, seq)) == (seq <= said if other == 0 else other < producer)
    assert Place.parse(str(place)) == place
    begun = place.advance(EventId(producer, 1, 1))
    assert begun.includes(place)
    assert not place.includes(begun)


@given(places, st.data())
def test_a_place_survives_text(place: Place, data: st.DataObject) -> None:
    """Written and read it is the same, also with the part of the last event's producer in front."""
    assert Place.parse(str(place)) == place
    begun = [producer for producer, at in place.positions.items() if at != NOTHING]
    if begun:
        leading = data.draw(st.sampled_from(begun))
        text = place.text(leading)
        assert Place.parse(text) == place
        assert EventId.parse(text.partition(",")[0]) == place.position(leading)
        assert sorted(text.split(",")) == sorted(str(place).split(","))


@given(st.sets(st.integers(1, 40)))
def test_producers_of_which_nothing_was_seen_are_written_as_ranges(producers: set[int]) -> None:
    """Neighbours are one part, so that silent activities take little room."""
    place = Place(dict.fromkeys(producers, NOTHING))
    runs = sum(producer - 1 not in producers for producer in producers)
    assert len(str(place).split(",")) == max(1, runs)
    assert Place.parse(str(place)) == place


@given(places | st.none(), st.none() | incarnations, st.data())
def test_a_cursor_survives_text(
    place: Place | None, incarnation: str | None, data: st.DataObject
) -> None:
    """Written and read it is the same cursor, the end included."""
    cursor = Cursor(place, incarnation)
    assert Cursor.parse(str(cursor)) == cursor
    begun = [p for p, at in place.positions.items() if at != NOTHING] if place else []
    if begun:
        led = cursor._replace(leading=data.draw(st.sampled_from(begun)))
        assert Cursor.parse(str(led)) == cursor


@given(almost | st.builds("{}@{}".format, almost | places, st.text("09afAF g@", max_size=10)))
@example("end@")
@example("end@4F3A9C1E")
@example("1.1.1@4f3a9c1e\n")
@example("1.1.1+2.1.1")
@example("1.1.1,")
@example("01.1.1")
@example("0.0.0,1.1.1")
@example("7.1.1,9.1.1,8.1.1")
def test_a_cursor_is_read_strictly(text: str) -> None:
    """A text is refused with InvalidId unless it is a way in which some cursor is written."""
    try:
        cursor = Cursor.parse(text)
    except InvalidId:
        return
    ways = [cursor, *(cursor._replace(leading=p) for p in (cursor.place or NOWHERE).positions)]
    assert text in map(str, ways)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2.1.1,4.1.1,3.1.1", "rising order"),
        ("4.1.1,2.1.1,4.1.2", "there once"),
        ("2.1.1,2.1.1", "there once"),
        ("3.1.1,2-4.0.0", "there once"),
        ("2-4.0.0,3.1.1", "there once"),
        ("4-2.0.0", "not a range"),
        ("3-3.0.0", "not a range"),
        ("0-3.0.0", "not a range"),
        ("1-5000.0.0", "at most 4,096 producers"),
        ("1-3.1.1", "not an event id"),
        ("1.0.3", "numbered from 1"),
        ("0.2.1,1.1.1", "the workflow itself"),
        ("1.1.1 2.1.1", "not an event id"),
        ("", "not an event id"),
    ],
)
def test_a_bad_cursor_is_refused_with_its_reason(text: str, reason: str) -> None:
    """Parts out of order, twice, or of a wrong form are refused with a sentence that says so."""
    with pytest.raises(InvalidId, match=reason):
        Cursor.parse(text)


def test_a_cursor_has_so_many_parts_and_no_more() -> None:
    """A cursor of the most parts is read, and one with a part more is refused."""
    parts = [f"{producer}.1.1" for producer in range(1, MAX_CURSOR_PARTS + 2)]
    assert len(Place.parse(",".join(parts[:-1])).positions) == MAX_CURSOR_PARTS
    with pytest.raises(InvalidId, match="at most 1,024 parts, not 1,025"):
        Place.parse(",".join(parts))


@given(st.sets(st.integers(1, 60)))
def test_ranges_survive_the_wire(producers: set[int]) -> None:
    """Producers written as ranges and read again are the same, in as few parts as possible."""
    ranges = to_ranges(producers)
    assert from_ranges(ranges, 61) == producers
    assert len(ranges) == sum(producer - 1 not in producers for producer in producers)


@pytest.mark.parametrize(
    "ranges",
    [
        [4],
        [5],
        [(3, 4)],
        [0],
        [-1],
        [(2, 1)],
        [2, 1],
        [2, 2],
        [(1, 2), 2],
        [(0, 2)],
    ],
)
def test_a_bad_list_of_producers_is_refused(ranges: list[int | tuple[int, int]]) -> None:
    """One that names the producer itself or a later one, or a producer twice, is refused."""
    with pytest.raises(InvalidId, match="beside producer 4 are lower numbers from 1"):
        from_ranges(ranges, 4)


def test_a_list_of_producers_is_bounded() -> None:
    """Neither many parts nor a huge range is expanded."""
    odd = [*accumulate([1, *[2] * (MAX_PARTS - 1)])]
    assert len(from_ranges([*odd], 10_000)) == MAX_PARTS
    with pytest.raises(InvalidId, match=f"at most {MAX_PARTS} parts"):
        from_ranges([*odd, 9_999], 10_000)
    assert len(from_ranges([(1, MAX_LISTED)], MAX_NUMBER)) == MAX_LISTED
    with pytest.raises(InvalidId, match="at most 4,096"):
        from_ranges([(1, MAX_LISTED + 1)], MAX_NUMBER)


@given(any_ids)
def test_a_cursor_of_one_producer_is_its_last_event(event: EventId) -> None:
    """Without concurrency a cursor is what an event id is, with the incarnation behind it."""
    if event.producer and event.attempt:
        cursor = Cursor(NOWHERE.advance(event), incarnation_of("00000000-4f3a9c1e"))
        assert str(cursor) == f"{event}@4f3a9c1e"
        assert not cursor.is_end_of("4f3a9c1e")
    assert Cursor.parse("end@4f3a9c1e").is_end_of("4f3a9c1e")
    assert not Cursor.parse("end@4f3a9c1e").is_end_of("deadbeef")
