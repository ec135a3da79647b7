"""The POSTs of one attempt: when the next one is due, what it carries, and where POSTs continue.

One POST at a time shows events to whatever answers at the callback URL. The answers tell what kind
of receiver that is, and which of several bridges signals. POSTs continue after the last event that
this bridge, the signaller, has received.
"""

from kai_flow.stream.batches import MAX_BATCH_EVENTS
from kai_flow.stream.election import Election, Standing
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.post_channel import PostChannel
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.receivers import NEXT_RECEIVER, PostOutcome, Receiver


def proves_signalling(post: Post, answer: Acknowledged) -> bool:
    """Whether a bridge reports more as durable than it could derive from the POST's `base`.

    Then it signals, or another bridge does. When all that is stored is durable, nothing is left to
    signal, and a bridge proves as much by showing what is live only.
    """
    live = post.stored is not None and post.base > post.stored
    return (answer.received if live else answer.durable) >= post.base


class Posting:
    """The POSTs of one attempt. Times are seconds of any monotonic clock."""

    def __init__(self, outbox: Outbox, *, callback: bool, now: float) -> None:
        self.channel = PostChannel(now)
        self.election = Election(now)
        self.receiver = Receiver.UNKNOWN if callback else Receiver.NONE
        self._outbox = outbox
        self._outbox.must_deliver = self.receiver.policy.must_deliver
        self._reached = outbox.last  # the signaller's `received`: POSTs continue after it
        self._newest = outbox.last  # the newest event that any POST has carried

    # What to do next

    def due_at(self, *, final: bool) -> float | None:
        """When the next POST is due; None: not before something is reported.

        `final`: when no event is left to POST, the final POST is.
        """
        if self.channel.in_flight or not self.receiver.policy.is_posted_to:
            return None
        if final or self._outbox.posted < self._outbox.last:
            return self.channel.not_before
        if self._outbox and self.receiver.policy.takes_batches:
            return self.channel.probe_at
        return None

    def next(self, *, final: bool) -> Post:
        """The POST that is due: events, else the final POST, else a probe. It is in flight then."""
        batch = self.receiver.policy.takes_batches
        events = self._outbox.unposted(MAX_BATCH_EVENTS if batch else 1)
        done = final and not events
        if events:
            self._newest = max(self._newest, events[-1].id)
        self.channel.posted()
        return Post(self._outbox.base, events, batch and not done, done, self._outbox.stored)

    # What came of it

    def answered(self, outcome: PostOutcome, now: float) -> None:
        """The POST in flight was answered, and the answer is no failure."""
        self.channel.answered(now)
        self._learn(outcome)

    def failed(self, post: Post, now: float, *, jitter: float, retry_after: float) -> None:
        """The POST in flight has failed. A receiver that is no bridge is given up in time."""
        self.channel.failed(now, jitter=jitter, retry_after=retry_after)
        if not self.channel.exhausted:
            return
        self._learn(PostOutcome.EXHAUSTED)
        if not self.receiver.policy.is_bridge:
            if post.events:
                self._outbox.give_up(post.events[-1].id)
            self._outbox.trim()

    def shown(self, post: Post, answer: Acknowledged) -> bool:
        """A bridge has received these events; True when some were not delivered before."""
        sent = self._outbox.sent
        shown = [event for event in post.events if event.id <= answer.received]
        if shown:
            self._outbox.delivered(shown)
        news = self._outbox.sent > sent
        if news or self._outbox.is_news(answer.durable):
            self.channel.progressed()
        return news

    def sends_back(
        self, post: Post, answer: Acknowledged, standing: Standing, *, news: bool
    ) -> bool:
        """Whether a bridge's 200 leaves events to be POSTed again.

        A bridge that is not the signaller may report events as received that it has dropped, so
        only the signaller's `received` counts, and only once the POST has told it its role.
        """
        if standing is Standing.SIGNALLER:
            return answer.received < (post.events[-1].id if post.events else self._reached)
        if standing is Standing.ELECTED:
            return not news
        # Shown there, but not held by the bridge that signals: a later POST will reach that. Unless
        # that POST has something new to show, it waits: what was never POSTed may be durable
        # meanwhile, and only the final POST be left.
        newest = max(self._newest, self._outbox.base.offset(-1))
        return not news and self._outbox.last == newest

    def follow(self, post: Post, answer: Acknowledged, standing: Standing) -> None:
        """Note after which event POSTs continue: after what the signaller has."""
        if standing is Standing.SIGNALLER:
            self._reached = answer.received
        elif standing is Standing.ELECTED:  # as a bystander, it has dropped what it could not hold
            self._reached = post.base.offset(-1)

    def resume(self) -> None:
        """Let the next POST continue there. What is durable need not be sent again."""
        self._outbox.move_to(self._reached.offset(1))

    def resume_at(self, expected: EventId) -> None:
        """Let the next POST begin with the event that a 409 asks for."""
        self._reached = expected.offset(-1)
        self._outbox.move_to(expected)
        self._outbox.trim()

    def _learn(self, outcome: PostOutcome) -> None:
        self.receiver = NEXT_RECEIVER[self.receiver][outcome]
        self._outbox.must_deliver = self.receiver.policy.must_deliver
