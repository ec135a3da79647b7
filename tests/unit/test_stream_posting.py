"""The POSTs of an attempt: what an answer leaves to be POSTed again, and where POSTs continue."""

import pytest

from kai_flow.stream.election import Standing
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.posting import Posting, proves_signalling
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.receivers import PostOutcome

FIRST = EventId(1, 1, 1)


def posted(*, held: int = 4, batch: bool = True) -> tuple[Posting, Outbox, Post]:
    """An attempt that has POSTed everything that it holds."""
    outbox = Outbox(1, 1)
    posting = Posting(outbox, callback=True, now=0.0)
    if batch:
        posting.answered(PostOutcome.ACCEPTS_BATCH, 0.0)
    for _ in range(held):
        outbox.append("e", b"{}")
    return posting, outbox, posting.next(final=False)


def answer(received: int, durable: int = 0) -> Acknowledged:
    """A bridge has received events up to one seq, and made them durable up to another."""
    return Acknowledged(EventId(1, 1, received), EventId(1, 1, durable), "b", accepts_batch=True)


@pytest.mark.parametrize(
    ("standing", "received", "news", "sent_back", "next_seq"),
    [
        (Standing.SIGNALLER, 4, True, False, 5),
        (Standing.SIGNALLER, 4, False, False, 5),
        (Standing.SIGNALLER, 2, True, True, 3),
        (Standing.SIGNALLER, 0, False, True, 1),
        (Standing.ELECTED, 4, True, False, 1),
        (Standing.ELECTED, 4, False, True, 1),
        (Standing.BYSTANDER, 4, True, False, 1),
        (Standing.BYSTANDER, 4, False, True, 1),
        (Standing.BYSTANDER, 0, False, True, 1),
    ],
)
def test_only_the_signallers_received_counts(
    standing: Standing, received: int, news: bool, sent_back: bool, next_seq: int
) -> None:
    """§6.13: POSTs continue after what the signaller has; other answers without news are vain."""
    posting, outbox, post = posted()
    told = answer(received)
    assert posting.sends_back(post, told, standing, news=news) == sent_back
    posting.follow(post, told, standing)
    posting.resume()
    assert outbox.posted.offset(1).seq == next_seq


def test_a_bystander_does_not_hold_up_what_is_new() -> None:
    """With an event that no POST has carried yet, the next POST follows at once."""
    posting, outbox, post = posted()
    outbox.append("e", b"{}")
    assert not posting.sends_back(post, answer(4), Standing.BYSTANDER, news=False)


@pytest.mark.parametrize(
    ("base", "stored", "received", "durable", "proves"),
    [
        (1, None, 4, 0, False), (1, None, 4, 1, True),
        (3, None, 4, 2, False), (3, None, 4, 3, True),
        (3, 4, 4, 2, False), (3, 4, 4, 3, True), (5, 4, 4, 4, False), (5, 4, 5, 4, True),
    ],
)  # fmt: skip
def test_what_proves_that_a_bridge_signals(
    base: int, stored: int | None, received: int, durable: int, proves: bool
) -> None:
    """§6.12: it reports more than it could derive from `base`; beyond `unstored`, more received."""
    mark = None if stored is None else EventId(1, 1, stored)
    post = Post(EventId(1, 1, base), (), batch=True, stored=mark)
    assert proves_signalling(post, answer(received, durable)) == proves


def test_the_next_post_is_events_then_the_final_post_or_a_probe() -> None:
    """One POST is in flight at a time; the final POST has single form and no events."""
    posting, _, post = posted()
    assert [event.id for event in post.events] == [FIRST.offset(n) for n in range(4)]
    assert posting.due_at(final=True) is None
    posting.answered(PostOutcome.ACCEPTS_BATCH, 1.0)
    assert posting.shown(post, answer(4))
    assert posting.due_at(final=False) == 2.0  # a probe
    assert posting.due_at(final=True) == 1.0
    final = posting.next(final=True)
    assert (final.events, final.batch, final.done) == ((), False, True)
    posting.answered(PostOutcome.ACCEPTS_BATCH, 2.0)
    probe = posting.next(final=False)
    assert (probe.events, probe.batch, probe.done) == ((), True, False)
