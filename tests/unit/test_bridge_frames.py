"""Frames of what was read back: made once, and counted for exactly as long as they are kept."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.bridge.frames import KEPT_FRAMES, PageFrames
from kai_flow.stream.buffer import Slice
from kai_flow.stream.fold import Gap
from kai_flow.stream.ids import EventId
from kai_flow.stream.sse import Decoder
from tests.property.strategies import plain, run_of

INCARNATION = "4f3a9c1e"


def page_at(seq: int, count: int, *, gap: bool = False) -> Slice:
    """A page of `count` events from `seq` on, behind a gap or not."""
    events = run_of(EventId(1, 1, seq), count)
    missing = Gap(EventId(1, 1, max(1, seq - 5)), events[0].id) if gap else None
    return Slice(events, events[-1].id, has_more=False, gap=missing)


pages = st.builds(
    lambda seq, gap: page_at(seq, 1 + seq % 3, gap=gap), st.integers(1, 40), st.booleans()
)


@given(st.lists(pages, max_size=60), st.integers(0, 59))
def test_what_is_kept_is_counted(asked: list[Slice], forget_at: int) -> None:
    """`held` is the size of the newest pages' frames, at most KEPT_FRAMES of them, at any time."""
    frames = PageFrames(INCARNATION)
    kept: dict[Slice, bytes] = {}
    for number, page in enumerate(asked):
        made = frames.of(page)
        assert frames.of(page) is made, "two readers share one copy"
        assert made is kept.setdefault(page, made), "as long as it is kept"
        if len(kept) > KEPT_FRAMES:
            kept.pop(next(iter(kept)))
        if number == forget_at:
            frames.forget()
            kept.clear()
        assert frames.held == sum(map(len, kept.values()))


def test_a_page_is_its_gap_and_then_its_events() -> None:
    """The frames of a page are its events in order; what is missing before them comes first."""
    page = page_at(8, 2, gap=True)
    told = list(Decoder().feed(PageFrames(INCARNATION).of(page).decode()))
    assert [msgspec.json.decode(one.data)["type"] for one in told] == ["gap", "e", "e"]
    assert [one.id for one in told] == [None, f"1.1.8@{INCARNATION}", f"1.1.9@{INCARNATION}"]
    assert told[1].data.encode() == plain(EventId(1, 1, 8)).data


def test_the_same_page_with_another_gap_is_another() -> None:
    """A reader that has seen what was never stored is told no gap, whoever was told one before."""
    frames = PageFrames(INCARNATION)
    with_gap = page_at(8, 2, gap=True)
    assert frames.of(with_gap) != frames.of(page_at(8, 2))
    assert frames.of(with_gap).endswith(frames.of(page_at(8, 2)))
