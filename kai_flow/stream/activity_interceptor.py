"""Gives an activity what its EventProducer needs: the producer number, and the worker's settings.

Without `StreamPlugin` on the worker of the workflow *and* on the worker of the activity no activity
can stream: if two of them had the same number, the fold would drop the events of the second as
duplicates.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
)

from kai_flow.stream.attempt import GivenUp, Unexplained
from kai_flow.stream.errors import InvalidId, InvalidUrl, SessionEnded, Superseded
from kai_flow.stream.header import TOO_MANY_BESIDE, ProducerHeader, Refused, decode_header
from kai_flow.stream.heartbeats import Heartbeats
from kai_flow.stream.numbering import MAX_BESIDE, MAX_RANGES
from kai_flow.stream.threads import reachable
from kai_flow.stream.wire_names import PRODUCER_HEADER, PUBLISH_EVENTS

if TYPE_CHECKING:
    from kai_flow.stream.signing import SigningKeys

OWN_SIGNAL: Final = "own_signal"
"""The reason in `Refused`: the workflow has a signal `publish_events` of its own."""


_PLUGIN: Final = "`plugins=[StreamPlugin()]`"

_REFUSALS: Final = {
    TOO_MANY_BESIDE: (
        "this activity cannot stream, because too many other activities of its workflow were under "
        f"way when it was scheduled ({MAX_BESIDE:,} may be, in {MAX_RANGES} ranges of consecutive "
        "numbers): run fewer at once, or in child workflows"
    ),
    OWN_SIGNAL: (
        f"this activity cannot stream, because its workflow has a signal {PUBLISH_EVENTS!r} of its "
        "own: rename that signal"
    ),
}
"""What a producer answers to a reason in `Refused`."""


def _refusal(why: str) -> ApplicationError:
    return ApplicationError(why, type="NoProducerNumber", non_retryable=True)


class OwnActivity:
    """What the interceptor has for the producers of one attempt."""

    def __init__(
        self,
        header: ProducerHeader | Refused | None,
        bridge: str | None,
        keys: "SigningKeys | None" = None,
    ) -> None:
        self.header = header
        """None: the workflow's worker has given no number."""
        self.bridge = bridge
        """The base URL of the bridge to which producers POST by default."""
        self.keys = keys
        """What signs the POSTs; None: nothing does."""
        self._taken: set[int] = set()  # the numbers that producers of this attempt have taken

    def take(self, number: int) -> None:
        """A producer takes this number. Raises ApplicationError when another one has it.

        Two producers with one number would give the same ids to different events.
        """
        if number in self._taken:
            raise _refusal(
                f"this attempt has had an EventProducer with the number {number} already: "
                "send all events of an activity with one"
            )
        self._taken.add(number)


own_activity: Final[ContextVar[OwnActivity | None]] = ContextVar("own_activity", default=None)
"""In an activity: its own. None when its worker has no StreamPlugin."""

heartbeat_throttle: Final[ContextVar[timedelta | None]] = ContextVar("throttle", default=None)
"""In an activity: the longest time for which its worker holds a heartbeat back, if known."""


def require_plugin() -> OwnActivity:
    """What this activity's worker has for it. Raises ApplicationError when that is nothing.

    Raises RuntimeError outside an activity. In a workflow this fails the workflow task, as any
    mistake in the code does: the workflow goes on when the code has been corrected.
    """
    if not activity.in_activity():
        raise RuntimeError(
            "EventProducer needs an activity, and this code runs in none: a workflow calls "
            "`WorkflowEventStream().publish(…)` instead, and a thread of an activity has to be "
            "started with the activity's context, as `asyncio.to_thread` does"
        )
    if activity.info().is_local:
        raise _refusal(
            "a local activity cannot stream: start it with `workflow.execute_activity` instead of "
            "`workflow.execute_local_activity`"
        )
    own = own_activity.get()
    if own is None:
        raise _refusal(
            "this activity cannot stream, because its own worker has no StreamPlugin: give "
            f"{_PLUGIN} to the Worker that runs this activity"
        )
    return own


def own_number(explicit: ProducerHeader | None = None) -> ProducerHeader:
    """The number of this activity; `explicit` is the one that its code has given, if it has.

    Raises ApplicationError when there is none, when there are two, and when it is taken. A retry
    would have the same header, so the error is not retried.
    """
    own = require_plugin()
    number = _number_of(own.header, explicit)
    own.take(number.producer)
    return number


def default_callback() -> str | None:
    """The URL to which this activity's producers POST by default; None if the worker has none."""
    own = own_activity.get()
    if own is None or own.bridge is None:
        return None
    session_id = quote(activity.info().workflow_id or "", safe="")
    return f"{own.bridge}/events/{session_id}"


def signing_keys() -> "SigningKeys | None":
    """What signs the POSTs of this activity's producers; None: nothing does."""
    own = own_activity.get()
    return None if own is None else own.keys


def _number_of(
    header: ProducerHeader | Refused | None, explicit: ProducerHeader | None
) -> ProducerHeader:
    if isinstance(header, Refused):
        why = _REFUSALS.get(header.refused)
        raise _refusal(why or f"this activity cannot stream: {header.refused}")
    if header is not None and explicit is not None:
        raise _refusal(
            f"the workflow has given this activity the producer number {header.producer} already: "
            "leave out `producer=` and `beside=`"
        )
    number = header or explicit
    if number is None:
        raise _refusal(
            "this activity cannot stream, because its workflow has given it no producer number: "
            f"give {_PLUGIN} to the Worker that runs the workflow as well. If the workflow is "
            "written in another language, number its activities there, and give the number and "
            "those beside it to `EventProducer(producer=…, beside=…)`"
        )
    return number


class ActivityInterceptor(ActivityInboundInterceptor):
    """Wraps one attempt of an activity."""

    def __init__(
        self,
        following: ActivityInboundInterceptor,
        throttle: timedelta | None,
        bridge: str | None,
        keys: "SigningKeys | None",
        client: Client | None,
    ) -> None:
        super().__init__(following)
        self._throttle = throttle
        self._bridge = bridge
        self._keys = keys
        self._client = client

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Called by the SDK before the activity runs."""
        super().init(Heartbeats(outbound))

    async def execute_activity(self, call: ExecuteActivityInput) -> Any:
        """Called by the SDK: the activity itself."""
        header = _header_in(call)
        own_activity.set(OwnActivity(header, self._bridge, self._keys))
        heartbeat_throttle.set(self._throttle)
        with _as_failures():
            try:
                async with reachable(call, self._client):
                    return await super().execute_activity(call)
            except GivenUp:
                if header is None:  # numbered by its own code, so that a workflow may be waiting
                    raise
                return None


def _header_in(call: ExecuteActivityInput) -> ProducerHeader | Refused | None:
    payload = call.headers.get(PRODUCER_HEADER)
    try:
        return None if payload is None else decode_header(payload.data)
    except InvalidId as error:
        return Refused(f"its header is wrong: {error}")


@contextmanager
def _as_failures() -> Iterator[None]:
    """Raise errors that no retry helps against as failures that Temporal does not retry."""
    try:
        yield
    except InvalidUrl as error:
        raise ApplicationError(str(error), type="InvalidUrl", non_retryable=True) from error
    except Superseded as error:
        # The cause is what a user did, or an outage. It is no bug, and the producer has logged it:
        # "benign" keeps the SDK from logging a traceback.
        raise ApplicationError(
            str(error),
            type=(SessionEnded if isinstance(error, SessionEnded) else Superseded).__name__,
            non_retryable=not isinstance(error, Unexplained),
            category=ApplicationErrorCategory.BENIGN,
        ) from None
