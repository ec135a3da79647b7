"""The channel of POSTs: no failure and no answer leads to a tight loop, and progress resets it."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.post_channel import (
    FIRST_PAUSE_SECONDS,
    MAX_PAUSE_SECONDS,
    MAX_RETRY_AFTER_SECONDS,
    MAX_TRIES,
    PROBE_SECONDS,
    PostChannel,
    PostState,
    Report,
)
from tests.tables import cells

jitters = st.floats(0, 1, exclude_max=True)

WANTED = """
           POSTED     ANSWERED  FAILED   REFUSED
IDLE       IN_FLIGHT  .         BACKOFF  .
IN_FLIGHT  .          IDLE      BACKOFF  IDLE
BACKOFF    RETRYING   IDLE      .        .
RETRYING   .          IDLE      BACKOFF  BACKOFF
"""
REPORTS: dict[Report, Callable[[PostChannel], None]] = {
    Report.POSTED: PostChannel.posted,
    Report.ANSWERED: lambda channel: channel.answered(1.0),
    Report.FAILED: lambda channel: channel.failed(1.0, jitter=0.0, retry_after=0.0),
    Report.REFUSED: PostChannel.refused,
}
WAYS = {
    PostState.IDLE: [],
    PostState.IN_FLIGHT: [Report.POSTED],
    PostState.BACKOFF: [Report.POSTED, Report.FAILED],
    PostState.RETRYING: [Report.POSTED, Report.FAILED, Report.POSTED],
}
"""How each state comes about."""


@pytest.mark.parametrize(("state", "report", "result"), cells(WANTED))
def test_each_report_in_each_state(state: str, report: str, result: str) -> None:
    """§6.1, §6.11: one POST is in flight at a time, and an answer may come in every state."""
    channel = PostChannel(0.0)
    for one in WAYS[PostState[state]]:
        REPORTS[one](channel)
    assert channel.state is PostState[state]
    REPORTS[Report[report]](channel)
    assert channel.state is PostState[result]
    assert channel.in_flight == (channel.state in {PostState.IN_FLIGHT, PostState.RETRYING})
    assert channel.failing == (channel.state in {PostState.BACKOFF, PostState.RETRYING})


def test_no_row_is_missing() -> None:
    """All states and reports are in the table."""
    wanted = {(state.name, report.name) for state, report in product(PostState, Report)}
    assert {cell[:2] for cell in cells(WANTED)} == wanted


@given(st.lists(jitters, min_size=1, max_size=12), st.floats(0.0, 100.0))
@example([0.0], 30.0)
def test_pauses_grow_and_a_receiver_may_ask_for_more(
    draws: list[float], retry_after: float
) -> None:
    """Failures double the pause from 0.25 s to 5 s; `Retry-After` extends it, up to 30 s."""
    channel, now = PostChannel(0.0), 0.0
    for count, jitter in enumerate(draws):
        channel.failed(now, jitter=jitter, retry_after=retry_after)
        pause = channel.not_before - now
        whole = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**count)
        assert pause >= min(retry_after, MAX_RETRY_AFTER_SECONDS) - 1e-6
        assert whole / 2 - 1e-6 <= pause <= max(whole, min(retry_after, 30.0)) + 1e-6
        assert channel.failing
        assert channel.exhausted == (count + 1 >= MAX_TRIES)
        now = channel.not_before


@given(st.integers(0, 12), jitters)
def test_an_answer_ends_a_series_of_failures(failures: int, jitter: float) -> None:
    """After it the next POST may follow at once, and a probe one second later."""
    channel = PostChannel(0.0)
    for _ in range(failures):
        channel.failed(1.0, jitter=jitter, retry_after=0.0)
    channel.answered(10.0)
    assert not channel.failing
    assert (channel.not_before, channel.probe_at) == (10.0, 10.0 + PROBE_SECONDS)
    channel.failed(20.0, jitter=jitter, retry_after=0.0)
    assert channel.not_before - 20.0 <= FIRST_PAUSE_SECONDS


@given(st.integers(1, 12), st.booleans())
def test_being_sent_back_is_answered_at_once_only_once(count: int, progress: bool) -> None:
    """The second such answer is followed by a pause; the third makes it vain; progress resets."""
    channel = PostChannel(0.0)
    for number in range(count):
        channel.answered(float(number))
        channel.sent_back(float(number))
        pause = channel.not_before - number
        assert pause == min(MAX_PAUSE_SECONDS, number and FIRST_PAUSE_SECONDS * 2 ** (number - 1))
        assert channel.in_vain == (number + 1 >= MAX_TRIES)
    if progress:
        channel.progressed()
        channel.answered(100.0)
        channel.sent_back(100.0)
        assert channel.not_before == 100.0
        assert not channel.in_vain


def test_a_probe_waits_for_a_pause_after_a_failure() -> None:
    """While the receiver fails, nothing is POSTed more often than the pauses allow."""
    channel = PostChannel(0.0)
    channel.failed(0.0, jitter=0.0, retry_after=20.0)
    assert channel.probe_at == channel.not_before == 20.0
