"""The same tables for every engine: described once, rendered in each one's SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kai_flow.analyst.engines.definitions import quoted
from kai_flow.analyst.schema import Note, Schema, Table

TYPES = {
    "postgres": {"int": "bigint", "text": "text", "real": "double precision", "date": "date"},
    "duckdb": {"int": "BIGINT", "text": "VARCHAR", "real": "DOUBLE", "date": "DATE"},
    "mysql": {"int": "BIGINT", "text": "VARCHAR(255)", "real": "DOUBLE", "date": "DATE"},
    "sqlite": {"int": "INTEGER", "text": "TEXT", "real": "REAL", "date": "DATE"},
}
for _types in TYPES.values():
    _types |= {"time": "TIMESTAMP", "bool": "BOOLEAN"}
TYPES["mysql"]["time"] = "DATETIME"  # a TIMESTAMP without a value would become the present time


@dataclass(frozen=True)
class Spec:
    """One table with its rows."""

    name: str
    columns: tuple[tuple[str, str, str], ...]  # name, one of the types above, comment
    primary: tuple[str, ...] = ()
    foreign: tuple[tuple[str, str, str], ...] = ()  # column, table, column
    rows: Sequence[Sequence[object]] = ()
    comment: str = ""


def render(spec: Spec, dialect: str) -> list[str]:
    """The statements that make a table and fill it."""
    table = quoted([spec.name], dialect)
    inline = dialect == "mysql"
    lines = [
        f"{quoted([name], dialect)} {TYPES[dialect][kind]}"
        + (f" COMMENT {literal(note, dialect)}" if inline and note else "")
        for name, kind, note in spec.columns
    ]
    if spec.primary:
        lines.append(f"PRIMARY KEY ({', '.join(quoted([c], dialect) for c in spec.primary)})")
    lines += [
        f"FOREIGN KEY ({quoted([column], dialect)})"
        f" REFERENCES {quoted([target], dialect)} ({quoted([key], dialect)})"
        for column, target, key in spec.foreign
    ]
    # SQLite takes its comments from the text of the definition
    body = ",\n".join(lines)
    if dialect == "sqlite":
        notes = [note for _, _, note in spec.columns] + [""] * (len(lines) - len(spec.columns))
        body = "\n".join(
            f"{line}{',' if at < len(lines) - 1 else ''}{f' -- {note}' if note else ''}"
            for at, (line, note) in enumerate(zip(lines, notes, strict=True))
        )
    head = f" -- {spec.comment}" if spec.comment and dialect == "sqlite" else ""
    tail = f" COMMENT {literal(spec.comment, dialect)}" if inline and spec.comment else ""
    found = [f"CREATE TABLE {table} ({head}\n{body}\n){tail}"]
    if dialect in {"postgres", "duckdb"}:
        notes_on = [(f"COLUMN {table}.{quoted([n], dialect)}", c) for n, _, c in spec.columns]
        found += [
            f"COMMENT ON {what} IS {literal(note, dialect)}"
            for what, note in [(f"TABLE {table}", spec.comment), *notes_on]
            if note
        ]
    return [*found, *_inserts(spec, table, dialect)]


def _inserts(spec: Spec, table: str, dialect: str) -> Iterable[str]:
    for start in range(0, len(spec.rows), 1000):
        part = spec.rows[start : start + 1000]
        rows = ", ".join(f"({', '.join(literal(v, dialect) for v in row)})" for row in part)
        yield f"INSERT INTO {table} VALUES {rows}"


def literal(value: object, dialect: str) -> str:
    """A value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("'", "''")
    return f"'{text.replace(chr(92), chr(92) * 2) if dialect == 'mysql' else text}'"


def copied(schema: Schema, rows: dict[str, Sequence[Sequence[object]]]) -> list[Spec]:
    """What makes a copy of a scanned SQLite database, in an order that foreign keys allow."""
    return [_copy(table, rows[table.name]) for table in schema.tables.values()]


def _copy(table: Table, rows: Sequence[Sequence[object]]) -> Spec:
    return Spec(
        table.name,
        tuple(
            (c.name, "int" if "INT" in c.type else "text", _comment(c.note)) for c in table.columns
        ),
        table.primary_key,
        tuple((k.columns[0], k.target, k.target_columns[0]) for k in table.foreign_keys),
        rows,
        _comment(table.note),
    )


def _comment(note: Note) -> str:
    """A note as an administrator would write it."""
    unit = f" ({note.unit})" if note.unit else ""
    pairs = ", ".join(f"{value} = {meaning}" for value, meaning in note.meanings.items())
    return f"{', '.join(note.names)}{unit}{f'; {pairs}' if pairs else ''}"
