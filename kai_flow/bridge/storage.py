"""How much a run has stored, so that no sender makes its server terminate it.

The server terminates a run whose history has 50 MiB. A producer of ours stops at 32 MiB by itself
(see `outbox`); whoever else can POST may not.
"""

import logging
from typing import Final

from temporalio.client import Client

from kai_flow.stream.outbox import MAX_STORED_BYTES
from kai_flow.stream.run import Run, describe

log = logging.getLogger(__name__)

BESIDE_BYTES: Final = 4 * 1024 * 1024  # what a history may have beside the events of our producers
ASK_BYTES: Final = 2 * 1024 * 1024  # signalled before the server is asked how large it is by now


class Storage:
    """What the history of one run has, as its server says, and what was signalled since."""

    def __init__(self, client: Client, session_id: str, run: Run) -> None:
        self.full = False  # nothing more may be stored; a history never shrinks
        self._client = client
        self._session_id = session_id
        self._run_id = run.run_id
        self._history = run.history_bytes
        self._signalled = 0  # since the server said so, whether or not it has arrived

    async def admits(self, size: int) -> bool:
        """Whether a batch of so many bytes may be signalled; it then counts. Raises RPCError."""
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
            )  # fmt: skip
            return False
        self._signalled += size
        return True
