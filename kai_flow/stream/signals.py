"""Signals a batch into a session, and finds batches in a history."""

from datetime import timedelta
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.batches import Batch, decode_batch, encode_batch
from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.wire_names import PUBLISH_EVENTS

RPC_TIMEOUT: Final = timedelta(seconds=5)
PAGE_TIMEOUT: Final = timedelta(seconds=15)  # a page of a history may have 4 MiB
LONG_POLL_TIMEOUT: Final = timedelta(seconds=60)  # the server answers a long poll after 20 s


class SessionClosed(Exception):
    """The run that a batch is meant for has ended or never existed: the batch cannot be stored."""


class SignalsRefused(ApplicationError):
    """The server refuses the signals of this session for good: no sender's retry would help.

    It accepts 10,000 signals for a run. The senders of this library stay far below that.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Temporal refuses the signals of this session for good ({why}): nothing more of it "
            "can be stored; start a new session",
            type="SignalsRefused",
            non_retryable=True,
        )


async def publish(client: Client, workflow_id: str, batch: Batch) -> None:
    """Signal one batch into exactly the run that it is meant for.

    Returns when the server has stored it in the history. Raises SessionClosed or SignalsRefused
    when it never can, and RPCError when it is unknown whether it arrived: sending it again is then
    harmless, because the fold drops duplicates. A payload codec may raise anything.
    """
    handle = client.get_workflow_handle(workflow_id, run_id=batch.run_id)
    payload = Payload(metadata={"encoding": b"json/plain"}, data=encode_batch(batch))
    try:
        await handle.signal(PUBLISH_EVENTS, RawValue(payload), rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise SessionClosed(error.message) from None
        if error.status == RPCStatusCode.INVALID_ARGUMENT:  # "exceeded … limit for signal events"
            raise SignalsRefused(error.message) from None
        raise


async def batch_in(client: Client, event: HistoryEvent) -> Batch | None:
    """The batch that a history event carries; None if it carries none that can be read.

    Raises whatever the client's payload codec raises.
    """
    signal = event.workflow_execution_signaled_event_attributes
    if signal.signal_name != PUBLISH_EVENTS:
        return None
    if len(signal.input.payloads) != 1:  # the workflow refuses no value or several, too
        return None
    values = await client.data_converter.decode(signal.input.payloads, [RawValue])
    try:
        return decode_batch(values[0].payload.data)
    except InvalidBatch:
        return None
