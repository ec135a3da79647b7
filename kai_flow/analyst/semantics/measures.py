"""Measures from taught formulas: ``revenue = quantity * unit_price``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kai_flow.analyst.query.nodes import Expression, Number
from kai_flow.analyst.schema import ColumnRef, Kind
from kai_flow.analyst.semantics.derived import adds_up, column, rooted, unit_of
from kai_flow.analyst.semantics.formulas import BadFormula, read_formula
from kai_flow.analyst.semantics.model import (
    Derived,
    FaultyFormula,
    FormulaFault,
    Name,
    Role,
    SemanticModel,
)
from kai_flow.analyst.semantics.wording import bags, joined, split_name, spoken
from kai_flow.connections.knowledge import Term

__all__ = ["taught_measures", "with_plain"]


@dataclass(frozen=True)
class Measures:
    """What became of taught formulas."""

    derived: tuple[Derived, ...]
    problems: tuple[str, ...]
    """A sentence about each formula that cannot be used."""
    faulty: tuple[FaultyFormula, ...]
    """The same formulas, with the fault of each."""


def taught_measures(model: SemanticModel, terms: Sequence[Term]) -> Measures:
    """The measures that terms define."""
    formulas = _Formulas(model, {joined(spoken(term.term)): term for term in terms})
    found: dict[tuple[str, Expression], Derived] = {}
    problems: list[str] = []
    faulty: list[FaultyFormula] = []
    for term in terms:
        try:
            derived = formulas.measure(term)
        except BadFormula as bad:
            problems.append(f"The formula of “{term.term}” cannot be used: {bad}.")
            faulty.append(FaultyFormula(term.term, term.meaning, bad.fault, bad.column, bad.tables))
            continue
        key = (derived.table, derived.expression)
        if key in found:  # two words for one thing
            names = tuple(dict.fromkeys((*found[key].names, *derived.names)))
            derived = _renamed(found[key], names)
        found[key] = derived
    return Measures(tuple(found.values()), tuple(problems), tuple(faulty))


def _renamed(derived: Derived, names: tuple[Name, ...]) -> Derived:
    return Derived(
        derived.name, derived.table, derived.expression, names, derived.role, derived.unit, True
    )


def with_plain(taught: Sequence[Derived], plain: Sequence[Derived]) -> tuple[Derived, ...]:
    """All measures; a plain one is left out where a taught one has one of its names."""
    used = {key for derived in taught for name in derived.names for key in _keys(name.words)}
    kept = [
        each
        for each in plain
        if not any(key in used for name in each.names for key in _keys(name.words))
    ]
    return (*taught, *kept)


def _keys(words: tuple[str, ...]) -> tuple[object, ...]:
    return (joined(words), *bags(words))


class _Formulas:
    """Reads formulas that may use columns and one another."""

    def __init__(self, model: SemanticModel, terms: Mapping[str, Term]) -> None:
        self._model = model
        self._terms = terms
        self._columns: dict[str, list[ColumnRef]] = {}
        for ref in model.attributes:
            for key in dict.fromkeys((ref.column.casefold(), joined(split_name(ref.column)))):
                self._columns.setdefault(key, []).append(ref)

    def measure(self, term: Term) -> Derived:
        """The measure that a term defines."""
        table, expression = rooted(self._read(term, ()), self._model)
        adds = adds_up(expression, self._model.attributes)
        return Derived(
            term.term,
            table,
            expression,
            (Name(spoken(term.term), 1.0, taught=True),),
            Role.ADDITIVE if adds else Role.RATE,
            unit_of(expression, self._model.attributes),
            taught=True,
        )

    def _read(self, term: Term, within: tuple[str, ...]) -> Expression:
        """A term's formula, with the formulas that it uses put into it."""
        key = joined(spoken(term.term))
        if key in within:
            raise BadFormula(f"it uses “{term.term}” to define itself", FormulaFault.CYCLE)
        named: list[tuple[str, str]] = []

        def noted(table: str, name: str) -> Expression:
            named.append((table, name))
            return Number(value=1)

        read_formula(term.meaning, noted)
        home = self._home([self._refs(table, name) for table, name in named])

        def leaf(table: str, name: str) -> Expression:
            refs = self._refs(table, name)
            if refs:
                return column(self._numeric(self._one(refs, name, home)))
            other = self._terms.get(joined(spoken(name))) if not table else None
            if other is None:
                written = f"{table}.{name}" if table else name
                why = f"“{written}” is no column here"
                raise BadFormula(why, FormulaFault.COLUMN, column=written)
            return self._read(other, (*within, key))

        return read_formula(term.meaning, leaf)

    def _refs(self, table: str, name: str) -> list[ColumnRef]:
        """The columns that a formula may mean by a name."""
        for key in (name.casefold(), joined(spoken(name))):
            found = self._columns.get(key, [])
            if table:
                wanted = {table.casefold(), joined(spoken(table))}
                found = [
                    ref
                    for ref in found
                    if ref.table.casefold() in wanted or joined(split_name(ref.table)) in wanted
                ]
            if found:
                return found
        return []

    @staticmethod
    def _home(candidates: Sequence[Sequence[ColumnRef]]) -> str:
        """The one table that has all columns whose names several tables have; empty if none."""
        unclear = [{ref.table for ref in refs} for refs in candidates if len(refs) > 1]
        clear = {refs[0].table for refs in candidates if len(refs) == 1}
        if not unclear:
            return ""
        shared = set.intersection(*unclear)
        best = shared & clear or shared
        return best.pop() if len(best) == 1 else ""

    @staticmethod
    def _one(refs: Sequence[ColumnRef], name: str, home: str) -> ColumnRef:
        if len(refs) == 1:
            return refs[0]
        for ref in refs:
            if ref.table == home:
                return ref
        tables = tuple(ref.table for ref in refs[:5])
        why = f"“{name}” is a column of {', '.join(tables)}: write the table's name before it"
        raise BadFormula(why, FormulaFault.AMBIGUOUS, column=name, tables=tables)

    def _numeric(self, ref: ColumnRef) -> ColumnRef:
        """The column, if it holds numbers to calculate with."""
        kind, role = self._model.schema.column(ref).kind, self._model.attributes[ref].role
        if kind not in {Kind.NUMBER, Kind.YEAR} or role is Role.KEY:
            written = f"{ref.table}.{ref.column}"
            why = f"“{written}” holds no numbers to calculate with"
            raise BadFormula(why, FormulaFault.NUMBERS, column=written)
        return ref
