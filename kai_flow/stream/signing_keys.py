"""The keys of signatures as they are written, before anything is signed with them (§8.5)."""

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from kai_flow.stream.errors import InvalidKey

PREFIX: Final = "whsec_"
MAX_KEYS: Final = 4  # while keys are exchanged; each one costs another signature
KEY_BYTES: Final = range(24, 65)  # as Standard Webhooks has it


class SigningSecrets(tuple[str, ...]):
    """Keys as Standard Webhooks writes them: `whsec_` and Base64. Its `repr` holds no secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        """How many there are."""
        return f"<{len(self)} keys>"


def read_keys(keys: str | Iterable[str]) -> SigningSecrets:
    """The keys in a list, or in a text in which commas separate them.

    Raises InvalidKey, whose text repeats nothing of them.
    """
    listed = keys.split(",") if isinstance(keys, str) else list(keys)
    found = [key.strip() for key in listed if key.strip()]
    if len(found) > MAX_KEYS or not all(_is_key(key) for key in found):
        raise InvalidKey(
            f"it must be {PREFIX} and then {KEY_BYTES.start} to {KEY_BYTES.stop - 1} random bytes "
            f"in Base64, or up to {MAX_KEYS} such keys separated by commas; for example "
            f'the output of `echo "{PREFIX}$(openssl rand -base64 32)"`'
        )
    return SigningSecrets(found)


def _is_key(key: str) -> bool:
    try:
        secret = base64.b64decode(key.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return key.startswith(PREFIX) and len(secret) in KEY_BYTES
