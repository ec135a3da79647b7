"""What the values of columns and formulas are, and which constants can be compared with them."""

import math
import re
from enum import Enum, auto

from kai_flow.analyst.query.nodes import Expression, Field, Formula, Lapse, Number, Unit
from kai_flow.analyst.schema import ColumnRef, Kind
from kai_flow.analyst.semantics.model import Role, SemanticModel

__all__ = ["Quantity", "Type", "fits", "is_time", "quantity", "type_of"]

_TEXT = re.compile(r"CHAR|TEXT|CLOB|ENUM|STRING|UUID")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?")


class Type(Enum):
    """What a value is."""

    NUMBER = auto()
    TEXT = auto()
    DATE = auto()
    BOOLEAN = auto()


class Quantity(Enum):
    """What arithmetic a number allows."""

    CONSTANT = auto()
    AMOUNT = auto()
    """Can be added up."""
    RATE = auto()
    """Can be averaged."""
    NONE = auto()
    """A code, a key, or no number."""


_QUANTITIES = {Role.ADDITIVE: Quantity.AMOUNT, Role.RATE: Quantity.RATE}


def type_of(field: Field, model: SemanticModel) -> Type:
    """What the values of a column are, by what the scan found."""
    column = model.schema.column(ColumnRef(field.table, field.column))
    if column.type.upper().startswith("BOOL"):
        return Type.BOOLEAN
    if column.kind in {Kind.NUMBER, Kind.YEAR}:
        return Type.NUMBER
    if column.kind is Kind.DATE:
        return Type.DATE
    if column.kind is Kind.KEY and not _TEXT.search(column.type.upper()):
        return Type.NUMBER
    return Type.TEXT


def is_time(field: Field, model: SemanticModel) -> bool:
    """Whether a column holds times or parts of them."""
    role = model.attributes[ColumnRef(field.table, field.column)].role
    return role in {Role.TIME, Role.TIME_PART} or type_of(field, model) is Type.DATE


def fits(value: str | float | bool, type_: Type, column: str) -> bool:
    """Whether a constant can be compared with values of a type. ``column``: as declared."""
    match value:
        case bool():
            return type_ is not Type.DATE and not (type_ is Type.TEXT and _TEXT.search(column))
        case str():
            return type_ is Type.TEXT or (type_ is Type.DATE and bool(_DATE.fullmatch(value)))
        case _:
            return math.isfinite(value) and type_ in {Type.NUMBER, Type.BOOLEAN}


def quantity(of: Expression | Unit, model: SemanticModel) -> Quantity:
    """What arithmetic the values of an expression allow."""
    match of:
        case Number():
            return Quantity.CONSTANT
        case Lapse():
            return Quantity.AMOUNT
        case Field():
            return _column(of, model)
        case Unit():
            return Quantity.NONE
        case Formula():
            return _formula(of.operator, quantity(of.left, model), quantity(of.right, model))


def _column(field: Field, model: SemanticModel) -> Quantity:
    if type_of(field, model) is not Type.NUMBER:
        return Quantity.NONE
    attribute = model.attributes[ColumnRef(field.table, field.column)]
    if attribute.role is Role.TIME_PART and attribute.part == "year":
        return Quantity.RATE
    return _QUANTITIES.get(attribute.role, Quantity.NONE)


def _formula(operator: str, left: Quantity, right: Quantity) -> Quantity:
    """Of a formula: 3 × 5 prices are an amount only when one side can be added up."""
    sides = {left, right}
    if Quantity.NONE in sides:
        return Quantity.NONE
    if sides == {Quantity.CONSTANT}:
        return Quantity.CONSTANT
    if operator == "*":
        return Quantity.AMOUNT if Quantity.AMOUNT in sides else Quantity.RATE
    if operator == "/":
        divided = left is Quantity.AMOUNT and right is not Quantity.AMOUNT
        return Quantity.AMOUNT if divided else Quantity.RATE
    same = sides - {Quantity.CONSTANT}
    return Quantity.AMOUNT if same == {Quantity.AMOUNT} else Quantity.RATE
