"""What answers at a callback URL: the kinds of receivers, and how each kind is treated (§6.12).

A producer learns from the answers what it POSTs to. An answer may change the kind at any time: a
proxy answers for a bridge that is away, or a bridge takes the place of a webhook.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from kai_flow.stream.table_key import TableKey


class Policy(NamedTuple):
    """How a producer treats one kind of receiver."""

    is_posted_to: bool
    """Otherwise nothing is POSTed, and live-only events are dropped at once."""
    is_bridge: bool
    """It can signal. Otherwise events are given up when POST after POST has failed."""
    takes_batches: bool
    """It gets the batch form, and probes while the outbox is not empty. Otherwise it gets one event
    in each POST, and no probes."""
    must_deliver: bool
    """An event leaves the outbox when it is durable *and* delivered or given up. Otherwise it
    leaves when it is durable."""
    signals_at_once: bool
    """The producer signals by itself without waiting for a standstill of `durable`."""


class Receiver(TableKey):
    """What the other end of the callback URL has proved to be."""

    NONE = "there is no callback"
    UNKNOWN = "has not answered yet"
    PLAIN = "takes delivery and never answers `durable`"
    GIVEN_UP = "is no bridge, and failed too often: nothing waits for delivery to it"
    SINGLE_BRIDGE = "a bridge that has not asked for the batch form"
    BRIDGE = "a bridge that accepts the batch form"

    @property
    def policy(self) -> Policy:
        """How it is treated."""
        return POLICIES[self]


class PostOutcome(TableKey):
    """What came of a POST, as far as it tells of the receiver."""

    ACCEPTS_BATCH = "a bridge's 200 that accepts the batch form"
    ACCEPTS_SINGLE = "a bridge's 200 that does not"
    CONFLICT = "a bridge's 409"
    SUCCESS = "a 2xx that is not a bridge's"
    EXHAUSTED = "as many failures in a row as are tried"


POLICIES: Final[Mapping[Receiver, Policy]] = {
    # posted to, bridge, batches, must deliver, signals at once
    Receiver.NONE:          Policy(False, False, False, False, True),
    Receiver.UNKNOWN:       Policy(True, False, False, True, False),
    Receiver.PLAIN:         Policy(True, False, False, True, True),
    Receiver.GIVEN_UP:      Policy(True, False, False, False, False),
    Receiver.SINGLE_BRIDGE: Policy(True, True, False, False, False),
    Receiver.BRIDGE:        Policy(True, True, True, False, False),
}  # fmt: skip

_COLUMNS: Final = tuple(PostOutcome)
_NONE, _PLAIN, _GIVEN_UP = Receiver.NONE, Receiver.PLAIN, Receiver.GIVEN_UP
_SINGLE, _BRIDGE = Receiver.SINGLE_BRIDGE, Receiver.BRIDGE
_ROWS: Final[Mapping[Receiver, tuple[Receiver, ...]]] = {
    # accepts batch, accepts single, conflict, success, exhausted
    Receiver.NONE:          (_NONE, _NONE, _NONE, _NONE, _NONE),
    Receiver.UNKNOWN:       (_BRIDGE, _SINGLE, _SINGLE, _PLAIN, _GIVEN_UP),
    Receiver.PLAIN:         (_BRIDGE, _SINGLE, _SINGLE, _PLAIN, _GIVEN_UP),
    Receiver.GIVEN_UP:      (_BRIDGE, _SINGLE, _SINGLE, _PLAIN, _GIVEN_UP),
    Receiver.SINGLE_BRIDGE: (_BRIDGE, _SINGLE, _SINGLE, _PLAIN, _SINGLE),
    Receiver.BRIDGE:        (_BRIDGE, _SINGLE, _BRIDGE, _PLAIN, _BRIDGE),
}  # fmt: skip
NEXT_RECEIVER: Final[Mapping[Receiver, Mapping[PostOutcome, Receiver]]] = {
    receiver: dict(zip(_COLUMNS, row, strict=True)) for receiver, row in _ROWS.items()
}
