"""The notifier: nobody who waits is forgotten, and nobody who leaves takes others along."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.clock import now
from kai_flow.stream.notifier import Notifier, wait_for
from tests.unit.virtual import in_virtual_time


@given(st.lists(st.booleans(), min_size=1, max_size=20))
@in_virtual_time
async def test_all_who_wait_are_woken_whoever_else_gives_up(stay: list[bool]) -> None:
    """One notification wakes every waiter that was not cancelled meanwhile, and no later one."""
    notifier = Notifier()
    waiters = [asyncio.create_task(wait_for(notifier.next)) for _ in stay]
    await asyncio.sleep(0)
    for waiter, stays in zip(waiters, stay, strict=True):
        if not stays:
            waiter.cancel()
    notifier.notify()
    late = asyncio.create_task(wait_for(notifier.next, 1))
    await asyncio.wait(waiters)
    assert [not waiter.cancelled() for waiter in waiters] == stay
    assert not late.done()


@in_virtual_time
async def test_what_happens_between_read_and_wait_is_not_missed() -> None:
    """A reader that takes `next` before it reads the state is woken by every later change."""
    notifier = Notifier()
    following = notifier.next
    notifier.notify()  # after the reading, before the wait
    began = now()
    await wait_for(following, 60)
    assert now() - began < 1


@in_virtual_time
async def test_a_wait_ends_with_its_time() -> None:
    """Without a notification a wait ends after its seconds, and raises nothing."""
    began = now()
    await wait_for(Notifier().next, 2.5)
    assert 2.5 <= now() - began < 2.6
