"""What a session costs in Temporal: counted, whoever reads and however many write."""

import asyncio
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from tests.bench.figures import Record, Workload, count
from tests.bench.stack import KAI, STREAMS, Stack, new_id
from tests.bench.streaming import PATIENCE, Load, begin, ended, measured, stream

RATE: Final = 100
OURS: Final = ((0, 1), (1, 1), (10, 1), (50, 1), (1, 8))  # readers, producers
THEIRS: Final = (1, 10)  # readers


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Ours all at once, for what is counted does not depend on the time that it takes."""
    tokens = 300 if quick else 1_000
    await stack.target(KAI)
    await stack.worker(KAI)
    ours = [Load(tokens, RATE, readers, producers=producers) for readers, producers in OURS]
    theirs = [Load(tokens, RATE, readers) for readers in THEIRS]
    found = await asyncio.gather(*(cost(stack, KAI, load) for load in ours))
    for load, (figures, wrong) in zip(ours, found, strict=True):
        record(case(load), KAI, figures, wrong)
    for load in theirs:
        await measured(record, case(load), STREAMS, lambda load=load: cost(stack, STREAMS, load))  # type: ignore[misc]


def case(load: Load) -> str:
    """Its name."""
    return f"{count(load.readers, 'reader')}, {count(load.producers, 'writer')}"


async def cost(stack: Stack, system: str, load: Load) -> tuple[dict[str, float], list[str]]:
    """Run one session, and count."""
    target = await stack.target(system)
    if load.readers:
        found = await stream(stack, target, load)
        handles, wrong = found.handles, found.wrong
    else:
        handles = await begin(stack, target, load, [new_id()])
        wrong = await ended(handles, load.tokens / load.rate + PATIENCE)
    return await counted(handles[0]), wrong


async def counted(handle: WorkflowHandle[Any, Any]) -> dict[str, float]:
    """What is in the history of one session."""
    info = (await handle.describe()).raw_description.workflow_execution_info
    signals = 0
    async for event in handle.fetch_history_events():
        signals += event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    return {
        "signals": signals,
        "history_events": info.history_length,
        "history_kb": info.history_size_bytes / 1_000,
    }


WORKLOAD: Final = Workload(
    "cost",
    f"1,000 events of one session, {RATE} a second, by the number of its readers and of the "
    "activities that write at once.",
    ("signals", "history_events", "history_kb"),
    run,
    ratio="history_events",
)
