"""Drawing: the plan of a schedule, from its seed alone."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from kai_flow.stream.buffer import Limits
from kai_flow.stream.outbox import MAX_EVENTS
from tests.simulation.activity import Settings
from tests.simulation.agent import Agent
from tests.simulation.outsider import KINDS, Nuisance
from tests.simulation.plan import CALM_AT, Fault, Plan
from tests.simulation.program import Act, Apart, GoOn, Speak, Step, Together, one_after_the_other
from tests.simulation.stranger import STRANGERS
from tests.simulation.subscriber import Reader
from tests.simulation.weather import Weather


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    random = Random(seed)
    kind = random.choices(_KINDS_OF_PLAN, _WEIGHTS)[0]
    plan = _slowed(_widened(_basic(random, seed, kind), kind), kind)
    return _crowded(_choir(_shared(_withdrawn(_unmarked(_unusual_life(_voiced(plan, kind)))))))


def _basic(random: Random, seed: int, kind: str) -> Plan:
    """The plan of a session like any other."""
    quiet = kind == "quiet"  # one bridge, a slow agent, readers who come just as it begins
    bridges = random.choice(
        {"quiet": [1], "fair": [1, 2, 3, 4], "guests": [6]}.get(kind, [1, 1, 2, 2, 3, 4])
    )
    receiver = "bridge" if quiet else _receiver(random)
    readers = tuple(_reader(random, quiet=quiet) for _ in range(random.randint(1, 3)))
    agent = _agent(random, quiet=quiet)
    reused = kind == "again" or random.random() < 0.12
    again_at = random.choice([0.1, 1.0, 4.0]) if reused else None
    small = random.random() < 0.3
    producers = random.choices([1, 2], [80, 20])[0]
    if producers == 1:
        random.random()  # nothing hangs on it any more; what the seeds are known for does
    return Plan(
        seed,
        bridges,
        random.choice(["sticky", "next", "next", "any"]),
        receiver,
        agent,
        Settings(receiver != "none", random.choice([0.25, 0.25, 0.5])),
        None if producers == 1 else one_after_the_other(producers),
        random.choice([Limits(), Limits(12, 4_000), Limits(40, 2_000)]),
        random.choice([(60, 3_000), (4, 3_000)]) if small else (4_000, 2 * 1024 * 1024),
        random.choice([2_000, 6_000 if small else 16_000, 8 * 1024 * 1024]),
        random.choice([3, 7, 200]),
        random.choice([6.0, 40.0, 300.0]),
        readers,
        random.random() < 0.3,
        0.0 if quiet else random.choice([0.0, 0.0, 3.0]),
        again_at,
        _faults(random, kind, bridges, len(readers), again_at),
    )


def _receiver(random: Random) -> str:
    kind = random.choices(["bridge", "stranger", "none"], [86, 11, 3])[0]
    return random.choice(STRANGERS) if kind == "stranger" else kind


def _widened(plan: Plan, kind: str) -> Plan:
    """Somebody unusual takes part in it; drawn apart, so that the rest stays what it is."""
    random = Random(f"{plan.seed}/wide")
    settings = plan.settings
    clumsy = kind not in ("quiet", "turns", "guests") and random.random() < 0.03
    if clumsy:
        settings = settings._replace(clumsy=True, callback=False)
    small = random.random() < 0.2 and not clumsy
    if kind == "quiet":  # its readers are held to a second
        return plan
    if kind == "guests":  # they come one by one, while every bridge forgets what it may
        came = [Reader(random.uniform(11.5, 15.5), True, 0.0, 1.0) for _ in range(10)]
        plan = plan._replace(balancer="any", window_bytes=400, page_size=3)
        plan = plan._replace(readers=(plan.readers[0], *came))
    return plan._replace(
        agent=_talker(random, plan.agent, kind),
        settings=settings,
        receiver="none" if clumsy else plan.receiver,
        readers=tuple(_unusual(random, reader, plan) for reader in plan.readers),
        nuisances=_nuisances(random) if random.random() < 0.35 else (),
        stored_bytes=random.choice([0, 600, 1_500, 5_000]) if small else None,
        hub_bytes=random.choice([4_000, 20_000, plan.hub_bytes, plan.hub_bytes]),
        linger=12.0 if random.random() < (0.7 if kind == "zombie" else 0.2) else 0.0,
    )


def _slowed(plan: Plan, kind: str) -> Plan:
    """The sockets of some readers are slow; drawn apart, so that the rest stays what it is.

    A few plans are made for what would seldom happen by chance.
    """
    random = Random(f"{plan.seed}/sockets")
    if kind == "quiet":  # its readers are held to a second
        return plan
    if kind in ("storm", "fair", "brief"):
        chance = random.random()
        if chance < 0.05:
            return _awaited(random, plan)
        if chance < 0.09:
            return _apart(random, plan)
    if random.random() < 0.6:  # only who is not held up must be shown everything in good time
        return plan
    readers = (
        reader._replace(socket=random.choice([0.0, 0.3, 3.0, 12.0])) for reader in plan.readers
    )
    return plan._replace(readers=tuple(readers))


def _awaited(random: Random, plan: Plan) -> Plan:
    """No worker at first; whoever comes meanwhile is told so, and may be held up by that alone.

    Then the session is short: it may be over before such a reader goes on.
    """
    away = random.uniform(8.0, 12.0)
    came = (Reader(random.uniform(5.0, away), True, 0.0, 1.0, socket=25.0) for _ in range(3))
    return plan._replace(
        bridges=random.choice([1, 2]),
        balancer="any",
        agent=plan.agent._replace(events=random.choice([1, 3, 20]), pause=0.2, breaks=()),
        starts_at=0.0,
        readers=(Reader(0.0, True, 0.0, 1.0), *came),
        faults=tuple(Fault(0.0, "crash worker", worker, away) for worker in (0, 1)),
    )


def _apart(random: Random, plan: Plan) -> Plan:
    """Some readers are at a bridge that nobody POSTs to, while an agent says little and thinks."""
    readers = (Reader(random.uniform(0.0, 20.0), True, 0.0, 1.0) for _ in range(4))
    return plan._replace(
        bridges=2,
        balancer="sticky",
        receiver="bridge",
        agent=Agent(5, 8.0, 2, 0),
        settings=plan.settings._replace(callback=True, clumsy=False),
        limits=Limits(),
        outbox=(4_000, 2 * 1024 * 1024),
        window_bytes=8 * 1024 * 1024,
        hub_bytes=512 * 1024 * 1024,
        readers=tuple(readers),
        starts_at=0.0,
        again_at=None,
        faults=(),
        nuisances=(),
    )


def _voiced(plan: Plan, kind: str) -> Plan:
    """Its workflow runs several activities at once, speaks itself, and may continue as new.

    Drawn apart, so that the rest stays what it is.
    """
    random = Random(f"{plan.seed}/voices")
    if plan.linger and plan.program is None:  # KAI's own workflow has nothing to do then
        plan = plan._replace(program=one_after_the_other(1))
    if kind in ("quiet", "turns", "guests") or random.random() < 0.5:
        return plan
    steps: list[Step] = []
    activities = 0
    for _ in range(random.randint(1, 5)):
        match random.choices(["together", "speak", "apart", "go on"], [50, 25, 15, 10])[0]:
            case "together":
                acts = tuple(_act(random) for _ in range(random.choice([1, 1, 2, 2, 3, 5])))
                steps.append(Together(acts))
                activities += len(acts)
            case "speak":
                steps.append(Speak(random.choice([1, 1, 2, 30])))
            case "apart":
                steps.append(Apart(_act(random)))
                activities += 1
            case _:
                steps.append(GoOn())
    most = max(1, 120 // max(1, activities))  # all of them together say no more than one otherwise
    agent = plan.agent._replace(events=min(plan.agent.events, most))
    return plan._replace(program=tuple(steps), agent=agent)


def _unusual_life(plan: Plan) -> Plan:
    """What chance alone would seldom bring; drawn apart, so that the rest stays what it is."""
    random = Random(f"{plan.seed}/life")
    if plan.settings.clumsy or plan.agent.words != "plain" or random.random() >= 0.05:
        return plan
    match random.choice(["crowd", "seam", "retry", "alone"]):
        case "crowd":
            acts = [Act(silent=True)] * random.choice([40, 70]) + [Act()] * 3
            random.shuffle(acts)
            program: tuple[Step, ...] = (Together(tuple(acts)), Together((Act(),)))
            agent = plan.agent._replace(events=min(plan.agent.events, 8), breaks=())
            return plan._replace(program=program, agent=agent, again_at=None)
        case "seam":
            part: tuple[Step, ...] = (Speak(2), Together((Act(), Act())), GoOn())
            at = random.choice([0.0, 0.0, 5.0])
            seams = (Fault(at, "seam bridge", n, 0.01 + n) for n in range(plan.bridges))
            agent = plan.agent._replace(events=min(plan.agent.events, 20))
            faults = tuple(sorted((*plan.faults, *seams)))
            return plan._replace(program=part * 3 + part[:2], agent=agent, faults=faults)
        case "alone":  # each signals for itself, for as long as it takes to see how often
            program = (Together((Act(),) * 4),)
            agent = Agent(events=120, pause=0.4, burst=2, padding=0)
            plan = plan._replace(receiver="none", faults=(), nuisances=(), outbox=(4_000, 2**21))
            settings = plan.settings._replace(callback=False)
            return plan._replace(program=program, agent=agent, settings=settings, again_at=None)
        case _:
            short = Together((Act("try", cancel_after=0.05),))  # the others break
            steps = (Speak(2), short, GoOn(), Together((Act(),)), Together((Act(), Act())))
            breaks = tuple((attempt, random.randint(0, 5)) for attempt in (1, 2, 3))
            agent = plan.agent._replace(events=min(max(6, plan.agent.events), 20), breaks=breaks)
            plan = plan._replace(program=steps, agent=agent, retried=True, again_at=None)
            readers = (reader._replace(bare=False) for reader in plan.readers)
            return plan._replace(readers=tuple(readers))


def _unmarked(plan: Plan) -> Plan:
    """Its workflow is written without the library; drawn apart, so that the rest stays what it is.

    The outsider stays away: it asks for what only the library's workflows answer.
    """
    random = Random(f"{plan.seed}/unmarked")
    if plan.settings.clumsy or plan.retried or random.random() >= 0.03:
        return plan
    program = tuple(
        step for step in plan.program or () if isinstance(step, Apart | Together)
    ) or one_after_the_other(2)
    return plan._replace(unmarked=True, program=program, nuisances=(), stored_bytes=None)


def _withdrawn(plan: Plan) -> Plan:
    """It cancels activities before the server is told of them; drawn apart, like the rest."""
    random = Random(f"{plan.seed}/withdrawn")
    if plan.settings.clumsy or plan.program is None or random.random() >= 0.06:
        return plan
    steps = []
    for step in plan.program:
        acts = list(step.acts) if isinstance(step, Together) else []
        for _ in range(random.choice([0, 1, 1, 2]) if acts else 0):
            policy = random.choice(["wait", "try", "abandon"])
            acts.insert(random.randint(0, len(acts)), Act(policy, 0.0))
        steps.append(Together(tuple(acts)) if acts else step)
    return plan._replace(program=tuple(steps))


def _shared(plan: Plan) -> Plan:
    """Other sessions share its POSTs, and some bridges are of an older version; drawn apart."""
    random = Random(f"{plan.seed}/shared")
    lists = random.choices(["all", "none", "some"], [60, 15, 25])[0]
    neighbours = random.choice([1, 4, 12]) if random.random() < 0.25 else 0
    if plan.receiver != "bridge" or plan.settings.clumsy:
        neighbours = 0
    return plan._replace(lists=lists, neighbours=neighbours)


def _choir(plan: Plan) -> Plan:
    """More activities speak at once than one signal has batches for; seldom, as it takes long."""
    random = Random(f"{plan.seed}/choir")
    if plan.settings.clumsy or plan.unmarked or plan.retried or random.random() >= 0.001:
        return plan
    return plan._replace(
        program=(Together((Act(),) * 80),),
        agent=Agent(events=1, pause=0.5, burst=2, padding=0),
        bridges=1,
        receiver="bridge",
        readers=plan.readers[:1],
        direct=False,
        starts_at=0.5,
        again_at=None,
        faults=(),
        nuisances=(),
    )


def _crowded(plan: Plan) -> Plan:
    """Many other sessions share a small budget of its bridges; drawn apart, like the rest.

    What makes a bridge refuse POSTs would make producers signal by themselves, whatever its pace.
    """
    random = Random(f"{plan.seed}/crowd")
    roomy = plan.outbox[0] == MAX_EVENTS and min(plan.window_bytes, plan.hub_bytes) > 2**22
    if plan.receiver != "bridge" or plan.settings.clumsy or not roomy or random.random() >= 0.4:
        return plan
    return plan._replace(
        signals_per_second=random.choice([5.0, 10.0]), crowd=random.choice([10, 30, 60])
    )


def _act(random: Random) -> Act:
    policy = random.choice(["wait", "wait", "try", "abandon"])
    cancel_after = random.uniform(0.05, 4.0) if random.random() < 0.25 else None
    return Act(policy, cancel_after, silent=random.random() < 0.15)


def _talker(random: Random, agent: Agent, kind: str) -> Agent:
    agent = agent._replace(stop_seconds=random.choice([0.0, 0.0, 0.0, 0.5]))
    if kind == "zombie":  # it talks for some thirty seconds
        return agent._replace(events=100, pause=1.2, burst=4, breaks=())
    if kind == "turns":  # it breaks at once, and again
        return agent._replace(events=20, pause=0.2, burst=4, breaks=((1, 2), (2, 1)))
    if kind == "guests":  # it breaks twice, and has little to say
        breaks = ((1, random.randint(8, 12)), (2, random.randint(3, 6)))
        return agent._replace(events=12, pause=1.5, burst=3, padding=0, breaks=breaks)
    words = random.choices(["plain", "odd", "large"], [70, 24, 6])[0]
    return agent._replace(
        words=words, events=min(agent.events, 20) if words == "large" else agent.events
    )


def _nuisances(random: Random) -> tuple[Nuisance, ...]:
    nuisances = []
    for _ in range(random.randint(1, 8)):
        at = random.choice([0.0, random.uniform(0.0, 3.0), random.uniform(0.0, 25.0)])
        nuisances.append(Nuisance(at, random.choice(KINDS), random.randrange(1_000)))
    return tuple(sorted(nuisances))


def _unusual(random: Random, reader: Reader, plan: Plan) -> Reader:
    return reader._replace(
        kind=random.choices(["named", "unnamed", "follow"], [70, 12, 18])[0],
        cursor=random.choice(_FOREIGN) if random.random() < 0.08 else None,
        bare=plan.again_at is None and random.random() < 0.1,
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
    if kind == "zombie":
        faults = _zombie(random, bridges)
    if kind == "turns":
        faults = _turns(random)
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


def _zombie(random: Random, bridges: int) -> list[Fault]:
    """An attempt without heartbeats talks on while the next one begins or the session ends."""
    at = random.uniform(0.5, 4.0)
    faults = [Fault(at, "mute worker", worker, 18.0) for worker in (0, 1)]
    if random.random() < 0.5:
        faults.append(Fault(at + 1.0, "cancel", 0, 1.0))
        return faults
    began = at + random.uniform(10.5, 11.5)
    faults.append(Fault(began, "crash bridge", random.randrange(bridges), 0.01))
    faults.append(Fault(began - 0.1, "calls of bridge", 0, 4.0, Weather(lose=1.0)))
    return faults


def _turns(random: Random) -> list[Fault]:
    """Nothing can be stored and POSTs come twice; then nothing can be POSTed."""
    at = random.uniform(0.0, 2.0)
    nothing, twice = Weather(lose=1.0), Weather(repeat=0.5, slow=0.4, seconds=14.0)
    calls = [Fault(at, f"calls of {who}", 0, 34.0, nothing) for who in ("bridge", "worker")]
    return [*calls, Fault(0.0, "posts", 0, 34.0, twice), Fault(34.5, "posts", 0, 8.0, nothing)]


_KINDS_OF_PLAN: Final = ("storm", "fair", "brief", "quiet", "again", "zombie", "turns", "guests")
_WEIGHTS: Final = (42, 11, 12, 12, 5, 5, 5, 8)

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


_FOREIGN: Final = ("1.1.7@0badc0de", "end@0badc0de", "1.2.1@0badc0de")
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
    ("posts", _storm("lose", "forget", "repeat", "fail", "stray", "slow")),
    ("posts", _storm("lose", "forget", "repeat", "fail", "stray", "slow")),
    ("calls of bridge", _storm("lose", "forget", "repeat", "slow")),
    ("calls of worker", _storm("lose", "forget", "repeat", "slow")),
    ("calls of follower", _storm("lose", "forget", "slow")),
    ("heartbeats of worker", _storm("lose", "slow")),
    ("cut reader", _for(0.01, 2.0)),
    ("cut reader", _for(0.01, 2.0)),
    ("stop worker", _for(5.0)),
    ("other version", _for(3.0, 12.0)),
    ("cancel", _for(1.0)),
    ("terminate", _for(1.0)),
]
