"""An alarm: when it goes off, and how few timers it needs."""

import asyncio
from typing import Any

import pytest

from kai_flow.stream.alarm import Alarm
from kai_flow.stream.clock import now
from tests.unit.virtual import in_virtual_time


@in_virtual_time
async def test_it_goes_off_at_its_time() -> None:
    """The event is set at the time that was put, also when that is over already."""
    alarm = Alarm(event := asyncio.Event())
    for seconds in (5.0, 0.0, -1.0):
        began = now()
        alarm.put(began + seconds)
        await event.wait()
        event.clear()
        assert abs(now() - began - max(0.0, seconds)) < 0.01


@in_virtual_time
async def test_an_earlier_time_counts() -> None:
    """It goes off no later than at the earliest time that was put since it went off last."""
    alarm = Alarm(event := asyncio.Event())
    began = now()
    for seconds in (9.0, 3.0, 6.0):
        alarm.put(began + seconds)
    alarm.put(None)
    await event.wait()
    assert abs(now() - began - 3.0) < 0.01


@in_virtual_time
async def test_a_stopped_alarm_sets_nothing() -> None:
    """After `stop` the event is left alone until another time is put."""
    alarm = Alarm(event := asyncio.Event())
    alarm.put(now() + 1.0)
    alarm.stop()
    await asyncio.sleep(2.0)
    assert not event.is_set()
    alarm.put(now() + 1.0)
    await asyncio.sleep(2.0)
    assert event.is_set()


@in_virtual_time
async def test_putting_it_off_makes_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time that is put off a thousand times costs one timer."""
    loop = asyncio.get_running_loop()
    made = 0
    call_at = loop.call_at

    def counted(*args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        nonlocal made
        made += 1
        return call_at(*args, **kwargs)

    monkeypatch.setattr(loop, "call_at", counted)
    alarm = Alarm(asyncio.Event())
    for step in range(1_000):
        alarm.put(now() + 1.0 + step)
    assert made == 1
