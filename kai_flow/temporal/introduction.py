"""What a bridge says of itself to the readers that it lets in, in the header `KAI-Bridge`.

A program that starts sessions and reads them there can tell before it starts one whether the two of
them encode in the same way. Otherwise a question would be stored unencrypted among encrypted ones,
or encrypted where no worker can read it. It is also how one recognises a bridge.

Temporal's SDK is not imported here.
"""

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from temporalio.converter import DataConverter

HEADER: Final = "KAI-Bridge"

NO_CODEC: Final = "none"
OWN_CODEC: Final = "other"  # one that does not tell its keys

_KEY: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Introduction(NamedTuple):
    """What a bridge says of itself."""

    needs_tokens: bool
    """Whether it asks its readers for tokens."""
    codec: str
    """`codec_of` its converter."""

    @property
    def header(self) -> dict[str, str]:
        """The header field that says it."""
        access = "token" if self.needs_tokens else "open"
        return {HEADER: f"access={access}; codec={self.codec}"}

    @classmethod
    def read(cls, value: str | None) -> "Introduction | None":
        """What the value of the header says; None: nothing that a bridge would."""
        parts = dict(part.strip().partition("=")[::2] for part in (value or "").split(";"))
        if parts.get("access") not in ("token", "open") or not parts.get("codec"):
            return None
        return cls(parts["access"] == "token", parts["codec"])


def codec_of(converter: "DataConverter | None") -> str:
    """How a converter encodes: `none`, `other`, or the ids of its keys, the encrypting one first.

    A codec tells the ids by its attribute `key_ids`, a list or a tuple. None is Temporal's own
    converter.
    """
    codec = None if converter is None else converter.payload_codec
    if codec is None:
        return NO_CODEC
    told = getattr(codec, "key_ids", None)
    ids = [str(each) for each in told] if isinstance(told, list | tuple) else []
    return ",".join(ids) if ids and all(map(_KEY.fullmatch, ids)) else OWN_CODEC


def disagreement(own: str, theirs: str) -> str | None:
    """Why no session may be started at a bridge that encodes as `theirs`; None: it may.

    Both are of `codec_of`; `own` is of the program that starts it. The text says what to do.
    """
    if own == theirs:
        return None
    if own == NO_CODEC:
        return (
            "encrypts what Temporal stores, and this command would store the question unencrypted: "
            "set KAI_DATA_CONVERTER and KAI_CODEC_KEYS as for the bridge"
        )
    if theirs == NO_CODEC:
        return (
            "has no payload codec, and could read nothing of a session that this command encodes: "
            "set KAI_DATA_CONVERTER and KAI_CODEC_KEYS for the bridge and the workers, or unset "
            "them here"
        )
    if OWN_CODEC in (own, theirs):
        return (
            "encodes what Temporal stores with another payload codec than this command: set "
            "KAI_DATA_CONVERTER as for the bridge"
        )
    encrypts, known = own.split(",", maxsplit=1)[0], theirs.split(",")
    if encrypts in known:
        return None
    return (
        f"lacks the key {encrypts} with which this command would encrypt the question (it has "
        f"{', '.join(known)}): set KAI_CODEC_KEYS as for the bridge"
    )
