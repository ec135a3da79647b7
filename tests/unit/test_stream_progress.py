"""Progress: what a person is told, event by event."""

from typing import Any

from kai_flow.stream.batches import Batch, records_of
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import EventId
from kai_flow.stream.progress import Liveness, Progress, RunLiveness
from kai_flow.stream.recorded import Ended, Published, Recorded, Scheduled, Spoken


class Workflow:
    """A buffer and the progress that is computed from it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.buffer, self.progress = EventBuffer("run", limits or Limits()), Progress()

    def take(self, *items: Recorded) -> None:
        """What the workflow takes."""
        for item in items:
            verdicts, _ = self.buffer.take(item)
            self.progress.observe(self.buffer.fold, verdicts)

    def says(self, first: str, *said: dict[str, Any]) -> None:
        """Events from the id `first` on arrive in a signal."""
        events = tuple(
            NumberedEvent(EventId.parse(first).offset(n), *encode_event(event))
            for n, event in enumerate(said)
        )
        self.take(Published("run", (Batch(events),)))

    def describe(self, liveness: RunLiveness | None = None) -> dict[str, Any]:
        """The answer of the query."""
        return self.progress.describe(self.buffer, 1234, liveness)


def told(*attempts: list[dict[str, Any]], limits: Limits | None = None) -> dict[str, Any]:
    """The answer after these attempts."""
    workflow = Workflow(limits)
    for attempt, said in enumerate(attempts, 1):
        for seq, event in enumerate(said, 1):
            workflow.says(f"1.{attempt}.{seq}", event)
    return workflow.describe()


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


def test_events_of_other_types_show_that_it_goes_on() -> None:
    """They end `starting`, and leave any other phase as it is."""
    started, own = {"type": "started"}, {"type": "my_own"}
    assert told([started])["phase"] == "starting"
    assert told([started, own])["phase"] == "running"
    assert told([started, {"type": "thinking"}, own])["phase"] == "thinking"


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
    """After the close the status stays, whatever still comes in, and nothing is under way."""
    workflow = Workflow()
    workflow.progress.close("completed")
    workflow.says("1.1.1", {"type": "token", "content": "late"})
    answer = workflow.describe()
    assert (answer["status"], answer["phase"]) == ("completed", "closed")
    assert (answer["events"], answer["producers"]) == (1, [])


def test_an_attempt_that_broke_is_being_retried() -> None:
    """After `attempt_failed` the session is retrying, until the next attempt begins."""
    broken: list[dict[str, Any]] = [{"type": "started"}, {"type": "attempt_failed", "error": "no"}]
    answer = told(broken)
    assert (answer["status"], answer["phase"]) == ("retrying", "waiting")
    assert told(broken, [{"type": "started"}])["status"] == "running"


def test_a_retry_of_a_later_producer_leaves_the_earlier_ones_counted() -> None:
    """Only the part of the producer that is tried again is counted anew."""
    workflow = Workflow()
    for place in ("1.1.1", "1.1.2", "2.1.1", "2.2.1"):
        workflow.says(place, {"type": "token", "content": "x"})
    answer = workflow.describe()
    assert (answer["events"], answer["tokens"], answer["answer_tail"]) == (3, 3, "x")


def three_tools() -> Workflow:
    """Three activities at once: the second has ended, the third has sent nothing."""
    workflow = Workflow()
    workflow.take(
        Scheduled(1, "search", "a1"),
        Scheduled(2, "search", "a2", frozenset({1})),
        Scheduled(3, "search", "a3", frozenset({1, 2})),
    )
    workflow.says("1.1.1", {"type": "started"}, {"type": "tool_start", "tool": "sql"})
    workflow.says("2.1.1", {"type": "started"}, {"type": "token", "content": "two"})
    workflow.take(Ended(2, "completed"))
    return workflow


def test_it_lists_the_producers_under_way() -> None:
    """Those that have sent something and have not ended; the summary is that of the newest."""
    answer = three_tools().describe()
    assert answer["producers"] == [
        {
            "producer": 1,
            "activity": "search",
            "attempt": 1,
            "last_event_id": "1.1.2",
            "events": 2,
            "status": "running",
            "phase": "using a tool",
            "current_tool": "sql",
        }
    ]
    assert (answer["producer"], answer["last_event_id"]) == (2, "2.1.2")
    assert (answer["phase"], answer["events"], answer["answer_tail"]) == ("answering", 4, "two")


def test_each_producer_has_the_liveness_of_its_own_activity() -> None:
    """One whose worker is dead waits, although another one keeps the session running."""
    workflow = three_tools()
    workflow.says("3.1.1", {"type": "started"}, {"type": "thinking"})
    alive, dead = Liveness("running", 1), Liveness("waiting", 1)
    answer = workflow.describe(RunLiveness(alive, {"a1": dead, "a3": alive}))
    shown = [(one["status"], one["phase"], one["current_tool"]) for one in answer["producers"]]
    assert shown == [("waiting", "waiting", None), ("running", "thinking", None)]
    assert (answer["status"], answer["phase"]) == ("running", "thinking")
    answer = workflow.describe(RunLiveness(alive, {"a1": alive, "a3": dead}))
    shown = [(one["status"], one["phase"], one["current_tool"]) for one in answer["producers"]]
    assert shown == [("running", "using a tool", "sql"), ("waiting", "waiting", None)]
    assert (answer["status"], answer["phase"]) == ("running", "waiting")


def test_a_run_that_was_terminated_has_nothing_under_way() -> None:
    """The workflow's code could not report its end; the server does."""
    answer = three_tools().describe(RunLiveness(Liveness("failed", 0)))
    assert (answer["status"], answer["phase"], answer["producers"]) == ("failed", "closed", [])


def test_the_workflows_own_events_are_counted() -> None:
    """They are part of the counts; the summary is that of an activity, as soon as one has begun."""
    workflow = Workflow()
    workflow.take(Spoken(records_of([{"type": "plan"}, {"type": "plan"}], 0)[0]))
    answer = workflow.describe()
    assert (answer["producer"], answer["last_event_id"], answer["events"]) == (0, "0.1.2", 2)
    workflow.take(Scheduled(1, "search", "a1"))
    workflow.says("1.1.1", {"type": "started"})
    workflow.take(Spoken(records_of([{"type": "plan"}], 2)[0]))
    answer = workflow.describe()
    assert (answer["producer"], answer["last_event_id"], answer["events"]) == (1, "1.1.1", 4)


def test_at_most_so_many_producers_are_listed() -> None:
    """The newest 64 of those under way, in rising order."""
    workflow = Workflow()
    for producer in range(1, 71):
        beside = frozenset(range(1, producer))
        workflow.take(Scheduled(producer, "search", str(producer), beside))
        workflow.says(f"{producer}.1.1", {"type": "started"})
    listed = [one["producer"] for one in workflow.describe()["producers"]]
    assert listed == list(range(7, 71))
