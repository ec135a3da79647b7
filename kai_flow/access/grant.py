"""What a token grants: to whom, which sessions, which rights, and until when."""

from enum import Enum
from typing import Final, NamedTuple

READ: Final = "read"
"""The right to read streams."""

PUBLISH: Final = "publish"
"""The right to send events by hand."""

RIGHTS: Final = (READ, PUBLISH)
"""All rights that a program checks today. Others in a token are kept and mean nothing."""

MAX_QUERY_SECONDS: Final = 300.0  # the lifetime of a token that may stand in a URL


class Reach(Enum):
    """Whether a grant reaches a session."""

    NO = "no"
    """Whether or not there is such a session."""
    IF_OURS = "if ours"
    """If its workflow runs for the organisation: on the task queue `Grant.queue`."""
    YES = "yes"
    """Also before there is a workflow."""


class Grant(NamedTuple):
    """What a token grants. Times are seconds, `expires_at` since 1970."""

    subject: str
    """Who has it."""
    organisation: str | None
    """The tenant whose sessions are meant; None: the token is not of a tenant."""
    sessions: frozenset[str]
    """Session ids that are granted one by one, of any organisation."""
    prefixes: tuple[str, ...]
    """What ids of granted sessions begin with; with an organisation, of its sessions alone."""
    conversations: frozenset[str]
    """Ids of conversations whose sessions are granted; with an organisation, its own alone."""
    everything: bool
    """All sessions of the organisation."""
    rights: frozenset[str]
    expires_at: float
    lifetime: float | None
    """From its issue to its end; None: it does not say when it was issued."""

    @property
    def queue(self) -> str | None:
        """The task queue on which the sessions of the organisation run."""
        return None if self.organisation is None else queue_of(self.organisation)

    def reach(self, session_id: str, right: str) -> Reach:
        """Whether it grants this right to this session."""
        if right not in self.rights:
            return Reach.NO
        if session_id in self.sessions:
            return Reach.YES
        listed = session_id.startswith(self.prefixes) or self._is_of_a_conversation(session_id)
        if self.everything or listed:
            return Reach.YES if self.organisation is None else Reach.IF_OURS
        return Reach.NO

    @property
    def fits_in_a_url(self) -> bool:
        """Whether it may stand in a query, which proxies and browsers write down.

        It then lives for MAX_QUERY_SECONDS at most, and names exactly one session.
        """
        short = self.lifetime is not None and 0 <= self.lifetime <= MAX_QUERY_SECONDS
        more = self.prefixes or self.conversations or self.everything
        return short and len(self.sessions) == 1 and not more

    def _is_of_a_conversation(self, session_id: str) -> bool:
        """Whether its id is that of a granted conversation, a dot, and something without a dot.

        The id of another conversation may begin in the same way: "a" grants "a.1", and not "a.b.1".
        """
        conversation_id, dot, own = session_id.rpartition(".")
        return bool(dot and own) and conversation_id in self.conversations


def queue_of(organisation: str) -> str:
    """The task queue of an organisation, as the setting ORG_ID names it."""
    return f"kai-{organisation}-queue"
