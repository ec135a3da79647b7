"""Anomalies: unusual answers of a receiver, each worth one line in the log.

A producer copes with every answer. But a person who looks for the reason why a stream stutters has
to see what was unusual, once in an attempt and not with every POST.
"""

from enum import Enum
from typing import Final

from kai_flow.stream.callback import read_answer
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.ids import EventId
from kai_flow.stream.posts import Acknowledged, Reply

_A_BRIDGES: Final = b'"received"'  # a body with this is meant to be a bridge's answer


class Anomaly(Enum):
    """What may be unusual about an answer. The value is the text of the log line."""

    PLAIN = "delivery only: the receiver is no bridge, so events are made durable beside it"
    """Not a fault, but worth a line."""
    NO_LONGER_A_BRIDGE = "an answer that is not a bridge's, where a bridge answered before"
    UNREADABLE = "a bridge's answer that cannot be understood"
    UNSIGNED = (
        "a bridge's answer that is not signed with a key of this worker (KAI_SIGNING_KEYS), so it "
        "counts as delivery only"
    )
    NEVER_SENT = "an answer that names an event which was never sent"
    TOO_MANY_BOOT_IDS = (
        "answers with ever new boot ids, as if of more bridges than a producer remembers"
    )
    IN_VAIN = "answers that ask for the same events again and again"


def in_success(delivery: Delivery, reply: Reply, answer: Acknowledged | None) -> Anomaly | None:
    """The anomaly of a 2xx, to be asked before it is reported to the delivery; None: there is none.

    `answer` is what could be read of `reply`, and believed.
    """
    if answer is None:
        if not reply.authentic and read_answer(reply.body) is not None:
            return Anomaly.UNSIGNED
        if delivery.receiver.policy.is_bridge:
            return Anomaly.NO_LONGER_A_BRIDGE
        return Anomaly.UNREADABLE if _A_BRIDGES in reply.body else Anomaly.PLAIN
    last = delivery.outbox.last
    ids = (answer.received, answer.durable)
    if delivery.posting.election.is_one_too_many(answer.bridge):
        return Anomaly.TOO_MANY_BOOT_IDS
    return Anomaly.NEVER_SENT if any(_was_never_sent(id_, last) for id_ in ids) else _vain(delivery)


def in_conflict(delivery: Delivery, expected: EventId) -> Anomaly | None:
    """The anomaly of a 409 that asks for `expected`, before it is reported to the delivery."""
    unsaid = _was_never_sent(expected.offset(-1), delivery.outbox.last)
    return Anomaly.NEVER_SENT if unsaid else _vain(delivery)


def _was_never_sent(named: EventId, last: EventId) -> bool:
    return named.attempt_key != last.attempt_key or named.seq > last.seq


def _vain(delivery: Delivery) -> Anomaly | None:
    return Anomaly.IN_VAIN if delivery.posting.channel.in_vain else None
