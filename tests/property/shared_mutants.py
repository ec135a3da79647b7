"""Mutants: what producers share, each time with one plausible mistake in it."""

from collections import deque
from collections.abc import Sequence

from kai_flow.stream import list_form, sharing
from kai_flow.stream.posts import Reply
from kai_flow.stream.sharing import Departure, Document, Line
from tests.planting import Mutation, everywhere, instead


def first_come_first_served() -> Mutation:
    """A session with many documents goes before those that have come later with one."""

    def add(self: Line, document: Document) -> None:
        self._waiting.setdefault("", deque()).append(document)  # the order is nowhere else

    return instead(Line, "add", add)


def lists_of_any_length() -> Mutation:
    """A list has as many documents as wait."""
    return instead(sharing, "MAX_DOCUMENTS", 10**9)


def lists_of_any_size() -> Mutation:
    """A list has as many bytes as wait."""
    return instead(sharing, "MAX_LIST_BYTES", 10**12)


def any_end_frees_the_line() -> Mutation:
    """The end of a slow POST lets a third one depart beside the second."""
    real = Line.ended
    return instead(Line, "ended", lambda self, _: real(self, self._number))


def waits_for_the_slowest() -> Mutation:
    """The next POST departs only when the one before has ended."""
    real = Line.depart

    def depart(self: Line, now: float) -> Departure | None:
        return None if self._held_until is not None else real(self, now)

    return instead(Line, "depart", depart)


def replies_are_cut_to_fit() -> Mutation:
    """An answer with another number of replies is given out from its beginning."""
    real = list_form.read_list_answer

    def read(answer: Reply, count: int) -> list_form.ListAnswer:
        for length in range(2 * count, 0, -1):
            read = real(answer, length)
            if read.is_list:
                return list_form.ListAnswer(True, (list(read.replies) * count)[:count])
        return real(answer, count)

    return everywhere(real, read)


def replies_in_another_order() -> Mutation:
    """The replies are given out from the end."""
    real = list_form.read_list_answer

    def read(answer: Reply, count: int) -> list_form.ListAnswer:
        is_list, replies = real(answer, count)
        reverse: Sequence[Reply | None] = replies[::-1]
        return list_form.ListAnswer(is_list, reverse)

    return everywhere(real, read)
