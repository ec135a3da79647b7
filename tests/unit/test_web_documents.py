"""A POSTed document is always answered, and a refusal leaves a line."""

import json
import logging
from typing import Any

import pytest

from kai_flow.bridge.counts import BridgeCounts
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.web.documents import Documents
from kai_flow.web.problems import problem
from kai_flow.web.refusal_log import RefusalLog
from kai_flow.web.signatures import Signatures

KEY = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BY_HAND = b'{"session_id":"x","event":{"type":"token"}}'


class Hub:
    """A hub with a defect."""

    boot_id = "4f3a9c1e"

    def __init__(self) -> None:
        self.counts = BridgeCounts()

    async def receive_by_hand(self, _event: Any) -> int:
        """Fail."""
        raise ZeroDivisionError("secret")


async def test_a_defect_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error becomes a 500 without details, and a traceback in the log."""
    hub: Any = Hub()
    answered = await Documents(hub, RefusalLog()).answer("x", BY_HAND)
    assert (answered.status, answered.headers) == (500, {})
    assert answered.media_type == "application/problem+json"
    assert "see its log" in json.loads(answered.body)["detail"]
    assert b"secret" not in answered.body
    [record] = caplog.records
    assert record.exc_info is not None
    assert hub.counts.posts == {"500": 1}


async def test_a_client_uses_up_no_lines_of_others(caplog: pytest.LogCaptureFixture) -> None:
    """One line for each reason, whatever it names; a signed POST of its address has its own."""
    hub: Any = Hub()
    keys = SigningKeys([KEY])
    documents = Documents(hub, RefusalLog(), Signatures(read_keys(KEY), lambda: 1_000.0))
    for n in range(300):
        for body in (b"{}", b"[", b"[{}]"):
            bearing = [(b"authorization", b"Bearer x")]
            await documents.answer(f"s{n}", body, bearing, "198.51.100.7")
    for n in range(2):
        fields = keys.sign_post(f"msg_{n:016}", 1_000.0, b"{}")
        head = [(name.encode(), value.encode()) for name, value in fields.items()]
        await documents.answer(f"real-{n}", b"{}", head, "198.51.100.7")
    subjects = [line.partition(":")[0] for line in caplog.messages]
    assert subjects == ["session s0", "session real-0", "session real-1"]


async def test_a_refusal_names_the_event_of_a_document(caplog: pytest.LogCaptureFixture) -> None:
    """A document that is refused unread leaves the same line as one that was read."""
    hub: Any = Hub()
    caplog.set_level(logging.INFO)
    documents = Documents(hub, RefusalLog())
    answered = documents.refuse("x", b'{"id":"1.1.7"}', problem(503, "later", headers={"A": "b"}))
    assert answered.status == 503
    assert answered.headers == {"A": "b"}
    assert json.loads(answered.body) == {"status": 503, "detail": "later"}
    assert caplog.messages == ["session x: the POST of 1.1.7 is refused with 503: later"]
