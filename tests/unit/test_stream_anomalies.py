"""Anomalies: what a line of the log says of an answer, and of which answers it says nothing."""

import pytest

from kai_flow.stream.anomalies import Anomaly, in_conflict, in_success
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.callback import encode_answer
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.election import MAX_BRIDGES
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.post_channel import MAX_TRIES
from kai_flow.stream.posts import Acknowledged, Post, Reply
from kai_flow.stream.receivers import Receiver


def delivery(receiver: Receiver = Receiver.UNKNOWN) -> Delivery:
    """The delivery of an attempt 1.2 that has said three events."""
    made = Delivery(Outbox(1, 2), Cadence(0.25, 0.0), callback=True, now=0.0)
    for _ in range(3):
        made.outbox.append("e", b"{}")
    made.posting.receiver = receiver
    return made


def acknowledged(received: str, durable: str) -> Acknowledged:
    """A bridge's 200."""
    return Acknowledged(EventId.parse(received), EventId.parse(durable), "b", accepts_batch=True)


@pytest.mark.parametrize(
    ("receiver", "body", "odd"),
    [
        (Receiver.UNKNOWN, b"ok", Anomaly.PLAIN),
        (Receiver.PLAIN, b"<html></html>", Anomaly.PLAIN),
        (Receiver.UNKNOWN, b'{"received":"1.2.1","dur', Anomaly.UNREADABLE),
        (Receiver.BRIDGE, b"ok", Anomaly.NO_LONGER_A_BRIDGE),
        (Receiver.BRIDGE, b'{"received":5}', Anomaly.NO_LONGER_A_BRIDGE),
    ],
)
def test_what_is_no_bridges_answer(receiver: Receiver, body: bytes, odd: Anomaly) -> None:
    """Anybody's 2xx is delivery; where a bridge was, or means to be, it is worth a warning."""
    assert in_success(delivery(receiver), Reply(200, body), None) is odd


@pytest.mark.parametrize(
    ("received", "durable", "odd"),
    [
        ("1.2.0", "1.2.0", None), ("1.2.3", "1.2.1", None), ("1.2.1", "1.2.3", None),
        ("1.2.4", "1.2.0", Anomaly.NEVER_SENT), ("1.2.1", "1.2.4", Anomaly.NEVER_SENT),
        ("1.1.1", "1.2.0", Anomaly.NEVER_SENT), ("1.2.1", "2.2.1", Anomaly.NEVER_SENT),
    ],
)  # fmt: skip
def test_an_answer_names_only_what_was_said(
    received: str, durable: str, odd: Anomaly | None
) -> None:
    """Ids of other attempts, and of events still to come, are no bridge's to name."""
    assert in_success(delivery(), Reply(200, b""), acknowledged(received, durable)) is odd


@pytest.mark.parametrize(
    ("expected", "odd"),
    [
        ("1.2.1", None),
        ("1.2.4", None),
        ("1.2.5", Anomaly.NEVER_SENT),
        ("1.3.1", Anomaly.NEVER_SENT),
    ],
)
def test_a_conflict_asks_only_for_what_was_said(expected: str, odd: Anomaly | None) -> None:
    """A 409 may ask for any event of the attempt, at most for the next one."""
    assert in_conflict(delivery(), EventId.parse(expected)) is odd


def test_going_in_circles_is_told_after_three_times() -> None:
    """A receiver that forgets twice has restarted twice; one that always does is odd."""
    asked, post = delivery(), Post(EventId(1, 2, 1), (), batch=True)
    for _ in range(MAX_TRIES):
        assert in_conflict(asked, EventId(1, 2, 1)) is None
        asked.gap_reported(EventId(1, 2, 1), 0.0)
    assert in_conflict(asked, EventId(1, 2, 1)) is Anomaly.IN_VAIN
    assert in_success(asked, Reply(200, b""), acknowledged("1.2.0", "1.2.0")) is Anomaly.IN_VAIN
    asked.acknowledged(post, acknowledged("1.2.0", "1.2.0"), 0.0)
    assert asked.posting.channel.in_vain


def test_a_name_too_many_is_odd() -> None:
    """A receiver that calls itself something else again and again is told of, bridges are not."""
    sent = delivery(Receiver.BRIDGE)
    for n in range(MAX_BRIDGES + 1):
        answer = acknowledged("1.2.3", "1.2.0")._replace(bridge=f"b{n}")
        assert (in_success(sent, Reply(200, b""), answer) is Anomaly.TOO_MANY_BOOT_IDS) == (
            n == MAX_BRIDGES
        ), n
        sent.acknowledged(Post(sent.outbox.base, (), batch=True), answer, float(n))
    again = acknowledged("1.2.3", "1.2.0")._replace(bridge="b0")
    assert in_success(sent, Reply(200, b""), again) is not Anomaly.TOO_MANY_BOOT_IDS


def test_a_bridges_answer_without_a_signature_is_told() -> None:
    """Otherwise nobody would know why events are stored beside a bridge that answers (§8.5)."""
    body = encode_answer(EventId(1, 2, 3), EventId(1, 2, 3), "b")
    unsigned = Reply(200, body, authentic=False)
    assert in_success(delivery(), unsigned, None) is Anomaly.UNSIGNED
    assert in_success(delivery(), Reply(200, b"ok", authentic=False), None) is Anomaly.PLAIN
