"""Schemas from the text of their definitions, scanned for real."""

import sqlite3
from contextlib import closing

from kai_flow.analyst.engines.sqlite_scan import scan_tables
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.schema import ColumnRef, Schema
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.model import Attribute, SemanticModel
from kai_flow.connections.knowledge import Knowledge

__all__ = ["attribute", "column_of", "model_of", "scanned"]


def scanned(sql: str) -> Schema:
    """The scan of a database made by these statements."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(sql)
        return scan_tables(db, Stop(30), None)


def model_of(sql: str, knowledge: Knowledge = Knowledge()) -> SemanticModel:  # noqa: B008 -- frozen
    """The model of a database made by these statements."""
    return build(scanned(sql), knowledge)


def attribute(model: SemanticModel, path: str) -> Attribute:
    """An attribute by ``table.column``."""
    table, column = path.split(".")
    return model.attributes[ColumnRef(table, column)]


def column_of(name: str, declared: str, values: str) -> Attribute:
    """The attribute of one column of a table ``things`` that has these values, between commas."""
    rows = ", ".join(f"({value})" for value in values.split(","))
    model = model_of(
        f'CREATE TABLE things ("{name}" {declared}); INSERT INTO things VALUES {rows};'
    )
    return model.attributes[ColumnRef("things", name)]
