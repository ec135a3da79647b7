"""Encrypts connection URIs, in the store and on their way to a worker.

There is one root key of 32 bytes (see `kai_flow.connections.keys`). It has two uses, each with its
own key, derived by HKDF-SHA256:

- *at rest*: AES-256-GCM with a random nonce, bound to the connection's id, so that a ciphertext
  copied to another row cannot be decrypted;
- *sealed*: for a sender that may write a URI but never read one. An ephemeral X25519 key and the
  worker's public key agree on an AES-256-GCM key. A control plane has only the public key, and
  cannot decrypt even what it sealed itself.

Every ciphertext contains the id of its key, so that a wrong key can be told from damage.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["KEY_BYTES", "Keyring", "SecretError", "is_sealed", "seal"]

KEY_BYTES: Final = 32
"""Length of a root key."""

MAX_SECRET_BYTES: Final = 16 * 1024
"""Longest text that is encrypted, in bytes of UTF-8."""

_AT_REST: Final = "kai-aes1"  # prefix of what lies in the store
_SEALED: Final = "kai-sealed1"  # prefix of what `seal` makes
_PUBLIC: Final = "kai-public1"  # prefix of a public key
_NONCE: Final = 12  # bytes, as GCM wants them
_POINT: Final = 32  # bytes of an X25519 public key


class SecretError(ValueError):
    """A key or ciphertext cannot be used; the message says what to do, without a secret."""


@dataclass(frozen=True)
class _Root:
    """The keys derived from one root key."""

    id: str
    at_rest: AESGCM = field(repr=False)
    private: X25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> "_Root":
        private = X25519PrivateKey.from_private_bytes(_derive(key, b"kai-flow sealed 1"))
        return cls(
            _derive(key, b"kai-flow key id 1")[:4].hex(),
            AESGCM(_derive(key, b"kai-flow at rest 1")),
            private,
        )


class Keyring:
    """The root keys that this process has; the first encrypts, every one decrypts."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise SecretError("An encryption key must have 32 bytes; set KAI_ENCRYPT_KEY to one.")
        roots = [_Root.of(key) for key in keys]
        self._first = roots[0]
        self._roots = {root.id: root for root in roots}

    @property
    def public_key(self) -> str:
        """The key with which others seal; it contains its id, and is not secret."""
        raw = self._first.private.public_key().public_bytes_raw()
        return f"{_PUBLIC}:{self._first.id}:{_text(raw)}"

    def encrypt(self, text: str, bound_to: str) -> str:
        """``text`` for the store; opens only with the same ``bound_to``."""
        nonce = secrets.token_bytes(_NONCE)
        context = f"{_AT_REST}:{self._first.id}:{bound_to}".encode()
        cipher = self._first.at_rest.encrypt(nonce, _bytes(text), context)
        return f"{_AT_REST}:{self._first.id}:{_text(nonce + cipher)}"

    def decrypt(self, token: str, bound_to: str) -> str:
        """What was encrypted; ``SecretError`` for another key, another binding, or damage."""
        root, raw = self._read(token, _AT_REST)
        context = f"{_AT_REST}:{root.id}:{bound_to}".encode()
        return _opened(root.at_rest, raw[:_NONCE], raw[_NONCE:], context)

    def unseal(self, token: str) -> str:
        """What was sealed with the public key of one of our keys; else ``SecretError``."""
        root, raw = self._read(token.strip(), _SEALED)
        try:
            theirs = X25519PublicKey.from_public_bytes(raw[:_POINT])
            shared = root.private.exchange(theirs)
        except ValueError:
            raise _damaged() from None
        ours = root.private.public_key().public_bytes_raw()
        key = _agreed(shared, raw[:_POINT], ours)
        return _opened(key, bytes(_NONCE), raw[_POINT:], f"{_SEALED}:{root.id}".encode())

    def _read(self, token: str, prefix: str) -> tuple[_Root, bytes]:
        parts = token.split(":")
        if len(parts) != 3 or parts[0] != prefix or len(token) > 2 * MAX_SECRET_BYTES:
            raise _damaged()
        root = self._roots.get(parts[1])
        if root is None:
            known = ", ".join(self._roots)
            raise SecretError(
                f"The connection is encrypted with the key {_key_id(parts[1])}, but this process"
                f" has only {known}: set KAI_ENCRYPT_KEY to the key it was encrypted with, or store"
                " the connection again."
            )
        return root, _raw(parts[2])


def seal(text: str, public_key: str) -> str:
    """Encrypt ``text`` for the holder of the private key; not even the sealer can decrypt it.

    ``SecretError`` when ``public_key`` is not one that ``kai connection key`` prints.
    """
    prefix, _, rest = public_key.strip().partition(":")
    key_id, _, point = rest.partition(":")
    try:
        if prefix != _PUBLIC or _key_id(key_id) != key_id:
            raise ValueError
        theirs_raw = _raw(point)
        theirs = X25519PublicKey.from_public_bytes(theirs_raw)
        ephemeral = X25519PrivateKey.generate()
        shared = ephemeral.exchange(theirs)
    except ValueError:
        raise SecretError(
            "This is not a public key of KAI; use the line that `kai connection key` prints where"
            " the worker runs."
        ) from None
    mine = ephemeral.public_key().public_bytes_raw()
    # The key is used for this one message only, so the nonce may be constant.
    cipher = _agreed(shared, mine, theirs_raw).encrypt(
        bytes(_NONCE), _bytes(text), f"{_SEALED}:{key_id}".encode()
    )
    return f"{_SEALED}:{key_id}:{_text(mine + cipher)}"


def is_sealed(text: str) -> bool:
    """Whether a text has the form of a result of ``seal``."""
    return text.strip().startswith(_SEALED + ":")


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key)


def _agreed(shared: bytes, ephemeral: bytes, theirs: bytes) -> AESGCM:
    """The key of one sealed message, bound to both public keys, so that neither can be replaced."""
    kdf = HKDF(hashes.SHA256(), length=32, salt=ephemeral + theirs, info=b"kai-flow sealed box 1")
    return AESGCM(kdf.derive(shared))


def _opened(key: AESGCM, nonce: bytes, cipher: bytes, context: bytes) -> str:
    try:
        return key.decrypt(nonce, cipher, context).decode()
    except (InvalidTag, ValueError):
        raise _damaged() from None


def _bytes(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_SECRET_BYTES:
        raise SecretError(f"A connection URI has at most {MAX_SECRET_BYTES:,} bytes.")
    return raw


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(text: str) -> bytes:
    try:
        padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
        raw = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        raise _damaged() from None
    if _text(raw) != text:  # the last character may have bits that mean nothing
        raise _damaged()
    return raw


def _key_id(text: str) -> str:
    """A key's id, if it has the form of one: a message must not repeat arbitrary text."""
    return text if len(text) == 8 and set(text) <= set("0123456789abcdef") else "of unknown id"


def _damaged() -> SecretError:
    return SecretError(
        "The encrypted connection is damaged or was meant for another connection; store it again."
    )
