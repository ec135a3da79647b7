"""What is done to a world: the faults, what each may cost a session, and plans of them."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import permutations
from typing import Final

from tests.chaos.world import Worker, World

LINKS: Final = ("posts", "streams", "signals", "work")
HOWS: Final = ("drain", "break", "brink")
VERBS: Final = ("latency", "reset", "refuse", "hang", "cut")
# `a+worker`: a dies a moment before worker. A reader comes first only: nobody minds its death.
ALONE: Final = ("a", "b", "worker", "server", "reader")
PAIRS: Final = tuple("+".join(two) for two in permutations(ALONE, 2) if two[1] != "reader")
TURNS: Final = ("a", "worker", "server", "b+a", "b+worker")  # killed at a continue-as-new
BRIEF_PAIRS: Final = ("a+b", "worker+a", "b+server", "server+worker", "reader+b")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    seconds: float  # how long it lasts, or how long the dead stay dead
    attempts: int  # what it may cost a session

    def __str__(self) -> str:
        return f"{self.name} {self.seconds:.2f} s"


def kill(who: str, seconds: float) -> Fault:
    """`kill -9` of one program or of two, and a restart."""
    attempts = int("worker" in who or "server" in who)
    return Fault(f"kill {who}", seconds, attempts if seconds < 10 else 2)


def wrong(link: str, verb: str, seconds: float) -> Fault:
    """A link that does wrong for some time."""
    costs = link == "work" and verb not in ("latency", "reset")
    return Fault(f"{verb} {link}", seconds, int(costs))


def turn(who: str, seconds: float, how: str) -> Fault:
    """The same while the choirs continue as new, in one of the ways of `Choir.turn`."""
    return replace(kill(who, seconds), name=f"{how} {who}")


async def inflict(world: World, fault: Fault) -> None:
    """Let it happen, and end it."""
    what, _, where = fault.name.partition(" ")
    if what in ("kill", *HOWS):
        who = where.split("+")
        if what != "kill":
            await world.turn(what)
        for name in who:
            await asyncio.sleep(world.rng.uniform(0, 0.2))
            await _programs(world)[name][0]()
        world.figures["kills"] += len(who)
        await asyncio.sleep(fault.seconds)
        for name in sorted(who, key=lambda name: name != "server"):  # the others wait for it
            await _programs(world)[name][1]()
        return
    world.figures["link faults"] += 1
    async with _broken(world, where, what):
        await asyncio.sleep(fault.seconds)


Act = Callable[[], Awaitable[None]]


def _programs(world: World) -> dict[str, tuple[Act, Act]]:
    a, b = world.bridges
    return {
        "a": (a.kill, a.boot),
        "b": (b.kill, b.boot),
        "worker": (partial(_each, world, Worker.kill), partial(_each, world, Worker.boot)),
        "server": (world.server.kill, world.server.boot),
        "reader": (world.readers[0].kill, world.readers[0].boot),
    }


async def _each(world: World, act: Callable[[Worker], Awaitable[None]]) -> None:
    await asyncio.gather(*map(act, world.workers.values()))


@asynccontextmanager
async def _broken(world: World, link: str, verb: str) -> AsyncIterator[None]:
    proxy = world.links[link]
    match verb:
        case "latency":
            await proxy.latency(world.rng.uniform(0.02, 0.2))
        case "cut":
            await proxy.cut(world.rng.randrange(1, 400))
        case "reset":
            await proxy.reset()
        case "refuse":
            await proxy.refuse()
        case "lone-a" | "lone-b":
            await proxy.favour("ab".index(verb[-1]))
        case _:
            await proxy.hang()
    try:
        yield
    finally:
        await proxy.heal()


Step = tuple[Fault, ...]  # at once


def plan(rng: random.Random, *, brief: bool = False, choirs: bool = False) -> list[Step]:
    """Each kill and each fault of each link once, the links two at a time, in some order.

    With choirs, programs are killed at a continue-as-new as well, and each bridge gets no POST for
    a while.

    A brief one has fewer pairs. It lets links do wrong while the server is dead, and so needs fewer
    generations; and while a reader or a bridge is, which costs no attempt.
    """
    pairs = BRIEF_PAIRS if brief else PAIRS
    steps: list[Step] = [(kill(who, rng.uniform(0.1, 0.5)),) for who in (*ALONE, *pairs)]
    steps.append((kill("server", 3.0),))
    for one, other in (LINKS[:2], LINKS[2:]):
        verbs = rng.sample(VERBS, len(VERBS))
        for first, second in zip(verbs, verbs[1:] + verbs[:1], strict=True):
            steps.append((_usual(rng, one, first), _usual(rng, other, second)))
    if choirs:
        steps += [(turn(who, rng.uniform(0.1, 0.5), how),) for who in TURNS for how in HOWS]
        steps += [(wrong("posts", f"lone-{name}", 3.0),) for name in "ab"]
    if brief:
        links = [step for step in steps if not step[0].name.startswith("kill")]
        costly = [step for step in links if step[-1].attempts]
        cheap = [step for step in links if not step[-1].attempts]
        for names, broken in (
            (["server", "b+server", "server+worker"], costly),
            (["reader", "reader+b", "b"], cheap),
        ):
            dead = [step for step in steps if step[0].name.removeprefix("kill ") in names]
            for one_dead, one_broken in zip(dead, broken, strict=False):
                steps.remove(one_dead)
                steps[steps.index(one_broken)] = one_dead + one_broken
    rng.shuffle(steps)
    return steps


def _usual(rng: random.Random, link: str, verb: str) -> Fault:
    """As long as it takes to be noticed: a POST waits for 3 s, a query for 2."""
    hang = {"posts": 3.3, "signals": 2.3, "streams": 1.0, "work": 1.5}[link]
    return wrong(link, verb, hang if verb == "hang" else rng.uniform(0.2, 0.6))


async def play(world: World, steps: list[Step]) -> None:
    """One step after another, each as soon as everybody has survived the one before."""
    loop = asyncio.get_running_loop()
    for number, step in enumerate(steps):
        await world.spend(max(fault.attempts for fault in step))
        began = loop.time()
        if number % 5 == 2:
            await world.come_late()
        await asyncio.sleep(world.rng.uniform(0, 0.3))
        await asyncio.gather(*(inflict(world, fault) for fault in step))
        await world.lively()
        names = " and ".join(map(str, step))
        took = f"{loop.time() - began:.1f} s"
        print(f"{names}: seen again after {took}; {world.report()}", flush=True)
    await world.end_generation()
