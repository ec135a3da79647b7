"""Two bridges: the producer POSTs to one, the reader is on the same or on the other."""

from typing import Final

from tests.bench.figures import Record, Workload
from tests.bench.stack import KAI, Stack
from tests.bench.streaming import Load, stream

LOAD: Final = Load(tokens=400, rate=100)


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Both cases, in turn."""
    first, second = await stack.target(KAI), await stack.another(KAI)
    for _ in range(1 if quick else 3):
        for case, target in (("on the same bridge", first), ("on another bridge", second)):
            found = await stream(stack, target, LOAD, posts_to=first)
            record(case, KAI, found.figures, found.wrong)


WORKLOAD: Final = Workload(
    "bridges",
    "One session of 100 events a second; its reader is on the bridge that gets the POSTs, or on "
    "another one, which reads the history.",
    ("p50_ms", "p99_ms"),
    run,
)
