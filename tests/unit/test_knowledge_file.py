"""The file of `kai mdl --sync`: its parts, its mistakes by their lines, and back again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.mdl import places, read_mdl
from kai_flow.connections.knowledge import BadKnowledge, Knowledge, Skill, Term, read_knowledge
from kai_flow.connections.knowledge_file import read_file, write_sections

MODEL = """# Data model of `shop`

## `orders`

Also called: purchases

| Column | Type | Key | Notes |
|---|---|---|---|
| `amount` | REAL |  | omzet (Rp) |
"""

FILE = (
    MODEL
    + """
# Glossary

- revenue = quantity * unit_price
- closed = orders.state = CLS  <!-- as in the old system -->

# Instructions
* turnover means
  orders.amount

# Skills
- monthly review: total amount: per month
"""
)


def test_a_file_has_every_part() -> None:
    """Sections are the parts; the rest is the data model, with its lines where they were."""
    file = read_file(FILE)
    known = Knowledge(**read_knowledge(**file.parts))
    assert known.glossary == (
        Term("revenue", "quantity * unit_price"),
        Term("closed", "orders.state = CLS"),
    )
    assert known.instructions == ("turnover means\norders.amount",)
    assert known.skills == (Skill("monthly review", "total amount: per month"),)
    assert file.mdl is not None
    assert file.mdl.startswith(MODEL)
    assert file.mdl.strip() == MODEL.strip()
    assert file.lines["glossary revenue"] == 13


@pytest.mark.parametrize("text", ["", MODEL, "# Model\n- a = b\n"])
def test_a_file_without_sections_is_a_data_model(text: str) -> None:
    """What `kai mdl` has printed so far is read as it always was."""
    file = read_file(text)
    assert (file.mdl, file.parts) == (text, {})


def test_what_is_not_in_a_file_stays() -> None:
    """A section without entries empties its part; a part without a section is left alone."""
    file = read_file("# Glossarium\n# Glosarium\n\n# skills\n- a: b\n")
    assert file.parts == {"glossary": [], "skills": [{"name": "a", "content": "b"}]}
    assert file.mdl is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# Glossary\n\n- revenue quantity", "line 3: '=' is missing, as in '- revenue = "),
        ("# Glossary\n- revenue =", "line 2: '=' is missing"),
        ("# Glossary\n- = quantity", "line 2: '=' is missing"),
        ("# Skills\n- review", "line 2: ':' is missing, as in '- monthly review: "),
        ("# Instructions\nturnover means amount", "line 2: write an entry as in '- turnover"),
        ("# Instructions\n-", "line 2: write an entry"),
        ("# Glossary\n- a = b\n- A  = c", "line 3: 'A' is already defined in line 2"),
        (f"# Glossary\n- {'x' * 201} = b", "line 2: A name in glossary must be 1 to 200"),
        (f"# Instructions\n- {'x' * 8_001}", "line 2: A text in instructions must have 1 to 8,000"),
    ],
)
def test_a_mistake_names_its_line(text: str, says: str) -> None:
    """The sentence has the line, what is wrong and the right form."""
    with pytest.raises(BadKnowledge) as wrong:
        read_file(text)
    assert str(wrong.value).startswith(says)


def test_a_problem_gets_the_line_of_the_entry_that_it_quotes() -> None:
    """A sentence about one entry has its line; one about several, or none, is left as it is."""
    file = read_file("# Glossary\n- Margin = a\n- revenue = b\n")
    sentences = ("“margin” divides by zero.", "“y” is unknown.", "“margin” and “revenue” clash.")
    numbered = list(file.numbered((*sentences, "There is no “t.x”."), {"t": 5, "t.x": 6}))
    assert numbered == [f"line 2: {sentences[0]}", *sentences[1:], "line 6: There is no “t.x”."]


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda text: " ".join(text.split()) == text and text.isprintable()
)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda text: text.strip() == text
)


@given(st.dictionaries(WORDS, TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_what_is_known_is_written_and_read_back(
    glossary: dict[str, str], instructions: list[str]
) -> None:
    """Whatever was taught, the printed file either holds it exactly or leaves the part alone."""
    known = Knowledge(**read_knowledge(glossary=glossary, instructions=instructions))
    file = read_file(MODEL + write_sections(known))
    assert read_mdl(file.mdl or "") == read_mdl(MODEL)
    for part, value in read_knowledge(**file.parts).items():
        assert value == getattr(known, part)


def test_plain_entries_are_always_written() -> None:
    """Formulas, values, instructions of several lines and skills survive the round."""
    known = Knowledge(**read_knowledge(**read_file(FILE).parts))
    assert read_knowledge(**read_file(write_sections(known)).parts) == {
        "glossary": known.glossary,
        "instructions": known.instructions,
        "skills": known.skills,
    }


def test_a_data_model_has_a_line_for_each_place() -> None:
    """A table's line is that of its first remark; lines without one have no effect."""
    text = """## `Orders`
| Column | Type | Key | Notes |
|---|---|---|---|
| `amount` |  |  |  |
| `Amuont` |  |  | omzet |
## Relationships
None.
## `order`
Also called: purchases
"""
    assert places(text) == {"orders": 5, "orders.amuont": 5, "order": 9}
