"""What producers share: each document departs once, sessions take turns, and nobody is held up."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.list_form import MAX_DOCUMENT_BYTES, MAX_DOCUMENTS, MAX_LIST_BYTES
from kai_flow.stream.sharing import (
    FIRST_REST_SECONDS,
    HOLD_SECONDS,
    LAST_REST_SECONDS,
    Departure,
    Document,
    Line,
    Lists,
)

sizes = st.sampled_from([1, 300, MAX_DOCUMENT_BYTES // 2, MAX_DOCUMENT_BYTES])
documents = st.builds(
    lambda session, size: Document(session, f"http://bridge/{session}", b"x" * size),
    st.sampled_from("abcdefgh"),
    sizes,
)
waiting_documents = st.lists(documents, max_size=200)


def departures(line: Line) -> list[Departure]:
    """Every POST until nothing waits, each answered at once."""
    made = []
    while (departure := line.depart(0.0)) is not None:
        line.ended(departure.number)
        made.append(departure)
    return made


def all_of(made: Iterable[Departure]) -> list[Document]:
    """The documents, in the order in which they have departed."""
    return [document for departure in made for document in departure.documents]


@given(waiting_documents)
@example([Document("a", "", b"x")] * (MAX_DOCUMENTS + 1))
@example([Document("a", "", b"x" * MAX_DOCUMENT_BYTES)] * 9)
def test_every_document_departs_once_within_the_limits(waiting: list[Document]) -> None:
    """Those of a session in their order, and in no POST that is too long or too large."""
    line = Line()
    for document in waiting:
        line.add(document)
    made = departures(line)
    assert line.depart_at() is None
    departed = all_of(made)
    assert Counter(departed) == Counter(waiting)
    for session_id in {document.session_id for document in waiting}:
        assert [d for d in departed if d.session_id == session_id] == [
            d for d in waiting if d.session_id == session_id
        ]
    for departure in made:
        assert 1 <= len(departure.documents) <= MAX_DOCUMENTS
        assert sum(len(document.body) for document in departure.documents) <= MAX_LIST_BYTES


@given(waiting_documents)
def test_no_post_is_smaller_than_it_must_be(waiting: list[Document]) -> None:
    """What follows in the next POST had no room in this one."""
    line = Line()
    for document in waiting:
        line.add(document)
    made = departures(line)
    for departure, following in pairwise(made):
        size = sum(len(document.body) for document in departure.documents)
        is_full = len(departure.documents) == MAX_DOCUMENTS
        assert is_full or size + len(following.documents[0].body) > MAX_LIST_BYTES


@given(st.lists(st.one_of(documents, st.none()), max_size=200))
@example([Document("a", "", b"x"), Document("a", "", b"x"), Document("b", "", b"x")])
def test_sessions_take_turns(steps: list[Document | None]) -> None:
    """A session that begins to wait lets each other session have one turn, however much it has."""
    line = Line()
    passed: dict[Document, Counter[str]] = {}  # of those that wait: what has departed before them

    def leave(departed: Iterable[Document]) -> None:
        for document in departed:
            turns = passed.pop(document, Counter())
            assert max(turns.values(), default=0) <= 1
            for others in passed.values():
                others[document.session_id] += 1

    for step in steps:
        if step is not None:
            if not any(document.session_id == step.session_id for document in line):
                passed[step] = Counter()
            line.add(step)
        elif (departure := line.depart(0.0)) is not None:
            line.ended(departure.number)
            leave(departure.documents)
    leave(all_of(departures(line)))
    assert not passed


@given(st.lists(documents, min_size=1, max_size=10), st.data())
def test_what_nobody_waits_for_does_not_depart(
    waiting: list[Document], data: st.DataObject
) -> None:
    """A producer that has left takes its document with it; the others depart all the same."""
    line = Line()
    for document in waiting:
        line.add(document)
    gone = data.draw(st.lists(st.sampled_from(waiting), unique=True))
    for document in gone:
        line.remove(document)
        line.remove(document)  # it may have departed, too
    assert Counter(all_of(departures(line))) == Counter(waiting) - Counter(gone)


@given(waiting_documents)
def test_all_can_be_told_to_go_alone(waiting: list[Document]) -> None:
    """When lists are not taken, nothing that waits is left behind."""
    line = Line()
    for document in waiting:
        line.add(document)
    assert Counter(line.clear()) == Counter(waiting)
    assert line.depart(0.0) is None


@given(st.floats(0, 1e6), st.floats(0, 2 * HOLD_SECONDS))
def test_a_post_in_flight_keeps_the_next_one_back_for_a_moment(began: float, later: float) -> None:
    """What gathers goes when it is answered, or beside it when that takes long (§6.16)."""
    line = Line()
    line.add(Document("a", "", b"x"))
    first = line.depart(began)
    assert first is not None
    assert line.depart_at() is None
    line.add(Document("b", "", b"x"))
    due = line.depart_at()
    assert due == began + HOLD_SECONDS
    assert (line.depart(began + later) is not None) == (began + later >= due)
    line = Line()
    line.add(Document("a", "", b"x"))
    first = line.depart(began)
    assert first is not None
    line.ended(first.number)
    line.add(Document("b", "", b"x"))
    assert line.depart(began) is not None


def test_only_the_last_post_keeps_the_next_one_back() -> None:
    """The end of one that took long does not let a third one depart beside the second."""
    line = Line()
    line.add(Document("a", "", b"x"))
    slow = line.depart(0.0)
    line.add(Document("b", "", b"x"))
    second = line.depart(HOLD_SECONDS)
    line.add(Document("c", "", b"x"))
    assert slow is not None
    assert second is not None
    line.ended(slow.number)
    assert line.depart(HOLD_SECONDS) is None
    line.ended(second.number)
    assert line.depart(HOLD_SECONDS) is not None


@given(st.lists(st.booleans(), max_size=20))
def test_lists_are_not_tried_again_and_again(outcomes: list[bool]) -> None:
    """After failures in a row they rest longer and longer; one that is answered ends that."""
    lists, moment, in_a_row = Lists(), 0.0, 0
    for failed in outcomes:
        assert lists.are_made(moment)
        if not failed:
            lists.answered()
            in_a_row = 0
            continue
        lists.failed(moment)
        in_a_row += 1
        rest = min(FIRST_REST_SECONDS * 2 ** (in_a_row - 1), LAST_REST_SECONDS)
        assert not lists.are_made(moment)
        assert not lists.are_made(moment + rest * 0.99)
        moment += rest
