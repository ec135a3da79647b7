"""One POST with one event, one after the other, by a client that does as little as possible."""

import statistics
from contextlib import AsyncExitStack
from typing import Final

from tests.bench.figures import Record, Workload
from tests.bench.lacking import Lacking
from tests.bench.posts import POSTS, PlainSession, Session
from tests.bench.stack import BROADCAST, CALLBACK, KAI, NCHAN, Stack, new_id
from tests.bench.streaming import measured
from tests.integration.stage import Play, stage_worker

QUEUE: Final = "bench-posts"


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Every system, in turn."""
    async with AsyncExitStack() as exits:
        await exits.enter_async_context(stage_worker(stack.client, QUEUE))
        for _ in range(1 if quick else 3):
            for system in (KAI, CALLBACK, NCHAN, BROADCAST):

                async def measure(system: str = system) -> tuple[dict[str, float], list[str]]:
                    return round_of(await session(stack, system)), []

                await measured(record, "a POST", system, measure)


async def session(stack: Stack, system: str) -> PlainSession:
    """A session and its producer; ours is one that runs in Temporal."""
    target = await stack.target(system)
    if target.program is None or system != KAI:
        return PlainSession(new_id(), target.processes, target.port)
    handle = await stack.client.start_workflow("Stage", id=new_id(), task_queue=QUEUE)
    play = Play(stack.client, handle, f"http://127.0.0.1:{target.port}")
    await play.act()
    return Session(play, target.processes, target.port)


def round_of(session: PlainSession) -> dict[str, float]:
    """Measure one round of POSTs, after one that is not measured."""
    try:
        session.post()
        session.seconds.clear()
        session.round()
    except AssertionError as error:
        raise Lacking(f"a POST was refused: {error}") from None
    cuts = statistics.quantiles(session.seconds, n=100)
    return {
        "post_p50_ms": cuts[49] * 1_000,
        "post_p99_ms": cuts[98] * 1_000,
        "post_cpu_us": session.cpu[-1] * 1e6,
    }


WORKLOAD: Final = Workload(
    "posts",
    f"{POSTS:,} POSTs of one event each over one connection, one after the other, of a session "
    "that nobody reads.",
    ("post_p50_ms", "post_p99_ms", "post_cpu_us"),
    run,
    ratio="post_p50_ms",
)
