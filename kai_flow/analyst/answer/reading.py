"""How a question was read, in one sentence that leaves nothing out.

Two queries that mean something different never have the same sentence: a wrong reading can
always be seen.
"""

from collections.abc import Sequence

from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.wording import Wording
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["clauses", "differences", "understood"]


def understood(query: Query, model: SemanticModel, language: Language) -> str:
    """How the question was read."""
    names = Names(model, language)
    return f"{names.pick('Dibaca sebagai', 'Read as')}: {', '.join(clauses(query, names))}."


def clauses(query: Query, names: Names) -> tuple[str, ...]:
    """The parts of the sentence: what is shown, of which rows, sorted how, how much of it."""
    wording = Wording(names, query)
    return (" ".join(_shown(query, wording)), *_conditions(query, wording))


def _conditions(query: Query, wording: Wording) -> tuple[str, ...]:
    """Filters, order and limits."""
    names, pick = wording.names, wording.names.pick
    found = []
    where = wording.filters.parts(query.where)
    if where:
        found.append(pick("dengan syarat ", "where ") + names.both(where))
    if query.having:
        conditions = names.both(wording.having(each) for each in query.having)
        found.append(pick("hanya kelompok dengan ", "only groups where ") + conditions)
    if query.order:
        brief = Wording(names, query, brief=True)
        orders = [brief.order(each) for each in query.order]
        text = pick(", lalu menurut ", ", then by ").join(orders)
        found.append(pick("diurutkan menurut ", "sorted by ") + text)
    if query.each is not None:
        of = wording.group(query.groups[0]) if query.groups else names.rows(query.fact, one=True)
        found.append(
            pick(
                f"paling banyak {query.each} baris untuk setiap {of}",
                f"at most {query.each} {'row' if query.each == 1 else 'rows'} for each {of}",
            )
        )
    if query.limit is not None:
        found.append(_limit(query.limit, names))
    return tuple(found)


def differences(
    queries: Sequence[Query], model: SemanticModel, language: Language
) -> tuple[str, ...]:
    """What each of several readings has that the others do not; for "do you mean A or B?"."""
    names = Names(model, language)
    parts = []
    for query in queries:
        wording = Wording(names, query)
        parts.append((*_shown(query, wording), *_conditions(query, wording)))
    shared = set(parts[0]).intersection(*parts) if parts else set()
    own = [[part for part in each if part not in shared] or list(each) for each in parts]
    for size in range(1, max(map(len, own), default=0) + 1):
        labels = tuple(", ".join(each[:size]) for each in own)
        if len(set(labels)) == len(labels):
            return labels
    return tuple(", ".join(each) for each in own)


def _limit(limit: int, names: Names) -> str:
    if limit == 1:
        return names.pick("hanya baris pertama", "only the first row")
    return names.pick(f"hanya {limit} baris pertama", f"only the first {limit} rows")


def _shown(query: Query, wording: Wording) -> tuple[str, ...]:
    """Measures, and their groups; or the columns of a list."""
    names, pick = wording.names, wording.names.pick
    rows = names.rows(query.fact)
    groups = [wording.group(each) for each in query.groups]
    if not query.measures:
        fields = [names.field(each, query.fact) for each in query.columns] + groups
        if query.distinct:
            text = pick(
                f"nilai {names.both(fields)} yang berbeda-beda dari {rows}",
                f"the different values of {names.both(fields)} of {rows}",
            )
            return (text,)
        columns = f": {names.both(fields)}" if fields else ""
        return (pick(f"daftar {rows}{columns}", f"a list of {rows}{columns}"),)
    text = names.both(wording.measure(each) for each in query.measures)
    text += wording.scope()
    return (text, pick("per ", "by ") + names.both(groups)) if groups else (text,)
