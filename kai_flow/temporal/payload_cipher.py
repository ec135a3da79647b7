"""The cipher of the payload codec: AES-256-GCM with several keys, of which the first encrypts.

From each key of 32 bytes two values are derived by HKDF-SHA256: the key that encrypts, and a short
id that tells keys apart and reveals nothing of them. The id is authenticated with each ciphertext,
so a ciphertext under the name of another key is refused. A ciphertext may also be bound to a place,
which is authenticated in the same way: then it can be opened only together with that place.

A nonce must never come twice with one key. Random ones of 12 bytes may be used for 2^32 payloads.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12  # as GCM wants them
KEY_ID_CHARS: Final = 8  # hexadecimal digits

_FORMAT: Final = "kai-flow payload 1"
_BOUND_FORMAT: Final = "kai-flow payload 2"


class CodecError(Exception):
    """A payload cannot be decrypted; the message says what to do, and holds no secret."""


class UnknownKey(CodecError):
    """A payload was encrypted with a key that this process does not have."""

    def __init__(self, key_id: str, known: Iterable[str]) -> None:
        super().__init__(
            f"a payload was encrypted with the key {_shown(key_id)}, but this process has only "
            f"{', '.join(known)}: add that key to KAI_CODEC_KEYS"
        )


class Damaged(CodecError):
    """A payload is not what was encrypted under the id of its key."""

    def __init__(self) -> None:
        super().__init__("an encrypted payload is damaged, or was not made by this codec")


class Sealed(NamedTuple):
    """A ciphertext, and the key that opens it."""

    key_id: str
    data: bytes
    """The nonce, and then the ciphertext with its tag."""
    place: bytes | None = None
    """Where it belongs; None: it is not bound to a place."""


@dataclass(frozen=True)
class _Key:
    id: str
    aead: AESGCM = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> "_Key":
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key of the payload codec has {KEY_BYTES} bytes")
        return cls(key_id_of(key), AESGCM(_derive(key, b"kai-flow payload encryption 1")))

    def context(self, place: bytes | None) -> bytes:
        """What is authenticated beside the ciphertext."""
        if place is None:
            return f"{_FORMAT}:{self.id}".encode()
        return f"{_BOUND_FORMAT}:{self.id}:".encode() + place


class PayloadCipher:
    """Encrypts with the first of its keys, and decrypts with each of them."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Raises ValueError when there is no key, or one that has not 32 bytes."""
        found = [_Key.of(key) for key in keys]
        if not found:
            raise ValueError("the payload codec needs a key")
        self._first = found[0]
        self._keys = {key.id: key for key in found}

    @property
    def key_id(self) -> str:
        """The id of the key that encrypts."""
        return self._first.id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the one that encrypts first."""
        return tuple(self._keys)

    def seal(self, plain: bytes, nonce: bytes, place: bytes | None = None) -> Sealed:
        """Encrypt bytes, bound to a place or to none.

        The nonce, of 12 bytes, must never have been used before.
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
        cipher = self._first.aead.encrypt(nonce, plain, self._first.context(place))
        return Sealed(self._first.id, nonce + cipher, place)

    def open(self, sealed: Sealed) -> bytes:
        """What was encrypted. Raises UnknownKey, or Damaged for anything that was changed."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise UnknownKey(sealed.key_id, self._keys)
        nonce, cipher = sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:]
        try:
            return key.aead.decrypt(nonce, cipher, key.context(sealed.place))
        except (InvalidTag, ValueError):  # ValueError: there is not even a nonce
            raise Damaged from None


def key_id_of(key: bytes) -> str:
    """The id of a key: it tells keys apart, and nothing of the key can be computed from it."""
    return _derive(key, b"kai-flow payload key id 1")[: KEY_ID_CHARS // 2].hex()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)


def _shown(key_id: str) -> str:
    """A key's id, if it has the form of one: a message must not repeat arbitrary text."""
    well_formed = len(key_id) == KEY_ID_CHARS and set(key_id) <= set("0123456789abcdef")
    return key_id if well_formed else "of unknown id"
