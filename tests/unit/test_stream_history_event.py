"""One event of a history: what it records of the stream, and that anything else is no mistake."""

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent

from kai_flow.stream.batches import Batch, encode_record, encode_signal
from kai_flow.stream.header import ProducerHeader, Refused, encode_header
from kai_flow.stream.history_event import (
    CLOSES,
    ENDS,
    ended_activity,
    next_run,
    published_in,
    scheduled_in,
    spoken_in,
)
from kai_flow.stream.ids import EventId
from kai_flow.stream.recorded import Published, Scheduled, Spoken
from kai_flow.stream.wire_names import PRODUCER_HEADER, PUBLISH_EVENTS, VOICE_MEMO
from tests.property.strategies import run_of
from tests.unit.temporal_stage import RUN_ID, TemporalStage, in_virtual_time

PUBLISHED = Published(RUN_ID, (Batch(run_of(EventId(1, 1, 1), 2)),))
SIGNAL = encode_signal(*PUBLISHED)


def forgotten(_document: bytes) -> Published | None:
    """This process has sent no signal."""
    return None


def payload(document: bytes) -> Payload:
    """A value as the default converter stores it."""
    return Payload(metadata={"encoding": b"json/plain"}, data=document)


def signalled(name: str, *documents: bytes) -> HistoryEvent:
    """A signal with these values."""
    event = HistoryEvent()
    signal = event.workflow_execution_signaled_event_attributes
    signal.signal_name = name
    signal.input.payloads.extend(map(payload, documents))
    return event


def scheduled(header: bytes | None) -> HistoryEvent:
    """An activity is scheduled with this number."""
    event = HistoryEvent()
    attributes = event.activity_task_scheduled_event_attributes
    attributes.activity_id, attributes.activity_type.name = "7", "search"
    if header is not None:
        attributes.header.fields[PRODUCER_HEADER].CopyFrom(payload(header))
    return event


def memo(field: str, document: bytes) -> HistoryEvent:
    """The workflow has changed a field of its memo."""
    event = HistoryEvent()
    fields = event.workflow_properties_modified_event_attributes.upserted_memo.fields
    fields[field].CopyFrom(payload(document))
    return event


@in_virtual_time
async def test_a_signal_has_its_batches() -> None:
    """As they were sent."""
    event = signalled(PUBLISH_EVENTS, SIGNAL)
    assert await published_in(TemporalStage().client, event, forgotten) == PUBLISHED


@in_virtual_time
async def test_a_signal_that_is_known_is_not_decoded() -> None:
    """A process that has sent it gets the very batches back."""
    known = Published("known", ())
    event = signalled(PUBLISH_EVENTS, b"whatever it sent")
    found = await published_in(TemporalStage().client, event, {b"whatever it sent": known}.get)
    assert found is known


@pytest.mark.parametrize(
    "event",
    [
        signalled("approve", SIGNAL),
        signalled(PUBLISH_EVENTS),
        signalled(PUBLISH_EVENTS, SIGNAL, SIGNAL),
        signalled(PUBLISH_EVENTS, b'{"v":2}'),
        HistoryEvent(),
    ],
)
@in_virtual_time
async def test_other_signals_have_nothing(event: HistoryEvent) -> None:
    """The user's own, and what the workflow refuses as well."""
    assert await published_in(TemporalStage().client, event, forgotten) is None


@in_virtual_time
async def test_a_record_has_what_the_workflow_has_published() -> None:
    """Other fields of the memo are the user's, and what cannot be read is nothing."""
    client, spoken = TemporalStage().client, Batch(run_of(EventId(0, 1, 4), 2))
    record = encode_record(spoken.events)
    assert await spoken_in(client, memo(VOICE_MEMO, record)) == Spoken(spoken)
    assert await spoken_in(client, memo("notes", record)) is None
    assert await spoken_in(client, memo(VOICE_MEMO, b"null")) is None
    assert await spoken_in(client, HistoryEvent()) is None


@in_virtual_time
async def test_an_activity_with_a_number_is_a_mark() -> None:
    """It names the producer, its activity and those beside it."""
    header = encode_header(ProducerHeader(4, frozenset({2}), RUN_ID))
    mark = await scheduled_in(TemporalStage().client, scheduled(header))
    assert mark == Scheduled(4, "search", "7", frozenset({2}))


@pytest.mark.parametrize("header", [None, encode_header(Refused("too_many_beside")), b"{}"])
@in_virtual_time
async def test_an_activity_without_a_number_is_no_mark(header: bytes | None) -> None:
    """Of a workflow without the plugin, or one activity too many at once, or nonsense."""
    assert await scheduled_in(TemporalStage().client, scheduled(header)) is None


@in_virtual_time
async def test_what_the_codec_raises_is_not_swallowed() -> None:
    """The page is read again later: what could not be decoded must not count as nothing."""
    stage = TemporalStage()
    stage.break_codec(ValueError("no key"))
    with pytest.raises(ValueError, match="no key"):
        await published_in(stage.client, signalled(PUBLISH_EVENTS, SIGNAL), forgotten)
    with pytest.raises(ValueError, match="no key"):
        await spoken_in(stage.client, memo(VOICE_MEMO, b""))


@pytest.mark.parametrize("how", ["completed", "failed", "timed_out", "canceled"])
def test_an_end_names_the_event_that_scheduled_its_activity(how: str) -> None:
    """Whatever the end is; an end of anything else names none."""
    event = HistoryEvent()
    getattr(event, f"activity_task_{how}_event_attributes").scheduled_event_id = 5
    assert ended_activity(event) == 5
    assert ended_activity(HistoryEvent()) == 0
    assert set(ENDS.values()) == {"completed", "failed", "timed_out", "cancelled"}


@pytest.mark.parametrize("how", ["continued_as_new", "failed", "timed_out", "completed"])
def test_a_close_names_the_run_that_follows(how: str) -> None:
    """After a continue-as-new, a retry, or for a schedule."""
    event = HistoryEvent()
    attributes = getattr(event, f"workflow_execution_{how}_event_attributes")
    attributes.new_execution_run_id = "next"
    assert next_run(event) == "next"
    assert next_run(HistoryEvent()) == ""
    assert not CLOSES & ENDS.keys()
