"""The turns of a conversation: what was asked, and what became of it."""

from typing import Final

import msgspec

__all__ = [
    "BadConversation",
    "Begun",
    "Choice",
    "Turn",
    "check_conversation",
    "chosen",
    "shortened",
]

MAX_ID_CHARS: Final = 200
MAX_TEXT_CHARS: Final = 4_000
"""Of a question or reading; longer ones are cut, because only people read them."""
MAX_QUERY_BYTES: Final = 64 * 1024
"""Of a query; a larger one cannot be changed by a follow-up."""


class BadConversation(ValueError):
    """The id cannot be used; the message is one sentence that says what is allowed."""


class Choice(msgspec.Struct, frozen=True):
    """One answer to "do you mean …?"."""

    label: str
    prompt: str
    """A whole question that reads in one way only."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A question and what became of it."""

    session_id: str
    question: str
    reading: str = ""
    """How it was read, in words."""
    query: str = ""
    """The query that was run, as JSON; empty when none was."""
    choices: tuple[Choice, ...] = ()
    """What was asked back."""
    language: str = ""
    """``id`` or ``en``; empty when it was not found out."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What a question of a conversation may build on."""

    base: Turn | None = None
    """The last turn with a query."""
    last: Turn | None = None
    """The last turn, with or without a query."""
    damaged: bool = False
    """Whether there was more, and it could not be read."""


def chosen(last: Turn | None, prompt: str) -> str | None:
    """The question that an answer to "do you mean …?" stands for: its number or its label."""
    said = prompt.strip().strip(".!?\"'“”").casefold()
    for number, choice in enumerate(last.choices if last else (), start=1):
        if said in (str(number), choice.label.casefold()):
            return choice.prompt
    return None


def check_conversation(conversation_id: object) -> None:
    """`BadConversation` unless it can be the id of a conversation."""
    good = isinstance(conversation_id, str) and conversation_id.isprintable()
    if not good or not 1 <= len(str(conversation_id).strip()) <= MAX_ID_CHARS:
        raise BadConversation(
            f"The conversation id must be 1 to {MAX_ID_CHARS} printable characters."
        )


def shortened(turn: Turn) -> Turn:
    """A turn as it is kept: with texts of a bounded length."""
    return msgspec.structs.replace(
        turn,
        question=_cut(turn.question),
        reading=_cut(turn.reading),
        query=turn.query if len(turn.query.encode()) <= MAX_QUERY_BYTES else "",
    )


def _cut(text: str) -> str:
    """Text of a bounded length that JSON can hold: a lone surrogate becomes a question mark."""
    return text[:MAX_TEXT_CHARS].encode("utf-8", "replace").decode()
