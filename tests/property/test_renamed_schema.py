"""The analyst knows no schema: a copy with every name and text changed gives the same numbers.

The copy has other tables, columns, values and no comments. Its names are drawn from two pools of
natural words, one of each language, and questions are renamed word by word in the same way.
"""

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.guard import check
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.schema import Schema
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.connections import demo, store
from tests.engines.places import scan_file

# Neither words of analysis nor like one another: a misspelling of one must not be another.
POOLS = {
    "en": (
        "warehouse region turnover harvest vessel orchard patient ticket vendor machine bridge",
        "ledger garment museum engine forest island kitchen library magnet needle",
        "package quarry rocket saddle temple umbrella village weapon yacht zeppelin anchor basket",
        "candle dagger eagle falcon goblet hammer jacket kettle lantern meadow notebook oyster",
        "pepper quiver ribbon sausage thimble violin walnut blanket cushion dolphin emerald",
    ),
    "id": (
        "gudang pelabuhan panen kapal kebun pasien tiket mesin jembatan sawah pabrik",
        "museum hutan dapur perpus magnet jarum paket roket kuil payung",
        "kampung senjata jangkar keranjang lilin elang piala palu jaket ceret lentera padang",
        "kerang merica pita sosis biola kenari selimut bantal delima zamrud kelapa rambutan",
        "durian nangka semangka jeruk mangga salak pepaya cempedak kuini markisa",
    ),
}

QUESTIONS = {
    "id": [
        "Tampilkan top 5 {provinsi} dengan rata-rata {modal_awal} {koperasi} tertinggi",
        "Berapa jumlah {koperasi} per {provinsi}?",
        "Berapa banyak {koperasi} {=Aktif} di {=Jawa Barat}?",
        "Rata-rata {modal_awal} per {jenis_koperasi}",
        "Berapa {modal_awal} tertinggi?",
        "{modal_awal} tertinggi per {provinsi}",
        "Tampilkan 10 {koperasi} dengan {modal_awal} terbesar",
        "Bagaimana tren jumlah {koperasi} per tahun sejak 2010?",
        "Total {pendapatan} {koperasi} per {provinsi} tahun 2023",
        "5 {provinsi} dengan total {pendapatan} terendah",
        "Bandingkan jumlah {koperasi} di {=Jawa Barat} dan {=Jawa Timur}",
        "Jumlah {koperasi} per {jenis_koperasi} dan {status_koperasi}",
        "Berapa {koperasi} dengan {modal_awal} di atas 100 juta?",
        "{provinsi} dengan lebih dari 100 {koperasi}",
        "Jumlah {koperasi} selain {=Konsumen}",
        "rata-rata {sisa_hasil_usaha} {koperasi} {=Produsen} per {pulau}",
    ],
    "en": [
        "What are the top 5 {provinsi} by average {modal_awal} of {koperasi}?",
        "How many {koperasi} are there in {=Jawa Barat}?",
        "Average {total_aset} by {jenis_koperasi}",
        "Which {provinsi} has the most {koperasi}?",
        "Show the 10 largest {koperasi} by {total_aset}",
        "Number of {koperasi} per year since 2015",
        "Total {pendapatan} per year",
        "Bottom 3 {pulau} by total {modal_awal}",
        "How many {koperasi} have {modal_awal} of more than 100 million?",
        "Compare the number of {=Konsumen} and {=Produsen} {koperasi}",
        "What is the minimum {modal_awal}?",
        "Number of {koperasi} by {provinsi} and {status_koperasi}",
        "average {pendapatan} of {koperasi} in {=Jawa Tengah} in 2022",
        "{provinsi} with more than 100 {koperasi}",
        "Which {provinsi} have the highest total {modal_awal}?",
    ],
}


@dataclass(frozen=True)
class Renaming:
    """Old names and texts to new ones."""

    names: dict[str, str]
    values: dict[str, str]

    def question(self, template: str) -> str:
        """A question in the new words."""
        return _filled(template, self.names, self.values)


def _filled(template: str, names: dict[str, str], values: dict[str, str]) -> str:
    text = re.sub(r"\{=([^}]+)\}", lambda m: values[m[1]], template)
    return re.sub(r"\{(\w+)\}", lambda m: names[m[1]].replace("_", " "), text)


def _identity(schema: Schema) -> Renaming:
    """Every name and text as it is."""
    names = {name: name for name in _names(schema)}
    return Renaming(names, {value: value for value in _values(schema)})


def _names(schema: Schema) -> list[str]:
    found = [
        name
        for table in schema.tables.values()
        for name in (table.name, *(column.name for column in table.columns))
    ]
    return list(dict.fromkeys(found))


def _values(schema: Schema) -> list[str]:
    found = [v for t in schema.tables.values() for c in t.columns for v in c.values]
    return list(dict.fromkeys(found))


@st.composite
def renamings(draw: st.DrawFn, schema: Schema, language: str) -> Renaming:
    """A new word for every name; values are two words, of which the second numbers them."""
    words = draw(st.permutations(" ".join(POOLS[language]).split()))
    names = dict(zip(_names(schema), words, strict=False))
    rest = words[len(names) :]
    values = {
        value: f"{rest[number % len(rest)]} {'abcdefghijkl'[number // len(rest)] * 2}"
        for number, value in enumerate(_values(schema))
    }
    return Renaming(names, values)


def renamed_copy(source: Path, target: Path, schema: Schema, renaming: Renaming) -> None:
    """Copy a database under new names; every text becomes another, comments are left behind."""
    new = renaming.names
    with closing(sqlite3.connect(target)) as db, db:
        db.execute("ATTACH ? AS old", (source.as_posix(),))
        for table in schema.tables.values():
            types = dict(
                db.execute(
                    "SELECT name, type FROM pragma_table_info(?, 'old')", (table.name,)
                ).fetchall()
            )
            parts = [
                f'"{new[c.name]}" {types[c.name]}'
                + (" PRIMARY KEY" if (c.name,) == table.primary_key else "")
                for c in table.columns
            ]
            parts += [
                f'FOREIGN KEY ("{new[key.columns[0]]}") REFERENCES "{new[key.target]}"'
                f' ("{new[key.target_columns[0]]}")'
                for key in table.foreign_keys
            ]
            db.execute(f'CREATE TABLE "{new[table.name]}" ({", ".join(parts)})')
            rows = db.execute(f'SELECT * FROM old."{table.name}"').fetchall()
            marks = ", ".join("?" * len(table.columns))
            db.executemany(
                f'INSERT INTO "{new[table.name]}" VALUES ({marks})',
                [[_text(cell, renaming) for cell in row] for row in rows],
            )


def _text(cell: object, renaming: Renaming) -> object:
    """A text in new words; one that is not remembered is spelled backwards."""
    if not isinstance(cell, str):
        return cell
    return renaming.values.get(cell, cell[::-1])


@dataclass(frozen=True)
class Place:
    """A database, and what is known of it."""

    path: Path
    schema: Schema
    model: SemanticModel
    index: Index

    @classmethod
    def scanned(cls, path: Path) -> Self:
        schema = scan_file(path, Stop(20))
        model = build(schema)
        return cls(path, schema, model, Index(model))

    def ask(self, question: str) -> list[tuple[Any, ...]] | None:
        """The rows that answer a question; None when it is declined or asked back."""
        outcome, _ = read(question, self.model, self.index, date(2026, 1, 1))
        if not isinstance(outcome, Understood):
            return None
        sql = check(lower(outcome.query, self.model).text, self.schema.tables.keys())
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(sql).fetchall()


def numbers(rows: list[tuple[Any, ...]]) -> list[tuple[float, ...]]:
    """The numbers of a result, sorted: ties are broken by names, which differ."""
    return sorted(
        tuple(round(cell, 6) for cell in row if isinstance(cell, int | float)) for row in rows
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Place:
    path = tmp_path_factory.mktemp("original") / "demo.sqlite"
    demo.create_demo_database(path)
    return Place.scanned(path)


@pytest.mark.parametrize("pool", ["id", "en"])
@pytest.mark.parametrize("asked", ["id", "en"])
def test_renamed_questions_on_a_renamed_copy_give_the_same_numbers(
    original: Place, tmp_path_factory: pytest.TempPathFactory, asked: str, pool: str
) -> None:
    """With all names, values and comments changed, every question gets the same numbers."""
    same = _identity(original.schema)
    expected = {
        template: numbers(original.ask(same.question(template)) or [])
        for template in QUESTIONS[asked]
    }
    assert all(expected.values()), expected
    folder = tmp_path_factory.mktemp("renamed")

    @given(renaming=renamings(original.schema, pool))
    @settings(max_examples=6, deadline=None)
    def agree(renaming: Renaming) -> None:
        path = folder / "copy.sqlite"
        path.unlink(missing_ok=True)
        renamed_copy(original.path, path, original.schema, renaming)
        copy = Place.scanned(path)
        for template, found in expected.items():
            question = renaming.question(template)
            rows = copy.ask(question)
            assert rows is not None, question
            assert numbers(rows) == found, question

    agree()


# What the tour tells newcomers to type; it stands in help texts.
TOUR = "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi"


def test_no_demo_identifier_occurs_outside_the_generator(original: Place) -> None:
    """No table or column name of the demo schema stands in the program.

    Excepted are the generator, the tour's question, and, outside the analyst, the demo's alias.
    """
    root = Path(demo.__file__).parent
    found = []
    for file in sorted(root.rglob("*.py")):
        names = set(_names(original.schema)) - (
            set() if "analyst" in file.parts else {store.DEMO_ALIAS}
        )
        pattern = re.compile(rf"\b({'|'.join(sorted(names))})\b", re.IGNORECASE)
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            if file.name != "demo.py" and pattern.search(line.replace(TOUR, "")):
                found.append(f"{file.relative_to(root)}:{number}: {line.strip()}")
    assert found == []
