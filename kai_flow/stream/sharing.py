"""What producers of one process that POST to one bridge share: which documents go in the next POST.

One POST is in flight, and what gathers meanwhile goes with the next one. A document that is alone
goes in a POST of its own, as if nobody shared anything. Pure: times are seconds of any monotonic
clock.

No session holds up the others. Each POST takes one document of a session after the other, in turns,
within a number and a size. A POST that takes long keeps the line for HOLD_SECONDS only: then the
next one departs beside it.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kai_flow.stream.backoff import Backoff
from kai_flow.stream.list_form import MAX_DOCUMENTS, MAX_LIST_BYTES

HOLD_SECONDS: Final = 0.1  # for which a POST in flight keeps the next one back
FIRST_REST_SECONDS: Final = 1.0  # without lists, after one that was refused or not answered
LAST_REST_SECONDS: Final = 60.0

_REST: Final = Backoff(FIRST_REST_SECONDS, LAST_REST_SECONDS)


class Document:
    """The body of one producer's POST, and the URL to which it goes if it is alone."""

    __slots__ = ("body", "session_id", "url")

    def __init__(self, session_id: str, url: str, body: bytes) -> None:
        self.session_id = session_id
        self.url = url
        self.body = body


class Departure(NamedTuple):
    """A POST to make now."""

    number: int
    """To be given back to `ended`."""
    documents: tuple[Document, ...]
    """At least one. A single one goes in a POST of its own, in today's form."""


class Line:
    """The documents of one process that wait to be POSTed to one bridge."""

    def __init__(self) -> None:
        # By session. The order is that of the turns: a session that has had one is put at the end.
        self._waiting: dict[str, deque[Document]] = {}
        self._number = 0  # of the last departure
        self._held_until: float | None = None  # None: that POST has ended

    def __iter__(self) -> Iterator[Document]:
        """The documents that wait."""
        for queue in self._waiting.values():
            yield from queue

    def add(self, document: Document) -> None:
        """A document is to be POSTed."""
        self._waiting.setdefault(document.session_id, deque()).append(document)

    def remove(self, document: Document) -> None:
        """Nobody waits for it any more; without effect once it has departed."""
        queue = self._waiting.get(document.session_id, deque())
        if document in queue:
            queue.remove(document)
            if not queue:
                del self._waiting[document.session_id]

    def clear(self) -> Sequence[Document]:
        """Take out all that waits, because each document is to go alone."""
        waiting = list(self)
        self._waiting.clear()
        return waiting

    def depart(self, now: float) -> Departure | None:
        """The POST to make now, if any."""
        if not self._waiting or (self._held_until is not None and now < self._held_until):
            return None
        self._number += 1
        self._held_until = now + HOLD_SECONDS
        return Departure(self._number, tuple(self._take()))

    def depart_at(self) -> float | None:
        """When to ask again, if no POST ends before; None: not before something is added."""
        return self._held_until if self._waiting else None

    def ended(self, number: int) -> None:
        """A POST has ended, well or not. Only the last one keeps the next one back."""
        if number == self._number:
            self._held_until = None

    def _take(self) -> list[Document]:
        taken: list[Document] = []
        room = MAX_LIST_BYTES
        while self._waiting and len(taken) < MAX_DOCUMENTS:
            session_id, queue = next(iter(self._waiting.items()))
            if taken and len(queue[0].body) > room:
                break  # its turn comes first in the next POST
            taken.append(queue.popleft())
            room -= len(taken[-1].body)
            del self._waiting[session_id]
            if queue:
                self._waiting[session_id] = queue
        return taken


class Lists:
    """Whether lists are made: not for a while after one was refused, or not answered.

    Each time in a row the while is longer. So a receiver or a proxy that takes single documents and
    no lists costs next to nothing.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._not_before: float | None = None

    def are_made(self, now: float) -> bool:
        """Whether a list can be POSTed now."""
        return self._not_before is None or now >= self._not_before

    def answered(self) -> None:
        """A list was answered as a list."""
        self._failures, self._not_before = 0, None

    def failed(self, now: float) -> None:
        """A list was refused, or not answered."""
        self._failures += 1
        self._not_before = now + _REST.pause(self._failures)
