"""Many sessions at once: one worker, one server, one reader for each session."""

from typing import Final

from tests.bench.figures import Record, Workload, count
from tests.bench.stack import CALLBACK, KAI, STREAMS, Stack
from tests.bench.streaming import Load, rounds

RATE: Final = 20
SECONDS: Final = 4
SESSIONS: Final = (1, 10, 30, 100)


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Every system in every case."""
    seconds = 3 if quick else SECONDS
    await rounds(
        stack,
        record,
        [
            (
                f"{count(sessions, 'session')} × {RATE}/s",
                Load(RATE * seconds, RATE, sessions=sessions),
                (KAI, CALLBACK, STREAMS),
            )
            for sessions in ((30,) if quick else SESSIONS)
        ],
        1 if quick else 3,
    )


WORKLOAD: Final = Workload(
    "sessions",
    "Sessions at once in one worker, each with one reader.",
    ("p50_ms", "p99_ms", "cpu_us", "all_cpu_us"),
    run,
    ratio="p50_ms",
    plots=("p50_ms",),
)
