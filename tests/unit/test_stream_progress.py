"""Progress: what a person is told, event by event."""

from typing import Any

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import Progress


def told(*attempts: list[dict[str, Any]], limits: Limits | None = None) -> dict[str, Any]:
    """The answer after these attempts."""
    buffer, progress = EventBuffer("run", limits or Limits()), Progress()
    for attempt, said in enumerate(attempts, 1):
        for seq, event in enumerate(said, 1):
            numbered = NumberedEvent(EventId(1, attempt, seq), *encode_event(event))
            progress.observe(buffer.apply(Batch("run", (numbered,))))
    return progress.describe(buffer, elapsed_ms=1234)


def test_before_anything_it_waits() -> None:
    """No event yet: waiting, and no last event id."""
    answer = told()
    assert answer["status"] == answer["phase"] == "waiting"
    assert answer["last_event_id"] is None
    assert answer["elapsed_ms"] == 1234
    assert answer["buffer"] == {"first": None, "last": None, "events": 0, "bytes": 0, "evicted": 0}


def test_it_names_the_tool_and_the_tail_of_the_answer() -> None:
    """Between tool_start and tool_end the tool is named; tokens are counted and joined."""
    said: list[dict[str, Any]] = [
        {"type": "started"},
        {"type": "token", "content": "x" * 300},
        {"type": "token", "content": "end"},
        {"type": "tool_start", "tool": "sql"},
    ]
    answer = told(said)
    assert (answer["status"], answer["current_tool"]) == ("running", "sql")
    assert (answer["events"], answer["tokens"]) == (4, 2)
    assert answer["answer_tail"] == "x" * 197 + "end"
    assert answer["last_event_id"] == "1.1.4"
    assert told([*said, {"type": "tool_end"}])["current_tool"] is None


def test_a_retry_starts_afresh() -> None:
    """Counts and answer are those of the attempt that counts."""
    answer = told([{"type": "token", "content": "old"}] * 3, [{"type": "started"}])
    assert (answer["attempt"], answer["events"], answer["tokens"]) == (2, 1, 0)
    assert answer["answer_tail"] == ""


def test_eviction_is_shown() -> None:
    """The buffer's part says what is still held and how much was cut off."""
    answer = told([{"type": "e"}] * 5, limits=Limits(events=2))
    assert answer["buffer"]["first"] == "1.1.4"
    assert answer["buffer"]["last"] == "1.1.5"
    assert (answer["buffer"]["events"], answer["buffer"]["evicted"]) == (2, 3)
    assert answer["events"] == 5


def test_the_end_is_for_good() -> None:
    """After the close the status stays, whatever still comes in."""
    buffer, progress = EventBuffer("run", Limits()), Progress()
    progress.close("completed")
    event = NumberedEvent(EventId(1, 1, 1), "token", b'{"type":"token","content":"late"}')
    progress.observe(buffer.apply(Batch("run", (event,))))
    answer = progress.describe(buffer, 0)
    assert (answer["status"], answer["phase"]) == ("completed", "closed")


def test_an_attempt_that_broke_is_being_retried() -> None:
    """After `attempt_failed` the session is retrying, until the next attempt begins."""
    broken: list[dict[str, Any]] = [{"type": "started"}, {"type": "attempt_failed", "error": "no"}]
    answer = told(broken)
    assert (answer["status"], answer["phase"]) == ("retrying", "waiting")
    assert told(broken, [{"type": "started"}])["status"] == "running"


def test_a_retry_of_a_later_producer_leaves_the_earlier_ones_counted() -> None:
    """Only the part of the producer that is tried again is counted anew."""
    buffer, progress = EventBuffer("run", Limits()), Progress()
    for place in (EventId(1, 1, 1), EventId(1, 1, 2), EventId(2, 1, 1), EventId(2, 2, 1)):
        event = NumberedEvent(place, *encode_event({"type": "token", "content": "x"}))
        progress.observe(buffer.apply(Batch("run", (event,))))
    answer = progress.describe(buffer, elapsed_ms=0)
    assert (answer["events"], answer["tokens"], answer["answer_tail"]) == (3, 3, "x")
