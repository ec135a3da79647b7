"""Anomalies: what is strange in a receiver's answers, each worth one line of the log.

A producer makes the best of every answer and goes on. Whoever looks for the reason why a stream
stutters must still be told, once in an attempt and not with every POST.
"""

from enum import Enum
from typing import Final

from kai_flow.stream.delivery import Acknowledged, Delivery, Receiver
from kai_flow.stream.ids import EventId

_A_BRIDGES: Final = b'"received"'  # a body that says it means to be a bridge's answer


class Anomaly(Enum):
    """What a line may say of an answer."""

    PLAIN = "delivery only: the receiver is no bridge, so events are made durable beside it"
    """Nothing wrong with it, but good to know."""
    TURNED = "an answer that is not a bridge's, where a bridge answered before"
    GARBLED = "a bridge's answer that cannot be understood"
    UNSAID = "an answer that names an event which was never said"
    RENAMED = "answers under ever new names, as if of more bridges than a producer keeps in mind"
    IN_VAIN = "answers that ask for the same events again and again"


def in_success(delivery: Delivery, body: bytes, answer: Acknowledged | None) -> Anomaly | None:
    """What is odd in a 2xx, before the delivery takes it in; `answer` is what could be read."""
    if answer is None:
        if delivery.receiver is Receiver.BRIDGE:
            return Anomaly.TURNED
        return Anomaly.GARBLED if _A_BRIDGES in body else Anomaly.PLAIN
    last = delivery.outbox.last
    ids = (answer.received, answer.durable)
    if delivery.is_one_too_many(answer.bridge):
        return Anomaly.RENAMED
    return Anomaly.UNSAID if any(_is_unsaid(id_, last) for id_ in ids) else _vain(delivery)


def in_conflict(delivery: Delivery, expected: EventId) -> Anomaly | None:
    """What is odd in a 409 that asks for `expected`, before the delivery takes it in."""
    unsaid = _is_unsaid(expected.offset(-1), delivery.outbox.last)
    return Anomaly.UNSAID if unsaid else _vain(delivery)


def _is_unsaid(named: EventId, last: EventId) -> bool:
    return named.attempt_key != last.attempt_key or named.seq > last.seq


def _vain(delivery: Delivery) -> Anomaly | None:
    return Anomaly.IN_VAIN if delivery.in_vain else None
