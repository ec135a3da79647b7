"""What one event of a Temporal history records of the stream."""

from collections.abc import Callable, Mapping
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.common import RawValue

from kai_flow.stream.batches import decode_record, decode_signal
from kai_flow.stream.codec import decoded
from kai_flow.stream.errors import InvalidBatch, InvalidId
from kai_flow.stream.header import ProducerHeader, decode_header
from kai_flow.stream.recorded import EndStatus, Published, Scheduled, Spoken
from kai_flow.stream.run_start import header_json
from kai_flow.stream.wire_names import PRODUCER_HEADER, PUBLISH_EVENTS, VOICE_MEMO

CLOSES: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    }
)
"""The events that close a run."""

ENDS: Final[Mapping[int, EndStatus]] = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: "completed",
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: "failed",
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: "timed_out",
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: "cancelled",
}
"""The events that end an activity, and how."""


class Unreadable(Exception):
    """A signal is not JSON after the client's payload codec has decoded it.

    Its sender has encoded it with a codec that this client does not have.
    """

    def __init__(self, encoding: bytes) -> None:
        super().__init__(encoding.decode(errors="replace"))


async def published_in(
    client: Client, event: HistoryEvent, recall: Callable[[bytes], Published | None]
) -> Published | None:
    """The batches of a signal; None if it carries none that can be read.

    `recall` may know a signal by its document, which then needs no decoding. Raises Unreadable, and
    whatever the client's payload codec raises.
    """
    signal = event.workflow_execution_signaled_event_attributes
    if signal.signal_name != PUBLISH_EVENTS:
        return None
    if len(signal.input.payloads) != 1:  # the workflow refuses no value or several, too
        return None
    values = await client.data_converter.decode(signal.input.payloads, [RawValue])
    document = _json(values[0].payload)
    known = recall(document)
    if known is not None:
        return known
    try:
        return decode_signal(document)
    except InvalidBatch:
        return None


async def spoken_in(client: Client, event: HistoryEvent) -> Spoken | None:
    """What the workflow itself has published with this change of its memo; None if nothing.

    Raises CodecMissing, and whatever the client's payload codec raises.
    """
    memo = event.workflow_properties_modified_event_attributes.upserted_memo.fields
    if VOICE_MEMO not in memo:
        return None
    document = (await decoded(client, memo[VOICE_MEMO])).data
    try:
        return Spoken(decode_record(document))
    except InvalidBatch:
        return None


async def scheduled_in(client: Client, event: HistoryEvent) -> Scheduled | None:
    """The producer that begins with a scheduled activity; None if it has no number.

    Raises CodecMissing, and whatever the client's payload codec raises.
    """
    scheduled = event.activity_task_scheduled_event_attributes
    payload = scheduled.header.fields.get(PRODUCER_HEADER)
    if payload is None:
        return None
    try:
        header = decode_header(await header_json(client, payload))
    except InvalidId:
        return None
    if not isinstance(header, ProducerHeader):  # it was refused a number
        return None
    return Scheduled(
        header.producer, scheduled.activity_type.name, scheduled.activity_id, header.beside
    )


def sample_of(event: HistoryEvent) -> Payload | None:
    """A payload that the session's worker or caller has made; None if the event has none.

    It shows whether their client has a payload codec.
    """
    for payloads in (
        event.workflow_execution_started_event_attributes.input.payloads,
        event.activity_task_scheduled_event_attributes.input.payloads,
        event.activity_task_completed_event_attributes.result.payloads,
    ):
        if payloads:
            return payloads[0]
    return None


def _json(payload: Payload) -> bytes:
    encoding = payload.metadata.get("encoding", b"json/plain")
    if encoding != b"json/plain":
        raise Unreadable(encoding)
    return payload.data


def ended_activity(event: HistoryEvent) -> int:
    """The id of the event that scheduled the activity which this event ends; 0 if it ends none."""
    return (
        event.activity_task_completed_event_attributes.scheduled_event_id
        or event.activity_task_failed_event_attributes.scheduled_event_id
        or event.activity_task_timed_out_event_attributes.scheduled_event_id
        or event.activity_task_canceled_event_attributes.scheduled_event_id
    )


def next_run(event: HistoryEvent) -> str:
    """The run that follows by continue-as-new, a retry or a schedule on a close; else empty."""
    return (
        event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        or event.workflow_execution_failed_event_attributes.new_execution_run_id
        or event.workflow_execution_timed_out_event_attributes.new_execution_run_id
        or event.workflow_execution_completed_event_attributes.new_execution_run_id
    )
