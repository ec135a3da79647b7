"""The cipher of the payload codec, for any keys, nonces and payloads."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.temporal.payload_cipher import (
    KEY_BYTES,
    NONCE_BYTES,
    Damaged,
    PayloadCipher,
    Sealed,
    UnknownKey,
    key_id_of,
)

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
PLAIN = st.binary(max_size=300)


@given(st.lists(KEYS, min_size=1, max_size=4), NONCES, PLAIN)
def test_what_is_encrypted_comes_back(keys: Sequence[bytes], nonce: bytes, plain: bytes) -> None:
    """Any bytes survive, and the first key is the one that encrypts."""
    cipher = PayloadCipher(keys)
    sealed = cipher.seal(plain, nonce)
    assert sealed.key_id == cipher.key_id == key_id_of(keys[0])
    assert cipher.open(sealed) == plain
    assert PayloadCipher(keys[:1]).open(sealed) == plain


@given(st.lists(KEYS, min_size=2, max_size=4, unique=True), NONCES, PLAIN, st.data())
def test_a_key_that_is_second_by_now_still_decrypts(
    keys: list[bytes], nonce: bytes, plain: bytes, data: st.DataObject
) -> None:
    """After a rotation in any order, every key of the list opens what it has encrypted."""
    sealed = PayloadCipher(keys).seal(plain, nonce)
    assert PayloadCipher(data.draw(st.permutations(keys))).open(sealed) == plain


@given(KEYS, NONCES, PLAIN, st.data())
def test_every_flipped_bit_is_refused(
    key: bytes, nonce: bytes, plain: bytes, data: st.DataObject
) -> None:
    """A ciphertext with one bit changed anywhere, or cut anywhere, opens for nobody."""
    cipher = PayloadCipher([key])
    sealed = cipher.seal(plain, nonce)
    bit = data.draw(st.integers(0, 8 * len(sealed.data) - 1))
    changed = bytearray(sealed.data)
    changed[bit // 8] ^= 1 << bit % 8
    cut = data.draw(st.integers(0, len(sealed.data) - 1))
    for wrong in (bytes(changed), sealed.data[:cut], sealed.data + b"\0"):
        with pytest.raises(Damaged):
            cipher.open(Sealed(sealed.key_id, wrong))


@given(KEYS, KEYS, NONCES, PLAIN)
def test_another_key_opens_nothing(one: bytes, two: bytes, nonce: bytes, plain: bytes) -> None:
    """Without its key a payload names the key that is missing; under another's id it is damaged."""
    if key_id_of(one) == key_id_of(two):
        return
    sealed = PayloadCipher([one]).seal(plain, nonce)
    with pytest.raises(UnknownKey) as caught:
        PayloadCipher([two]).open(sealed)
    assert key_id_of(one) in str(caught.value)
    assert "KAI_CODEC_KEYS" in str(caught.value)
    with pytest.raises(Damaged):
        PayloadCipher([two, one]).open(sealed._replace(key_id=key_id_of(two)))


@given(KEYS, st.text(max_size=20))
def test_a_forged_key_id_is_not_repeated(key: bytes, key_id: str) -> None:
    """What a forged payload calls its key reaches no log, unless it looks like the id of one."""
    cipher = PayloadCipher([key])
    with pytest.raises((UnknownKey, Damaged)) as caught:
        cipher.open(Sealed(key_id, b"x" * 40))
    if len(key_id) > 8:
        assert key_id not in str(caught.value)


@given(KEYS)
def test_a_key_is_in_no_text(key: bytes) -> None:
    """Neither the key nor a part of it shows in an id or a `repr`."""
    cipher = PayloadCipher([key])
    shown = f"{cipher!r} {cipher._first!r} {cipher.key_id}"
    assert key.hex() not in shown
    assert repr(key) not in shown
    assert key.hex()[:8] != cipher.key_id


@pytest.mark.parametrize("keys", [[], [b""], [b"1" * 31], [b"1" * 32, b"2" * 33]])
def test_keys_of_another_length_are_refused(keys: list[bytes]) -> None:
    """A key has 32 bytes, and there is one."""
    with pytest.raises(ValueError, match="key"):
        PayloadCipher(keys)


def test_a_nonce_of_another_length_is_refused() -> None:
    """A nonce has 12 bytes."""
    with pytest.raises(ValueError, match="12 bytes"):
        PayloadCipher([b"1" * 32]).seal(b"", b"short")


@given(KEYS, NONCES, PLAIN, st.one_of(st.none(), st.binary(max_size=50)), st.binary(max_size=50))
def test_a_bound_ciphertext_opens_in_its_place_only(
    key: bytes, nonce: bytes, plain: bytes, other: bytes | None, place: bytes
) -> None:
    """Neither without the place nor with another, and one that is bound to none in no place."""
    cipher = PayloadCipher([key])
    sealed = cipher.seal(plain, nonce, place)
    assert cipher.open(sealed) == plain
    if other != place:
        with pytest.raises(Damaged):
            cipher.open(sealed._replace(place=other))
    with pytest.raises(Damaged):
        cipher.open(cipher.seal(plain, nonce)._replace(place=place))
