"""After the kill of a bridge: a new one serves a reader who begins at the beginning."""

from typing import Final

from tests.bench.figures import Record, Workload
from tests.bench.stack import KAI, Stack, Target, peak
from tests.bench.streaming import found_by
from tests.bench.whole import Long, long_session

LENGTHS: Final = (10_000, 100_000)


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Both lengths, with the worker alive and dead."""
    for length in LENGTHS[: 1 if quick else 2]:
        bridge = await stack.another(KAI)
        session = await long_session(stack, bridge, length)
        for worker in ("worker alive", "worker dead"):
            if worker == "worker dead":
                await stack.kill_worker(KAI)
            for _ in range(1 if quick else 3):
                await bridge.kill()
                bridge = await stack.another(KAI)
                figures, wrong = await replay(stack, bridge, session)
                record(f"{length:,} events, {worker}", KAI, figures, wrong)
        await session.handle.terminate()
        await bridge.kill()


async def replay(stack: Stack, bridge: Target, session: Long) -> tuple[dict[str, float], list[str]]:
    """Read everything once."""
    before = stack.use(bridge)
    readers = await stack.readers(bridge, [(session.id, 1)], session.tokens, limit=60)
    found = await found_by(readers)
    use = stack.use(bridge) - before
    await readers.kill()
    wrong = list(found["wrong"])
    if not wrong and found["checksums"] != [session.checksum]:
        wrong = ["the checksum is another"]
    figures = {
        "seconds": found["whole_last"],
        "serving_s": use.serving,
        "peak_mb": peak(bridge.processes) / 1e6,
    }
    return figures, wrong


WORKLOAD: Final = Workload(
    "replay",
    "The bridge is killed, and a new one serves all events of a running session, which it reads "
    "from Temporal. Without the worker it cannot query the workflow.",
    ("seconds", "serving_s", "peak_mb"),
    run,
)
