"""Signatures: what is signed is accepted as that alone, by whoever has one of the keys (§8.5)."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from kai_flow.stream.signing import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    TOLERANCE_SECONDS,
    SigningKeys,
    Unsigned,
)
from kai_flow.stream.signing_keys import KEY_BYTES, MAX_KEYS

NOW = 1_790_000_000.0

secrets = st.binary(min_size=KEY_BYTES.start, max_size=KEY_BYTES.stop - 1).map(
    lambda key: "whsec_" + base64.b64encode(key).decode()
)
bodies = st.text(st.characters(exclude_categories=["Cs"])).map(str.encode)
message_ids = st.from_regex(r"msg_[A-Za-z0-9]{16,64}", fullmatch=True)
rings = st.lists(secrets, min_size=1, max_size=MAX_KEYS, unique=True)


@given(
    rings, rings, st.data(), message_ids, bodies, st.integers(-TOLERANCE_SECONDS, TOLERANCE_SECONDS)
)
def test_one_key_that_both_have_is_enough(
    sender: list[str], receiver: list[str], data: Any, message_id: str, body: bytes, late: int
) -> None:
    """So keys can be exchanged one side after the other; without a common one it is refused."""
    fields = SigningKeys(sender).sign_post(message_id, NOW, body)
    found = SigningKeys(receiver).verify_post(fields, NOW + late, body)
    assert found == (message_id if set(sender) & set(receiver) else Unsigned.WRONG)
    shared = data.draw(st.permutations([sender[0], *receiver[: MAX_KEYS - 1]]))
    assert SigningKeys(shared).verify_post(fields, NOW + late, body) == message_id


@given(rings, message_ids, bodies, st.data())
def test_nothing_of_a_signed_post_can_be_changed(
    ring: list[str], message_id: str, body: bytes, data: Any
) -> None:
    """A byte of the body, the id or the time: the signature is of all of them."""
    keys = SigningKeys(ring)
    fields = keys.sign_post(message_id, NOW, body)
    what = data.draw(st.sampled_from(["body", ID, TIMESTAMP, SIGNATURE]))
    if what == "body":
        at = data.draw(st.integers(0, len(body)))
        changed, other = body[:at] + b"x" + body[at:], fields
    elif what == SIGNATURE:
        kept = data.draw(st.integers(0, len(fields[SIGNATURE].split(" ")[0]) - 1))
        changed, other = body, {**fields, SIGNATURE: fields[SIGNATURE][:kept]}
    else:
        value = data.draw(st.text(max_size=40).filter(lambda text: text != fields[what]))
        changed, other = body, {**fields, what: value}
    assert keys.verify_post(other, NOW, changed) is Unsigned.WRONG


@given(rings, message_ids, bodies, st.integers(TOLERANCE_SECONDS + 1, 10**9), st.booleans())
def test_a_post_of_another_time_is_refused(
    ring: list[str], message_id: str, body: bytes, late: int, early: bool
) -> None:
    """Its signature is right, so the reason can be told: one of the clocks is wrong."""
    keys = SigningKeys(ring)
    fields = keys.sign_post(message_id, NOW, body)
    assert keys.verify_post(fields, NOW - late if early else NOW + late, body) is Unsigned.CLOCK


@given(rings, message_ids, message_ids, bodies, st.sampled_from([200, 409, 410, 503]))
def test_an_answer_is_of_one_post_and_one_status(
    ring: list[str], message_id: str, other_id: str, body: bytes, status: int
) -> None:
    """It answers no other POST and has no other status, and neither is taken for the other."""
    keys = SigningKeys(ring)
    answer = keys.sign_answer(message_id, status, NOW, body)
    assert keys.is_answer(message_id, status, answer, NOW, body)
    assert keys.is_answer(other_id, status, answer, NOW, body) == (other_id == message_id)
    assert not keys.is_answer(message_id, 200 if status == 410 else 410, answer, NOW, body)
    assert not keys.is_answer(message_id, status, answer, NOW + TOLERANCE_SECONDS + 1, body)
    assert not keys.is_answer(message_id, status, {}, NOW, body)
    assert keys.verify_post(answer, NOW, body) is Unsigned.WRONG
    assert not keys.is_answer(message_id, status, keys.sign_post(message_id, NOW, body), NOW, body)


@given(rings, st.dictionaries(st.sampled_from([ID, TIMESTAMP, SIGNATURE]), st.text()), st.binary())
def test_whatever_comes_is_refused_without_an_error(
    ring: list[str], fields: dict[str, str], body: bytes
) -> None:
    """Header fields and bodies are whatever a stranger sends."""
    assert SigningKeys(ring).verify_post(fields, NOW, body) is Unsigned.WRONG


@pytest.mark.parametrize(
    "timestamp", ["1e9", "-5", "99999999999999", "NaN", "1790000000.5", " 1", "١", "01790000000"]
)
def test_a_time_is_whole_seconds(timestamp: str) -> None:
    """Other numbers are no time that was signed."""
    keys = SigningKeys(["whsec_" + base64.b64encode(b"k" * 32).decode()])
    fields = keys.sign_post("msg_0123456789abcdef", NOW, b"{}")
    assert keys.verify_post({**fields, TIMESTAMP: timestamp}, NOW, b"{}") is Unsigned.WRONG


@given(rings, message_ids)
def test_any_receiver_of_standard_webhooks_can_verify(ring: list[str], message_id: str) -> None:
    """The library verifies with each of the sender's keys, and with no other one."""
    import time

    body = b'{"type":"token"}'
    fields = SigningKeys(ring).sign_post(message_id, time.time(), body)
    for secret in ring:
        assert Webhook(secret).verify(body, fields) == {"type": "token"}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"another key, of 32 bytes, indeed").decode()).verify(
            body, fields
        )
