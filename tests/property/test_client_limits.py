"""What one client may use: as much as is granted, never more, and whatever the others do."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.web import client_limits
from kai_flow.web.client_limits import ClientLimits, Rate, Resource, rates

steps = st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.0, 3.0), st.floats(0.1, 20.0)))
RATES = {resource: Rate(2.0, 10.0) for resource in Resource}


@given(steps)
def test_no_client_gets_more_than_its_rate(asked: list[tuple[str, float, float]]) -> None:
    """In any time: the burst, and what the rate gives in it. The other client changes nothing."""
    both, alone = ClientLimits(RATES, 1), {name: ClientLimits(RATES, 1) for name in "ab"}
    granted: dict[str, list[tuple[float, float]]] = {"a": [], "b": []}
    now = 0.0
    for client, pause, amount in asked:
        now += pause
        wait = both.use(client, Resource.REQUESTS, amount, now)
        assert wait == alone[client].use(client, Resource.REQUESTS, amount, now)
        if wait == 0.0:
            granted[client].append((now, min(amount, 10.0)))
    for uses in granted.values():
        for first, (began, _) in enumerate(uses):
            for last, (ended, _) in enumerate(uses[first:], first):
                used = sum(amount for _, amount in uses[first : last + 1])
                assert used <= 10.0 + 2.0 * (ended - began) + 1e-6


@given(steps, st.floats(0.1, 20.0))
def test_who_waits_as_told_is_granted(asked: list[tuple[str, float, float]], last: float) -> None:
    """A refusal names a time, and costs nothing."""
    limits, now = ClientLimits(RATES, 1), 0.0
    for client, pause, amount in asked:
        now += pause
        limits.use(client, Resource.BYTES, amount, now)
    wait = limits.use("a", Resource.BYTES, last, now)
    assert wait == 0.0 or limits.use("a", Resource.BYTES, last, now + wait + 1e-6) == 0.0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans())))
def test_open_streams_are_counted_and_given_back(steps: list[tuple[str, bool]]) -> None:
    """Of each client by itself; what was refused was never open."""
    limits = ClientLimits(rates(50), 2)
    held: dict[str, list[ExitStack]] = {"a": [], "b": []}
    for client, opens in steps:
        if opens:
            stack = ExitStack()
            granted = stack.enter_context(limits.stream(client, 0.0))
            assert granted == (len(held[client]) < 2)
            if granted:
                held[client].append(stack)
            else:
                stack.close()
        elif held[client]:
            held[client].pop().close()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses ask; a client with an open stream is not forgotten."""
    monkeypatch.setattr(client_limits, "MAX_CLIENTS", 5)
    limits = ClientLimits(rates(50), 1)
    with limits.stream("reader", 0.0) as granted:
        assert granted
        for n in range(100):
            limits.use(n, Resource.REQUESTS, 1, 0.0)
            assert len(limits) <= 5
        with limits.stream("reader", 0.0) as again:
            assert not again
