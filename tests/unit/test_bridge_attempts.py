"""Which attempts are real: the server decides, and it is asked seldom, whatever is claimed."""

import asyncio
from collections.abc import Sequence

import pytest

from kai_flow.bridge.attempts import ASK_AGAIN_SECONDS, ASK_SECONDS, KnownAttempts
from kai_flow.stream.clock import now
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time


def known_to(stage: Stage) -> KnownAttempts:
    """The attempts of the stage's run, of which nothing is known yet."""
    return KnownAttempts(stage.client, SESSION, RUN_ID)


async def asked_again(
    attempts: KnownAttempts, key: tuple[int, int], activity_id: str | None = "1"
) -> bool:
    """The answer to the next POST that may ask the server."""
    await asyncio.sleep(ASK_AGAIN_SECONDS)
    return await attempts.include(key, activity_id)


def levels(caplog: pytest.LogCaptureFixture) -> Sequence[str]:
    """The levels of the lines that were logged."""
    return [record.levelname for record in caplog.records]


@in_virtual_time
async def test_an_attempt_is_real_once_the_server_has_begun_it() -> None:
    """A retry is taken as soon as the server shows it, and then it and all before need no proof."""
    stage = Stage()
    stage.schedule("1", attempt=2)
    attempts = known_to(stage)
    assert not await attempts.include((1, 3), "1")
    stage.retry("1", attempt=3)
    assert await asked_again(attempts, (1, 3))
    calls = stage.counted.calls
    assert await attempts.include((1, 3), "1")
    assert await attempts.include((1, 2), "1")
    assert stage.counted.calls == calls


@in_virtual_time
async def test_a_producer_is_the_activity_of_its_mark() -> None:
    """Only the attempt of that producer's own activity proves it, not another that is pending."""
    stage = Stage()
    stage.schedule("first", attempt=3, header=1)
    stage.schedule("second", attempt=1, header=2)
    attempts = known_to(stage)
    assert not await attempts.include((2, 2), "second")
    assert await asked_again(attempts, (1, 2), "first")
    assert not await asked_again(attempts, (2, 2), "second")


@in_virtual_time
async def test_without_marks_any_activity_may_be_meant() -> None:
    """A sender of another program cannot tell which activity is whose: one has to be pending."""
    stage = Stage()
    attempts = known_to(stage)
    assert not await attempts.include((2, 1), None)
    stage.schedule("theirs", attempt=1)
    assert await asked_again(attempts, (2, 1), None)
    assert not await asked_again(attempts, (2, 2), None)


@in_virtual_time
async def test_many_claims_ask_one_question() -> None:
    """POSTs that come together share one question, and the next is asked after a pause."""
    stage = Stage()
    attempts = known_to(stage)
    claims = [(1, attempt) for attempt in range(2, 52)]
    assert not any(await asyncio.gather(*(attempts.include(one, "1") for one in claims)))
    assert not any([await attempts.include(claim, "1") for claim in claims])
    assert stage.counted.descriptions == 1


@in_virtual_time
async def test_a_post_waits_a_second_and_the_question_goes_on() -> None:
    """While Temporal is silent a POST is answered in time; what is then found counts for later."""
    stage = Stage()
    stage.schedule("1", attempt=2)
    stage.server.up = False
    attempts = known_to(stage)
    began = now()
    assert not await attempts.include((1, 2), "1")
    assert now() - began < ASK_SECONDS + 0.1
    stage.server.up = True
    stage.server.changed.change()
    assert await attempts.include((1, 2), "1")
    assert stage.counted.descriptions == 1


@pytest.mark.parametrize("error", [RuntimeError("keys are away"), UnicodeError("not text")])
@in_virtual_time
async def test_whatever_breaks_is_logged_and_asked_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A question that breaks holds the POST back, leaves a line, and the next POST asks anew."""
    stage = Stage()
    stage.schedule("1", attempt=2)
    attempts = known_to(stage)
    stage.counted.breaks_with = error
    assert not await attempts.include((1, 2), "1")
    assert not await asked_again(attempts, (1, 2))
    assert levels(caplog).count("ERROR") == 1, "not one for each POST"
    assert str(error) in caplog.text
    stage.counted.breaks_with = None
    assert await asked_again(attempts, (1, 2))


@in_virtual_time
async def test_stopping_gives_the_question_up() -> None:
    """A question that Temporal does not answer does not hold up the end of its session."""
    stage = Stage()
    stage.server.up = False
    attempts = known_to(stage)
    asking = asyncio.create_task(attempts.include((1, 2), "1"))
    await asyncio.sleep(0.1)
    began = now()
    attempts.retire()
    assert not await asking
    assert now() - began < 0.1
