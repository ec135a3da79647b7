"""Progress: whatever signals arrive, in whatever order, it says what the last word makes true."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.errors import InvalidReport
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.names import ATTEMPT_FAILED
from kai_flow.stream.progress import Progress, Status
from kai_flow.stream.report import StatusReport, decode_report, encode_report
from tests.property.strategies import OTHER_RUN, RUN, json_values, numbered, texts

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
reports = st.builds(
    StatusReport,
    run_id=runs,
    after=ids,
    status=st.sampled_from(["waiting", "retrying", "running"]),
    attempt=st.integers(1, 3),
    bridge=st.sampled_from(["a", "a", "b"]),
    at=st.integers(0, 3),
)
# Reports of one quiet time: after what is the last event by then.
quiet = st.lists(st.builds(lambda report: report._replace(after=None), reports), min_size=1)
arrivals = st.lists(
    st.one_of(batches.map(lambda batch: [batch]), reports.map(lambda report: [report]), quiet),
    max_size=10,
).map(lambda parts: [arrival for part in parts for arrival in part])


class Model:
    """The rule said plainly: all that was ever let in, and the last of it decides."""

    def __init__(self) -> None:
        self.fold = Fold(RUN)
        self.last: str | None = None  # type of the last accepted event
        self.said: list[StatusReport] = []  # let in since then
        self.closed: Status | None = None

    def take(self, arrival: Batch | StatusReport) -> None:
        """One signal arrives."""
        if isinstance(arrival, Batch):
            verdict = self.fold.apply(arrival)
            if verdict.events:
                self.last, self.said = verdict.events[-1].type, []
        elif (arrival.run_id, arrival.after) == (RUN, self.fold.position):
            last = self.said[-1] if self.said else None
            if last is None or last.bridge != arrival.bridge or last.at < arrival.at:
                self.said.append(arrival)

    @property
    def status(self) -> str:
        """What `progress` has to say."""
        if self.closed is not None:
            return self.closed
        if self.last is None:
            return "waiting"
        if self.said:
            return self.said[-1].status
        return "retrying" if self.last == ATTEMPT_FAILED else "running"


@given(arrivals, st.one_of(st.none(), st.integers(0, 13)))
def test_the_last_word_decides_and_no_stale_report_does(
    arrived: list[Any], closes_before: int | None
) -> None:
    """`running` iff an event, or a report of the quiet behind it, said so last; counts stay."""
    model, buffer, progress, silent = Model(), EventBuffer(RUN, Limits()), Progress(), Progress()
    for index, drawn in enumerate(arrived):
        if index == closes_before:
            model.closed = "completed"
            for one in (progress, silent):
                one.close("completed")
        arrival = drawn
        if isinstance(drawn, StatusReport) and drawn.after is None:
            # of the time before the first event there is no report: see below
            arrival = drawn._replace(after=max(model.fold.position, EventId(1, 1, 1)))
        model.take(arrival)
        if isinstance(arrival, Batch):
            verdict = buffer.apply(arrival)
            progress.observe(verdict)
            silent.observe(verdict)
        else:
            progress.hear(arrival, buffer.fold)
        told, untold = progress.describe(buffer, 0), silent.describe(buffer, 0)
        assert told["status"] == model.status
        assert told["attempt"] == model.fold.position.attempt
        if told["status"] in ("waiting", "retrying"):
            assert (told["phase"], told["current_tool"]) == ("waiting", None)
        changed = {key for key in told if told[key] != untold[key]}
        assert changed <= {"status", "phase", "current_tool"}
        if not model.said or model.closed:
            assert not changed


@given(st.lists(reports, min_size=2, unique_by=lambda report: report.at), st.data())
def test_of_the_reports_of_one_bridge_the_latest_counts(
    told: list[StatusReport], data: st.DataObject
) -> None:
    """Late, doubled or reordered: in a quiet time the status is what the bridge saw last."""
    buffer, progress = EventBuffer(RUN, Limits()), Progress()
    progress.observe(buffer.apply(Batch(RUN, numbered(EventId(1, 1, 1), SAID[:1]))))
    told = [one._replace(run_id=RUN, after=EventId(1, 1, 1), bridge="a") for one in told]
    repeated = data.draw(st.lists(st.sampled_from(told)))
    for one in data.draw(st.permutations(told + repeated)):
        progress.hear(one, buffer.fold)
    assert progress.describe(buffer, 0)["status"] == max(told, key=lambda one: one.at).status


@given(reports, texts.map(lambda text: text[:8]))
def test_a_report_survives_the_wire(report: StatusReport, bridge: str) -> None:
    """Every field comes back as it was."""
    report = report._replace(bridge=bridge)
    assert decode_report(encode_report(report)) == report


@given(st.one_of(json_values, st.dictionaries(st.sampled_from(StatusReport._fields), json_values)))
def test_what_is_no_report_is_refused(value: Any) -> None:
    """Garbage, and a report with any field wrong, raises InvalidReport and nothing else."""
    whole = msgspec.json.decode(
        encode_report(StatusReport(RUN, EventId(1, 1, 1), "waiting", 1, "a", 0))
    )
    wrong = {
        "v": 2, "run_id": None, "status": "completed", "attempt": 0,
        "after": "0.0.0", "bridge": "x" * 200, "at": "now",
    }  # fmt: skip
    documents = [value, *({**whole, key: wrong[key]} for key in wrong)]
    documents += [{k: v for k, v in whole.items() if k != key} for key in whole]
    for document in documents:
        with pytest.raises(InvalidReport):
            decode_report(msgspec.json.encode(document))
    for text in (b"", b"\xff", b"[" * 100_000):
        with pytest.raises(InvalidReport):
            decode_report(text)
