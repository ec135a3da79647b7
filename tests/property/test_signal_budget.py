"""The budget of signals: never exceeded, used while anybody waits, and shared in equal parts."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kai_flow.bridge.signal_budget import BURST_SECONDS, SignalBudget

names = st.integers(0, 7)
rates = st.sampled_from([5.0, 20.0, 50.0, 1_000.0])


class BudgetAgainstItsPromises(RuleBasedStateMachine):
    """Sessions come, hurry, signal and go, in any order and at any times."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.budget = SignalBudget[int](5.0)
        self.given: list[float] = []
        self.waiting: set[int] = set()
        self.signalling: set[int] = set()
        # For each session in each line: at most so many others have their turn before it.
        self.before: dict[tuple[int, bool], int] = {}

    @rule(name=names, hurried=st.booleans())
    def join(self, name: int, hurried: bool) -> None:
        """A session that does not signal just now has something to signal."""
        if name in self.signalling:
            return
        for line in {False, hurried}:
            ahead = sum(one != name and at == line for one, at in self.before)
            self.before.setdefault((name, line), 2 * ahead + 1)
        self.budget.join(name, self.now, hurried=hurried)
        self.waiting.add(name)

    @rule(name=names)
    def leave(self, name: int) -> None:
        """A session has signalled, or changes its mind."""
        self.budget.leave(name)
        self._forget(name)
        self.signalling.discard(name)

    @rule(seconds=st.floats(0.0, 3.0))
    def wait(self, seconds: float) -> None:
        """Time passes, and whose turn has come by then signals."""
        self.now += seconds
        for name in self.budget.turns(self.now):
            assert name in self.waiting, "it has not asked, or has had its turn"
            places = [place for place in self.before if place[0] == name]
            assert all(self.before[place] >= 0 for place in places)
            self._forget(name)
            self.signalling.add(name)
            self.given.append(self.now)
            for place in self.before:
                self.before[place] -= 1
                assert self.before[place] >= 0, "it is held up for longer than is promised"

    def _forget(self, name: int) -> None:
        self.waiting.discard(name)
        for hurried in (False, True):
            self.before.pop((name, hurried), None)

    @invariant()
    def nothing_is_left_over(self) -> None:
        """Whoever waits has a turn to come, and who signals is known."""
        assert (self.budget.next_turn_at is None) == (not self.waiting)
        for name in range(8):
            assert self.budget.is_turn_of(name) == (name in self.signalling)
            assert self.budget.pace(name, self.now) >= 0.0

    @invariant()
    def the_budget_is_kept(self) -> None:
        """Within any time, no more than the budget and what was left unused of it just before."""
        for first, began in enumerate(self.given):
            for count, at in enumerate(self.given[first:], 1):
                assert count <= 5.0 * (at - began + BURST_SECONDS) + 1 + 1e-6


TestBudgetAgainstItsPromises = BudgetAgainstItsPromises.TestCase


def shares_of(
    budget: SignalBudget[int], sessions: int, seconds: float, *, hurried: int = 0, rest: float = 0.0
) -> dict[int, list[float]]:
    """When each of so many sessions signals; each is there again `rest` after its turn.

    The first ones are always in a hurry.
    """
    now = 0.0
    times: dict[int, list[float]] = {session: [] for session in range(sessions)}
    back = dict.fromkeys(range(sessions), 0.0)
    while now < seconds:
        for session, at in sorted(back.items(), key=lambda item: item[1]):
            if at <= now:
                budget.leave(session)
                budget.join(session, at, hurried=session < hurried)
                del back[session]
        for session in budget.turns(now):
            times[session].append(now)
            back[session] = now + rest
        turn_at = budget.next_turn_at
        comes = [*back.values(), *([] if turn_at is None else [turn_at])]
        now = max(min(comes), now + 1e-6)
    return times


@given(rates, st.integers(1, 200), st.floats(0.0, 0.3))
@example(5.0, 200, 0.0)
def test_a_budget_is_shared_equally_and_used(rate: float, sessions: int, rest: float) -> None:
    """Among sessions that always have something, nobody gets more than one signal more."""
    rounds = 3 * (sessions / rate + rest)
    times = shares_of(SignalBudget(rate), sessions, rounds, rest=rest)
    counts = Counter({session: len(at) for session, at in times.items()})
    assert max(counts.values()) - min(counts.values()) <= 1 + (rest > 0)
    assert counts.total() <= rate * (rounds + BURST_SECONDS) + 1
    if rest == 0.0 or sessions > 2 * rate * rest:
        assert counts.total() >= rate * rounds - 1, "a part of it is wasted"


@given(st.floats(0.05, 1.0), st.sampled_from([20.0, 50.0, 1_000.0]))
def test_a_session_alone_never_waits(interval: float, rate: float) -> None:
    """Whatever its pace is, down to the shortest interval, and for a burst at its end."""
    budget, now = SignalBudget[str](rate), 0.0
    for pause in [*[interval] * 20, 0.01, 0.01, 0.01]:
        budget.join("alone", now, hurried=False)
        assert budget.pace("alone", now) == 0.0
        assert list(budget.turns(now)) == ["alone"]
        budget.leave("alone")
        now += pause


@given(st.integers(1, 50), st.integers(1, 50), rates)
def test_those_in_a_hurry_starve_nobody(hurried: int, others: int, rate: float) -> None:
    """However many are in a hurry all the time, each of the others has half a share at least."""
    seconds = 6 * (hurried + others) / rate
    times = shares_of(SignalBudget(rate), hurried + others, seconds, hurried=hurried)
    turns = sum(map(len, times.values()))
    for session in range(hurried, hurried + others):
        assert len(times[session]) >= turns // (2 * (hurried + others) + 1) - 1 > 0
    for session in range(hurried):
        assert times[session][0] <= 2 * hurried / rate


@given(st.integers(1, 100), st.integers(0, 30), rates)
def test_the_pace_is_the_time_until_the_turn(sessions: int, hurried: int, rate: float) -> None:
    """What a session is told at any time before its turn is at least what it waits in the end."""
    budget, now = SignalBudget[int](rate), 0.0
    for session in range(sessions + hurried):
        budget.join(session, 0.0, hurried=session >= sessions)
    told: dict[int, float] = {}
    while (at := budget.next_turn_at) is not None:
        for session in range(sessions + hurried):
            if not budget.is_turn_of(session):
                told[session] = budget.pace(session, now)
                assert told[session] <= now + 2 * (sessions + hurried) / rate
        now = max(now, at)
        for session in budget.turns(now):
            assert budget.pace(session, now) == now
            assert session not in told or now <= told[session] + 1e-6
    for session in range(sessions + hurried):
        budget.leave(session)
    assert budget.pace(0, now) <= 1 / rate + 1e-6


def test_a_queue_is_left_in_any_order() -> None:
    """Whoever leaves before its turn is not given one, and holds nobody up."""
    budget = SignalBudget[str](5.0)
    for name in "abcd":
        budget.join(name, 0.0, hurried=name in "cd")
    for name in "ac":
        budget.leave(name)
    given: list[str] = []
    for moment in (0.0, 1.0):
        given += budget.turns(moment)
    assert sorted(given) == ["b", "d"]
    assert budget.next_turn_at is None


@pytest.mark.parametrize("hurried", [False, True])
def test_a_place_is_kept(hurried: bool) -> None:
    """Asking again, or beginning to hurry, sends nobody to the end of the line."""
    budget = SignalBudget[int](5.0)
    for session in range(10):
        budget.join(session, 0.0, hurried=False)
    budget.join(0, 0.0, hurried=hurried)
    budget.join(9, 0.0, hurried=hurried)
    order = [session for moment in range(10) for session in budget.turns(float(moment))]
    assert order.index(0) == 0
    assert (order.index(9) < 3) == hurried
    assert all(a < b for a, b in pairwise(one for one in order if one != 9))
