"""Progress: whatever signals arrive, in whatever order, it tells what the last event makes true."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import Liveness, Progress
from kai_flow.stream.wire_names import ATTEMPT_FAILED
from tests.property.strategies import OTHER_RUN, RUN, numbered

SAID: list[dict[str, Any]] = [
    {"type": "started"},
    {"type": "token", "content": "a"},
    {"type": "tool_start", "tool": "sql"},
    {"type": ATTEMPT_FAILED, "error": "no"},
]

runs = st.sampled_from([RUN, RUN, RUN, OTHER_RUN])
ids = st.builds(EventId, st.integers(1, 2), st.integers(1, 3), st.integers(1, 3))
batches = st.builds(
    lambda run_id, first, said: Batch(run_id, numbered(first, said)),
    runs,
    ids,
    st.lists(st.sampled_from(SAID), min_size=1, max_size=3),
)
statuses = st.sampled_from(["waiting", "retrying", "running"])
ends = st.sampled_from(["completed", "failed", "cancelled"])
livenesses = st.one_of(
    st.none(),
    st.builds(Liveness, statuses, st.integers(1, 3)),
    st.builds(Liveness, ends, st.just(0)),
)


@given(st.lists(batches, max_size=10), livenesses, st.one_of(st.none(), st.integers(0, 10)))
def test_liveness_tells_what_no_event_can(
    arrived: list[Batch], liveness: Liveness | None, closes_before: int | None
) -> None:
    """Status by the last event, or by the liveness after it; counts and the end stay."""
    fold, buffer, progress = Fold(RUN), EventBuffer(RUN, Limits()), Progress()
    last: str | None = None  # type of the last accepted event
    closed = False
    for index, batch in enumerate([*arrived, None]):
        if index == closes_before:
            closed = True
            progress.close("completed")
        if batch is not None:
            progress.observe(buffer.apply(batch))
            if events := fold.apply(batch).events:
                last = events[-1].type
        silent, told = progress.describe(buffer, 0), progress.describe(buffer, 0, liveness)
        by_events = {None: "waiting", ATTEMPT_FAILED: "retrying"}.get(last, "running")
        assert silent["status"] == ("completed" if closed else by_events)
        if liveness is None or closed:
            assert told == silent
        elif liveness.status != "running":
            phase = "closed" if liveness.ended else "waiting"
            assert (told["status"], told["phase"]) == (liveness.status, phase)
            assert told["current_tool"] is None
        elif liveness.attempt == fold.position.attempt:
            assert told == silent
        else:
            assert (told["status"], told["phase"]) == ("running", "starting")
            assert told["current_tool"] is None
        changed = {key for key in told if told[key] != silent[key]}
        assert changed <= {"status", "phase", "current_tool"}
        assert told["attempt"] == fold.position.attempt
        if fold.position.attempt:  # one that is at work, and only silent
            at_work = Liveness("running", fold.position.attempt)
            assert progress.describe(buffer, 0, at_work) == silent
        assert progress.describe(buffer, 0) == silent  # it was only asked
