"""Takes the POSTs of a run's producers into the log of the session, and answers them."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from kai_flow.bridge.attempts import ASK_AGAIN_SECONDS, ASK_SECONDS, KnownAttempts
from kai_flow.bridge.errors import NoCodec, WrongNumber
from kai_flow.bridge.publisher import FLUSH_SECONDS, Publisher
from kai_flow.bridge.session_tail import SessionTail
from kai_flow.bridge.shared import Scope
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.attempt_window import Answer, Full, Stale, Taken
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.clock import now
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import read_started
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_fields import about
from kai_flow.stream.notifier import wait_for
from kai_flow.stream.session_log import Unknown

log = logging.getLogger(__name__)


class Intake:
    """The POSTs of one run.

    Each awaits twice, and others may be taken meanwhile. The first await, whether its attempt is
    real, comes before anything is changed. The second, of a final POST, waits for durability: it
    asks the log again each time it is woken, as a repeated POST would.
    """

    def __init__(
        self,
        scope: Scope,
        run_id: str,
        tail: SessionTail,
        publisher: Publisher,
        *,
        taken: Callable[[Taken], None],
    ) -> None:
        self._session_id = scope.session_id
        self._run_id = run_id
        self._log = scope.log
        self._tail = tail
        self._publisher = publisher
        self._boot_id = scope.shared.boot_id
        self._has_codec = scope.shared.client.data_converter.payload_codec is not None
        self._counts = scope.shared.counts
        self._taken = taken  # called for each POST that was taken, before its answer
        self._attempts = KnownAttempts(scope.shared.client, scope.session_id, run_id)
        self._absent = 0  # the producer that Temporal did not show when it was asked last
        self._asked_at = now() - ASK_AGAIN_SECONDS  # when it was asked for a producer
        self._limiter = LogLimiter()

    async def receive(self, post: ProducerPost) -> Answer:
        """Take in one POST; a final POST is answered once all is durable.

        Raises WrongNumber, InvalidId for a `started` that cannot be, and NoCodec.
        """
        key = post.base.attempt_key
        if self._is_over(post) or self._has_ended(key[0]):
            return Stale()
        self._require_codec(post)
        real = await self._is_real(key)
        self._require_codec(post)  # the history may have shown it meanwhile
        if not real:
            # The history may have shown meanwhile that nothing more counts.
            return Stale() if self._is_over(post) else self._hold_back(post)
        self._check_number(post)
        self._publisher.learn_age(post.age)
        if self._publisher.storage_full and self._would_store(post):
            return Full(stored=True)
        window = self._log.received.window(post.base)
        had = None if window is None else window.received
        answer = self._take(post, post.events)
        if isinstance(answer, Taken):
            self._count(post.events, had)
            self._publisher.posted(post, added=answer.added)
            self._taken(answer)
            if post.done:
                answer = await self._until_durable(answer, post)
        if isinstance(answer, Taken):
            answer = answer._replace(pace=self._publisher.pace)
        return answer

    def _count(self, events: Sequence[NumberedEvent], had: EventId | None) -> None:
        """Count the events of a POST; all up to `had` had come before."""
        if events:
            new = len(events) if had is None else min(len(events), events[-1].id.seq - had.seq)
            self._counts.events["new"] += max(0, new)
            self._counts.events["repeated"] += len(events) - max(0, new)

    def _require_codec(self, post: ProducerPost) -> None:
        """Refuse a POST of a session that this bridge would have to signal unencrypted."""
        missing = self._tail.missing
        if missing is not None:
            why = missing.sentence
        elif post.codec and not self._has_codec:
            why = "its producer has a payload codec, and this bridge has none (KAI_DATA_CONVERTER)"
        else:
            return
        raise NoCodec(
            f"this bridge signals nothing of the session, which is encrypted: {why}; the producer "
            "signals by itself"
        )

    def retire(self) -> None:
        """Give up what is being asked."""
        self._attempts.retire()

    def _is_over(self, post: ProducerPost) -> bool:
        """Whether the run of the POST has closed, as far as is known here."""
        return self._publisher.closed or self._log.closed or post.run_id != self._run_id

    def _has_ended(self, producer: int) -> bool:
        return self._log.begun and self._log.fold.closing(producer) is not None

    async def _is_real(self, key: tuple[int, int]) -> bool:
        """Whether Temporal has this attempt of this producer; False: it is not known yet."""
        producer, attempt = key
        if not self._is_marked(producer):
            await self._ask_for(producer)
        if not (self._log.begun and self._log.knows(producer)):
            return False
        mark = self._log.fold.open.get(producer)
        if attempt == 1 and (mark is not None or producer == 1):
            return True
        if mark is None and producer > max(1, self._tail.activities):
            return False  # invented: without marks, each producer is one of the run's activities
        return await self._attempts.include(key, mark.activity_id if mark else None)

    def _check_number(self, post: ProducerPost) -> None:
        """Refuse what a second activity with the same number sends.

        Its events would be taken for those of the first one that come again. That happens only
        where a workflow without the plugin numbers its activities.
        """
        mark = self._log.fold.open.get(post.base.producer)
        for event in post.events[:1]:
            started = read_started(event)
            if mark and mark.activity_id and started.activity_id not in ("", mark.activity_id):
                raise WrongNumber(
                    f"producer {started.producer} of this session is the activity "
                    f"{mark.activity_id!r}, not {started.activity_id!r}: give each activity a "
                    "number of its own"
                )

    def _is_marked(self, producer: int) -> bool:
        return self._log.begun and producer in self._log.fold.open

    async def _ask_for(self, producer: int) -> None:
        """Wait until the history has shown the producer, or all that it has; ASK_SECONDS at most.

        A producer is in the history before its activity begins. So one that a look at the whole
        history has not shown is not looked for again, and comes by itself if it is real.
        """
        if producer == self._absent and self._log.begun:
            return
        await self._until(lambda: self._is_marked(producer), self._asked_at + ASK_AGAIN_SECONDS)
        if self._is_marked(producer):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_SECONDS):
                await self._tail.refresh(lambda: self._is_marked(producer))
            if not self._is_marked(producer):
                self._absent, self._asked_at = producer, now()

    async def _until(self, condition: Callable[[], bool], deadline: float) -> None:
        """Wait until the tail has brought this about."""
        while not condition() and (left := deadline - now()) > 0:
            await wait_for(self._tail.moved.next, left)

    def _hold_back(self, post: ProducerPost) -> Taken:
        """Take nothing of a POST whose attempt is not known to be real."""
        if self._limiter.due("held back") is not None:  # one kind of line, whatever is claimed
            log.warning(
                "session %s: events of %d.%d are held back until Temporal shows that this attempt "
                "has begun",
                self._session_id, *post.base.attempt_key,
                extra=about("events_held_back", self._session_id, post.base),
            )  # fmt: skip
        nothing = post.base.offset(-1)
        return Taken(nothing, nothing, held=False)

    def _take(self, post: ProducerPost, events: Sequence[NumberedEvent]) -> Answer:
        if self._is_over(post) or self._has_ended(post.base.producer):  # it has ended meanwhile
            return Stale()
        self._log_claims(post)
        signalling = post.signaller in (None, self._boot_id)
        answer = self._log.receive(post.base, events, stored=post.stored, signalling=signalling)
        return self._hold_back(post) if isinstance(answer, Unknown) else answer

    def _log_claims(self, post: ProducerPost) -> None:
        """Log that a POST moves this log by a claim that may be forged; rare, and harmless."""
        window = self._log.received.window(post.base)
        if window is None:
            return
        if post.base > window.received.offset(1) and self._limiter.due("base") is not None:
            log.info(
                "session %s: a POST calls all before %s durable; what is missing is read back",
                self._session_id, post.base,
                extra=about("base_claimed", self._session_id, post.base),
            )  # fmt: skip
        if post.stored not in (None, window.stored) and self._limiter.due("stored") is not None:
            log.info(
                "session %s: events after %s are live only",
                self._session_id, post.stored,
                extra=about("live_only", self._session_id, post.stored),
            )  # fmt: skip

    def _would_store(self, post: ProducerPost) -> bool:
        """Whether the POST has an event that is new and to be signalled."""
        last = post.events[-1].id if post.events else post.base.offset(-1)
        last = last if post.stored is None else min(last, post.stored)
        return bool(post.events) and not self._log.place.covers(last)

    async def _until_durable(self, answer: Taken, post: ProducerPost) -> Answer:
        """Wait until all that is to be stored is durable, FLUSH_SECONDS at most; the new answer.

        A session that waits long for its turn is answered earlier: its producer has to be told the
        pace before it calls this bridge late.
        """
        deadline = now() + FLUSH_SECONDS
        while now() < deadline:
            last = answer.received if post.stored is None else min(answer.received, post.stored)
            if answer.durable >= last:
                break
            await wait_for(self._tail.moved.next, min(deadline - now(), FLUSH_SECONDS / 2))
            again = self._take(post, ())
            if not isinstance(again, Taken):
                return again
            answer = again
            if self._publisher.pace > FLUSH_SECONDS / 2:
                break
        return answer
