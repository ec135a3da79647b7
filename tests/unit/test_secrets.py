import os
import stat
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.connections.keys import KEY_FILE, open_keyring
from kai_flow.connections.sealing import Keyring, SecretError, is_sealed, seal
from kai_flow.settings import SettingsError, load_settings

ONE, TWO = b"1" * 32, b"2" * 32
CANARY = "postgresql://me:s3cretCanary@db/x"


def _public_key(home: Path) -> str:
    return open_keyring(home).public_key


ENCODABLE = st.text(st.characters(codec="utf-8"), max_size=200)


@given(ENCODABLE, ENCODABLE)
def test_what_is_encrypted_comes_back(text: str, name: str) -> None:
    """Any text, bound to any name, survives encryption at rest."""
    ring = Keyring([ONE])
    assert ring.decrypt(ring.encrypt(text, name), name) == text


@given(ENCODABLE)
def test_what_is_sealed_comes_back(text: str) -> None:
    """Any text survives sealing with the public key."""
    ring = Keyring([ONE])
    sealed = seal(text, ring.public_key)
    assert is_sealed(sealed)
    assert ring.unseal(f" {sealed}\n") == text


def test_no_two_ciphertexts_are_equal() -> None:
    """Equal URIs cannot be recognised by their ciphertexts."""
    ring = Keyring([ONE])
    assert len({ring.encrypt("x", "id") for _ in range(50)}) == 50
    assert len({seal("x", ring.public_key) for _ in range(50)}) == 50


def test_a_ciphertext_opens_for_its_own_connection_only() -> None:
    """Who can write to the file cannot make one connection use the URI of another."""
    ring = Keyring([ONE])
    with pytest.raises(SecretError, match="another connection"):
        ring.decrypt(ring.encrypt(CANARY, "a"), "b")


def test_every_changed_bit_is_noticed() -> None:
    """A ciphertext changed anywhere is refused, with a sentence that holds nothing of it."""
    ring = Keyring([ONE])
    uses: list[tuple[str, Callable[[str], str]]] = [
        (ring.encrypt(CANARY, "a"), lambda token: ring.decrypt(token, "a")),
        (seal(CANARY, ring.public_key), ring.unseal),
    ]
    for token, use in uses:
        for at in range(0, len(token), 3):
            wrong = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
            with pytest.raises(SecretError) as caught:
                use(wrong)
            assert "anary" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "x", "kai-aes1:", "kai-aes1:é:é", "kai-aes1:00000000:~"])
def test_what_is_no_ciphertext_is_refused(token: str) -> None:
    """Garbage in the place of a ciphertext is one clear error."""
    with pytest.raises(SecretError):
        Keyring([ONE]).decrypt(token, "a")
    with pytest.raises(SecretError):
        Keyring([ONE]).unseal(token)


def test_the_sealer_cannot_open_what_it_sealed() -> None:
    """Neither the public key nor another process's keys open a sealed URI; the error says why."""
    worker, other = Keyring([ONE]), Keyring([TWO])
    sealed = seal(CANARY, worker.public_key)
    with pytest.raises(SecretError, match="KAI_ENCRYPT_KEY"):
        other.unseal(sealed)
    assert "anary" not in sealed + worker.public_key


@pytest.mark.parametrize(
    "key", ["", "x", "kai-public1:00000000:AAAA", "kai-public1:zz:" + "A" * 43, "kai-public1:0"]
)
def test_a_wrong_public_key_is_refused(key: str) -> None:
    """The error names the command that prints the right one, and not what was to be sealed."""
    with pytest.raises(SecretError, match="kai connection key") as caught:
        seal(CANARY, key)
    assert "anary" not in str(caught.value)


def test_a_low_order_point_is_refused() -> None:
    """A public key or a sealed text that would make the shared key guessable is refused."""
    ring = Keyring([ONE])
    key_id = ring.public_key.split(":")[1]
    with pytest.raises(SecretError):
        seal("x", f"kai-public1:{key_id}:{'A' * 43}")
    with pytest.raises(SecretError):
        ring.unseal(f"kai-sealed1:{key_id}:{'A' * 86}")


def test_keys_can_be_exchanged() -> None:
    """With the new key first and the old one behind, both open, and the new one encrypts."""
    old = Keyring([ONE])
    token, sealed = old.encrypt("x", "a"), seal("x", old.public_key)
    both = Keyring([TWO, ONE])
    assert both.decrypt(token, "a") == both.unseal(sealed) == "x"
    assert Keyring([TWO]).decrypt(both.encrypt("x", "a"), "a") == "x"
    with pytest.raises(SecretError, match=old.public_key.split(":")[1]):
        Keyring([TWO]).decrypt(token, "a")


def test_the_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    """The file has mode 0600 whatever the umask, and gives the same key every time."""
    before = os.umask(0)
    try:
        first = open_keyring(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert open_keyring(tmp_path).public_key == first.public_key
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_processes_that_start_at_once_use_one_key(tmp_path: Path) -> None:
    """However many make the key file at the same time, all end up with the same key."""
    with ProcessPoolExecutor(4) as pool:
        assert len(set(pool.map(_public_key, [tmp_path] * 16))) == 1


def test_a_key_given_stands_before_the_file(tmp_path: Path) -> None:
    """KAI_ENCRYPT_KEY encrypts; the key file beside it still opens what it had encrypted."""
    token = open_keyring(tmp_path).encrypt("x", "a")
    ring = open_keyring(tmp_path, [ONE])
    assert ring.public_key == Keyring([ONE]).public_key
    assert ring.decrypt(token, "a") == "x"


def test_with_a_key_given_no_file_is_made(tmp_path: Path) -> None:
    """With KAI_ENCRYPT_KEY nothing secret is left on the disk."""
    open_keyring(tmp_path, [ONE])
    assert list(tmp_path.iterdir()) == []


def test_bad_key_files_are_refused(tmp_path: Path) -> None:
    """Readable by others, damaged, or missing where it must be: one sentence with the remedy."""
    path = tmp_path / KEY_FILE
    with pytest.raises(SecretError, match="missing"):
        open_keyring(tmp_path, create=False)
    open_keyring(tmp_path)
    path.chmod(0o640)
    with pytest.raises(SecretError, match="chmod 600"):
        open_keyring(tmp_path)
    path.chmod(0o600)
    for content in (b"", b"~~~", b"YWJj\n"):
        path.write_bytes(content)
        with pytest.raises(SecretError, match="holds no key"):
            open_keyring(tmp_path)
    with pytest.raises(SecretError, match="cannot be made"):
        open_keyring(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "value", ["s3cretCanary", "YWJj", "A" * 44, ",".join(["A" * 43 + "="] * 9)]
)
def test_a_wrong_setting_is_refused_without_being_shown(value: str) -> None:
    """A wrong KAI_ENCRYPT_KEY is refused with the way to make one; it is never repeated."""
    with pytest.raises(SettingsError, match="openssl rand -base64 32") as caught:
        load_settings({"KAI_ENCRYPT_KEY": value})
    assert value not in str(caught.value)


def test_keys_are_not_shown_with_the_settings() -> None:
    """Settings can be printed or logged without giving the keys away."""
    settings = load_settings({"KAI_ENCRYPT_KEY": "MTEx" * 10 + "MTE=, " + "MjIy" * 10 + "MjI="})
    assert tuple(settings.encrypt_keys) == (ONE, TWO)
    assert "111" not in repr(settings) + str(settings.encrypt_keys) + f"{settings}"
    assert "MTEx" not in repr(settings)
