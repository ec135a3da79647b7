"""The sentence that says how a question was read: it leaves nothing out."""

from kai_flow.analyst.answer.reading import understood
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    Field,
    FieldGroup,
    Function,
    Operator,
    Query,
)
from tests.unit.analyst.answer_models import SHOP


def test_a_measure_its_groups_and_its_filter_are_named() -> None:
    """A plain question is one plain sentence, in either language."""
    query = Query(
        fact="orders",
        measures=(Aggregate(function=Function.SUM, of=Field(table="orders", column="amount")),),
        groups=(
            FieldGroup(
                field=Field(
                    table="customers", column="city", path=("orders.customer_id>customers",)
                )
            ),
        ),
        where=Condition(
            of=Field(table="orders", column="status"), operator=Operator.EQUAL, values=("P",)
        ),
    )
    assert understood(query, SHOP, "en") == (
        "Read as: total amount of orders by customer’s city, where the status is “P” (paid)."
    )
    assert understood(query, SHOP, "id") == (
        "Dibaca sebagai: total amount dari orders per city customer, dengan syarat status adalah"
        " “P” (paid)."
    )
