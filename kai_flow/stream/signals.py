"""Signals the batches of a session's producers into its run, and recognises them when read back."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.batches import Batch, encode_signal
from kai_flow.stream.recorded import Published
from kai_flow.stream.wire_names import PUBLISH_EVENTS

RPC_TIMEOUT: Final = timedelta(seconds=5)
PAGE_TIMEOUT: Final = timedelta(seconds=15)  # a page of a history may have 4 MiB
LONG_POLL_TIMEOUT: Final = timedelta(seconds=60)  # the server answers a long poll after 20 s

_REMEMBERED: Final = 4  # signals of one session; there is one in flight at a time


class SessionClosed(Exception):
    """The run that a signal is meant for has ended or never existed: it cannot be stored."""


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


class SentSignals:
    """The newest signals that this process sent into one session.

    A bridge reads its own signals back from the history. Decoding them would cost more than all
    else that it does with them, and would make a second copy of every event. So a document that is
    equal to one sent is answered with the batches it was made of.
    """

    def __init__(self) -> None:
        self._sent: OrderedDict[bytes, Published] = OrderedDict()

    def remember(self, document: bytes, published: Published) -> None:
        """Keep a signal that is about to be sent; the oldest leaves."""
        self._sent[document] = published
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    def recall(self, document: bytes) -> Published | None:
        """The signal with this document, which is kept no longer; None: it is another sender's."""
        return self._sent.pop(document, None)


async def publish(
    client: Client,
    workflow_id: str,
    run_id: str,
    batches: Sequence[Batch],
    sent: SentSignals | None = None,
) -> None:
    """Signal batches, at most one of each producer, into exactly the run that they are meant for.

    Returns when the server has stored them in the history. Raises SessionClosed or SignalsRefused
    when it never can, and RPCError when it is unknown whether they arrived: sending them again is
    then harmless, because the fold drops duplicates. A payload codec may raise anything.

    `sent` remembers the signal, for a RunHistory that reads the same run.
    """
    published = Published(run_id, tuple(batches))
    document = encode_signal(*published)
    if sent is not None:  # before it is sent: it may be read back before the call returns
        sent.remember(document, published)
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    payload = Payload(metadata={"encoding": b"json/plain"}, data=document)
    try:
        await handle.signal(PUBLISH_EVENTS, RawValue(payload), rpc_timeout=RPC_TIMEOUT)
    except BaseException as error:
        if sent is not None:  # it may have arrived; then it costs a decoding
            sent.recall(document)
        if not isinstance(error, RPCError):
            raise
        if error.status == RPCStatusCode.NOT_FOUND:
            raise SessionClosed(error.message) from None
        if error.status == RPCStatusCode.INVALID_ARGUMENT:  # "exceeded … limit for signal events"
            raise SignalsRefused(error.message) from None
        raise
