"""Reads queries back from JSON: those that conversations keep, and those in a reader's notes."""

from typing import Any, Union, cast

import msgspec

from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Expression,
    Field,
    Filter,
    Group,
    Having,
    Node,
    Order,
    Over,
    Query,
)

__all__ = ["stored_node", "stored_query"]


def stored_query(text: str) -> Query:
    """The query; ``msgspec.ValidationError`` for one with what is no node, or no longer one."""
    return msgspec.json.decode(text, type=Query, dec_hook=_open)


def stored_node(text: str) -> Node:
    """Any node of a query, or a query."""
    closed = Query | Group | Filter | Having | Order | Expression | Over
    node = msgspec.json.decode(text, type=Union[(closed, *_measures())], dec_hook=_open)
    return cast(Node, node)


def _open(wanted: type, found: Any) -> Any:
    """A measure, or what rows are sorted by: the classes that the types of nodes leave open."""
    more = () if wanted is Measure else (Group, Field)
    return msgspec.convert(found, Union[(*_measures(), *more)], dec_hook=_open)


def _measures() -> tuple[type, ...]:
    """Those of all kinds that are loaded; the reader loads all."""
    return (Aggregate, *Calculation.__subclasses__())
