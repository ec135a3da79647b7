"""What a formula over columns means: the table it is about, its paths, its role and unit."""

from collections.abc import Iterator, Mapping

from kai_flow.analyst.query.nodes import Expression, Field, Formula, Lapse, Number
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.formulas import BadFormula
from kai_flow.analyst.semantics.model import Attribute, FormulaFault, Role, SemanticModel
from kai_flow.analyst.semantics.paths import keeps_rows, paths

__all__ = ["adds_up", "column", "fields", "rooted", "unit_of"]


def column(ref: ColumnRef) -> Field:
    """A column without a path yet."""
    return Field(table=ref.table, column=ref.column)


def fields(formula: Expression) -> Iterator[Field]:
    """The columns of a formula, from left to right."""
    if isinstance(formula, Field):
        yield formula
    elif isinstance(formula, Formula):
        yield from fields(formula.left)
        yield from fields(formula.right)


def rooted(formula: Expression, model: SemanticModel) -> tuple[str, Expression]:
    """The table whose rows a formula is about, and the formula with its paths from there.

    Every column is in that table, or in one to which each row of it leads to one row. Raises
    `BadFormula`.
    """
    tables = list(dict.fromkeys(field.table for field in fields(formula)))
    if not tables:
        raise BadFormula("it names no column", FormulaFault.SYNTAX)
    for table in tables:
        ways = {other: _ways_up(model, table, other) for other in tables}
        if all(ways.values()):
            unclear = [other for other, found in ways.items() if len(found) > 1]
            if unclear:
                raise BadFormula(
                    f"{table} leads to {unclear[0]} in several ways",
                    FormulaFault.TABLES,
                    tables=(table, *unclear),
                )
            return table, _placed(formula, {other: found[0] for other, found in ways.items()})
    raise BadFormula(
        f"a row of none of {', '.join(tables)} leads to one row of each of the others",
        FormulaFault.TABLES,
        tables=tuple(tables),
    )


def _ways_up(model: SemanticModel, source: str, target: str) -> list[tuple[str, ...]]:
    """The shortest paths of joins that never widen."""
    if source == target:
        return [()]
    found = [path for path in paths(model, source, target) if keeps_rows(path)]
    return [tuple(j.id for j in path) for path in found if len(path) == len(found[0])]


def _placed(formula: Expression, ways: Mapping[str, tuple[str, ...]]) -> Expression:
    """The formula with the paths of its columns."""
    if isinstance(formula, Field):
        return Field(table=formula.table, column=formula.column, path=ways[formula.table])
    if isinstance(formula, Formula):
        left, right = _placed(formula.left, ways), _placed(formula.right, ways)
        return Formula(operator=formula.operator, left=left, right=right)
    return formula


def adds_up(formula: Expression, attributes: Mapping[ColumnRef, Attribute]) -> bool:
    """Whether the results of a formula may be added up."""
    if isinstance(formula, Field):
        role = attributes[ColumnRef(formula.table, formula.column)].role
        return role in {Role.ADDITIVE, Role.FLAG}
    if isinstance(formula, Number | Lapse):
        return isinstance(formula, Lapse)
    left, right = adds_up(formula.left, attributes), adds_up(formula.right, attributes)
    return left and not right if formula.operator == "/" else left or right


def unit_of(formula: Expression, attributes: Mapping[ColumnRef, Attribute]) -> str:
    """The unit of a formula's result, where its columns tell."""
    if isinstance(formula, Field):
        return attributes[ColumnRef(formula.table, formula.column)].unit
    if isinstance(formula, Number | Lapse):
        return ""
    left, right = unit_of(formula.left, attributes), unit_of(formula.right, attributes)
    if formula.operator in {"+", "-"}:
        return left or right
    if formula.operator == "*":  # a quantity times a price in Rp; a percentage passes nothing on
        found = [each for each in (left, right) if each and each != "%"]
        return found[0] if len(found) == 1 else ""
    return left if isinstance(formula.right, Number) else ""
