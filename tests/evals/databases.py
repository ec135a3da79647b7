"""The databases that questions are asked of, and their renamed copies, as files."""

import csv
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb

from kai_flow.analyst.engines.definitions import quoted
from tests.engines.loading import Spec, render
from tests.evals.renaming import Names, renamed
from tests.evals.schemas import awkward, demo, flat, logistics, shop, star

__all__ = ["SCHEMAS", "Database", "Run", "Shape", "build"]


@dataclass(frozen=True)
class Shape:
    """A schema: its tables, its other names, and what its administrator taught."""

    name: str
    kind: str
    """``sqlite``, ``duckdb``, or ``csv``: one file, and one connection, for each table."""
    tables: Callable[[], list[Spec]]
    names: Mapping[str, str]
    """The name of each table and ``table.column`` in the renamed copy."""
    glossary: Mapping[str, str] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """Sqlglot's name of its SQL."""
        return "sqlite" if self.kind == "sqlite" else "duckdb"

    def glossary_of(self, *, copy: bool) -> dict[str, str]:
        """The taught terms, in the names of the original or of its copy."""
        names = Names(self.names, self.dialect)
        return {
            term: names.formula(meaning) if copy else meaning
            for term, meaning in self.glossary.items()
        }


SCHEMAS: Final = {
    shape.name: shape
    for shape in (
        Shape("demo", "sqlite", demo.tables, demo.NAMES),
        Shape("star", "sqlite", star.tables, star.NAMES, star.GLOSSARY),
        Shape("shop", "duckdb", shop.tables, shop.NAMES, shop.GLOSSARY),
        Shape("awkward", "sqlite", awkward.tables, awkward.NAMES, awkward.GLOSSARY),
        Shape("flat", "csv", flat.tables, flat.NAMES),
        Shape("logistics", "sqlite", logistics.tables, logistics.NAMES),
    )
}


Run = Callable[[str], list[tuple[Any, ...]]]
"""Returns the rows of a query."""


@dataclass(frozen=True)
class Database:
    """One schema as files in a folder."""

    shape: Shape
    copy: bool
    """Whether this is the renamed copy."""
    folder: Path
    tables: tuple[str, ...]

    @property
    def name(self) -> str:
        """The schema's name, which says when it is the copy."""
        return f"{self.shape.name}_renamed" if self.copy else self.shape.name

    def alias(self, table: str = "") -> str:
        """The connection to ask; of CSV files, each table (an original's name) has its own."""
        return f"{self.name}-{table or next(iter(self.shape.names))}"

    def uris(self) -> dict[str, str]:
        """The URI of each connection, by alias."""
        if self.shape.kind == "csv":
            originals = [name for name in self.shape.names if "." not in name]
            files = zip(originals, self.tables, strict=True)
            return {self.alias(old): f"csv://{self._file(new)}" for old, new in files}
        return {self.alias(): f"{self.shape.kind}://{self._file('')}"}

    @contextmanager
    def opened(self) -> Iterator[Run]:
        """What runs a query by the database's own driver; closed before the product opens it."""
        if self.shape.kind == "sqlite":
            with closing(sqlite3.connect(self._file(""))) as lite:
                yield lambda sql: lite.execute(sql).fetchall()
            return
        file = str(self._file("")) if self.shape.kind == "duckdb" else ":memory:"
        with closing(duckdb.connect(file, read_only=self.shape.kind == "duckdb")) as duck:
            for table in self.tables if self.shape.kind == "csv" else ():
                duck.execute(
                    f"CREATE TABLE {quoted([table], 'duckdb')} AS FROM read_csv(?)",
                    [str(self._file(table))],
                )
            yield lambda sql: duck.execute(sql).fetchall()

    def _file(self, table: str) -> Path:
        if self.shape.kind == "csv":
            return self.folder / self.name / f"{table}.csv"
        return self.folder / f"{self.name}.{self.shape.kind}"

    def write(self, specs: Sequence[Spec]) -> None:
        """Make the files."""
        if self.shape.kind == "csv":
            for spec in specs:
                _write_csv(self._file(spec.name), spec)
            return
        statements = [each for spec in specs for each in render(spec, self.shape.kind)]
        if self.shape.kind == "sqlite":
            with closing(sqlite3.connect(self._file(""))) as lite, lite:
                for statement in [*statements, *_indexes(specs)]:
                    lite.execute(statement)
            return
        with closing(duckdb.connect(str(self._file("")))) as duck:
            for statement in statements:
                duck.execute(statement)


def build(shape: Shape, folder: Path, *, copy: bool = False) -> Database:
    """Write the files of a schema, or of its renamed copy, below ``folder``."""
    specs = shape.tables()
    if copy:
        specs = renamed(specs, shape.names)
    database = Database(shape, copy, folder, tuple(spec.name for spec in specs))
    database.write(specs)
    return database


def _indexes(specs: Sequence[Spec]) -> Iterator[str]:
    """An index for each foreign key, as an administrator would have made it."""
    for spec in specs:
        for column, _, _ in spec.foreign:
            name, where = quoted([f"{spec.name} by {column}"], "sqlite"), quoted([column], "sqlite")
            yield f"CREATE INDEX {name} ON {quoted([spec.name], 'sqlite')} ({where})"


def _write_csv(path: Path, spec: Spec) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(name for name, _, _ in spec.columns)
        out.writerows(spec.rows)
