"""The kinds of receivers: what each answer makes of each kind, and how a producer treats it."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import pytest

from kai_flow.stream.cadence import Cadence
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.post_channel import MAX_TRIES, PROBE_SECONDS
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.receivers import NEXT_RECEIVER, PostOutcome, Receiver
from tests.tables import cells

WANTED = """
               ACCEPTS_BATCH  ACCEPTS_SINGLE  CONFLICT       SUCCESS  EXHAUSTED
NONE           .              .               .              .        .
UNKNOWN        BRIDGE         SINGLE_BRIDGE   SINGLE_BRIDGE  PLAIN    GIVEN_UP
PLAIN          BRIDGE         SINGLE_BRIDGE   SINGLE_BRIDGE  .        GIVEN_UP
GIVEN_UP         BRIDGE         SINGLE_BRIDGE   SINGLE_BRIDGE  PLAIN    .
SINGLE_BRIDGE  BRIDGE         .               .              PLAIN    .
BRIDGE         .              SINGLE_BRIDGE   .              PLAIN    .
"""


@pytest.mark.parametrize(("receiver", "outcome", "result"), cells(WANTED))
def test_each_answer_of_each_kind(receiver: str, outcome: str, result: str) -> None:
    """§6.12: an answer tells what the receiver is now, whatever it was before."""
    assert NEXT_RECEIVER[Receiver[receiver]][PostOutcome[outcome]] is Receiver[result]


def test_no_row_is_missing() -> None:
    """All kinds and outcomes are in the table of this test and in that of the code."""
    wanted = {(kind.name, outcome.name) for kind, outcome in product(Receiver, PostOutcome)}
    assert {cell[:2] for cell in cells(WANTED)} == wanted
    assert NEXT_RECEIVER.keys() == set(Receiver)


class Treatment(NamedTuple):
    """How a producer treats a receiver, as it can be seen from outside."""

    posted: bool
    """A new event is POSTed at once."""
    form: str
    """The form of its POST."""
    signalled: bool
    """A new event is signalled at once."""
    leaves: str
    """When an event leaves the outbox."""
    probed: bool
    """There are probes while an event waits."""


TREATMENTS = {
    Receiver.NONE: Treatment(False, "", True, "durable", False),
    Receiver.UNKNOWN: Treatment(True, "single", False, "durable and delivered", False),
    Receiver.PLAIN: Treatment(True, "single", True, "durable and delivered", False),
    Receiver.GIVEN_UP: Treatment(True, "single", False, "durable", False),
    Receiver.SINGLE_BRIDGE: Treatment(True, "single", False, "durable", False),
    Receiver.BRIDGE: Treatment(True, "batch", False, "durable", True),
}


def post(delivery: Delivery) -> Post:
    """The next POST of an attempt, for one more event."""
    delivery.outbox.append("e", b"{}")
    delivery.appended(0.0)
    made = delivery.next_post(100.0)
    assert made is not None
    return made


def acknowledge(delivery: Delivery, *, batch: bool) -> None:
    """A bridge has received an event, and it is durable."""
    made = post(delivery)
    last = delivery.outbox.last
    delivery.acknowledged(made, Acknowledged(last, last, "b", batch), 0.0)


def exhaust(delivery: Delivery) -> None:
    """POST after POST fails."""
    for _ in range(MAX_TRIES):
        delivery.post_failed(post(delivery), 0.0, jitter=0.0)
    delivery.own_signals.progressed(delivery.outbox.last, 0.0)


def deliver(delivery: Delivery) -> None:
    """It answers 2xx and no more, and the event becomes durable by a signal."""
    delivery.post_succeeded(post(delivery), 0.0)
    delivery.own_signals.progressed(delivery.outbox.last, 0.0)


BECOMES: dict[Receiver, Callable[[Delivery], None]] = {
    Receiver.PLAIN: deliver,
    Receiver.GIVEN_UP: exhaust,
    Receiver.SINGLE_BRIDGE: lambda delivery: acknowledge(delivery, batch=False),
    Receiver.BRIDGE: lambda delivery: acknowledge(delivery, batch=True),
}


@pytest.mark.parametrize("receiver", Receiver)
def test_how_each_kind_is_treated(receiver: Receiver) -> None:
    """§6.3, §6.4, §6.12: POSTs, signals, the outbox and probes are as the row of the kind says."""
    callback = receiver is not Receiver.NONE
    delivery = Delivery(Outbox(1, 1), Cadence(0.25, 0.0), callback=callback, now=0.0)
    if receiver in BECOMES:
        BECOMES[receiver](delivery)
    assert delivery.receiver is receiver
    assert not delivery.outbox
    delivery.outbox.append("e", b"{}")
    delivery.appended(10.0)
    made, signal = delivery.next_post(10.0), delivery.next_signal(10.0)
    probe = None
    if made is not None and receiver.policy.is_bridge:  # it has received the event
        last = delivery.outbox.last
        answer = Acknowledged(last, last.offset(-1), "b", receiver is Receiver.BRIDGE)
        delivery.acknowledged(made, answer, 10.0)
        probe = delivery.next_post(10.0 + PROBE_SECONDS)
    delivery.own_signals.progressed(delivery.outbox.last, 10.0)
    form = "" if made is None else "batch" if made.batch else "single"
    leaves = "durable and delivered" if delivery.outbox else "durable"
    seen = Treatment(made is not None, form, bool(signal), leaves, probe is not None)
    assert seen == TREATMENTS[receiver]


@pytest.mark.parametrize("receiver", BECOMES)
def test_only_a_bridge_is_told_that_nothing_follows(receiver: Receiver) -> None:
    """§6.5: after an attempt without a result, a final POST makes a bridge signal at once."""
    delivery = Delivery(Outbox(1, 1), Cadence(0.25, 0.0, 86_400.0), callback=True, now=0.0)
    BECOMES[receiver](delivery)
    delivery.outbox.append("e", b"{}")
    delivery.appended(10.0)
    made = delivery.next_post(10.0)
    assert made is not None
    delivery.hasten(10.0)
    last = delivery.outbox.last
    if not receiver.policy.is_bridge:
        delivery.post_succeeded(made, 10.0)
        assert not delivery.phase.final_post_due
        return
    batch = receiver is Receiver.BRIDGE
    delivery.acknowledged(made, Acknowledged(last, last.offset(-1), "b", batch), 10.0)
    final = delivery.next_post(10.0)
    assert final is not None
    assert final.done
    delivery.acknowledged(final, Acknowledged(last, last, "b", batch), 10.1)
    assert delivery.drained


def test_a_bridge_that_has_died_is_not_waited_for() -> None:
    """§6.5: once the producer's own signal has made all durable, nothing is left to hasten."""
    delivery = Delivery(Outbox(1, 1), Cadence(0.25, 0.0), callback=True, now=0.0)
    acknowledge(delivery, batch=True)
    delivery.outbox.append("e", b"{}")
    delivery.appended(10.0)
    made = delivery.next_post(10.0)
    assert made is not None
    delivery.hasten(10.0)
    delivery.post_failed(made, 13.0, jitter=0.5)
    assert delivery.next_signal(13.0)
    delivery.signalled(delivery.outbox.last, 13.0)
    assert delivery.drained


def test_what_is_durable_already_needs_no_final_post() -> None:
    """§6.5: an attempt whose events are all durable when it ends makes no POST more."""
    delivery = Delivery(Outbox(1, 1), Cadence(0.25, 0.0), callback=True, now=0.0)
    acknowledge(delivery, batch=True)
    delivery.hasten(10.0)
    assert delivery.drained
    assert delivery.next_post(10.0) is None
