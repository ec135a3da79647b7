"""Long sessions that have been streamed, stay open, and can be read back."""

from dataclasses import dataclass
from typing import Any, Final

from temporalio.client import WorkflowHandle

from tests.bench.lacking import Lacking
from tests.bench.stack import Stack, Target, new_id
from tests.bench.streaming import told
from tests.bench.worker import Asked
from tests.integration.waiting import eventually

LINGER: Final = 170  # seconds


@dataclass(frozen=True)
class Long:
    """One such session."""

    id: str
    tokens: int
    checksum: int  # of what its first reader has received
    handle: WorkflowHandle[Any, Any]


async def long_session(stack: Stack, bridge: Target, tokens: int) -> Long:
    """Stream so many events as fast as it goes; returns when all are durable."""
    session_id = new_id()
    await stack.worker(bridge.name)
    readers = await stack.readers(bridge, [(session_id, 1)], tokens, limit=60)
    asked = Asked(tokens, linger=LINGER, url=bridge.url(session_id))
    handle = await stack.begin(bridge, session_id, asked)
    found = await told(readers)
    if found["wrong"]:
        raise Lacking(f"a session of {tokens:,} events is not whole: {found['wrong'][0]}")

    async def durable() -> bool:  # an activity ends when its last event is
        return not (await handle.describe()).raw_description.pending_activities

    await eventually(durable)
    return Long(session_id, tokens, found["checksums"][0], handle)
