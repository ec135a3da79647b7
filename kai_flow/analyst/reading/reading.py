"""One way to read a question."""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct

from kai_flow.analyst.query.nodes import Query, Words
from kai_flow.analyst.reading.choices import Note

Plural = Callable[[Words, frozenset[str]], bool]
"""Whether one of these words, which may be among some names, names several things."""


class Reading(Struct, frozen=True, gc=False):
    """A query, or what else a question asks for, and what speaks against it."""

    query: Query | None
    cost: float
    notes: tuple[Note, ...] = ()
    """Assumptions that the answer announces."""
    open: bool = False
    """Whether it fills in what the question leaves open: then it is only offered."""
    refusal: str = ""
    """Key of the reason why it is not answered."""
    catalogue: bool = False
    """Whether it asks what data there is."""
    tables: tuple[str, ...] = ()
    """The tables of which it asks that; empty: of all."""


_TELLING = (
    *("no_time", "undated", "unconnected", "ranked_by_what", "rows_or_totals", "compared_with"),
    "rate_summed",
)
"""Keys of reasons, the most telling first; others come after them."""


@dataclass
class Troubles:
    """Why readings failed, the first of each kind; the answer names the most telling one."""

    found: list[Note] = field(default_factory=list)

    def add(self, key: str, **values: str) -> None:
        """Remember a reason."""
        note = Note(key, tuple(sorted(values.items())))
        if note not in self.found:
            self.found.append(note)

    @property
    def worst(self) -> Note | None:
        """The most telling reason, of equal ones the first."""
        order = {key: at for at, key in enumerate(_TELLING)}
        return min(self.found, key=lambda note: order.get(note.key, len(order)), default=None)
