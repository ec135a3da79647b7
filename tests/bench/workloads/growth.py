"""How a session grows with its length: an agent that never pauses, and one reader."""

from typing import Final

from tests.bench.figures import Record, Workload
from tests.bench.stack import KAI, STREAMS, Stack
from tests.bench.streaming import Load, stream
from tests.bench.workloads.cost import counted

LENGTHS: Final = (100, 1_000, 10_000, 100_000)
STREAMABLE: Final = 1_000  # more may not fit into one message: its client sends all at once


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """From short to long."""
    for length in LENGTHS[: 3 if quick else 4]:
        for system in (KAI, *((STREAMS,) if length <= STREAMABLE else ())):
            found = await stream(stack, await stack.target(system), Load(length, rate=0))
            figures = {key: found.figures[key] for key in ("seconds", "per_second")}
            record(
                f"{length:,} events",
                system,
                figures | await counted(found.handles[0]),
                found.wrong,
            )


WORKLOAD: Final = Workload(
    "growth",
    "One session of an agent that never pauses, by its length; one reader.",
    ("seconds", "per_second", "signals", "history_events", "history_kb"),
    run,
    plots=("history_kb",),
)
