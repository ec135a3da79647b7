"""What an administrator teaches: names, values, units, measures and phrases."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.nodes import Expression, Field, Formula, Number
from kai_flow.analyst.schema import Column, ColumnRef, Kind, Schema, Table
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.derived import fields
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role, SemanticModel
from kai_flow.analyst.semantics.overlay import MAX_PROBLEMS
from kai_flow.analyst.semantics.rephrasing import rephrased, skilled
from kai_flow.connections.knowledge import Knowledge, Skill, Term
from tests.unit.analyst.scanned import attribute, model_of, scanned

SHOP = """
CREATE TABLE products (product_id INTEGER PRIMARY KEY, name TEXT, price INT, unit_cost INT);
INSERT INTO products VALUES (1, 'Tea', 5, 2), (2, 'Rice', 7, 3);
CREATE TABLE sales (
    sale_id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products, state TEXT, qty INT,
    net_amount INT, is_paid INT, channel INT, discount REAL
);
INSERT INTO sales VALUES (1, 1, 'OPN', 3, 15, 1, 1, 0.1), (2, 1, 'CLS', 2, 10, 0, 2, 0),
    (3, 2, 'OPN', 1, 7, 1, 2, 0.2);
CREATE TABLE returns (return_id INTEGER PRIMARY KEY, sale_id INTEGER REFERENCES sales, qty INT);
"""
SCHEMA = scanned(SHOP)


def taught(
    *terms: tuple[str, str], mdl: str = "", instructions: tuple[str, ...] = ()
) -> SemanticModel:
    """The model with this glossary."""
    glossary = tuple(Term(term, meaning) for term, meaning in terms)
    return build(SCHEMA, Knowledge(glossary=glossary, mdl=mdl, instructions=instructions))


def meant(model: SemanticModel, text: str) -> list[tuple[str, float, str]]:
    """What a text may mean as a whole."""
    tokens = tokenize(text)
    return [
        (
            str(getattr(each.target, "ref", None) or getattr(each.target, "table", "")),
            each.score,
            each.how,
        )
        for each in Index(model).mentions(tokens)
        if (each.first, each.last) == (0, len(tokens))
    ]


NET = str(ColumnRef("sales", "net_amount"))


@pytest.mark.parametrize(
    "known",
    [
        Knowledge(glossary=(Term("nyeni", "sales.net_amount"),)),
        Knowledge(glossary=(Term("nyeni", "net_amount"),)),
        Knowledge(glossary=(Term("nyeni", "net amount"),)),
        Knowledge(glossary=(Term("Nyeni", '"sales"."net_amount"'),)),
        Knowledge(instructions=("Nyeni means net_amount.",)),
        Knowledge(instructions=("“Nyeni” berarti net amount",)),
        Knowledge(mdl="## sales\n| Column | Notes |\n|---|---|\n| net_amount | nyeni (Rp) |"),
    ],
)
def test_a_word_becomes_a_name_of_a_column(known: Knowledge) -> None:
    """However it is taught and written."""
    model = build(SCHEMA, known)
    assert meant(model, "nyeni") == [(NET, 0.95, "taught")]
    assert model.problems == ()


def test_a_word_becomes_a_name_of_a_table() -> None:
    """In the glossary, or after "Also called" in the data model."""
    assert meant(taught(("warung", "sales")), "warungs") == [("sales", 0.95, "taught")]
    assert meant(taught(mdl="## sales\n\nAlso called: warung"), "warung") == [
        ("sales", 0.95, "taught")
    ]


@pytest.mark.parametrize(
    ("meaning", "column", "value"),
    [
        ("state = CLS", "state", "CLS"),
        ("sales.state=cls", "state", "CLS"),
        ('state = "OPN"', "state", "OPN"),
        ("is_paid = 1", "is_paid", 1.0),
        ("is_paid = 0", "is_paid", 0.0),
        ("channel = 2", "channel", 2.0),
    ],
)
def test_a_word_becomes_a_name_of_a_value(meaning: str, column: str, value: object) -> None:
    """Of a text, a flag, or a code that is a number."""
    model = taught(("nyeni", meaning))
    named = [
        each.value
        for each in attribute(model, f"sales.{column}").values
        if any(name.words == ("nyeni",) for name in each.names)
    ]
    assert named == [value]


def test_a_data_model_names_values_and_units() -> None:
    """In the grammar of a comment in the database."""
    rows = "|channel|x; 1 = web, 2 = shop / store|\n|net_amount|(Rp)|"
    model = taught(mdl=f"## `sales`\n|Column|Notes|\n|-|-|\n{rows}")
    channel = attribute(model, "sales.channel")
    assert channel.role is Role.CATEGORY
    assert {each.value: [n.words for n in each.names] for each in channel.values} == {
        1.0: [("web",)], 2.0: [("shop",), ("store",)],
    }  # fmt: skip
    assert attribute(model, "sales.net_amount").unit == "Rp"


def field(table: str, column: str, *path: str) -> Field:
    return Field(table=table, column=column, path=path)


def formula(left: Expression, operator: str, right: Expression) -> Formula:
    return Formula(operator=operator, left=left, right=right)


NET_FIELD = field("sales", "net_amount")
UP = "sales.product_id>products"
REVENUE = formula(field("sales", "qty"), "*", field("products", "price", UP))
COST = formula(field("sales", "qty"), "*", field("products", "unit_cost", UP))


@pytest.mark.parametrize(
    ("meaning", "expression", "role"),
    [
        ("sales.qty * products.price", REVENUE, Role.ADDITIVE),
        ("sales.qty * price", REVENUE, Role.ADDITIVE),
        ("= sales.qty * price", REVENUE, Role.ADDITIVE),
        ('"sales"."qty" * "price"', REVENUE, Role.ADDITIVE),
        ("net amount * 2", formula(NET_FIELD, "*", Number(value=2)), Role.ADDITIVE),
        (
            "net_amount * (1 - discount)",
            formula(
                NET_FIELD, "*",
                formula(Number(value=1), "-", field("sales", "discount")),
            ),
            Role.ADDITIVE,
        ),
        (
            "price - unit_cost",
            formula(field("products", "price"), "-", field("products", "unit_cost")), Role.RATE,
        ),
        ("net_amount / sales.qty", formula(NET_FIELD, "/", field("sales", "qty")), Role.RATE),
    ],
)  # fmt: skip
def test_a_formula_becomes_a_measure(meaning: str, expression: Expression, role: Role) -> None:
    """Columns of one table, or of tables to which each of its rows leads; signs are kept."""
    model = taught(("nyeni", meaning))
    assert model.problems == ()
    derived = model.derived[0]
    table = next(fields(expression)).table
    assert (derived.name, derived.table, derived.taught) == ("nyeni", table, True)
    assert (derived.expression, derived.role) == (expression, role)
    assert meant(model, "nyeni") == [(derived.table, 0.95, "taught")]


def test_formulas_may_use_one_another() -> None:
    """In any order; two words for one formula are one measure with two names."""
    model = taught(
        ("laba", "omzet - biaya"), ("omzet", "sales.qty * price"),
        ("biaya", "sales.qty * unit_cost"),
        ("turnover", "sales.qty * price"),
    )  # fmt: skip
    assert model.problems == ()
    found = {derived.name: derived for derived in model.derived}
    assert list(found) == ["laba", "omzet", "biaya"]
    assert found["laba"].expression == formula(REVENUE, "-", COST)
    assert [name.words for name in found["omzet"].names] == [("omzet",), ("turnover",)]


@pytest.mark.parametrize(
    ("meaning", "reason"),
    [
        ("net_amount * nowhere", "“nowhere” is no column here"),
        ("qty * price", "“qty” is a column of sales, returns: write the table's name before it"),
        ("net_amount / 0", "it divides by zero"),
        ("net_amount * state", "“sales.state” holds no numbers"),
        ("SUM(net_amount) / 2", "only columns, numbers"),
        ("net_amount * (2", "it is no arithmetic formula"),
        ("1 + 1", "it names no column"),
        ("nyeni * 2", "it uses “nyeni” to define itself"),
        ("returns.qty * sale_id; DROP TABLE sales * 1", "it is no arithmetic formula"),
        ("products.price * returns.return_id", "holds no numbers"),
        ("net_amount * " + "1 * " * 30 + "1", "it is too deep"),
        ("net_amount * " + "1" * 600, "it has more than 500 characters"),
    ],
)
def test_a_formula_that_cannot_be_used_is_reported(meaning: str, reason: str) -> None:
    """A sentence with the reason, and no measure."""
    model = taught(("nyeni", meaning))
    assert [derived for derived in model.derived if derived.taught] == []
    [problem] = model.problems
    assert problem.startswith("The formula of “nyeni” cannot be used: ")
    assert reason in problem


def test_what_is_described_but_not_there_is_reported() -> None:
    """Tables, columns and values that the database does not have, up to a bound."""
    mdl = "## nowhere\n\nAlso called: x\n## sales\n|Column|Notes|\n|-|-|\n|gone|x|"
    assert len(taught(("x", "state = UNKNOWN"), mdl=mdl).problems) == 3
    many = taught(*((f"x{n}", f"state = V{n}") for n in range(200)))
    assert len(many.problems) == MAX_PROBLEMS


def test_a_taught_measure_takes_the_place_of_a_plain_one() -> None:
    """What the administrator says revenue is, counts."""
    lines = "CREATE TABLE order_lines (quantity INT, unit_price INT, weight INT);"
    assert [derived.name for derived in model_of(lines).derived] == ["revenue"]
    [derived] = model_of(lines, Knowledge(glossary=(Term("omzet", "quantity * weight"),))).derived
    assert (derived.name, derived.taught) == ("omzet", True)


def test_phrases_replace_their_terms_in_questions() -> None:
    """Whole words, the longest first, once, and not in quotes."""
    model = taught(
        ("juara", "sales with net amount above 60"), ("top", "net amount"),
        ("top deal", "net amount of sales"),
    )  # fmt: skip
    index = Index(model)
    said = rephrased("How many Juara, top deal, 'juara', juaras?", model.phrases, index)
    assert said.question == (
        "How many sales with net amount above 60, net amount of sales, 'juara', juaras?"
    )
    assert [term.term for term in said.replaced] == ["juara", "top deal"]


@pytest.mark.parametrize(
    "meaning",
    [
        "a place where things are sold to people who come in from the street and want to buy them",
        "whatever our honoured xylophones pay",
        "nowhere.nothing",
        ".",
    ],
)
def test_prose_replaces_nothing(meaning: str) -> None:
    """A definition for people leaves the question alone."""
    model = taught(("juara", meaning))
    said = rephrased("total juara", model.phrases, Index(model))
    assert (said.question, said.replaced) == ("total juara", ())


def test_a_name_in_the_database_is_not_replaced() -> None:
    """A glossary that explains a table to people does not change questions about it."""
    model = taught(("sales", "net amount of all products"))
    assert rephrased("how many sales", model.phrases, Index(model)).replaced == ()


def test_signs_in_a_term_are_just_signs() -> None:
    """A term may hold what is special in a pattern."""
    model = taught(("c++ (x)", "net amount of sales"), ("\\d", "sales of products"))
    said = rephrased("sum of c++ (x)", model.phrases, Index(model))
    assert said.question == "sum of net amount of sales"


def test_a_skill_is_asked_by_its_name_alone() -> None:
    """A question that only mentions a skill is not replaced by it."""
    known = Knowledge(skills=(Skill("review", "total net amount"),))
    assert skilled("/Review?", known) == "total net amount"
    assert skilled("which review", known) == "which review"


def test_a_big_glossary_is_quick() -> None:
    """Hundreds of terms on hundreds of tables are learned in a moment."""
    tables = {
        f"t{n}": Table(f"t{n}", tuple(Column(f"c{n}_{m}", Kind.NUMBER) for m in range(20)))
        for n in range(300)
    }
    terms = tuple(Term(f"term{n}", f"t{n % 300}.c{n % 300}_1") for n in range(600))
    began = time.process_time()
    model = build(Schema(tables), Knowledge(glossary=terms))
    assert time.process_time() - began < 10
    names = model.attributes[ColumnRef("t7", "c7_1")].names
    assert [name.words for name in names if name.taught] == [("term7",), ("term307",)]


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_taught_builds(term: str, meaning: str) -> None:
    """No text breaks the model; what it means is used or reported, or is prose."""
    known = Knowledge(
        glossary=(Term(term, meaning),),
        mdl=f"## sales\n{meaning}",
        instructions=(f"{term} means {meaning}",),
    )
    Index(build(SCHEMA, known))


@given(
    st.lists(
        st.sampled_from(
            [
                "qty",
                "price",
                "net amount",
                "2",
                "0",
                "*",
                "/",
                "-",
                "+",
                "(",
                ")",
                "sales.",
                '"',
                "nyeni",
                "%",
                "=",
            ]
        ),
        max_size=12,
    )
)
def test_whatever_formula_is_taught_builds(parts: list[str]) -> None:
    """Pieces of formulas in any order give a measure or a reason."""
    model = taught(("nyeni", " ".join(parts) or "x"))
    for derived in model.derived:
        assert derived.table in model.entities
