"""A session of many producers (`tests.chaos.voices`), and what its readers must see of it.

The oracle is what the agents and the workflow have written down themselves. The history decides
only how much counts of activities that the workflow has given up.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from kai_flow.stream import EventId, read_history
from kai_flow.stream.place import NOWHERE, from_ranges
from tests.chaos.sessions import PROCESSES, Session
from tests.chaos.voices import Part, Score
from tests.integration.subscriber import Seen
from tests.integration.waiting import eventually

WIDTH: Final = 8  # activities at once
SIGNAL_SECONDS: Final = 40.0  # for a signal, while the server is down


@dataclass
class Held:
    """What a reader holds after what it has seen so far."""

    events: defaultdict[int, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    told: dict[int, str] = field(default_factory=dict)
    """How producers have ended."""

    def take(self, one: Seen) -> None:
        """One event or notice more: a retry and `superseded` take back what was shown before."""
        match one.event:
            case {"type": "superseded", "producer": producer, "after": after}:
                last = tuple(map(int, after.split(".")))
                events = self.events[producer]
                self.events[producer] = [kept for kept in events if kept.place <= last]
            case {"type": "ended", "producer": producer, "status": status}:
                self.told[producer] = status
            case _:
                producer, attempt, seq = one.place
                events = self.events[producer]
                if events and events[-1].place[1] < attempt:
                    events.clear()
                assert seq == len(events) + 1, f"{one.id} is not the next event"
                events.append(one)
                self.told.pop(producer, None)


@dataclass
class Choir(Session):
    """A session with WIDTH activities at once, four readers, and events of its workflow."""

    stored: defaultdict[int, list[EventId]] = field(default_factory=lambda: defaultdict(list))
    """What counts of each producer, when the session has ended."""

    readers: ClassVar[int] = 2 * PROCESSES
    lively: ClassVar[int] = 60

    async def stop(self) -> None:
        await self.signal("finish")

    async def turn(self, how: str) -> None:
        """Let it continue as new (see `Voices.turn`); returns as soon as it has.

        With `brink` it breaks its activities off, and this returns before it has.
        """
        before = (await self._newest.describe()).run_id
        await self.signal("turn", "break" if how == "brink" else how)
        if how != "brink":
            await eventually(partial(self._is_past, before))

    async def _is_past(self, run_id: str) -> bool:
        return (await self._newest.describe()).run_id != run_id

    async def signal(self, name: str, *args: str) -> None:
        """Signal its newest run; twice does no harm."""
        async with asyncio.timeout(SIGNAL_SECONDS):
            while True:
                with contextlib.suppress(RPCError):
                    return await self._newest.signal(name, args=args)
                await asyncio.sleep(0.2)

    @property
    def _newest(self) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(self.id)

    @property
    def _client(self) -> Client:
        return self.handle._client

    async def look_up(self) -> None:
        """Read the ids of each producer from the history."""
        stream = await read_history(self._client, self.id)
        place, more = NOWHERE, True
        while more:
            part = stream.read(place, 2**20)
            assert part.gap is None
            for event in part.events:
                self.stored[event.id.producer].append(event.id)
            place, more = part.next, part.has_more

    def log(self, producer: int, attempt: int) -> list[Any]:
        """What the agent of that attempt has sent."""
        log = self.folder / f"{self.id}.{producer}.{attempt}.log"
        text = log.read_text() if log.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def figures(self, result: Any) -> dict[str, int]:
        attempts = [part["attempt"] for part in result["parts"]]
        return {
            "runs": result["runs"],
            "producers": len(attempts),
            "retried": sum(attempt > 1 for attempt in attempts),
            "given up": attempts.count(0),
        }

    def check(self, seen: Sequence[Seen], result: Any) -> None:
        """Everything of each producer, no effect before its cause, and then `done`."""
        score = Score(**{**result, "parts": [Part(**part) for part in result["parts"]]})
        *told, done = (one for one in seen if one.type != "status")
        assert (done.id, done.event) == (
            f"end@{self.incarnation}",
            {"type": "done", "result": result},
        )
        held = self._held(told, score)
        for producer in {*held.events, *self.stored}:
            assert [one.place for one in held.events[producer]] == self.stored[producer]
        assert [one.event["text"] for one in held.events.pop(0)] == score.said
        for producer, events in held.events.items():
            self._check_producer(score.parts[producer - 1], events)
        for producer, part in enumerate(score.parts, 1):
            ends = held.told.get(producer)
            if part.kind != "silent" and part.attempt:
                assert len(held.events[producer]) == part.events + 1
                assert ends == "completed"
            assert bool(ends) == bool(held.events[producer]), f"{producer} has ended: {ends}"

    def _held(self, told: Sequence[Seen], score: Score) -> Held:
        """What is held in the end; fails when a cause comes after its effect, or twice."""
        held, begun, ids = Held(), set[int](), set[str]()
        for one in told:
            if one.id is None:
                assert one.type in ("ended", "superseded"), one
                withdrawn = one.type == "superseded"
                assert not withdrawn or not score.parts[one.event["producer"] - 1].attempt, one
            else:
                assert one.id.endswith(f"@{self.incarnation}")
                assert one.id.count(",") <= score.width, f"{one.id} is long"
                assert one.own_id not in ids, f"{one.id} comes twice"
                ids.add(one.own_id)
                producer = one.place[0]
                if producer and producer not in begun:
                    self._check_causes(producer, score.parts[producer - 1], held)
                    begun.add(producer)
                over = [p for p in begun if p > producer > 0 and producer not in _beside(p, score)]
                assert not over, f"{one.id} comes after the first event of {over}"
            held.take(one)
        return held

    def _check_causes(self, producer: int, part: Part, held: Held) -> None:
        assert len(held.events[0]) >= part.spoken, f"{producer} begins before it was announced"
        lower = {p for p, events in held.events.items() if 0 < p < producer and events}
        open_ = lower - set(part.beside) - set(held.told)
        assert not open_, f"{producer} begins before {open_} have ended"

    def _check_producer(self, part: Part, events: Sequence[Seen]) -> None:
        if not events:
            return
        producer, attempt, _ = events[0].place
        started = events[0].event
        assert (started["type"], started["producer"], started["attempt"]) == (
            "started",
            producer,
            attempt,
        )
        assert from_ranges(started["beside"], producer) == set(part.beside)
        made = self.log(producer, attempt)
        if part.attempt:
            assert attempt == part.attempt
            assert len(made) == part.events
        elif events[-1].type == "attempt_failed":
            made = [*made[: len(events) - 2], events[-1].event]
        assert [one.event for one in events[1:]] == made[: len(events) - 1]


def _beside(producer: int, score: Score) -> list[int]:
    return score.parts[producer - 1].beside


async def begin_choir(
    client: Client, queue: str, folder: Path, session_id: str, seed: int
) -> Choir:
    """Start a session of many producers."""
    handle = await client.start_workflow(
        "Voices", Score(seed, WIDTH), id=session_id, task_queue=queue
    )
    return Choir(handle, folder)
