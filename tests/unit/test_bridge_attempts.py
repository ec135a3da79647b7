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


async def asked_again(attempts: KnownAttempts, key: tuple[int, int]) -> bool:
    """The answer to the next POST that may ask the server."""
    await asyncio.sleep(ASK_AGAIN_SECONDS)
    return await attempts.include(key)


def levels(caplog: pytest.LogCaptureFixture) -> Sequence[str]:
    """The levels of the lines that were logged."""
    return [record.levelname for record in caplog.records]


@in_virtual_time
async def test_the_first_attempt_needs_no_proof() -> None:
    """Events of 1.1 are taken without a question: a session is shown while Temporal is away."""
    stage = Stage()
    assert await known_to(stage).include((1, 1))
    assert stage.counted.calls == 0


@in_virtual_time
async def test_an_attempt_is_real_once_the_server_has_begun_it() -> None:
    """A retry is taken as soon as the server shows it, and then it and all before need no proof."""
    stage = Stage()
    stage.schedule("1", attempt=2)
    attempts = known_to(stage)
    assert not await attempts.include((1, 3))
    stage.retry("1", attempt=3)
    assert await asked_again(attempts, (1, 3))
    calls = stage.counted.calls
    assert await attempts.include((1, 3))
    assert await attempts.include((1, 2))
    assert stage.counted.calls == calls


@in_virtual_time
async def test_a_later_producer_is_the_activity_that_was_given_its_number() -> None:
    """Only the attempt of that producer's own activity proves it, not another that is pending."""
    stage = Stage()
    stage.schedule("first", attempt=3, header=1)
    stage.schedule("second", attempt=1, header=2)
    attempts = known_to(stage)
    assert not await attempts.include((2, 2))
    assert not await asked_again(attempts, (3, 1))
    assert await asked_again(attempts, (2, 1))


@pytest.mark.parametrize("header", [b"\xff\xfe", b"[" * 10_000, b'{"producer": "2"}', b""])
@in_virtual_time
async def test_a_foreign_header_hides_no_producer(header: bytes) -> None:
    """A header of our name that another program wrote is passed over, and what follows is read."""
    stage = Stage()
    stage.schedule("foreign", attempt=1, header=header)
    stage.schedule("ours", attempt=1, header=2)
    assert await known_to(stage).include((2, 1))


@in_virtual_time
async def test_many_claims_ask_one_question() -> None:
    """POSTs that come together share one question, and the next is asked after a pause."""
    stage = Stage()
    attempts = known_to(stage)
    claims = [(1, attempt) for attempt in range(2, 52)]
    assert not any(await asyncio.gather(*map(attempts.include, claims)))
    assert not any([await attempts.include(claim) for claim in claims])
    assert stage.counted.descriptions == 1


@in_virtual_time
async def test_an_old_history_is_not_read_for_invented_producers() -> None:
    """A history that has every pending activity is not read again, whichever producer is named."""
    stage = Stage()
    stage.schedule("1", attempt=1, header=1)
    attempts = known_to(stage)
    assert not await attempts.include((2, 1))
    reads = stage.counted.calls - stage.counted.descriptions
    assert not await asked_again(attempts, (7, 1))
    assert stage.counted.calls - stage.counted.descriptions == reads == 1


@in_virtual_time
async def test_a_post_waits_a_second_and_the_question_goes_on() -> None:
    """While Temporal is silent a POST is answered in time; what is then found counts for later."""
    stage = Stage()
    stage.schedule("1", attempt=2)
    stage.server.up = False
    attempts = known_to(stage)
    began = now()
    assert not await attempts.include((1, 2))
    assert now() - began < ASK_SECONDS + 0.1
    stage.server.up = True
    stage.server.changed.change()
    assert await attempts.include((1, 2))
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
    assert not await attempts.include((1, 2))
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
    asking = asyncio.create_task(attempts.include((1, 2)))
    await asyncio.sleep(0.1)
    began = now()
    await attempts.stop()
    assert not await asking
    assert now() - began < 0.1
