"""A workflow whose activities stream beside each other, with a log for each attempt; its worker.

    python -m tests.chaos.voices ADDRESS QUEUE BRIDGE

Up to `width` activities run at once, and as soon as one has ended the next is scheduled. They
stream, stay silent, or are given up while they still send. The workflow publishes what it does, and
continues as new when it is told to `turn`. Its result tells what every reader must have seen, as
far as the logs do not: `<session>.<producer>.<attempt>.log`, in the folder that SEEDED_LOG names,
has one event a line, written before it is sent.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, StreamPlugin, WorkflowEventStream

with workflow.unsafe.imports_passed_through():
    from kai_flow.temporal.client import connect
    from tests.agents.seeded import sequence

HEARTBEAT = timedelta(seconds=4)  # of an activity whose worker was killed
KINDS = {"usual": 8, "silent": 1, "long": 1, "cancelled": 2, "abandoned": 1}  # and their weights
SLOWLY = 4  # times the pauses of `sequence`: some 12 events a second


@dataclass
class Part:
    """One activity, as the workflow knows it."""

    beside: list[int]
    """The producers that had not ended when it was scheduled."""
    spoken: int
    """How many events the workflow had published by then."""
    kind: str
    attempt: int = 0
    """The attempt that ended well; 0 if there is none."""
    events: int = 0
    """How many events of its agent that attempt has sent."""


@dataclass
class Score:
    """What a run hands to the next one, and in the end the result."""

    seed: int
    width: int
    runs: int = 1
    parts: list[Part] = field(default_factory=list)  # producers 1, 2, 3 …
    said: list[str] = field(default_factory=list)  # what the workflow has published
    over: bool = False


@activity.defn
async def sing(producer: int, seed: int, events: int) -> tuple[int, int]:
    """Stream so many events of this seed, or be silent; the attempt, and how many they were."""
    info = activity.info()
    if not events:
        await rest()
        return info.attempt, 0
    log = Path(os.environ["SEEDED_LOG"]) / f"{info.workflow_id}.{producer}.{info.attempt}.log"
    async with EventProducer() as stream:
        with log.open("a") as out:
            for event, pause in islice(sequence(seed + info.attempt), events):
                out.write(json.dumps(event) + "\n")
                out.flush()
                await stream.send(event)
                await asyncio.sleep(SLOWLY * pause)
    return info.attempt, events


async def rest() -> None:
    """Take a moment, alive."""
    for _ in range(10):
        activity.heartbeat()
        await asyncio.sleep(0.1)


@workflow.defn
class Voices:
    """Goes on until it is told to `finish`."""

    @workflow.init
    def __init__(self, score: Score) -> None:
        self.score = score
        self.stream = WorkflowEventStream()
        self.turning = ""  # how, if it is to continue as new
        self.under_way: dict[int, workflow.ActivityHandle[tuple[int, int]]] = {}

    @workflow.run
    async def run(self, score: Score) -> Score:
        """So many voices at once, of which each that ends is followed by another."""
        rng = workflow.random()
        self._say(f"run {score.runs}")
        while not score.over and not self.turning:
            while len(self.under_way) < score.width:
                self._begin(rng)
            await self._wait(until=lambda: score.over or bool(self.turning))
            self._give_up(rng)
        while self.under_way and (score.over or self.turning == "drain"):
            await self._wait(until=lambda: False)
        self._say("over" if score.over else "next run")
        if not score.over:
            score.runs += 1
            workflow.continue_as_new(score)
        return score

    @workflow.signal
    def turn(self, how: str) -> None:
        """Continue as new: `drain`, when all activities have ended, or `break` them off."""
        self.turning = self.turning or how

    @workflow.signal
    def finish(self) -> None:
        """Let those under way end, and return."""
        self.score.over = True

    def _say(self, text: str) -> None:
        self.score.said.append(text)
        self.stream.publish({"type": "said", "text": text})

    def _begin(self, rng: Random) -> None:
        parts = self.score.parts
        producer = len(parts) + 1
        [kind] = rng.choices(tuple(KINDS), tuple(KINDS.values()))
        self._say(f"{producer} {kind}")
        beside = [number for number, handle in self.under_way.items() if not handle.done()]
        parts.append(Part(sorted(beside), len(self.score.said), kind))
        events = {"silent": 0, "long": 50}.get(kind, rng.randrange(8, 40))
        leave = workflow.ActivityCancellationType.TRY_CANCEL
        if kind == "abandoned":
            leave = workflow.ActivityCancellationType.ABANDON
        self.under_way[producer] = workflow.start_activity(
            sing,
            args=[producer, self.score.seed + 100 * producer, events],
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200)),
            cancellation_type=leave,
        )

    def _give_up(self, rng: Random) -> None:
        """Wait no longer for one of those that are to be given up."""
        kinds = {number: self.score.parts[number - 1].kind for number in self.under_way}
        chosen = [number for number, kind in kinds.items() if kind in ("cancelled", "abandoned")]
        if chosen and rng.random() < 0.5:
            self.under_way[rng.choice(chosen)].cancel()

    async def _wait(self, until: Callable[[], bool]) -> None:
        """Wait for the first that ends, and write down how."""
        await workflow.wait_condition(
            lambda: until() or any(one.done() for one in self.under_way.values())
        )
        for number in [number for number, one in self.under_way.items() if one.done()]:
            part = self.score.parts[number - 1]
            try:
                part.attempt, part.events = await self.under_way.pop(number)
            except ActivityError:
                self._say(f"{number} given up")
            else:
                self._say(f"{number} has ended")


async def main(address: str, queue: str, bridge: str) -> None:
    """The worker, until it is killed."""
    client = await connect(address, timeout=60)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Voices],
        activities=[sing],
        plugins=[StreamPlugin(bridge=bridge)],
    ):
        print("voices: ready at -", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
