"""What clauses claim of each of some rows that no query tells.

"Customers who only bought toys" bought nothing else: that they have some such rows is not what is
asked. "Shops whose sales rose" are not told by the change of all sales.
"""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.lexicon.lexicon import stem
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Function,
    Query,
    Related,
    TimeGroup,
    words_of,
)
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["changes_of_all", "counts_the_best", "done_only", "grows_from", "untold"]

ONLY: Final = frozenset(["only", "just", "exclusively", "solely", "hanya", "cuma", "saja", "aja"])
"""Words for nothing else."""

RELATIVES: Final = frozenset(["who", "that", "which", "whose", "yang", "yg"])
"""Words that begin a relative clause."""

SAID: Final = RELATIVES | {"with", "having", "dengan", "dgn"}
"""Words after which a number is one of the rows before them."""

ALWAYS: Final = frozenset(["every", "each", "setiap", "tiap"])
"""Words before a unit of time in which something is always so, after a clause."""

CLAUSES: Final = RELATIVES | {"have", "has"}
"""Words that begin what is said of some rows."""

ENDS: Final = frozenset([",", ";", ".", "and", "but", "dan", "tapi", "tetapi"])
"""Words that end it."""


COUNTING: Final = frozenset(["many", "number", "count", "berapa", "jumlah", "banyaknya", "brp"])
"""Words that ask how many there are."""

LIMITING: Final = frozenset(
    [
        *("in", "for", "from", "at", "on", "by", "with", "per", "and", "who", "that", "within"),
        *("di", "untuk", "dari", "pada", "dengan", "dan", "yang", "tahun", "bulan", ",", "?", "."),
    ]
)
"""Words after "only" that go on with a filter."""

COUNTS: Final = frozenset([Function.COUNT, Function.DISTINCT])

FROM: Final = frozenset(["from", "dari"])
"""Words before a period from which something changed."""

TO: Final = frozenset(
    ["to", "ke", "until", "till", "through", "sampai", "hingga", "menjadi", "jadi"]
)
"""Words before a period up to which it did."""

UNITS: Final = frozenset(
    [
        *("the", "year", "quarter", "month", "week"),
        *("tahun", "kuartal", "triwulan", "bulan", "minggu", "pekan"),
    ]
)
"""Words between these and the period."""

LAST: Final = frozenset(["last", "lalu", "kemarin"])
"""Words of a period that is told from today."""

YEAR_DIGITS: Final = 4

WHO: Final = frozenset(["who", "siapa"])

BEST: Final = frozenset(["best", "top", "leading", "worst", "terbaik", "terburuk", "performing"])
"""Words that say of a thing that it comes first or last."""

NUMEROUS: Final = frozenset(["most", "fewest", "least", "terbanyak", "banyak", "sedikit"])
"""Words that say of things that they are many or few."""


AVERAGED: Final = frozenset([Function.AVERAGE, Function.MEDIAN])

AVERAGES: Final = frozenset(["average", "avg", "mean", "median", "rata-rata", "rata", "rerata"])
"""Words for an average."""

OF: Final = frozenset(["of", "for", "among", "in", "from"])

FIRST: Final = frozenset(
    [
        *("top", "best", "biggest", "largest", "leading", "greatest"),
        *("worst", "bottom", "smallest"),
    ]
)
"""Words for the first or last of some things, which do not say of which number."""

FIRST_OF_THEM: Final = frozenset(
    ["teratas", "terbaik", "terbesar", "terburuk", "terbawah", "terkecil", "besar"]
)
"""The same after the things, in Indonesian."""


def counts_the_best(tokens: Sequence[Token], query: Query) -> bool:
    """Whether "who is the best store" is read as who has the most stores.

    ``query``: of a reading that is no offer.
    """
    measure = query.measures[0] if query.measures else None
    if measure is None or not query.limit:
        return False
    counts = isinstance(measure, Aggregate) and measure.function in COUNTS
    words = {tokens[at].word for at in words_of(measure)}
    who = any(token.word in WHO for token in tokens)
    return counts and who and not words.isdisjoint(BEST) and words.isdisjoint(NUMEROUS)


def averages_the_best(tokens: Sequence[Token], query: Query) -> bool:
    """Whether "the average amount of the top 3 stores" would be that of those where it is highest.

    What makes stores the top ones is not said: it may be their total as well.
    """
    measure = query.measures[0] if query.measures else None
    if not isinstance(measure, Aggregate) or measure.function not in AVERAGED or not query.limit:
        return False
    words = [token.word for token in tokens]
    said = min((at for at, word in enumerate(words) if word in AVERAGES), default=len(words))
    return any(_top_things(words, at) for at in range(said + 1, len(words)))


def _top_things(words: Sequence[str], at: int) -> bool:
    """Whether words for the first of some things begin at a place: "of the top 3 stores"."""
    if words[at] in OF:
        after = [word for word in words[at + 1 : at + 4] if word not in {"the", "our"}]
        return not FIRST.isdisjoint(word for word in after[:2] if not word.isdigit()) and (
            after[0] in FIRST or after[0].isdigit()
        )
    return words[at].isdigit() and not FIRST_OF_THEM.isdisjoint(words[at + 2 : at + 4])


def untold(tokens: Sequence[Token], queries: Sequence[Query]) -> str | None:
    """The key of the reason if readings of a question do not tell what a clause of it claims."""
    if _exclusive(tokens) and any(map(_of_some_rows, queries)):
        return "only_ever"
    if any(_always(tokens, each) for each in queries):
        return "no_reading"
    begun = {at + 1 for at, token in enumerate(tokens) if at and token.word in SAID}
    rises = any(
        changes_of_all(each) and not begun.isdisjoint(each.measures[0].words[:1])
        for each in queries
    )
    return "no_reading" if rises else None


def _always(tokens: Sequence[Token], query: Query) -> bool:
    """Whether rows that something is said of are counted in each year that it is said of.

    "Cooperatives that made a loss every year" did so in all years, which no query tells.
    """
    measures = query.measures
    counted = all(isinstance(m, Aggregate) and m.function in COUNTS for m in measures)
    asked = not COUNTING.isdisjoint(token.word for token in tokens)
    if not measures or not counted:
        return False
    words = frozenset(["every"]) if asked else ALWAYS
    begins = SAID | CLAUSES
    clause = next((at for at, t in enumerate(tokens) if at and t.word in begins), len(tokens))
    return any(
        isinstance(group, TimeGroup)
        and bool(group.words)
        and group.words[0] > clause
        and not words.isdisjoint(tokens[at].word for at in group.words)
        for group in query.groups
    )


def done_only(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether "only" says what others than the rows of a query do: "customers only paid by card".

    It follows them, and something else follows it.
    """
    for at, token in enumerate(tokens[:-1]):
        if at and token.word in ONLY and tokens[at + 1].word not in LIMITING:
            named = stem(tokens[at - 1].word, "en")
            others = [e for table, e in model.entities.items() if table != query.fact]
            if any((named,) == tuple(map(_stem, n.words)) for e in others for n in e.names):
                return True
    return False


def _stem(word: str) -> str:
    return stem(word, "en")


def _exclusive(tokens: Sequence[Token]) -> bool:
    """Whether a question says of some rows that they did nothing else."""
    clause = False
    for token in tokens:
        if token.word in ONLY and clause:
            return True
        clause = (clause or token.word in CLAUSES) and token.word not in ENDS
    return False


def _of_some_rows(query: Query) -> bool:
    """Whether a query takes whatever has at least one of some rows."""
    related = any(isinstance(part, Related) for part in parts_of(query.where))
    different = any(
        isinstance(each, Aggregate) and each.function is Function.DISTINCT
        for each in query.measures
    )
    return related or different


def changes_of_all(query: Query) -> bool:
    """Whether changes of all are shown: "which shops grew" asks for those that did."""
    changes = any(
        isinstance(m, Difference) or (isinstance(m, Calculation) and m.nature is Nature.CHANGE)
        for m in query.measures
    )
    return changes and not (query.limit or query.each or query.having)


def grows_from(tokens: Sequence[Token], query: Query) -> bool:
    """Whether a change is told up to the only period that is named, from which it was asked.

    "How much did sales grow from 2023" leaves open until when; "in 2023" says it.
    """
    if not any(isinstance(measure, Difference) for measure in query.measures):
        return False
    words = [token.word for token in tokens]
    starts = [at for at, word in enumerate(words) if word in FROM]
    if len(starts) != 1 or any(word in TO for word in words[starts[0] :]):
        return False
    years = [at for at, word in enumerate(words) if len(word) == YEAR_DIGITS and word.isdigit()]
    after = next((at for at in range(starts[0] + 1, len(words)) if words[at] not in UNITS), None)
    if after is None or (years and years != [after]):
        return False
    return after in years or words[after] in LAST
