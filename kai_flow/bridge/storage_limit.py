"""Limits how much a run stores, because the server terminates a run that stores too much.

The server terminates a run whose history reaches 50 MiB. Our producers stop storing at 32 MiB by
themselves (see `stream.storage`); other senders need not, and anyone who can reach the bridge can
POST.
"""

import logging
from typing import Final

from temporalio.client import Client

from kai_flow.stream.log_fields import about
from kai_flow.stream.run import Run, describe
from kai_flow.stream.storage import MAX_STORED_BYTES

log = logging.getLogger(__name__)

BESIDE_BYTES: Final = 4 * 1024 * 1024  # of a history, in addition to our producers' events
ASK_BYTES: Final = 2 * 1024 * 1024  # signalled before the server is asked for the size again


class StorageLimit:
    """The size of one run's history: the server's figure, and what was signalled since."""

    def __init__(self, client: Client, session_id: str, run: Run) -> None:
        self.full = False  # for good, because a history never shrinks
        self._client = client
        self._session_id = session_id
        self._run_id = run.run_id
        self._history = run.history_bytes
        self._signalled = 0  # bytes since that figure, whether or not they have arrived

    async def admits(self, size: int) -> bool:
        """Whether a batch of `size` bytes may be signalled. If so, it counts. Raises RPCError."""
        if self._signalled + size > ASK_BYTES:
            description = await describe(self._client, self._session_id, self._run_id)
            self._history = description.workflow_execution_info.history_size_bytes
            self._signalled = 0
        if self._history + self._signalled + size > MAX_STORED_BYTES + BESIDE_BYTES:
            self.full = True
            log.warning(
                "session %s stores %d bytes: nothing more is signalled. Its producer should have "
                "ended what it stores with an event of the type 'unstored' (§6.15 of the protocol)",
                self._session_id, self._history + self._signalled,
                extra=about("storage_full", self._session_id),
            )  # fmt: skip
            return False
        self._signalled += size
        return True
