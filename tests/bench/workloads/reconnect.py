"""Five hundred readers come back at once, after a kill of the bridge, beside a live session."""

import asyncio
from typing import Any, Final

from tests.bench.figures import Record, Workload
from tests.bench.stack import KAI, Stack, Target, peak
from tests.bench.streaming import Load, stream, told
from tests.bench.whole import Long, long_session

EVENTS: Final = 10_000
READERS: Final = 500
LIVE: Final = Load(tokens=200, rate=20)


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """A few times, each with a new bridge."""
    events, readers = (2_000, 200) if quick else (EVENTS, READERS)
    bridge = await stack.another(KAI)
    session = await long_session(stack, bridge, events)
    case = f"{readers} readers, {events:,} events each"
    for _ in range(1 if quick else 3):
        await bridge.kill()
        bridge = await stack.another(KAI)
        # one reader, who checks each event, tells which bytes are right
        careful = await told(await stack.readers(bridge, [(session.id, 1)], events, raw=True))
        wrong = list(careful["wrong"])
        if careful["checksums"] != [session.checksum]:
            wrong.append("the checksum of the first reader is another")
        await bridge.kill()
        bridge = await stack.another(KAI)
        live, found = await asyncio.gather(
            stream(stack, bridge, LIVE), return_at_once(stack, bridge, session, readers)
        )
        if found["raw_checksums"] != careful["raw_checksums"]:
            wrong.append("the checksum of some reader is another")
        figures = {
            "whole_p50_s": found["whole_p50"],
            "whole_last_s": found["whole_last"],
            "live_p50_ms": live.figures["p50_ms"],
            "live_p99_ms": live.figures["p99_ms"],
            "peak_mb": peak(bridge.processes) / 1e6,
        }
        record(case, KAI, figures, [*wrong, *found["wrong"], *live.wrong])
    await session.handle.terminate()
    await bridge.kill()


async def return_at_once(stack: Stack, bridge: Target, session: Long, readers: int) -> Any:
    """All readers, a few seconds after the live session has begun."""
    await asyncio.sleep(4)
    streams = [(session.id, readers)]
    return await told(
        await stack.readers(bridge, streams, session.tokens, limit=60, raw=True, bulk=True)
    )


WORKLOAD: Final = Workload(
    "reconnect",
    "The bridge is killed, and all readers of a session come back to a new one at once, each from "
    "the beginning; a live session of 20 events a second runs beside them. Checked by checksum.",
    ("whole_p50_s", "whole_last_s", "live_p50_ms", "live_p99_ms", "peak_mb"),
    run,
)
