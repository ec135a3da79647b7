"""Reads a taught formula: columns, numbers, + - * / and parentheses, and nothing else."""

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kai_flow.analyst.query.nodes import Expression, Formula, Number
from kai_flow.analyst.semantics.model import FormulaFault

__all__ = ["BadFormula", "is_formula", "read_formula"]

MAX_LENGTH = 500
"""Characters of a formula at most."""

MAX_DEPTH = 20
"""Operations inside one another at most."""

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
}
_PIECES = re.compile(
    r"\"[^\"]*\"(?:\s*\.\s*(?:\"[^\"]*\"|\w+))?|\w+\s*\.\s*\"[^\"]*\"|[^-+*/()\"]+|."
)


class BadFormula(ValueError):
    """The formula cannot be used; the message is the end of a sentence that says why."""

    def __init__(
        self, why: str, fault: FormulaFault, *, column: str = "", tables: tuple[str, ...] = ()
    ) -> None:
        super().__init__(why)
        self.fault = fault
        self.column = column
        self.tables = tables


def _no_formula(why: str = "it is no arithmetic formula") -> BadFormula:
    return BadFormula(why, FormulaFault.SYNTAX)


def is_formula(text: str) -> bool:
    """Whether a meaning computes something, and is no name or phrase."""
    bare = re.sub(r"\"[^\"]*\"", "x", text.strip().removeprefix("="))
    return re.search(r"[*/+()]|\s-\s", bare) is not None


def read_formula(text: str, leaf: Callable[[str, str], Expression]) -> Expression:
    """A formula whose columns have no paths yet.

    ``leaf(table, name)`` finds what a name means; ``table`` may be empty. Raises `BadFormula`.
    """
    text = text.strip().removeprefix("=").strip()
    if len(text) > MAX_LENGTH:
        raise _no_formula(f"it has more than {MAX_LENGTH} characters")
    try:
        found = sqlglot.parse(_quoted(text), read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise _no_formula() from error
    if len(found) != 1 or found[0] is None:
        raise _no_formula()
    return _tree(found[0], leaf, 0)


def _quoted(text: str) -> str:
    """The formula with quotes around names of several words: ``revenue net * 2``."""
    return "".join(_quoted_piece(piece) for piece in _PIECES.findall(text))


def _quoted_piece(piece: str) -> str:
    bare = piece.strip()
    if bare.startswith('"') or '"' in bare or not re.search(r"[^\W\d]", bare):
        return piece
    parts = [part.strip().strip("`[]") for part in bare.split(".")]
    if len(parts) > 2 or not all(re.fullmatch(r"[\w ]+", part) for part in parts):
        return piece
    return " " + ".".join(f'"{part}"' for part in parts) + " "


def _tree(node: exp.Expr, leaf: Callable[[str, str], Expression], depth: int) -> Expression:
    """A parsed expression as a tree."""
    if depth > MAX_DEPTH:
        raise _no_formula("it is too deep")
    if isinstance(node, exp.Paren):
        return _tree(node.this, leaf, depth + 1)
    if isinstance(node, exp.Literal) and not node.is_string:
        return Number(value=float(node.this))
    if isinstance(node, exp.Column) and not node.args.get("db"):
        return leaf(node.table, node.name)
    operator = _OPERATORS.get(type(node))
    if operator is None or not isinstance(node, exp.Binary):
        raise _no_formula("only columns, numbers, + - * / and parentheses may be in it")
    left, right = (_tree(each, leaf, depth + 1) for each in (node.left, node.right))
    if operator == "/" and isinstance(right, Number) and right.value == 0:
        raise BadFormula("it divides by zero", FormulaFault.ZERO)
    return Formula(operator=operator, left=left, right=right)
