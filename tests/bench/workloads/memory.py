"""Memory of the process that serves, by reader and by session."""

import asyncio
import time
from typing import Final

from tests.bench.figures import Record, Workload
from tests.bench.stack import BROADCAST, CALLBACK, KAI, NCHAN, Stack, Target, new_id, resident
from tests.bench.streaming import Load, begin, ended, measured
from tests.bench.worker import Asked

READERS: Final = 1_000
SESSIONS: Final = 50
TOKENS: Final = 40  # of each session


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Every system once."""
    readers = 500 if quick else READERS
    for system in (KAI, CALLBACK) if quick else (KAI, CALLBACK, NCHAN, BROADCAST):
        await measured(
            record,
            f"{readers:,} readers, {SESSIONS} sessions",
            system,
            lambda system=system: memory(stack, system, readers),  # type: ignore[misc]
        )


async def memory(stack: Stack, system: str, readers: int) -> tuple[dict[str, float], list[str]]:
    """First sessions, then readers of one more."""
    await stack.worker(system)
    target = await (stack.target if system == NCHAN else stack.another)(system)
    figures = {"idle_mb": resident(target.processes) / 1e6}
    before = resident(target.processes)
    load = Load(TOKENS, rate=20, sessions=SESSIONS)
    ids = [new_id() for _ in range(SESSIONS)]
    wrong = await ended(await begin(stack, target, load, ids), 60)
    figures["session_kb"] = (resident(target.processes) - before) / 1_000 / SESSIONS
    figures["reader_kb"] = await of_readers(stack, target, readers) / 1_000
    return figures, wrong


async def of_readers(stack: Stack, target: Target, count: int) -> float:
    """Bytes of memory by reader, of one session that is under way."""
    session_id = new_id()
    asked = Asked(TOKENS, 20, at=time.time() + 4, url=target.url(session_id))
    before = resident(target.processes)
    handle = await stack.begin(target, session_id, asked)
    readers = await stack.readers(target, [(session_id, count)], TOKENS, limit=60)
    await asyncio.sleep(max(0, asked.at - time.time()) + 1)
    found = resident(target.processes) - before
    await readers.kill()
    await handle.terminate()
    await target.kill()
    return found / count


WORKLOAD: Final = Workload(
    "memory",
    f"Memory of the process that serves: with {SESSIONS} sessions of {TOKENS} events each that "
    "nobody reads, and then with all readers on one more.",
    ("idle_mb", "session_kb", "reader_kb"),
    run,
)
