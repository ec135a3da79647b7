"""Paced sessions with readers: what most workloads measure, once."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from tests.bench.figures import Record
from tests.bench.lacking import Lacking
from tests.bench.stack import Stack, Target, new_id, soon
from tests.bench.worker import Asked
from tests.integration.programs import Program

PATIENCE: Final = 45.0  # seconds beyond what a load takes; then it counts as lost


@dataclass(frozen=True)
class Load:
    """What one measurement does."""

    tokens: int  # of each session
    rate: float  # a second
    readers: int = 1  # of each session
    sessions: int = 1
    producers: int = 1  # of each session


@dataclass(frozen=True)
class Measured:
    """What came of it."""

    figures: dict[str, float]
    wrong: list[str]
    handles: list[WorkflowHandle[Any, Any]]


async def stream(
    stack: Stack, target: Target, load: Load, posts_to: Target | None = None
) -> Measured:
    """Run the sessions of a load; `posts_to` is where events are POSTed, if it is elsewhere."""
    ids = [new_id() for _ in range(load.sessions)]
    streams = [(session_id, load.readers) for session_id in ids]
    limit = load.tokens / (load.rate or 5_000) + PATIENCE
    await stack.worker(target.name)
    if target.port:
        readers = await stack.readers(target, streams, load.tokens, limit)
        first = soon(load.sessions)
        handles = await begin(stack, target, load, ids, posts_to, first)
    else:  # a reader polls a workflow, which has to be there
        first = soon(load.sessions) + 2.5
        handles = await begin(stack, target, load, ids, posts_to, first)
        readers = await stack.readers(target, streams, load.tokens, limit)
    await asyncio.sleep(max(0, first - time.time()))  # CPU time counts from the first token on
    before = stack.use(target)
    found = await found_by(readers)
    use = stack.use(target) - before
    await readers.kill()
    wrong = list(found["wrong"]) + await ended(handles)
    deliveries = max(1, found["received"])
    everything = use.serving + use.worker + use.temporal
    figures = {
        "p50_ms": found["p50"] * 1_000,
        "p99_ms": found["p99"] * 1_000,
        "all_cpu_us": everything * 1e6 / deliveries,
        "per_second": found["received"] / (found["seconds"] or 1),
        "seconds": found["seconds"],
    }
    if target.port:
        figures["cpu_us"] = use.serving * 1e6 / deliveries
    return Measured(figures, wrong, handles)


async def begin(
    stack: Stack,
    target: Target,
    load: Load,
    ids: Sequence[str],
    posts_to: Target | None = None,
    first: float = 0,
) -> list[WorkflowHandle[Any, Any]]:
    """Start all sessions; those of a paced load take turns within the time of one token."""
    await stack.worker(target.name)
    first = first or soon(load.sessions)
    apart = 1 / load.rate / load.sessions if load.rate else 0
    return list(
        await asyncio.gather(
            *(
                stack.begin(
                    target,
                    session_id,
                    Asked(
                        load.tokens,
                        load.rate,
                        at=first + apart * turn,
                        url=(posts_to or target).url(session_id),
                        producers=load.producers,
                    ),
                )
                for turn, session_id in enumerate(ids)
            )
        )
    )


async def told(readers: Program) -> Any:
    """What readers found; they have left then."""
    found = await found_by(readers)
    await readers.kill()
    return found


async def found_by(readers: Program) -> Any:
    """What readers found; they are still connected. Raises Lacking."""
    assert readers.process.stdout is not None
    line = await readers.process.stdout.readline()
    if not line:
        raise Lacking(f"the readers broke: {readers.errors.read_text()[-500:]}")
    return json.loads(line)


async def ended(
    handles: Sequence[WorkflowHandle[Any, Any]], seconds: float = PATIENCE
) -> list[str]:
    """Wait for the ends of sessions; what went wrong with some."""

    async def end(handle: WorkflowHandle[Any, Any]) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                await handle.result()
        except Exception as error:  # noqa: BLE001  (a session that breaks is a finding)
            with suppress(RPCError):
                await handle.terminate()
            return f"a session did not end: {type(error).__name__} {error}".strip()
        return None

    found = await asyncio.gather(*(end(handle) for handle in handles))
    return [wrong for wrong in found if wrong][:1]


Measure = Callable[[], Awaitable[tuple[dict[str, float], list[str]]]]


async def measured(record: Record, case: str, system: str, measure: Measure) -> None:
    """Measure once, and record it, or why it cannot be."""
    try:
        figures, wrong = await measure()
    except Lacking as lacking:
        record(case, system, {}, [str(lacking)])
    else:
        record(case, system, figures, wrong)


async def rounds(
    stack: Stack,
    record: Record,
    cases: Sequence[tuple[str, Load, Sequence[str]]],
    count: int,
) -> None:
    """Measure cases (name, load, systems) in interleaved rounds."""
    for _ in range(count):
        for case, load, systems in cases:
            for system in systems:

                async def measure(
                    system: str = system, load: Load = load
                ) -> tuple[dict[str, float], list[str]]:
                    found = await stream(stack, await stack.target(system), load)
                    return found.figures, found.wrong

                await measured(record, case, system, measure)
