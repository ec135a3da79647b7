"""Work that is done once: in a reading, whose covers have most parts in common, or in a model."""

from collections.abc import Callable, Hashable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Remembering(Protocol):
    """What lives as long as the reading of one question."""

    @property
    def known(self) -> dict[Hashable, Sequence[Any]]:
        """What was found, by what found it and for what."""


class Keeping(Protocol):
    """What works with one model, whose facts are the same for every question."""

    @property
    def kept(self) -> dict[Hashable, Any]:
        """What was found in the model, by what found it and for what."""


R = TypeVar("R", bound=Remembering)
K = TypeVar("K", bound=Keeping)
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


def kept(find: Callable[Concatenate[K, P], T]) -> Callable[Concatenate[K, P], T]:
    """The same function; what it found in a model is found at once in later questions too."""

    @wraps(find)
    def found(by: K, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (find, args, *kwargs.items())
        try:
            known: T = by.kept[key]
        except KeyError:
            known = by.kept[key] = find(by, *args, **kwargs)
        return known

    return found
