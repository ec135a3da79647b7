"""Turns: each session that asks is woken when it may signal, and not before."""

import asyncio

from kai_flow.bridge.signal_budget import BURST_SECONDS
from kai_flow.bridge.signal_turns import SignalTurns
from kai_flow.stream.clock import now
from kai_flow.stream.notifier import wait_for
from tests.unit.virtual import in_virtual_time


class Session:
    """Signals whenever its turn has come."""

    def __init__(self, turns: SignalTurns) -> None:
        self.turns = turns
        self.signals: list[float] = []
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def signal(self, count: int, *, hurried: bool = False) -> None:
        """So many times, one after the other."""
        while len(self.signals) < count:
            self._woken.clear()
            if self.turns.has_come(self, hurried=hurried):
                self.signals.append(now())
                self.turns.leave(self)
            else:
                await wait_for(self._woken)


@in_virtual_time
async def test_sessions_signal_one_after_the_other() -> None:
    """All have their turns within the budget, and it is used: nobody is woken late or twice."""
    turns, began = SignalTurns(10), now()
    sessions = [Session(turns) for _ in range(20)]
    await asyncio.gather(*(session.signal(5) for session in sessions))
    times = sorted(at for session in sessions for at in session.signals)
    assert abs(times[-1] - (began + 99 / 10 - BURST_SECONDS)) < 0.01
    for session in sessions[1:]:  # the first finds a budget that nobody has used yet
        assert session.signals[-1] >= times[78], "one had more than its share"


@in_virtual_time
async def test_one_in_a_hurry_is_soon_served() -> None:
    """It comes before the others that wait, except for one."""
    turns = SignalTurns(10)
    sessions = [Session(turns) for _ in range(50)]
    crowd = asyncio.gather(*(session.signal(10) for session in sessions))
    await asyncio.sleep(3)
    hasty, began = Session(turns), now()
    await hasty.signal(1, hurried=True)
    assert now() - began <= 0.2 + 1e-3
    crowd.cancel()
    await asyncio.gather(crowd, return_exceptions=True)


@in_virtual_time
async def test_one_that_leaves_holds_nobody_up() -> None:
    """A session that is ended while it waits, or with its turn unused, costs a turn at most."""
    turns = SignalTurns(10)
    gone, last = [Session(turns) for _ in range(10)], Session(turns)
    for session in gone:
        turns.has_come(session, hurried=False)
    for session in gone:
        turns.leave(session)
    began = now()
    await last.signal(1)
    assert now() - began <= 0.1 + 1e-3


@in_virtual_time
async def test_who_does_not_wait_costs_nothing() -> None:
    """Without anybody in line no timer is left behind, and the next one is served at once."""
    turns, session = SignalTurns(10), None
    for _ in range(3):
        session = Session(turns)
        await session.signal(1)
        await asyncio.sleep(10)
    assert session is not None
    assert turns._timer is None
    assert turns.pace(session) == 0.0


@in_virtual_time
async def test_a_pace_is_what_is_waited_for() -> None:
    """The last of many is told how long it takes until its turn, and it does take so long."""
    turns = SignalTurns(10)
    sessions = [Session(turns) for _ in range(40)]
    for session in sessions:
        turns.has_come(session, hurried=False)
    told, began = turns.pace(sessions[-1]), now()
    await sessions[-1].signal(1)
    assert abs(now() - began - told) < 0.01
    assert 3 < told < 4
