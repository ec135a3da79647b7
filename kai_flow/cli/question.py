"""A question of `kai ask` or `kai chat`, before anything has been started for it."""

import re
from dataclasses import dataclass

from kai_flow.cli import text
from kai_flow.connections.turns import BadConversation, check_conversation
from kai_flow.settings import StartError


@dataclass(frozen=True)
class Question:
    """What is asked, and where it belongs."""

    prompt: str
    connection: str
    session_id: str | None = None  # None: a new one
    conversation_id: str | None = None  # None: it stands alone

    def check(self) -> None:
        """`StartError` for what no session can be started with."""
        if not self.prompt.strip():
            raise StartError('the question is empty: write it in quotes, as in `kai ask "…"`')
        if not self.connection.strip():
            raise StartError(
                "--connection is empty: give the alias of a connection, such as koperasi"
            )
        given = self.session_id
        if given is not None and not is_session_id(given):
            raise StartError(
                f"--session-id {text.line(given, 60)!a} is refused: it must be 1 to 200 letters, "
                "digits or . _ : @ -, and begin with a letter or a digit"
            )
        try:
            if self.conversation_id is not None:
                check_conversation(self.conversation_id)
        except BadConversation as wrong:
            shown = text.line(self.conversation_id, 60)
            raise StartError(f"--conversation {shown!a} is refused: {wrong}") from None


def is_session_id(text: str) -> bool:
    """Whether a command takes it as the id of a session: no shell and no URL has to quote it."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}", text) is not None
