"""The producer number travels from workflow to activity, and failures of a stream to Temporal."""

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from kai_flow.stream.errors import InvalidUrl, SessionEnded, StreamError, Superseded
from kai_flow.stream.interceptor import (
    LIVENESS_CHECK,
    ProducerNumber,
    StreamInterceptor,
    appointed,
    heartbeat_throttle,
    own_number,
)
from kai_flow.stream.wire_names import PRODUCER_HEADER

NUMBER = ProducerNumber(2, "0190b6a2-7e1c-7000-8000-00004f3a9c1e", 7.5, 1_893)
THROTTLE = timedelta(seconds=2)


def started_with(interceptor: StreamInterceptor, number: ProducerNumber | None) -> dict[str, Any]:
    """The headers of an activity call that a workflow makes while it appoints `number`."""
    calls: list[Any] = []
    outside: Any = SimpleNamespace(unsafe_extern_functions={})
    following: Any = SimpleNamespace(init=calls.append)
    inbound: Any = interceptor.workflow_interceptor_class(outside)(following)
    inbound.init(SimpleNamespace(start_activity=calls.append))
    headers: dict[str, Any] = {"other": "kept"}
    outbound = calls[0]
    call: Any = SimpleNamespace(headers=headers)

    def start() -> None:
        appointed.set(number)
        outbound.start_activity(call)

    copy_context().run(start)
    assert calls[1] is call
    return dict(call.headers)


async def executed(
    interceptor: StreamInterceptor, headers: dict[str, Any], work: Callable[[], Awaitable[Any]]
) -> Any:
    """The result of an activity that is called with these headers."""
    following: Any = SimpleNamespace(execute_activity=lambda _call: work())
    call: Any = SimpleNamespace(headers=headers, executor=None)
    return await interceptor.intercept_activity(following).execute_activity(call)


async def own() -> tuple[ProducerNumber, timedelta | None]:
    """What an activity learns about itself."""
    return own_number(), heartbeat_throttle.get()


async def test_an_activity_gets_the_number_that_its_workflow_appointed() -> None:
    """In one header beside those of others, and with it the throttle of its worker."""
    interceptor = StreamInterceptor(heartbeat_throttle=THROTTLE)
    headers = started_with(interceptor, NUMBER)
    assert headers["other"] == "kept"
    assert await executed(interceptor, headers, own) == (NUMBER, THROTTLE)


async def test_without_a_number_an_activity_cannot_stream() -> None:
    """A plain activity call has no header; the error is not retried and names the remedy."""
    interceptor = StreamInterceptor()
    headers = started_with(interceptor, None)
    assert PRODUCER_HEADER not in headers
    with pytest.raises(ApplicationError, match="StreamPlugin") as refused:
        await executed(interceptor, headers, own)
    assert (refused.value.type, refused.value.non_retryable) == ("NoProducerNumber", True)


async def test_a_header_of_an_older_worker_is_read() -> None:
    """Without the fields that were added later."""
    old = msgspec.json.encode({"producer": 1, "first_run_id": "a", "unknown": True})
    headers = {PRODUCER_HEADER: SimpleNamespace(data=old)}
    number, throttle = await executed(StreamInterceptor(), headers, own)
    assert number == ProducerNumber(1, "a", 0.0, 0)
    assert throttle is None


@pytest.mark.parametrize("check", [None, lambda *_: None])
def test_a_workflow_gets_the_liveness_check(check: Any) -> None:
    """As a function outside of its sandbox, when the worker has one."""
    outside: Any = SimpleNamespace(unsafe_extern_functions={})
    StreamInterceptor(check_liveness=check).workflow_interceptor_class(outside)
    assert outside.unsafe_extern_functions == ({} if check is None else {LIVENESS_CHECK: check})


@pytest.mark.parametrize(
    ("error", "kind", "category"),
    [
        (InvalidUrl("no host"), "InvalidUrl", ApplicationErrorCategory.UNSPECIFIED),
        (Superseded("1.1.7: a newer attempt"), "Superseded", ApplicationErrorCategory.BENIGN),
        (SessionEnded("1.1.7: cancelled"), "SessionEnded", ApplicationErrorCategory.BENIGN),
    ],
)
async def test_what_no_retry_helps_is_not_retried(
    error: StreamError, kind: str, category: ApplicationErrorCategory
) -> None:
    """The failure has the message and the name of the error; what is nobody's fault is benign."""

    async def fail() -> None:
        raise error

    with pytest.raises(ApplicationError) as failed:
        await executed(StreamInterceptor(), {}, fail)
    failure = failed.value
    assert (str(failure.message), failure.type) == (str(error), kind)
    assert (failure.non_retryable, failure.category) == (True, category)


async def test_any_other_error_is_the_activitys_own() -> None:
    """It reaches Temporal as it is, and is retried."""

    async def fail() -> None:
        raise ZeroDivisionError("a mistake")

    with pytest.raises(ZeroDivisionError):
        await executed(StreamInterceptor(), {}, fail)
