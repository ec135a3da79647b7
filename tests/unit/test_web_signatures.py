"""A bridge with keys answers what is signed with them, and signs its answers (§8.5)."""

import json
import logging
from typing import Any

import pytest

from kai_flow.bridge.counts import BridgeCounts
from kai_flow.stream.callback import encode_answer, read_answer
from kai_flow.stream.ids import EventId
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.web.documents import Answered, Documents
from kai_flow.web.refusal_log import RefusalLog
from kai_flow.web.signatures import Signatures

KEY = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "whsec_AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BODY = b'{"session_id":"x","event":{"type":"token"}}'
MESSAGE = "msg_0123456789abcdef"
NOW = 1_790_000_000.0


class Hub:
    """Counts the events that it is given."""

    boot_id = "4f3a9c1e"
    received = 0

    def __init__(self) -> None:
        self.counts = BridgeCounts()

    async def receive_by_hand(self, _event: Any) -> int:
        """Take it."""
        self.received += 1
        return self.received


class Bridge:
    """Documents behind signatures, at a time of the test's."""

    def __init__(self, keys: str = KEY) -> None:
        self.now = NOW
        hub: Any = Hub()
        self.hub: Hub = hub
        signatures = Signatures(read_keys(keys), lambda: self.now)
        self.documents = Documents(hub, RefusalLog(), signatures)

    async def answer(self, fields: dict[str, str], body: bytes = BODY) -> Answered:
        """What a POST with these fields gets."""
        head = [(name.encode(), value.encode()) for name, value in fields.items()]
        return await self.documents.answer("x", body, [(b"host", b"localhost"), *head])


def signed(key: str = KEY, message_id: str = MESSAGE, at: float = NOW) -> dict[str, str]:
    """The fields of a POST of BODY."""
    return SigningKeys([key]).sign_post(message_id, at, BODY)


async def test_a_signed_post_gets_a_signed_answer() -> None:
    """Whoever has the key can see that the bridge gave it to this POST, with this status."""
    answered = await Bridge().answer(signed())
    assert (answered.status, answered.media_type) == (200, "application/json")
    assert read_answer(answered.body) is not None
    keys = SigningKeys([KEY])
    assert keys.is_answer(MESSAGE, 200, answered.headers, NOW, answered.body)
    assert not SigningKeys([OTHER]).is_answer(MESSAGE, 200, answered.headers, NOW, answered.body)


async def test_a_refusal_is_signed_as_well() -> None:
    """A producer stops its agent at a 410, so it must know whose it is."""
    bridge = Bridge()
    answered = await bridge.documents.answer(
        "y", BODY, [(n.encode(), v.encode()) for n, v in signed().items()]
    )
    assert answered.status == 400
    assert SigningKeys([KEY]).is_answer(MESSAGE, 400, answered.headers, NOW, answered.body)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        signed(OTHER),
        {**signed(), "webhook-signature": signed()["webhook-signature"][:-4]},
        {**signed(), "webhook-signature": ""},
        {**signed(), "webhook-id": "msg_another0another0"},
        {**signed(), "webhook-id": "é" * 20},
        {k: v for k, v in signed().items() if k != "webhook-timestamp"},
    ],
    ids=["none", "unknown key", "cut", "empty", "other id", "no id", "no time"],
)
async def test_whatever_is_wrong_with_a_signature_is_refused_alike(fields: dict[str, str]) -> None:
    """So the answer does not help to guess; it is not signed, and nothing is taken."""
    bridge = Bridge()
    answered = await bridge.answer(fields)
    assert (answered.status, answered.headers) == (401, {})
    problem = json.loads(answered.body)
    assert problem["code"] == "unsigned"
    assert "KAI_SIGNING_KEYS" in problem["detail"]
    assert answered == await bridge.answer({})
    assert bridge.hub.received == 0


@pytest.mark.parametrize("late", [-301.0, 301.0])
async def test_a_post_of_another_time_is_refused(late: float) -> None:
    """One of the clocks is wrong, and the answer tells."""
    bridge = Bridge()
    answered = await bridge.answer(signed(at=NOW + late))
    assert (answered.status, json.loads(answered.body)["code"]) == (401, "clock")
    assert bridge.hub.received == 0


async def test_a_post_is_taken_once(caplog: pytest.LogCaptureFixture) -> None:
    """Who repeats what was sent before, within the time of its signature, is refused."""
    caplog.set_level(logging.INFO)
    bridge = Bridge()
    early = signed(at=NOW + 299.0)
    assert (await bridge.answer(early)).status == 200
    for bridge.now in (NOW, NOW + 300.0, NOW + 598.0):
        answered = await bridge.answer(early)
        assert (answered.status, json.loads(answered.body)["code"]) == (401, "repeated")
    bridge.now = NOW + 601.0
    assert json.loads((await bridge.answer(early)).body)["code"] == "clock"
    assert bridge.hub.received == 1
    assert "taken before" in caplog.text


async def test_keys_are_exchanged_without_a_pause() -> None:
    """A bridge with two keys takes both, and is believed by both; then one is revoked."""
    both = Bridge(f"{OTHER},{KEY}")
    for number, key in enumerate((KEY, OTHER)):
        message_id = f"{MESSAGE}{number}"
        answered = await both.answer(signed(key, message_id))
        assert SigningKeys([key]).is_answer(message_id, 200, answered.headers, NOW, answered.body)
    assert (await Bridge(OTHER).answer(signed(KEY))).status == 401


async def test_an_answer_is_no_post() -> None:
    """What a bridge has signed cannot be sent to another one as a POST."""
    answer = encode_answer(EventId(1, 1, 1), EventId(1, 1, 1), "4f3a9c1e")
    fields = SigningKeys([KEY]).sign_answer(MESSAGE, 200, NOW, answer)
    assert (await Bridge().answer(fields, answer)).status == 401
