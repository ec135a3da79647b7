"""Finds out that a cursor cannot be one of this stream."""

from kai_flow.stream.fold import Fold
from kai_flow.stream.place import NOTHING, Place


def what_never_was(place: Place, fold: Fold) -> str | None:
    """A sentence about what `place` names and the history does not have; None: it may be right.

    `fold` has taken everything that the history records. What a bridge shows may not be stored yet,
    but the marks of its producers are, and so is what the workflow itself has published.
    """
    named = max((p for p, at in place.positions.items() if at != NOTHING), default=0)
    # Of the next one nothing was seen, and yet a place may end there (see `Place.before`).
    named = max(named, place.newest if place.newest > fold.newest + 1 else 0)
    numbered = fold.marked or fold.begins.newest > 0  # by this run, or by those before it
    if numbered and named > fold.newest:
        return f"the cursor names producer {named}, but the newest of this session is {fold.newest}"
    stranger = _never_beside(place, fold)
    if stranger is not None:
        return f"the cursor names producer {stranger}, which was not beside producer {place.newest}"
    spoken, seen = (one.positions.get(0, NOTHING)[1] for one in (fold.place, place))
    if seen > spoken:
        return f"the cursor names event 0.1.{seen}; the workflow has published {spoken}"
    return None


def _never_beside(place: Place, fold: Fold) -> int | None:
    """A producer that no place lists whose newest producer is this one.

    A place lists that one and those beside it. Whoever makes up others makes each event dear: its
    cursor lists them all.
    """
    if not fold.has_mark(place.newest):
        return None
    beside = fold.beside(place.newest)
    return next((p for p in place.listed() if p != place.newest and p not in beside), None)
