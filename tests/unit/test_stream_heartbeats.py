"""Heartbeats: the user's details are repeated ahead of the producer's, and read without them."""

import dataclasses
from collections.abc import Callable, Sequence
from contextvars import copy_context
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.common import RawValue
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityOutboundInterceptor

from kai_flow.stream.heartbeats import Heartbeats, producer_heartbeat

THROTTLE = timedelta(seconds=2)
OWN = {"kai_flow_producer": "event 1.1.5, durable to 1.1.4", "every": 2.0}


class Sdk(ActivityOutboundInterceptor):
    """The SDK's end: it has details of the attempt before, and gets those of this attempt."""

    def __init__(self, before: Sequence[Any]) -> None:
        self.sent: list[list[Any]] = []
        self._before = before

    def info(self) -> activity.Info:
        """Of an attempt that follows another one."""
        info = ActivityEnvironment.default_info()
        return dataclasses.replace(info, heartbeat_details=self._before)

    def heartbeat(self, *details: Any) -> None:
        """What goes to the server, decoded."""
        payloads = activity.payload_converter().to_payloads(details)
        self.sent.append(list(activity.payload_converter().from_payloads(payloads)))


def in_activity(work: Callable[[], None]) -> None:
    """Do `work` in an activity, which has a context of its own as under a worker."""
    copy_context().run(ActivityEnvironment().run, work)


def attempt(before: Sequence[Any], work: Callable[[Heartbeats], None]) -> list[list[Any]]:
    """The details of each heartbeat in an attempt that does `work`."""
    sdk = Sdk(before)
    in_activity(lambda: work(Heartbeats(sdk)))
    return sdk.sent


def beat() -> None:
    """A heartbeat of the producer."""
    producer_heartbeat("event 1.1.5, durable to 1.1.4", THROTTLE)


def test_the_details_of_both_sides_go_together() -> None:
    """Each heartbeat has the latest details of the user, then that of the producer (§6.14)."""

    def work(heartbeats: Heartbeats) -> None:
        heartbeats.heartbeat(1)
        beat()
        heartbeats.heartbeat({"every": 9.0}, None)
        beat()

    both = [{"every": 9.0}, None, OWN]
    assert attempt([], work) == [[1], [1, OWN], both, both]


def test_a_heartbeat_without_details_repeats_all_of_them() -> None:
    """A framework sends such heartbeats at any time: neither side's details are lost by them."""

    def work(heartbeats: Heartbeats) -> None:
        heartbeats.heartbeat()
        beat()
        heartbeats.heartbeat()
        heartbeats.heartbeat(2)
        heartbeats.heartbeat()
        beat()

    assert attempt([1, OWN], work) == [[1], [1, OWN], [1, OWN], [2, OWN], [2, OWN], [2, OWN]]
    assert attempt([], work) == [[], [OWN], [OWN], [2, OWN], [2, OWN], [2, OWN]]


@pytest.mark.parametrize(
    ("before", "users"),
    [
        ([], []),
        ([OWN], []),
        ([{"checkpoint": 10}, 2, OWN], [{"checkpoint": 10}, 2]),
        ([{"checkpoint": 10}], [{"checkpoint": 10}]),
        ([OWN, {"every": 2.0}], [OWN, {"every": 2.0}]),  # ours is the last one, if it is there
    ],
)
def test_an_attempt_begins_with_the_details_of_the_attempt_before(
    before: list[Any], users: list[Any]
) -> None:
    """The user reads only details of the user, and a third attempt would find them as well."""

    def work(heartbeats: Heartbeats) -> None:
        assert heartbeats.info().heartbeat_details == users
        beat()

    assert attempt(before, work) == [[*users, OWN]]


def test_a_detail_that_changes_later_is_repeated_as_it_was() -> None:
    """The user's code may go on with the object: a checkpoint must not run ahead of its work."""

    def work(heartbeats: Heartbeats) -> None:
        state = {"checkpoint": 10}
        heartbeats.heartbeat(state)
        state["checkpoint"] = 11
        beat()

    assert attempt([], work) == [[{"checkpoint": 10}], [{"checkpoint": 10}, OWN]]


def test_what_interceptors_see_of_the_users_call_is_not_encoded() -> None:
    """Other interceptors of the worker get the values that the user gave."""

    class Plain(Sdk):
        def heartbeat(self, *details: Any) -> None:
            assert not any(isinstance(detail, RawValue) for detail in details)
            self.sent.append(list(details))

    sdk = Plain([])
    in_activity(lambda: Heartbeats(sdk).heartbeat(1, "two"))
    assert sdk.sent == [[1, "two"]]


def test_without_the_interceptor_the_producer_heartbeats_alone() -> None:
    """In an ActivityEnvironment, and without a throttle that could be told."""
    environment = ActivityEnvironment()
    sent: list[tuple[Any, ...]] = []
    environment.on_heartbeat = lambda *details: sent.append(details)
    environment.run(producer_heartbeat, "event 1.1.1, durable to 1.1.0", None)
    assert sent == [({"kai_flow_producer": "event 1.1.1, durable to 1.1.0"},)]
