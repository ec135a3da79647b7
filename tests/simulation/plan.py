"""Plans: everything that is settled before a schedule begins."""

from random import Random
from typing import Final, NamedTuple

from kai_flow.stream.buffer import Limits
from tests.simulation.activity import Settings
from tests.simulation.agent import Agent
from tests.simulation.outsider import Nuisance
from tests.simulation.program import Apart, GoOn, Program, Together, acts_of
from tests.simulation.subscriber import Reader
from tests.simulation.weather import Weather

CALM_AT: Final = 45.0  # seconds; no fault lasts longer
ROOMY_BYTES: Final = 2**20  # a bridge that may hold as much refuses nothing here
_BRIEF: Final = ("crash bridge", "cut reader")  # over so soon that nobody may notice


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
    """`bridge`, `none`, or what a stranger is like (`stranger.STRANGERS`)."""
    agent: Agent
    settings: Settings
    program: Program | None
    """What the workflow's code does; None: it is KAI's own."""
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
    nuisances: tuple[Nuisance, ...] = ()
    """What an outsider does meanwhile."""
    stored_bytes: int | None = None
    """Most that the session may store; None: more than it ever says."""
    hub_bytes: int = 512 * 1024 * 1024
    """Most that one bridge should hold in all."""
    retried: bool = False
    """Whether a run that fails is tried again, once, by its retry policy."""
    linger: float = 0.0
    """Seconds that the workflow goes on for after its session's end."""
    lists: str = "all"
    """Which bridges take lists of documents: all, none, or any, anew at each boot."""
    neighbours: int = 0
    """How many other sessions of each worker share its POSTs."""
    unmarked: bool = False
    """Whether its workflow is written without the library: it numbers its activities itself."""
    signals_per_second: float = 50.0
    """The budget of each bridge."""
    crowd: int = 0
    """Other sessions of each bridge, which always have something to signal."""

    @property
    def activities(self) -> int:
        """How many activities the workflow runs."""
        return 1 if self.program is None else acts_of(self.program)

    @property
    def prompt(self) -> float | None:
        """How soon after it is said an event must be shown; None: that cannot be told."""
        # Of odd words several large ones may come at once.
        largest = 64_000 if self.agent.words == "odd" else min(self.outbox[1], 16_000)
        # Either must refuse now and then.
        cramped = self.window_bytes < largest or self.hub_bytes < ROOMY_BYTES
        if self.crowd and (self.bridges > 1 or self.agent.breaks):
            return None  # some is shown only once it is durable
        if (
            self.starts_at
            or self.unmarked
            or cramped
            or any(fault.kind not in _BRIEF for fault in self.faults)
        ):
            return None
        if self.agent.words == "large" or self.settings.clumsy:
            return None
        fed = self.bridges == 1 and self.receiver == "bridge"
        vain = self.receiver not in ("bridge", "none", "thanks", "takes")
        # Each POST goes anywhere, and each one that misses the signaller lets the next wait longer.
        astray = self.balancer == "any" and self.bridges > 2
        if vain or astray or (self.outbox[0] < 60 and self.bridges > 1):
            return 7.0  # nothing comes of POSTs, or nothing more comes: the stall rule
        long = self.page_size < 7 and self.agent.events > 20
        paging = 3.0 if long else 0.0  # its history has hundreds of such pages
        return paging + (1.0 if fed and not self.faults else 4.5)

    @property
    def read_again_bytes(self) -> int | None:
        """What an attempt stores before it reads the history's size again; None: it never does."""
        if self.stored_bytes is None or self.seed % 2:
            return None
        return max(100, self.stored_bytes // 4)

    @property
    def kept_page_bytes(self) -> int | None:
        """A page with more events is not taken for the last of a history; None: as in earnest."""
        return 500 if Random(f"{self.seed}/tail").random() < 0.15 else None

    @property
    def fair(self) -> bool:
        """Nothing goes wrong."""
        return not (self.faults or self.agent.breaks or self.gives_up)

    @property
    def gives_up(self) -> bool:
        """Whether the workflow leaves activities behind that have not ended."""
        program = self.program or ()
        cancels = any(
            act.cancel_after is not None
            for step in program
            for act in (step.acts if isinstance(step, Together) else ())
        )
        leaves = any(isinstance(step, Apart) for step in program) and GoOn() in program
        concurrent = any(isinstance(step, Together) and len(step.acts) > 1 for step in program)
        fails = concurrent or any(isinstance(step, Apart) for step in program)
        return cancels or leaves or bool(fails and self.agent.breaks)
