"""What is done to a world: the faults, what each may cost a session, and plans of them."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from tests.chaos.world import World

LINKS: Final = ("posts", "streams", "signals", "work")
VERBS: Final = ("latency", "reset", "refuse", "hang", "cut")
KILLS: Final = ("a", "b", "worker", "server", "a+b", "a+worker", "b+server")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    seconds: float  # how long it lasts, or how long the dead stay dead
    attempts: int  # what it may cost a session

    def __str__(self) -> str:
        return f"{self.name} {self.seconds:.2f} s"


def kill(who: str, seconds: float) -> Fault:
    """`kill -9` of one or two programs at once, and a restart."""
    attempts = ("worker" in who) + ("server" in who)
    return Fault(f"kill {who}", seconds, attempts if seconds < 10 else 2)


def wrong(link: str, verb: str, seconds: float) -> Fault:
    """A link that does wrong for some time."""
    return Fault(f"{verb} {link}", seconds, int(link == "work"))


async def inflict(world: World, fault: Fault) -> None:
    """Let it happen, and end it."""
    what, _, where = fault.name.partition(" ")
    if what == "kill":
        who = where.split("+")
        await asyncio.gather(*(_programs(world)[name][0]() for name in who))
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
        "worker": (world.worker.kill, world.worker.boot),
        "server": (world.server.kill, world.server.boot),
    }


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
        case _:
            await proxy.hang()
    try:
        yield
    finally:
        await proxy.heal()


def plan(rng: random.Random) -> list[Fault]:
    """Each kill and each fault of each link once, in an order of its own."""
    faults = [kill(who, rng.uniform(0.1, 0.6)) for who in KILLS] + [kill("server", 3.0)]
    faults += [wrong(link, verb, rng.uniform(0.4, 1.0)) for link in LINKS for verb in VERBS]
    rng.shuffle(faults)
    return faults


async def play(world: World, faults: list[Fault], say: Callable[[str], None] = print) -> None:
    """One fault after another, each as soon as everybody has survived the one before."""
    for number, fault in enumerate(faults):
        await world.spend(fault.attempts)
        loop = asyncio.get_running_loop()
        began = loop.time()
        if number % 8 == 4:
            await world.come_late()
        await asyncio.sleep(world.rng.uniform(0, 0.3))
        await inflict(world, fault)
        await world.lively()
        say(f"{fault}: {loop.time() - began:.1f} s, {world.report()}")
    await world.end_generation()
