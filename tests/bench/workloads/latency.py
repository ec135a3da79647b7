"""From the agent to the readers of one session, beside what else could serve them."""

from typing import Final

from tests.bench.figures import Record, Workload, count
from tests.bench.stack import BROADCAST, CALLBACK, KAI, NCHAN, STREAMS, STREAMS_20, Stack
from tests.bench.streaming import Load, rounds

SECONDS: Final = 3
PACES: Final = ((1, 100), (10, 50), (100, 50), (500, 20), (2_000, 10))  # readers, events a second
QUICK: Final = ((1, 100), (500, 20))
STREAMABLE: Final = 10  # readers: more, Workflow Streams does not carry


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Every system in every case."""
    seconds = 2 if quick else SECONDS
    streams = (STREAMS,) if quick else (STREAMS, STREAMS_20)
    await rounds(
        stack,
        record,
        [
            (
                f"{count(readers, 'reader')} × {rate}/s",
                Load(rate * seconds, rate, readers),
                (
                    KAI,
                    *(streams if readers <= STREAMABLE else ()),
                    CALLBACK,
                    NCHAN,
                    BROADCAST,
                ),
            )
            for readers, rate in (QUICK if quick else PACES)
        ],
        1 if quick else 3,
    )


WORKLOAD: Final = Workload(
    "latency",
    "One session, and all its readers on one server.",
    ("p50_ms", "p99_ms", "cpu_us", "all_cpu_us"),
    run,
    ratio="p50_ms",
    plots=("p50_ms", "cpu_us"),
)
