"""Where the root key comes from: ``KAI_ENCRYPT_KEY``, or a file in the home, made when needed.

The file is created in one step, so that processes that start at the same time all use the same key.
It is readable only for its owner.
"""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kai_flow.connections.sealing import KEY_BYTES, Keyring, SecretError

__all__ = ["KEY_FILE", "open_keyring"]

KEY_FILE: Final = "encrypt.key"
"""Name of the key file in the home."""


def open_keyring(home: Path, keys: Sequence[bytes] = (), *, create: bool = True) -> Keyring:
    """The given keys, followed by the one in the home's key file.

    When there are none, the file is created. With ``create=False``, that is an error: a new key
    could decrypt nothing. ``SecretError`` when the file cannot be created or trusted.
    """
    path = home / KEY_FILE
    if not keys and not path.exists():
        if not create:
            raise SecretError(
                f"The key file {path} is missing: put it back from a backup, or set KAI_ENCRYPT_KEY"
                " to the key that the connections were encrypted with."
            )
        _make_key(path)
    return Keyring([*keys, *([_read_key(path)] if path.exists() else [])])


def _make_key(path: Path) -> None:
    """Create the key file in one step: it never holds half a key, and only one key is made."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(fresh)
        except FileExistsError:
            pass  # another process was first: its key is the one
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as wrong:
        raise SecretError(
            f"The key file {path} cannot be made ({wrong.strerror}): make the folder writable, or"
            " set KAI_ENCRYPT_KEY."
        ) from None


def _read_key(path: Path) -> bytes:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SecretError(
                f"The key file {path} may be read by others than its owner: run"
                f" `chmod 600 {path}`, and change the databases' passwords if others may have read"
                " it."
            )
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as wrong:
        raise SecretError(
            f"The key file {path} cannot be read ({wrong.strerror}): make it readable for the user"
            " that KAI runs as, or set KAI_ENCRYPT_KEY."
        ) from None
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretError(
            f"The key file {path} holds no key: put it back from a backup, or delete it together"
            " with connections.db and store the connections again."
        )
    return key
