"""The list form of the callback: one POST with the documents of several producers (§6.16).

A document is the body of a POST in one of the other forms, and its answer is the answer to that
POST. Producers and bridges both use this module.
"""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.posts import Reply

MAX_DOCUMENTS: Final = 64  # in one list; a bridge takes all of them before it shows the first
MAX_LIST_BYTES: Final = 512 * 1024  # of the documents in one list; proxies often refuse 1 MiB
MAX_DOCUMENT_BYTES: Final = 64 * 1024  # a larger one goes alone: it would hold up the others
MAX_LIST_ANSWER_BYTES: Final = 1024 * 1024  # read of an answer; a refusal can repeat a session id

SEND_ALONE: Final = Reply(
    425,
    b'{"status":425,"detail":"this cannot be answered at once, and was not taken; POST it alone"}',
)
"""What a document gets that would keep the others waiting."""

_OK: Final = 200
_SERVER_ERROR: Final = 500  # and above
_MAY_PASS: Final = {408, 429}  # the same list may be taken later


class _Answered(msgspec.Struct):
    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    body: msgspec.Raw
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET


def encode_list(documents: Sequence[bytes]) -> bytes:
    """The body of a POST with these documents."""
    return b"[" + b",".join(documents) + b"]"


def decode_list(body: bytes) -> list[bytes]:
    """The documents, which are still to be read. Raises InvalidBatch for the body as a whole."""
    try:
        documents = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidBatch(f"the body is not a list of callbacks: {error}") from None
    if not documents:
        raise InvalidBatch("the body is not a list of callbacks: it is empty")
    if len(documents) > MAX_DOCUMENTS:
        raise InvalidBatch(
            f"the body has {len(documents):,} documents; a list has at most {MAX_DOCUMENTS}"
        )
    return [bytes(document) for document in documents]


def encode_replies(replies: Sequence[Reply]) -> bytes:
    """The body of the answer: what each document gets, in the order of the documents."""
    return msgspec.json.encode(
        [
            _Answered(
                reply.status,
                msgspec.Raw(reply.body),
                int(reply.retry_after) if reply.retry_after else msgspec.UNSET,
            )
            for reply in replies
        ]
    )


class ListAnswer(NamedTuple):
    """The answer to a list, as its sender reads it."""

    is_list: bool
    """It was answered as a list. Otherwise the receiver, or a proxy before it, takes none."""
    replies: Sequence[Reply | None]
    """What each document gets. None: it is to be sent alone, because it was not answered."""


def read_list_answer(answer: Reply, count: int) -> ListAnswer:
    """What each of `count` documents gets from the answer to their list.

    A failure that any POST may meet is the failure of each document. After any other answer they
    are sent alone: what the receiver says to a list need not hold for them.
    """
    replies = _read_replies(answer.body) if answer.status == _OK and answer.authentic else None
    if replies is not None and len(replies) == count:
        return ListAnswer(True, [None if r.status == SEND_ALONE.status else r for r in replies])
    fails = answer.status >= _SERVER_ERROR or answer.status in _MAY_PASS
    return ListAnswer(False, [answer if fails else None] * count)


def _read_replies(body: bytes) -> list[Reply] | None:
    try:
        items = msgspec.json.decode(body, type=list[_Answered])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return [Reply(item.status, bytes(item.body), float(item.retry_after or 0)) for item in items]
