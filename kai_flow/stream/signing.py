"""Signatures of POSTs and of their answers (§8.5), by the Standard Webhooks scheme.

A POST is signed as any Standard Webhooks message. Its answer is signed with the same keys, under an
id that is made of the POST's id and the status: so it is the answer to this POST alone, and can be
taken for no POST.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from standardwebhooks import Webhook

from kai_flow.stream.signing_keys import read_keys

TOLERANCE_SECONDS: Final = 300  # between the clocks of both sides, as Standard Webhooks has it
MAX_SIGNATURES: Final = 16  # looked at in a header

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

_REQUEST_ID: Final = re.compile(r"msg_[A-Za-z0-9]{16,64}")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


class Unsigned(Enum):
    """Why a message does not count as signed."""

    WRONG = "no signature, or none with a key that is known"
    CLOCK = "signed, but at another time"
    REPEATED = "signed, and taken before"


class _Key(Webhook):
    """A key, which reads a body where it is: the library would copy it twice for each key."""

    def sign_bytes(self, head: bytes, body: bytes) -> str:
        """What `sign` gives for the message that begins with this head."""
        code = hmac.new(self._whsecret, head, hashlib.sha256)
        code.update(body)
        return f"v1,{base64.b64encode(code.digest()).decode()}"


class SigningKeys:
    """The keys that both sides know: each message is signed with all, and verified with any.

    `secrets` are keys as Standard Webhooks writes them: `whsec_` and Base64. While a new key is
    brought in, one side has both of them, whichever is first to get it. Raises InvalidKey.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = [_Key(secret) for secret in read_keys(secrets)]

    def __repr__(self) -> str:
        """How many there are."""
        return f"<{len(self._keys)} keys>"

    def sign_post(self, message_id: str, now: float, body: bytes) -> dict[str, str]:
        """The header fields of a POST. `now` is Unix time, and `message_id` is never used again."""
        return self._signed(message_id, int(now), body)

    def verify_post(self, fields: Mapping[str, str], now: float, body: bytes) -> str | Unsigned:
        """The id of a POST that is signed; otherwise why it does not count as signed.

        The names of `fields` are in lower case.
        """
        message_id = fields.get(ID, "")
        if _REQUEST_ID.fullmatch(message_id) is None:
            return Unsigned.WRONG
        return self._verify(message_id, fields, now, body) or message_id

    def sign_answer(self, message_id: str, status: int, now: float, body: bytes) -> dict[str, str]:
        """The header fields of the answer to the POST with this id."""
        return self._signed(_answer_id(message_id, status), int(now), body)

    def is_answer(
        self, message_id: str, status: int, fields: Mapping[str, str], now: float, body: bytes
    ) -> bool:
        """Whether this is the signed answer to the POST with this id."""
        answer_id = _answer_id(message_id, status)
        return fields.get(ID) == answer_id and self._verify(answer_id, fields, now, body) is None

    def _signed(self, message_id: str, at: int, body: bytes) -> dict[str, str]:
        signatures = self._signatures(message_id, str(at), body)
        return {ID: message_id, TIMESTAMP: str(at), SIGNATURE: " ".join(signatures)}

    def _signatures(self, message_id: str, at: str, body: bytes) -> list[str]:
        head = f"{message_id}.{at}.".encode()
        return [key.sign_bytes(head, body) for key in self._keys]

    def _verify(
        self, message_id: str, fields: Mapping[str, str], now: float, body: bytes
    ) -> Unsigned | None:
        """Why a message does not count as signed; None: it does."""
        given = fields.get(SIGNATURE, "").split(" ", MAX_SIGNATURES)[:MAX_SIGNATURES]
        timestamp = fields.get(TIMESTAMP, "")
        if _SECONDS.fullmatch(timestamp) is None:
            return Unsigned.WRONG
        own = self._signatures(message_id, timestamp, body)
        # every pair is compared, so that the time does not tell which key is known
        equal = [hmac.compare_digest(a.encode(), b.encode()) for a in own for b in given]
        if not any(equal):
            return Unsigned.WRONG
        return Unsigned.CLOCK if abs(now - int(timestamp)) > TOLERANCE_SECONDS else None


def _answer_id(message_id: str, status: int) -> str:
    return f"answer_{status}_{message_id}"
