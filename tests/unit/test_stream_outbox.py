"""The outbox: what properties do not say."""

import pytest

from kai_flow.stream.errors import OutboxFull
from kai_flow.stream.outbox import Outbox


def test_a_full_outbox_says_what_it_holds() -> None:
    """The refusal names events and bytes."""
    outbox = Outbox(1, 1, max_events=2)
    outbox.append("a", b"xxx")
    outbox.append("a", b"xx")
    with pytest.raises(OutboxFull) as caught:
        outbox.append("a", b"x")
    assert str(caught.value) == "the outbox holds 2 events, 5 bytes"
    assert len(outbox) == 2


def test_an_empty_outbox_takes_an_event_of_any_size() -> None:
    """No event is so large that its agent waits for ever."""
    outbox = Outbox(1, 1, max_bytes=10)
    assert str(outbox.append("a", b"x" * 1_000).id) == "1.1.1"
