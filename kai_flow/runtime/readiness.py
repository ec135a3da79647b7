"""Why a program is not ready, as a problem document with a list of reasons."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Reason(NamedTuple):
    """One thing that keeps a program from its work."""

    reason: str
    """A name that does not change, such as `temporal_unreachable`."""
    detail: str
    """A sentence for people, with the remedy."""


def detail_of(reasons: Sequence[Reason]) -> str:
    """All reasons in one line."""
    return "; ".join(reason.detail for reason in reasons)


def listed(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """The reasons as they stand in the document."""
    return [reason._asdict() for reason in reasons]
