"""Mutants: the shells and the core, each time with one plausible mistake in the source.

A mutant is an edit of a function's text, so that it reads as the mistake that it is; an edit that
no longer fits the source is an error.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

import msgspec

from kai_flow.bridge import channel, hub, readback, session, subscription
from kai_flow.stream import (
    batches,
    buffer,
    delivery,
    events,
    fold,
    follower,
    log,
    outbox,
    producer,
    sse,
    tail,
    workflow,
)
from kai_flow.stream.callback import HandMade, ProducerPost, decode_post

Mutation = Callable[[], AbstractContextManager[None]]


@contextmanager
def edited(owner: Any, name: str, *edits: tuple[str, str]) -> Iterator[None]:
    """The function `owner.name` with its text edited."""
    function = vars(owner)[name]
    plain: Any = function.fget if isinstance(function, property) else function
    source = textwrap.dedent(inspect.getsource(plain))
    for old, new in edits:
        assert source.count(old) == 1, f"{owner.__name__}.{name} has not one {old!r}"
        source = source.replace(old, new)
    made: dict[str, Any] = {}
    exec(compile(source, f"<mutant of {name}>", "exec"), plain.__globals__, made)
    with patch.object(owner, name, made[name]):
        yield


def _edit(owner: Any, name: str, *edits: tuple[str, str]) -> Mutation:
    return lambda: edited(owner, name, *edits)


def _all(*mutations: Mutation) -> Mutation:
    @contextmanager
    def together() -> Iterator[None]:
        with ExitStack() as stack:
            for mutation in mutations:
                stack.enter_context(mutation())
            yield

    return together


_SAID: dict[str, bytes] = {}  # the final POST of each run, as its producer sent it


@contextmanager
def _remembering_done() -> Iterator[None]:
    def decode(document: bytes) -> ProducerPost | HandMade:
        post = decode_post(document)
        if isinstance(post, ProducerPost) and post.done:
            _SAID[post.run_id] = msgspec.json.encode(msgspec.json.decode(document)["event"])
        return post

    with (
        patch("tests.simulation.bridge.decode_post", decode),
        patch.object(session, "_SAID", _SAID, create=True),
    ):
        yield


_Read = subscription._Subscriber

MUTANTS: Final[dict[str, Mutation]] = {
    # The producer
    "trim on received": _edit(
        delivery.Delivery,
        "acknowledged",
        (".progressed(answer.durable, now)", ".progressed(answer.received, now)"),
    ),
    "no wait and no drain": _all(
        _edit(
            delivery.Delivery,
            "drained",
            ("return not self.outbox and", "return self.outbox.posted == self.outbox.last and"),
        ),
        _edit(
            workflow.WorkflowEventStream,
            "drain",
            ("if self._has_reached(last):", "if True:"),
        ),
    ),
    "a lower received is not heeded": _edit(
        delivery.Delivery,
        "acknowledged",
        ("self.outbox.move_to(self._reached.offset(1))", "pass"),
    ),
    "a 410 is ignored": _edit(
        delivery.Delivery,
        "refused_as_superseded",
        ("self.superseded = self.superseded or bool(self.outbox) or not self.finished", "pass"),
    ),
    "it never signals itself": _edit(
        delivery.Delivery, "_signal_at", ("if self.superseded:", "if self.outbox.must_deliver < 2:")
    ),
    "the outbox takes everything": _edit(
        outbox.Outbox,
        "has_room",
        ("return len(self._held) < self.max_events and", "return True or"),
    ),
    "an unknown signal counts as stored": _edit(
        producer.EventProducer,
        "_signal",
        ("self._delivery.signal_failed(now())", "self._delivery.signalled(batch.last, now())"),
    ),
    "signals are not pinned to the run": _all(
        _edit(session, "publish", ("run_id=batch.run_id)", "run_id=None)")),
        _edit(producer, "publish", ("run_id=batch.run_id)", "run_id=None)")),
    ),
    "a plain receiver's answer counts as durable": _edit(
        delivery.Delivery,
        "post_succeeded",
        (
            "self.outbox.delivered(post.events)",
            (
                "self.outbox.delivered(post.events)\n"
                "        self._own_signals.progressed(post.events[-1].id, now)"
            ),
        ),
    ),
    "anybody's 410 stops the agent": _edit(
        producer.EventProducer, "_take_answer", ("and is_bridge(answer)", "")
    ),
    "it never gives a receiver up": _edit(
        delivery.Delivery, "post_failed", ("if not self._pacing.exhausted:", "if True:")
    ),
    "a retransmission counts as sent again": _edit(
        outbox.Outbox,
        "delivered",
        ("self.sent += len(seqs & self._unsent)", "self.sent += len(seqs)"),
    ),
    "a refused event takes a number": _edit(
        producer.EventProducer,
        "send",
        (
            "if kind in RESERVED:",
            "if kind in RESERVED:\n        await self._send(kind, data)",
        ),
    ),
    "each attempt may store as much anew": _edit(
        producer, "_left_after", ("MAX_STORED_BYTES - history_bytes", "MAX_STORED_BYTES")
    ),
    "nobody is told that the store has ended": _edit(
        outbox.Outbox,
        "append",
        ("self.stored = self._put(UNSTORED, _MARK).id", "self.stored = self.last"),
        ("self.waiting_bytes += len(_MARK)", "pass"),
    ),
    "what is live only is stored": _edit(
        outbox.Outbox,
        "append",
        ("if self._exceeds(len(data)):", "if False:"),
    ),
    # The encoding
    "tokens that differ are merged": _edit(
        batches, "_token_run", ("if alike is not None and rest != alike:", "if False:")
    ),
    "tokens are compared as Python does": _edit(
        batches,
        "_token_run",
        ('msgspec.json.encode({**token, "content": ""})', '{**token, "content": ""}'),
    ),
    "ready-made JSON is not checked": _edit(
        events, "encode_json", ("if _is_line_of_json(data)", "if True")
    ),
    "a line ends where Unicode says": _edit(
        sse.Decoder,
        "feed",
        (
            "_LINE_END.split(self._rest + text)",
            're.split("\\r\\n|[\\r\\n\\u2028\\u2029]", self._rest + text)',
        ),
    ),
    # The fold and the buffer
    "a batch of another run is folded": _edit(
        fold.Fold, "apply", ("if batch.run_id != self.run_id:", "if False:")
    ),
    "the fold skips dedup": _edit(
        fold.Fold,
        "apply",
        ("batch.events[max(0, known + 1 - first.seq) :]", "batch.events"),
    ),
    "the fold knows no supersession": _edit(
        fold.Fold, "apply", ("if first.attempt_key < position.attempt_key:", "if False:")
    ),
    "what was evicted is not missed": _edit(
        buffer.EventBuffer,
        "read",
        ("gap=Gap(after, first) if missing else None,\n    )", "gap=None,\n    )"),
    ),
    # The bridge's log
    "base is ignored": _edit(
        log.Attempt, "_reach", ("max(base.offset(-1), self.durable)", "self.durable")
    ),
    "base is proof": _edit(
        log.Attempt,
        "receive",
        ("reach = self._reach(base)", "reach = self._settle(base.offset(-1)) or self._reach(base)"),
    ),
    "a live event is shown past a hole": _edit(
        log.Attempt,
        "read",
        ("return Behind()\n    if seq > ", "seq = self.start.seq\n    if seq > "),
    ),
    "a claim is shown before it is durable": _edit(
        log.SessionLog,
        "receive",
        (
            "answer = claim.receive(",
            (
                "self.claim = claim\n    claim.confirmed = True\n    self._promote()\n"
                "    answer = claim.receive("
            ),
        ),
    ),
    "the log never shrinks": _edit(
        log.Attempt, "_shrink", ("while self.bytes > limit and", "while False and")
    ),
    "what is not durable is let go": _edit(
        log.Attempt, "forget_durable", ("self._shrink(0)", "self._settle(self.received)")
    ),
    "a window takes everything": _edit(
        log.Attempt,
        "receive",
        (
            "> self._max_bytes:\n        return Full()\n    if len",
            "< 0:\n        return Full()\n    if len",
        ),
    ),
    # The readers
    "follow forgets its cursor": _edit(
        follower._Bridge, "read", ("self.last_id = message.id or self.last_id", "pass")
    ),
    "the tail skips by event_id": _edit(
        tail.HistoryPages,
        "read",
        (
            "batch = await batch_in(self._client, event)",
            (
                'if event.event_id <= getattr(self, "_at", 0):\n'
                "            continue\n"
                "        self._at = event.event_id\n"
                "        batch = await batch_in(self._client, event)"
            ),
        ),
    ),
    "what is nowhere any more is not said": _edit(
        _Read,
        "_at_hand",
        ("(_gap(position, part.before),)", "()"),
    ),
    "hand-made events are numbered": _edit(
        channel.Channel,
        "show",
        (
            "encode_unnumbered(event.type, event.data)",
            'b"id: 0.0.%d\\n" % self.shown + encode_unnumbered(event.type, event.data)',
        ),
    ),
    # The bridge
    "done comes from the producer": _all(
        _remembering_done,
        _edit(
            session.Session,
            "receive",
            (
                "self._finished = post.base.attempt_key",
                (
                    "self._finished = post.base.attempt_key\n"
                    "            self.outcome = Outcome(post.run_id, _SAID[post.run_id])\n"
                    "            self.durable.close(post.run_id)"
                ),
            ),
        ),
    ),
    "done comes before the last events": _edit(
        _Read,
        "_read",
        (
            "behind = isinstance(part, Behind)",
            (
                "if session.outcome is not None:\n"
                "            yield encode_done(session.outcome.data, session.run.incarnation)\n"
                "            return\n"
                "        behind = isinstance(part, Behind)"
            ),
        ),
    ),
    "whether a read was final is asked later": _edit(
        _Read,
        "_read",
        (
            "and read.final and",
            "and session.durable._history is not None and session.durable._history.complete and",
        ),
    ),
    "done has the next number": _edit(
        _Read,
        "_read",
        (
            "encode_done(session.outcome.data, session.run.incarnation)",
            (
                "encode_done(session.outcome.data, session.run.incarnation)"
                ".replace(b'end', str(position.offset(1)).encode(), 1)"
            ),
        ),
    ),
    "every replica signals": _edit(
        session.Session,
        "receive",
        ("post.signaller in (None, self._boot_id)", "True"),
    ),
    "an unknown signal of the bridge counts as stored": _edit(
        session.Session,
        "_publish",
        (
            "self._cadence.failed(now())",
            "self._cadence.failed(now())\n        self.log.mark_durable(batch.last)",
        ),
    ),
    "the next of an empty page counts as durable": _edit(
        readback.DurableCopy,
        "_query",
        ("if page.last is not None:\n        self._show(page.last)", "self._show(page.next)"),
    ),
    "the notifier is taken after the state is read": _edit(
        _Read, "_read", ("await wait_for(notified)", "await wait_for(session.notifier.next)")
    ),
    "a cursor of another run is believed": _edit(
        _Read,
        "frames",
        ("self._cursor.incarnation not in (None, session.run.incarnation)", "False"),
    ),
    "nobody follows the history": _edit(
        session.Session, "_follow", ("while self.outcome is None", "while False")
    ),
    "a follower skips what came before it": _edit(
        session.Session,
        "_read_tail",
        ("await self.durable.catch_up(self.log.position or START)", "pass"),
    ),
    "progress asks nobody": _edit(
        workflow.WorkflowEventStream, "_check_liveness", ("check is None", "True")
    ),
    "an older POST takes a session over": _edit(
        hub.Hub, "receive", ("if session.run.run_id != post.run_id:", "if False:")
    ),
}
