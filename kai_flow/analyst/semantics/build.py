"""Builds the semantic model of a database from its scan and what was taught."""

from collections.abc import Collection
from dataclasses import replace

from kai_flow.analyst.schema import Column, ColumnRef, Schema, Table
from kai_flow.analyst.semantics.axes import axes_of
from kai_flow.analyst.semantics.durations import durations_of
from kai_flow.analyst.semantics.entities import entity_of
from kai_flow.analyst.semantics.guesses import guessed_links
from kai_flow.analyst.semantics.joins import Link, declared_links, joins_of
from kai_flow.analyst.semantics.measures import taught_measures, with_plain
from kai_flow.analyst.semantics.model import (
    Attribute,
    Axis,
    Entity,
    Role,
    SemanticModel,
)
from kai_flow.analyst.semantics.names import Naming
from kai_flow.analyst.semantics.overlay import MAX_PROBLEMS, Taught, taught, with_meanings
from kai_flow.analyst.semantics.plain import plain_measures
from kai_flow.analyst.semantics.roles import purpose
from kai_flow.analyst.semantics.values import values_of
from kai_flow.analyst.semantics.vocabulary import UNITS
from kai_flow.connections.knowledge import Knowledge

__all__ = ["build"]


def build(schema: Schema, knowledge: Knowledge = Knowledge()) -> SemanticModel:  # noqa: B008 -- frozen
    """Everything that the reading of a question needs to know about a database."""
    known = taught(schema, knowledge)
    schema = with_meanings(schema, known)
    links = [*declared_links(schema), *guessed_links(schema)]
    linked = _linked(schema, links)
    attributes = {
        attribute.ref: attribute
        for table in schema.tables.values()
        for attribute in attributes_of(table, linked[table.name], known)
    }
    entities = _entities(schema, attributes, links, known)
    axes = _axes(schema, attributes, entities, linked)
    model = SemanticModel(schema, entities, attributes, axes, joins_of(links, entities))
    measures = taught_measures(model, known.formulas)
    return replace(
        model,
        derived=with_plain(measures.derived, plain_measures(model)),
        durations=durations_of(model),
        problems=(*known.problems, *measures.problems)[:MAX_PROBLEMS],
        faulty=measures.faulty,
        phrases=tuple(known.phrases),
    )


def attributes_of(table: Table, linked: Collection[str], known: Taught) -> tuple[Attribute, ...]:
    """The columns of a table; those in ``linked`` point to other tables."""
    naming = Naming(table)
    return tuple(_attribute(table, column, naming, linked, known) for column in table.columns)


def _attribute(
    table: Table, column: Column, naming: Naming, linked: Collection[str], known: Taught
) -> Attribute:
    """A column."""
    words = naming.plain(column)
    meant = purpose(table, column, words, linked=column.name in linked)
    ref = ColumnRef(table.name, column.name)
    names = naming.names(column, meant.role, known.columns.get(ref, ()))
    low, high = (
        float(each) if isinstance(each, int | float) else None for each in (column.low, column.high)
    )
    return Attribute(
        table.name,
        column.name,
        meant.role,
        names,
        known.units.get(ref, "") or _unit(column, words, meant.role),
        values_of(column, meant.role, names),
        meant.part,
        column.unique or table.primary_key == (column.name,),
        low,
        high,
        column.nulls and column.name not in table.primary_key,
    )


def _unit(column: Column, words: tuple[str, ...], role: Role) -> str:
    """The unit by the column's comment, or by a word of its name."""
    if column.note.unit or role not in {Role.ADDITIVE, Role.RATE}:
        return column.note.unit
    for word in (words[-1], words[0]):
        if word in UNITS:
            return UNITS[word]
    return ""


def _linked(schema: Schema, links: list[Link]) -> dict[str, set[str]]:
    """The columns of each table that point to others."""
    found: dict[str, set[str]] = {name: set() for name in schema.tables}
    for name, key, _ in links:
        found[name].update(key.columns)
    return found


def _entities(
    schema: Schema,
    attributes: dict[ColumnRef, Attribute],
    links: list[Link],
    known: Taught,
) -> dict[str, Entity]:
    """The tables."""
    pointed = {key.target for _, key, _ in links}
    linked = _linked(schema, links)
    return {
        name: entity_of(
            table,
            [attributes[ColumnRef(name, column.name)] for column in table.columns],
            linked[name],
            name in pointed,
            known.tables.get(name, ()),
        )
        for name, table in schema.tables.items()
    }


def _axes(
    schema: Schema,
    attributes: dict[ColumnRef, Attribute],
    entities: dict[str, Entity],
    linked: dict[str, set[str]],
) -> dict[str, Axis]:
    """The times of all tables, by id."""
    return {
        axis.id: axis
        for name, table in schema.tables.items()
        for axis in axes_of(
            table,
            [attributes[ColumnRef(name, column.name)] for column in table.columns],
            entities[name],
            linked[name],
        )
    }
