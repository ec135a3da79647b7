"""Values and times that are easily taken for something else."""

from datetime import date

import pytest

from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.nodes import FieldGroup
from kai_flow.analyst.reading.glue import glue
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.targets import ValueTarget
from tests.unit.analyst.scanned import column_of, model_of


@pytest.mark.parametrize(
    ("values", "word", "letter"),
    [
        ("'M','F','F'", "perempuan", "F"),
        ("'M','F','F'", "male", "M"),
        ("'L','P','P'", "women", "P"),
        ("'L','P','P'", "laki-laki", "L"),
        ("'P','W','W'", "pria", "P"),
    ],
)
def test_letters_of_genders_have_names(values: str, word: str, letter: str) -> None:
    """M and F, L and P, P and W stand for men and women, whose words find them."""
    model = model_of(
        "CREATE TABLE people (name TEXT, gender TEXT);"
        f" INSERT INTO people VALUES {', '.join(f'({v!r}, {v})' for v in values.split(','))};"
    )
    targets = [mention.target for mention in Index(model).mentions(tokenize(word))]
    found = [target.value.value for target in targets if isinstance(target, ValueTarget)]
    assert letter in found
    assert len(set(found)) == 1


def test_letters_elsewhere_have_no_names() -> None:
    """The same letters in a column that is not about genders are only letters."""
    assert all(len(value.names) == 1 for value in column_of("grade", "TEXT", "'M','F','F'").values)


@pytest.mark.parametrize(
    ("language", "question", "word", "stepped_over"),
    [
        ("en", "employees in IT", "it", False),
        ("en", "how many of it", "it", True),
        ("en", "customers in the US", "us", False),
        ("en", "show us the customers", "us", True),
    ],
)
def test_a_short_name_in_capitals_is_not_stepped_over(
    language: Language, question: str, word: str, stepped_over: bool
) -> None:
    """The department IT and the country US are names; "it" and "us" say nothing."""
    tokens = tokenize(question)
    at = [token.word for token in tokens].index(word)
    assert (at in glue(tokens, language)) is stepped_over


SELLERS = model_of(
    """
    CREATE TABLE toko (tanggal TEXT, cabang TEXT, sales TEXT, omzet INTEGER);
    INSERT INTO toko VALUES ('2025-01-03', 'Bandung', 'Rina', 5),
      ('2025-01-04', 'Jakarta', 'Dewi', 9), ('2025-02-01', 'Bandung', 'Rina', 7),
      ('2025-02-03', 'Jakarta', 'Sari', 4);
    """
)


def test_a_column_of_sellers_that_is_called_sales_is_no_revenue() -> None:
    """Texts are no amounts: revenue is added up, and "per sales" is for each seller."""
    index = Index(SELLERS)
    for question in ("total omzet per sales", "omzet per salesperson"):
        found, _ = read(question, SELLERS, index, date(2026, 1, 1))
        assert isinstance(found, Understood)
        groups = [each for each in found.query.groups if isinstance(each, FieldGroup)]
        assert [group.field.column for group in groups] == ["sales"]
    found, _ = read("Berapa total omzet bulan Februari?", SELLERS, index, date(2026, 1, 1))
    assert isinstance(found, Understood)
    assert not found.query.groups
