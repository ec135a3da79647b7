"""Progress: whatever a history records, it tells what the last events make true."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.progress import Liveness, Progress, RunLiveness, Status
from kai_flow.stream.recorded import Recorded
from kai_flow.stream.wire_names import ATTEMPT_FAILED
from tests.property.strategies import RUN, concurrent_sessions, what_counts

SAID: list[dict[str, Any]] = [
    {"type": "started"},
    {"type": "token", "content": "a"},
    {"type": "tool_start", "tool": "sql"},
    {"type": ATTEMPT_FAILED, "error": "no"},
]

histories = concurrent_sessions(said=st.sampled_from(SAID)).map(lambda session: session.history)
LIVE: list[Status] = ["waiting", "retrying", "running"]
ENDS: list[Status] = ["completed", "failed", "cancelled"]
attempts = st.sampled_from([1, 1, 1, 2])
alive = st.builds(Liveness, st.sampled_from(LIVE), attempts)


@st.composite
def livenesses(draw: st.DrawFn) -> RunLiveness | None:
    """What the server may show: nothing, an end, or pending activities."""
    if draw(st.integers(0, 4)) == 0:
        return None
    if draw(st.integers(0, 3)) == 0:
        end = draw(st.sampled_from(ENDS))
        return RunLiveness(Liveness(end, 0))
    pending = draw(st.dictionaries(st.sampled_from("123"), alive, min_size=1))
    return RunLiveness(max(pending.values(), key=lambda one: LIVE.index(one.status)), pending)


def by_events(last: str | None) -> str:
    """The status after an event of this type."""
    return {None: "waiting", ATTEMPT_FAILED: "retrying"}.get(last, "running")


def taken(history: list[Recorded]) -> tuple[EventBuffer, Progress]:
    """A buffer and its progress after a history."""
    buffer, progress = EventBuffer(RUN, Limits()), Progress()
    for item in history:
        verdicts, _ = buffer.take(item)
        progress.observe(buffer.fold, verdicts)
    return buffer, progress


def everything_in(buffer: EventBuffer) -> list[NumberedEvent]:
    """The events of all pages; a page ends before a hole."""
    page = buffer.read(NOWHERE, 10**9)
    events = [*page.events]
    while page.has_more:
        page = buffer.read(page.next, 10**9)
        events += page.events
    return events


@given(histories)
def test_progress_is_that_of_the_events_that_count(history: list[Recorded]) -> None:
    """Counts of all, the summary of the newest producer, and a line for each one under way."""
    buffer, progress = taken(history)
    answer = progress.describe(buffer, 0)
    held = everything_in(buffer)
    assert what_counts(held) == sorted(held)
    assert answer["events"] == len(held)
    assert answer["tokens"] == sum(event.type == "token" for event in held)
    mine = {e.id.producer: [o for o in held if o.id.producer == e.id.producer] for e in held}
    newest = max(mine, default=0)
    last = mine[newest][-1] if mine else None
    assert answer["producer"] == newest
    assert answer["last_event_id"] == (last and str(last.id))
    assert answer["status"] == by_events(last and last.type)
    under_way = [p for p in sorted(buffer.fold.open) if buffer.fold.closing(p) is None]
    assert [one["producer"] for one in answer["producers"]] == [p for p in under_way if p in mine]
    for one in answer["producers"]:
        events = mine[one["producer"]]
        assert (one["events"], one["last_event_id"]) == (len(events), str(events[-1].id))
        assert one["status"] == by_events(events[-1].type)


@given(histories, livenesses(), st.booleans())
def test_liveness_tells_what_no_event_can(
    history: list[Recorded], liveness: RunLiveness | None, closed: bool
) -> None:
    """Status, phase and tool by the last event, or by the liveness; everything else stays."""
    buffer, progress = taken(history)
    if closed:
        progress.close("completed")
    silent, told = progress.describe(buffer, 0), progress.describe(buffer, 0, liveness)
    changed = {key for key in told if told[key] != silent[key]}
    assert progress.describe(buffer, 0) == silent  # it was only asked
    if liveness is None or closed:
        assert told == silent
        assert not closed or (told["status"], told["phase"]) == ("completed", "closed")
        return
    assert changed <= {"status", "phase", "current_tool", "producers"}
    assert told["status"] == liveness.session.status
    if liveness.session.ended:
        assert (told["phase"], told["current_tool"], told["producers"]) == ("closed", None, [])
        return
    for before, after in zip(silent["producers"], told["producers"], strict=True):
        activity = buffer.fold.open[before["producer"]].activity_id
        own = liveness.activities.get(activity, liveness.session)
        seen = (after["status"], after["phase"], after["current_tool"])
        if own.status != "running":
            assert seen == (own.status, "waiting", None)
        elif own.attempt == before["attempt"]:
            assert after == before
        else:
            assert seen == ("running", "starting", None)
        if before["producer"] == told["producer"]:
            assert (told["phase"], told["current_tool"]) == seen[1:]
