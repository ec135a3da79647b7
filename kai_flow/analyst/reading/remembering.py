"""Work that is done once in a reading: the covers of a question have most parts in common."""

from collections.abc import Callable, Hashable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Remembering(Protocol):
    """What lives as long as the reading of one question."""

    @property
    def known(self) -> dict[Hashable, Sequence[Any]]:
        """What was found, by what found it and for what."""


R = TypeVar("R", bound=Remembering)
P = ParamSpec("P")
T = TypeVar("T")

Finding = Callable[Concatenate[R, P], Sequence[T]]


def remembered(find: Finding[R, P, T]) -> Finding[R, P, T]:
    """The same function; what it found for the same arguments is found at once."""

    @wraps(find)
    def found(by: R, /, *args: P.args, **kwargs: P.kwargs) -> Sequence[T]:
        key = (find, args, *kwargs.items())
        known = by.known.get(key)
        if known is None:
            known = by.known[key] = find(by, *args, **kwargs)
        return known

    return found
