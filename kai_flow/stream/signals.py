"""Sending signals into a session, and finding its batches again: the one place that knows how."""

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
from kai_flow.stream.names import PUBLISH_EVENTS

RPC_TIMEOUT: Final = timedelta(seconds=5)
PAGE_TIMEOUT: Final = timedelta(seconds=15)  # a page of a history has up to 4 MiB
LONG_POLL_TIMEOUT: Final = timedelta(seconds=60)  # the server answers a long poll after 20 s


class SessionClosed(Exception):
    """The run that a batch was meant for has ended (or never was): it cannot be stored."""


class SignalsRefused(ApplicationError):
    """The server takes no such signal, now or later: trying again is no use, for any sender.

    It has a limit of 10,000 signals for a run, which our own senders do not come near.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Temporal refuses the signals of this session for good ({why}): nothing more of it "
            "can be stored; start a new session",
            type="SignalsRefused",
            non_retryable=True,
        )


async def publish(client: Client, workflow_id: str, batch: Batch) -> None:
    """Signal one batch into exactly the run it is meant for.

    Returns when the server has it in the history. Raises SessionClosed or SignalsRefused, or
    RPCError when it is unknown whether it arrived: sending it again is harmless.
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
    """The batch that a history event carries; None for every other event."""
    signal = event.workflow_execution_signaled_event_attributes
    if signal.signal_name != PUBLISH_EVENTS:
        return None
    if len(signal.input.payloads) != 1:  # as the workflow has it: no value or several are garbage
        return None
    values = await client.data_converter.decode(signal.input.payloads, [RawValue])
    try:
        return decode_batch(values[0].payload.data)
    except InvalidBatch:
        return None
