"""Takes the POSTs of producers into the log of a session, and answers them."""

import logging
from collections.abc import Callable, Sequence

from kai_flow.bridge.attempts import KnownAttempts
from kai_flow.bridge.publisher import FLUSH_SECONDS, Publisher
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.attempt_window import Answer, Full, Taken
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.notifier import Notifier, wait_for
from kai_flow.stream.session_log import SessionLog

log = logging.getLogger(__name__)


class Intake:
    """The POSTs of one session.

    Each awaits twice, and others may be taken meanwhile. The first await, whether its attempt is
    real, comes before anything is changed. The second, of a final POST, waits for durability: it
    asks the log again each time it is woken, as a repeated POST would.
    """

    def __init__(
        self,
        session_id: str,
        session_log: SessionLog,
        attempts: KnownAttempts,
        publisher: Publisher,
        notifier: Notifier,
        *,
        boot_id: str,
        taken: Callable[[Taken], None],
    ) -> None:
        self._session_id = session_id
        self._log = session_log
        self._attempts = attempts
        self._publisher = publisher
        self._notifier = notifier
        self._boot_id = boot_id
        self._taken = taken  # called for each POST that was taken, before its answer
        self._limiter = LogLimiter()

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST; a final POST is answered once all is durable."""
        if not (self._log.closed or await self._attempts.include(post.base.attempt_key)):
            nothing = post.base.offset(-1)
            return Taken(nothing, nothing, held=False)
        signalling = post.signaller in (None, self._boot_id)
        self._publisher.instruct(signalling=signalling, age=post.age)
        if self._publisher.storage_full and self._would_store(post):
            return Full(stored=True)
        answer = self._take(post, post.events)
        if isinstance(answer, Taken):
            self._publisher.posted(post, news=answer.news)
            self._taken(answer)
            if post.done:
                answer = await self._until_durable(answer, post)
        return answer

    def _take(self, post: ProducerPost, events: Sequence[NumberedEvent]) -> Answer:
        self._log_claims(post)
        signalling = self._publisher.signalling
        return self._log.receive(post.base, events, stored=post.stored, signalling=signalling)

    def _would_store(self, post: ProducerPost) -> bool:
        """Whether the POST has an event that is new and to be signalled."""
        last = post.events[-1].id if post.events else post.base.offset(-1)
        last = last if post.stored is None else min(last, post.stored)
        return bool(post.events) and last > (self._log.position or post.base.offset(-1))

    def _log_claims(self, post: ProducerPost) -> None:
        """Log that a POST moves this log by a claim that may be forged; rare, and harmless."""
        attempt = self._log.current
        if attempt is None or attempt.attempt_key != post.base.attempt_key:
            return
        if post.base > attempt.received.offset(1) and self._limiter.due("base") is not None:
            log.info(
                "session %s: a POST calls all before %s durable; what is missing is read back",
                self._session_id, post.base,
            )  # fmt: skip
        if post.stored not in (None, attempt.stored) and self._limiter.due("stored") is not None:
            log.info("session %s: events after %s are live only", self._session_id, post.stored)

    async def _until_durable(self, answer: Taken, post: ProducerPost) -> Answer:
        """Wait until all that is to be stored is durable, FLUSH_SECONDS at most; the new answer."""
        deadline = now() + FLUSH_SECONDS
        while now() < deadline:
            last = answer.received if post.stored is None else min(answer.received, post.stored)
            if answer.durable >= last:
                break
            await wait_for(self._notifier.next, deadline - now())
            again = self._take(post, ())
            if not isinstance(again, Taken):
                return again
            answer = again
        return answer
