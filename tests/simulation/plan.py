"""Plans: everything that is drawn before a schedule begins, from its seed alone."""

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

from kai_flow.stream.buffer import Limits
from tests.simulation.subscriber import Reader
from tests.simulation.weather import Weather
from tests.simulation.worker import Agent, Settings

CALM_AT: Final = 45.0  # seconds; no fault lasts longer


class Fault(NamedTuple):
    """One thing that goes wrong."""

    at: float
    kind: str
    target: int
    seconds: float
    weather: Weather | None = None

    def __str__(self) -> str:
        weather = "" if self.weather is None else f" {self.weather}"
        return f"{self.at:6.2f} s: {self.kind} {self.target} for {self.seconds:.2f} s{weather}"


class Plan(NamedTuple):
    """One schedule."""

    seed: int
    bridges: int
    balancer: str
    receiver: str
    """`bridge`, `plain` (somebody else's) or `none`."""
    agent: Agent
    settings: Settings
    producers: int
    limits: Limits
    outbox: tuple[int, int]
    """Most events, most bytes."""
    window_bytes: int
    """Of one attempt in a bridge's memory."""
    page_size: int
    idle_timeout: float
    readers: tuple[Reader, ...]
    direct: bool
    """One more reads straight from Temporal."""
    starts_at: float
    """When the workflow starts: readers may come before."""
    again_at: float | None
    """Seconds after the close when a new run starts under the same id."""
    faults: tuple[Fault, ...]

    @property
    def prompt(self) -> float | None:
        """How soon after it is said an event must be shown; None: that cannot be told."""
        cramped = self.window_bytes < min(self.outbox[1], 16_000)  # it must refuse now and then
        if self.starts_at or cramped or any(fault.kind not in _BRIEF for fault in self.faults):
            return None
        fed = self.bridges == 1 and self.receiver == "bridge"
        return 1.0 if fed and not self.faults else 4.5

    @property
    def fair(self) -> bool:
        """Nothing goes wrong."""
        return not self.faults and not self.agent.breaks


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    random = Random(seed)
    kind = random.choices(["storm", "fair", "brief", "quiet", "again"], [58, 12, 13, 11, 6])[0]
    quiet = kind == "quiet"  # one bridge, a slow agent, readers who come just as it begins
    bridges = random.choice({"quiet": [1], "fair": [1, 2, 3, 4]}.get(kind, [1, 1, 2, 2, 3, 4]))
    receiver = "bridge" if quiet else random.choices(["bridge", "plain", "none"], [90, 7, 3])[0]
    readers = tuple(_reader(random, quiet=quiet) for _ in range(random.randint(1, 3)))
    agent = _agent(random, quiet=quiet)
    reused = kind == "again" or random.random() < 0.12
    again_at = random.choice([0.1, 1.0, 4.0]) if reused else None
    small = random.random() < 0.3
    producers = random.choices([1, 2], [80, 20])[0]
    header = producers > 1 or random.random() < 0.8  # without it every activity is producer 1
    return Plan(
        seed,
        bridges,
        random.choice(["sticky", "next", "next", "any"]),
        receiver,
        agent,
        Settings(receiver != "none", random.choice([0.25, 0.25, 0.5]), header),
        producers,
        random.choice([Limits(), Limits(12, 4_000), Limits(40, 2_000)]),
        (60, 3_000) if small else (4_000, 2 * 1024 * 1024),
        random.choice([2_000, 6_000 if small else 16_000, 8 * 1024 * 1024]),
        random.choice([3, 7, 200]),
        random.choice([6.0, 40.0, 300.0]),
        readers,
        random.random() < 0.3,
        0.0 if quiet else random.choice([0.0, 0.0, 3.0]),
        again_at,
        _faults(random, kind, bridges, len(readers), again_at),
    )


def _reader(random: Random, *, quiet: bool) -> Reader:
    return Reader(
        random.uniform(0.0, 0.05) if quiet else random.choice([0.0, 0.0, random.uniform(0, 20.0)]),
        random.random() < 0.5,
        random.choice([0.0, 0.0, 0.0, 2.0]),
        random.choice([0.05, 1.0]),
    )


def _agent(random: Random, *, quiet: bool) -> Agent:
    events = random.choice([2, 5] if quiet else [0, 1, 3, 20, 60, 60, 120])
    breaks: tuple[tuple[int, int], ...] = ()
    if random.random() < 0.3:
        breaks = tuple(
            (attempt, random.randint(0, events)) for attempt in range(1, random.randint(1, 3) + 1)
        )
    return Agent(
        events,
        8.0 if quiet else random.choice([0.02, 0.2, 0.2, 1.0, 4.0 if events < 40 else 0.5]),
        random.choice([1, 4, 20]),
        random.choice([0, 0, 700]),
        breaks,
    )


def _faults(
    random: Random, kind: str, bridges: int, readers: int, again_at: float | None
) -> tuple[Fault, ...]:
    faults = []
    end = random.choice([6.0, 12.0, 25.0])
    if kind == "brief":  # nothing but bridges that are back at once
        for _ in range(random.randint(1, 3)):
            at = random.uniform(0.0, end)
            faults.append(Fault(at, "crash bridge", random.randrange(bridges), 0.01))
    if kind == "again":  # the id is used again while a zombie of the first run talks on
        at = random.uniform(0.5, 6.0)
        faults = [Fault(at, "mute worker", worker, 7.0) for worker in (0, 1)]
        faults.append(Fault(at + 0.1, "terminate", 0, 1.0))
    if kind == "storm":
        if again_at is not None and random.random() < 0.7:
            faults.append(Fault(random.uniform(0.0, 6.0), random.choice(_ENDS), 0, 1.0))
        for _ in range(random.randint(1, 7)):
            at = random.uniform(0.0, end)
            name, make = random.choice(_KINDS)
            target = random.randrange(bridges if "bridge" in name else max(2, readers))
            seconds, weather = make(random)
            faults.append(Fault(at, name, target, min(seconds, CALM_AT - at), weather))
    return tuple(sorted(faults))


_Make = Callable[[Random], tuple[float, Weather | None]]


def _for(*seconds: float) -> _Make:
    return lambda random: (random.choice(seconds) * random.uniform(0.7, 1.3), None)


def _storm(*names: str) -> _Make:
    def make(random: Random) -> tuple[float, Weather]:
        chances: dict[str, Any] = {
            name: random.choice([0.1, 0.3, 1.0])
            for name in names
            if random.random() < 1.5 / len(names)
        }
        return random.choice([1.0, 4.0, 12.0]), Weather(**chances)

    return make


_BRIEF: Final = ("crash bridge", "cut reader")
_ENDS: Final = ("terminate", "cancel")
_KINDS: Final[list[tuple[str, _Make]]] = [
    ("crash bridge", _for(0.01, 1.0, 5.0)),
    ("crash bridge", _for(0.01, 0.3)),
    ("restart bridge", _for(0.1, 1.0)),
    ("crash worker", _for(0.5, 3.0)),
    ("mute worker", _for(12.0, 20.0)),
    ("crash decider", _for(0.1, 3.0, 15.0)),
    ("stall decider", _for(1.0, 8.0)),
    ("server down", _for(3.0)),
    ("server down", _for(30.0)),
    ("posts", _storm("lose", "forget", "repeat", "fail", "slow")),
    ("posts", _storm("lose", "forget", "repeat", "fail", "slow")),
    ("calls of bridge", _storm("lose", "forget", "repeat", "slow")),
    ("calls of worker", _storm("lose", "forget", "repeat", "slow")),
    ("calls of follower", _storm("lose", "forget", "slow")),
    ("heartbeats of worker", _storm("lose", "slow")),
    ("cut reader", _for(0.01, 2.0)),
    ("cut reader", _for(0.01, 2.0)),
    ("cancel", _for(1.0)),
    ("terminate", _for(1.0)),
]
