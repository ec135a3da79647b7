"""Heartbeats: the details of the user's code travel ahead of the producer's (§6.14).

An attempt that resumes from `activity.info().heartbeat_details` finds the details of the last
heartbeat, whoever sent it, and a producer sends one every second. So each heartbeat repeats what
the other side sent last: first the user's details, then one of the producer's. What the user reads
is without the producer's. Code that resumes from details works in the block of an EventProducer as
it does outside.

Agent frameworks send heartbeats without details all the time, only to show that the attempt is
alive. Such a heartbeat repeats everything, and so replaces no checkpoint of the user's code.
"""

import dataclasses
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

import msgspec
from temporalio import activity
from temporalio.common import RawValue
from temporalio.worker import ActivityOutboundInterceptor

from kai_flow.stream.liveness import ProducerDetail

_MARK: Final = "kai_flow_producer"  # a field of ProducerDetail, and of no detail of others


class Heartbeats(ActivityOutboundInterceptor):
    """The heartbeats of one attempt. All is called in the worker's event loop."""

    def __init__(self, following: ActivityOutboundInterceptor) -> None:
        super().__init__(following)
        self._users: Sequence[Any] | None = None  # their last details; None: not needed yet
        self._own: tuple[dict[str, Any], ...] = ()  # the producer's last, once there is one
        _heartbeats.set(self)

    def info(self) -> activity.Info:
        """What `activity.info()` returns: the details are the user's of the attempt before."""
        return self._info

    @cached_property
    def _info(self) -> activity.Info:
        info = self.next.info()
        details = info.heartbeat_details
        if not (details and _is_producers(details[-1])):
            return info
        return dataclasses.replace(info, heartbeat_details=details[:-1])

    def heartbeat(self, *details: Any) -> None:
        """A heartbeat of the user's code, or of a framework that it uses."""
        if details:
            # Encoded now: the user may change a detail afterwards, which is to be repeated as it is
            self._users = _encoded(details)
            self.next.heartbeat(*details, *self._own)
        else:
            self._repeat()

    def of_producer(self, detail: dict[str, Any]) -> None:
        """A heartbeat of the producer."""
        self._own = (detail,)
        self._repeat()

    def _repeat(self) -> None:
        if self._users is None:
            self._users = _encoded(self.info().heartbeat_details)
        self.next.heartbeat(*self._users, *self._own)


_heartbeats: Final[ContextVar[Heartbeats | None]] = ContextVar("heartbeats", default=None)
"""In an activity: its heartbeats. None without the interceptor, as in an ActivityEnvironment."""


def producer_heartbeat(position: str, throttle: timedelta | None) -> None:
    """Send a heartbeat of this activity's producer.

    `throttle` is the longest time for which the worker holds a heartbeat back, if that is known.
    """
    every = None if throttle is None else throttle.total_seconds()
    # Plain values, which every data converter can encode.
    detail: dict[str, Any] = msgspec.to_builtins(ProducerDetail(position, every))
    heartbeats = _heartbeats.get()
    if heartbeats is None:
        activity.heartbeat(detail)
    else:
        heartbeats.of_producer(detail)


def _is_producers(detail: object) -> bool:
    return isinstance(detail, dict) and _MARK in detail


def _encoded(details: Sequence[Any]) -> list[RawValue]:
    """The details as the activity's data converter encodes them."""
    payloads = activity.payload_converter().to_payloads(details)
    return [RawValue(payload) for payload in payloads]
