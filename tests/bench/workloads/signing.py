"""What signatures of POSTs and answers cost."""

from typing import Final

from tests.bench.figures import Record, Workload
from tests.bench.stack import KAI, SIGNED, Stack
from tests.bench.streaming import Load, rounds

RATE: Final = 20
SECONDS: Final = 8


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """With and without keys, by turns."""
    load = Load(RATE * (3 if quick else SECONDS), RATE, sessions=30)
    await rounds(stack, record, [("30 sessions × 20/s", load, (KAI, SIGNED))], 1 if quick else 5)


WORKLOAD: Final = Workload(
    "signing",
    "Sessions at once in one worker, with signed POSTs and answers (one key) and without.",
    ("p50_ms", "p99_ms", "cpu_us", "all_cpu_us"),
    run,
    ratio="all_cpu_us",
)
