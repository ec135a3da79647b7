"""Verifies the signatures of POSTs, and signs the answers (§8.5).

Imported only where keys are set: without them a bridge needs no library for it.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

from kai_flow.stream.repetitions import Repetitions
from kai_flow.stream.signing import TOLERANCE_SECONDS, SigningKeys, Unsigned
from kai_flow.stream.signing_keys import SigningSecrets
from kai_flow.web.problems import problem

_FIELDS: Final = {b"webhook-id", b"webhook-timestamp", b"webhook-signature"}

_REFUSALS: Final = {
    Unsigned.WRONG: (
        "unsigned",
        "the POST is not signed with a key in KAI_SIGNING_KEYS of the bridge; give its sender one",
    ),
    Unsigned.CLOCK: (
        "clock",
        "the POST was signed for another time than now; set the clocks of both machines",
    ),
    Unsigned.REPEATED: (
        "repeated",
        "a POST with this id was taken before; send it again with an id and a signature of its own",
    ),
}
"""The `code` and the `detail` of each refusal. The first does not tell which part is wrong."""


class Signatures:
    """The signatures of one bridge. `clock` is Unix time."""

    def __init__(self, secrets: SigningSecrets, clock: Callable[[], float] = time.time) -> None:
        self._keys = SigningKeys(secrets)
        self._clock = clock
        # a POST for a time to come can be repeated until that time is past
        self._repetitions = Repetitions(2 * TOLERANCE_SECONDS)

    def verify(self, fields: Iterable[tuple[bytes, bytes]], body: bytes) -> str:
        """The id of a POST whose head has these fields. Raises the problem of its signature."""
        given = {
            name.decode(): value.decode("latin-1") for name, value in fields if name in _FIELDS
        }
        now = self._clock()
        found = self._keys.verify_post(given, now, body)
        if isinstance(found, str) and not self._repetitions.is_new(found, now):
            found = Unsigned.REPEATED
        if isinstance(found, Unsigned):
            code, detail = _REFUSALS[found]
            raise problem(401, detail, code=code)
        return found

    def claimed(self, fields: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a POST with these fields says that it is signed."""
        return any(name in _FIELDS for name, _ in fields)

    def sign(self, message_id: str, status: int, body: bytes) -> dict[str, str]:
        """The header fields of the answer to the POST with this id."""
        return self._keys.sign_answer(message_id, status, self._clock(), body)
