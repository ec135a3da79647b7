"""What an activity gets from its interceptor, and failures of a stream on their way to Temporal."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from kai_flow.stream.activity_interceptor import (
    OWN_SIGNAL,
    default_callback,
    heartbeat_throttle,
    own_number,
)
from kai_flow.stream.attempt import GivenUp, Unexplained
from kai_flow.stream.errors import InvalidUrl, SessionEnded, StreamError, Superseded
from kai_flow.stream.header import TOO_MANY_BESIDE, ProducerHeader, Refused, encode_header
from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.wire_names import PRODUCER_HEADER

NUMBER = ProducerHeader(4, frozenset({2}), "0190b6a2-7e1c-7000-8000-00004f3a9c1e", 7.5, 1_893)
GIVEN = ProducerHeader(4, frozenset({2}), "")
THROTTLE = timedelta(seconds=2)


async def executed(
    interceptor: StreamInterceptor,
    header: ProducerHeader | Refused | bytes | None,
    work: Callable[[], Awaitable[Any]],
    **info: Any,
) -> Any:
    """The result of an activity that is called with this header."""

    async def run() -> Any:
        following: Any = SimpleNamespace(execute_activity=lambda _call: work())
        document = header if isinstance(header, bytes | None) else encode_header(header)
        headers = {} if document is None else {PRODUCER_HEADER: SimpleNamespace(data=document)}
        call: Any = SimpleNamespace(headers=headers, fn=work, executor=None)
        return await interceptor.intercept_activity(following).execute_activity(call)

    environment = ActivityEnvironment()
    environment.info = replace(environment.info, **info)
    return await environment.run(run)


def numbering(explicit: ProducerHeader | None) -> Callable[[], Awaitable[ProducerHeader]]:
    """An activity that asks for its number."""

    async def own() -> ProducerHeader:
        return own_number(explicit)

    return own


async def test_an_activity_gets_its_number_and_the_throttle_of_its_worker() -> None:
    """The number as its workflow has written it into the header."""

    async def own() -> tuple[ProducerHeader, timedelta | None]:
        return own_number(), heartbeat_throttle.get()

    interceptor = StreamInterceptor(heartbeat_throttle=THROTTLE)
    assert await executed(interceptor, NUMBER, own) == (NUMBER, THROTTLE)


async def test_an_activity_of_a_workflow_in_another_language_names_its_number_itself() -> None:
    """It counts if the workflow has given none."""
    assert await executed(StreamInterceptor(), None, numbering(GIVEN)) == GIVEN


@pytest.mark.parametrize(
    ("header", "given", "says"),
    [
        (None, None, "to the Worker that runs the workflow as well"),
        (NUMBER, GIVEN, "has given this activity the producer number 4 already: leave out"),
        (Refused(TOO_MANY_BESIDE), None, "too many other activities of its workflow"),
        (Refused(TOO_MANY_BESIDE), GIVEN, "too many other activities of its workflow"),
        (Refused(OWN_SIGNAL), None, "rename that signal"),
        (Refused("a reason of a later version"), None, "stream: a reason of a later version"),
        (b"<html>", None, "its header is wrong: not a header of a stream"),
        (b'{"producer":2,"beside":[2],"first_run_id":"a"}', None, "lower numbers from 1"),
    ],
)
async def test_without_a_number_of_its_own_an_activity_cannot_stream(
    header: ProducerHeader | Refused | bytes | None, given: ProducerHeader | None, says: str
) -> None:
    """The error is not retried, and names the remedy."""
    with pytest.raises(ApplicationError) as refused:
        await executed(StreamInterceptor(), header, numbering(given))
    assert says in refused.value.message
    assert (refused.value.type, refused.value.non_retryable) == ("NoProducerNumber", True)


async def test_outside_an_activity_no_producer_can_be_opened() -> None:
    """The error says what to do in a workflow, and in a thread that lacks the context."""
    remedy = r"WorkflowEventStream\(\).*asyncio.to_thread"
    with pytest.raises(RuntimeError, match=remedy):
        await EventProducer().__aenter__()
    with pytest.raises(RuntimeError, match=remedy):
        EventProducer().__enter__()


async def test_a_local_activity_cannot_stream() -> None:
    """Whatever header it has."""
    with pytest.raises(ApplicationError, match="a local activity cannot stream"):
        await executed(StreamInterceptor(), NUMBER, numbering(None), is_local=True)


async def test_a_number_is_taken_once() -> None:
    """A second EventProducer in one attempt would give the same ids to other events."""

    async def twice() -> None:
        own_number()
        own_number()

    with pytest.raises(ApplicationError, match="an EventProducer with the number 4 already"):
        await executed(StreamInterceptor(), NUMBER, twice)


@pytest.mark.parametrize(
    ("bridge", "url"),
    [(None, None), ("http://kai:1/b", "http://kai:1/b/events/a%20session%2F1")],
)
async def test_events_are_posted_to_the_bridge_of_the_worker(
    bridge: str | None, url: str | None
) -> None:
    """To the path of the activity's own session."""

    async def callback() -> str | None:
        return default_callback()

    interceptor = StreamInterceptor(bridge=bridge)
    assert await executed(interceptor, NUMBER, callback, workflow_id="a session/1") == url


@pytest.mark.parametrize(
    ("error", "kind", "category"),
    [
        (InvalidUrl("no host"), "InvalidUrl", ApplicationErrorCategory.UNSPECIFIED),
        (Superseded("1.1.7: a newer attempt"), "Superseded", ApplicationErrorCategory.BENIGN),
        (SessionEnded("1.1.7: cancelled"), "SessionEnded", ApplicationErrorCategory.BENIGN),
        (GivenUp("1.1.7: no longer"), "Superseded", ApplicationErrorCategory.BENIGN),
    ],
)
async def test_what_no_retry_helps_is_not_retried(
    error: StreamError, kind: str, category: ApplicationErrorCategory
) -> None:
    """The failure has the message and the name of the error; what is nobody's fault is benign."""

    async def fail() -> None:
        raise error

    with pytest.raises(ApplicationError) as failed:
        await executed(StreamInterceptor(), None, fail)
    failure = failed.value
    assert (str(failure.message), failure.type) == (str(error), kind)
    assert (failure.non_retryable, failure.category) == (True, category)


async def test_an_attempt_that_was_refused_for_no_known_reason_may_be_retried() -> None:
    """Its retry learns the reason (§6.9)."""

    async def fail() -> None:
        raise Unexplained("1.1.7: a newer attempt, or the session's end")

    with pytest.raises(ApplicationError) as failed:
        await executed(StreamInterceptor(), NUMBER, fail)
    assert (failed.value.type, failed.value.non_retryable) == ("Superseded", False)


async def test_an_activity_that_nobody_waits_for_completes() -> None:
    """If the workflow has given it its number: then it has also given it up (§6.9)."""

    async def fail() -> None:
        raise GivenUp("1.1.7: no longer")

    assert await executed(StreamInterceptor(), NUMBER, fail) is None


async def test_any_other_error_is_the_activitys_own() -> None:
    """It reaches Temporal as it is, and is retried."""

    async def fail() -> None:
        raise ZeroDivisionError("a mistake")

    with pytest.raises(ZeroDivisionError):
        await executed(StreamInterceptor(), None, fail)
