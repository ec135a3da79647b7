"""Measures that a pair of columns makes plain: quantity times price, revenue minus cost."""

from collections.abc import Iterator, Sequence

from kai_flow.analyst.query.nodes import Expression, Formula, Number
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.derived import adds_up, column, fields, rooted, unit_of
from kai_flow.analyst.semantics.formulas import BadFormula
from kai_flow.analyst.semantics.model import Attribute, Derived, Name, Role, SemanticModel
from kai_flow.analyst.semantics.wording import full_words, same, split_name

__all__ = ["plain_measures"]

QUANTITIES = frozenset(
    ["quantity", "qty", "kuantitas", "jumlah", "units", "unit", "sold", "terjual", "pcs", "banyak"]
)
PRICES = frozenset(["price", "harga", "tarif", "hrg"])
COSTS = frozenset(["cost", "costs", "hpp", "cogs", "biaya", "modal"])
REVENUES = frozenset(
    ["revenue", "sales", "turnover", "omzet", "omset", "pendapatan", "penjualan", "income"]
)
AMOUNTS = frozenset(["amount", "amt", "total", "subtotal", "value", "nilai", "bruto", "gross"])
PROFITS = frozenset(["profit", "laba", "margin", "untung", "keuntungan"])
OTHERS = frozenset(
    [
        *("discount", "diskon", "potongan", "tax", "pajak", "ppn", "vat", "cost", "biaya", "fee"),
        *("shipping", "ongkir", "freight", "refund", "weight", "berat", "stock", "stok", "member"),
        *("order", "orders", "pesanan", "item", "items", "members", "anggota"),
    ]
)
"""With a word of amounts, something else than what was sold for."""
SELLING = frozenset(
    [
        *("sale", "sales", "sell", "order", "orders", "transaction", "transactions", "invoice"),
        *("invoices", "receipt", "cart", "basket", "ticket", "booking", "checkout", "penjualan"),
        *("bookings", "reservation", "reservations", "rental", "rentals", "reservasi", "sewa"),
        *("jual", "pesanan", "pemesanan", "transaksi", "faktur", "nota", "struk", "keranjang"),
    ]
)
WHOLE = frozenset(["grand", "net", "final", "bersih", "akhir", "paid", "bayar", "all"])
"""Words that say of a total that it is the last one."""
BUYERS = frozenset(
    [
        *("customer", "customers", "buyer", "client", "cashier", "salesperson", "sold", "terjual"),
        *("pelanggan", "pembeli", "klien", "kasir", "konsumen"),
    ]
)
"""In the name of a column of a table whose own name tells nothing, such as a file `data.csv`."""
NOT_SELLING = frozenset(
    [
        *("purchase", "purchases", "purchasing", "procurement", "pembelian", "beli"),
        *("return", "returns", "refund", "refunds", "retur", "pengembalian"),
    ]
)

REVENUE_NAMES = (
    *(("revenue",), ("sales",), ("total", "sales"), ("sales", "revenue"), ("turnover",)),
    *(("pendapatan",), ("omzet",), ("omset",), ("penjualan",), ("nilai", "penjualan")),
)
VALUE_NAMES = (("total", "value"), ("value",), ("nilai",), ("total", "nilai"))
STOCKS = frozenset(["stock", "stok", "inventory", "persediaan"])
LIMITS = frozenset(["min", "minimum", "max", "maximum", "maksimum", "limit", "safety", "reorder"])
"""With a word of stocks, how much there should be."""
STOCK_VALUE_NAMES = (
    *(("stock", "value"), ("value", "stock"), ("inventory", "value"), ("value", "inventory")),
    *(("nilai", "stok"), ("nilai", "persediaan"), ("nilai", "inventaris")),
)
PROFIT_NAMES = (("profit",), ("laba",), ("keuntungan",), ("gross", "profit"), ("laba", "kotor"))
MOST_PERCENT = 100
FAR_ABOVE = 50
"""Times the greatest discount that the lowest price is, where the discount is a percentage."""
GUESS = 0.9
"""Weight of a name that nobody gave."""


def plain_measures(model: SemanticModel) -> tuple[Derived, ...]:
    """The plain measures of every table."""
    found = [each for table in model.entities for each in _of_table(model, table)]
    found += [each for table in model.entities for each in _stocked(model, model.of(table))]
    if not any(each.name == "revenue" for each in found):
        found += _totals(model)
    return tuple(found)


def _totals(model: SemanticModel) -> Iterator[Derived]:
    """The only amount of the only table of sales, whatever it is called: revenue is its total.

    Unless a column, or a quantity and its price, say by themselves what something was sold for.
    """
    amounts = {
        table: [each for each in model.of(table) if _is_amount(each)]
        for table in model.entities
        if _sells(model, table)
    }
    kept = [each for own in amounts.values() for each in own]
    if len(kept) != 1 or any(map(_named, model.attributes.values())):
        return
    if _words(kept[0]) <= AMOUNTS | SELLING | WHOLE:  # and not the total of a line
        yield from _derived(model, "revenue", column(kept[0].ref), REVENUE_NAMES)


def _named(attribute: Attribute) -> bool:
    return attribute.role is Role.ADDITIVE and bool(_words(attribute) & REVENUES)


def _of_table(model: SemanticModel, table: str) -> Iterator[Derived]:
    own = model.of(table)
    revenue: Expression | None = None
    kept = [each for each in own if _is_amount(each)]
    if kept:
        named = [each for each in kept if _words(each) & REVENUES]
        revenue = column(named[0].ref) if len(named) == 1 else None
    else:
        sold = _sells(model, table)
        revenue = _times_price(model, own, afar=sold)
        if revenue is not None:
            name, names = ("revenue", REVENUE_NAMES) if sold else ("value", VALUE_NAMES)
            unclear = tuple(each.ref for each in _discounts(own) if not _mentions(revenue, each))
            yield from _derived(model, name, revenue, names, before=unclear)
            revenue = revenue if sold else None
    if revenue is not None and not any(_words(each) & PROFITS for each in own):
        cost = _cost(own, single=not kept)
        if cost is not None:
            yield from _derived(model, "profit", _difference(revenue, cost), PROFIT_NAMES)


def _stocked(model: SemanticModel, own: Sequence[Attribute]) -> Iterator[Derived]:
    """What is in stock, at the price at which it is sold, or else at what one piece cost."""
    stock = _only(
        [
            each
            for each in own
            if each.role is Role.ADDITIVE
            and _words(each) & STOCKS
            and not _words(each) & (LIMITS | AMOUNTS)
        ]
    )
    price = _only(_prices(own) or [e for e in own if e.role is Role.RATE and _words(e) & COSTS])
    if stock is not None and price is not None:
        tree = _product(column(stock.ref), column(price.ref))
        yield from _derived(model, "stock_value", tree, STOCK_VALUE_NAMES)


def _derived(
    model: SemanticModel,
    name: str,
    tree: Expression,
    names: Sequence[tuple[str, ...]],
    *,
    before: tuple[ColumnRef, ...] = (),
) -> Iterator[Derived]:
    try:
        table, expression = rooted(tree, model)
    except BadFormula:
        return
    yield Derived(
        name,
        table,
        expression,
        tuple(Name(words, GUESS) for words in names),
        Role.ADDITIVE if adds_up(tree, model.attributes) else Role.RATE,
        unit_of(tree, model.attributes),
        before=before,
    )


def _words(attribute: Attribute) -> frozenset[str]:
    return frozenset(full_words(split_name(attribute.column)))


def _is_amount(attribute: Attribute) -> bool:
    """Whether a column holds what a row was sold for."""
    if attribute.role not in {Role.ADDITIVE, Role.RATE}:
        return False
    words = _words(attribute)
    if words & REVENUES:
        return attribute.role is Role.ADDITIVE and not words & (OTHERS - {"order", "orders"})
    return (
        attribute.role is Role.ADDITIVE
        and bool(words & AMOUNTS)
        and not words & (OTHERS | QUANTITIES - {"jumlah"})
    )


def _times_price(
    model: SemanticModel, own: Sequence[Attribute], *, afar: bool
) -> Expression | None:
    """Quantity times price, less a discount where its meaning is plain.

    ``afar``: the price may be that of the product to which the row belongs.
    """
    price = _only(_prices(own))
    quantity = _only([e for e in own if e.role is Role.ADDITIVE and _words(e) & QUANTITIES])
    if price is not None and (counted := _counted_by(price, own)) is not None:
        quantity = counted
    if quantity is None:
        return None
    if price is None and afar and not _prices(own):
        price = _only(
            [
                each
                for join in model.joins.values()
                if join.source == quantity.table and not join.widens
                for each in _prices(model.of(join.target))
            ]
        )
    if price is None:
        return None
    tree = _product(column(quantity.ref), column(price.ref))
    return _less(tree, _discounts(own), price)


def _counted_by(price: Attribute, own: Sequence[Attribute]) -> Attribute | None:
    """What a price is for one of: the nights, of a price per night."""
    words = split_name(price.column)
    unit = words[words.index("per") + 1 :] if "per" in words else ()
    if len(unit) != 1:
        return None
    return _only(
        [
            each
            for each in own
            if each.role is Role.ADDITIVE
            and any(same(unit, (word,)) for word in _words(each) - QUANTITIES)
        ]
    )


def _discounts(own: Sequence[Attribute]) -> list[Attribute]:
    """The columns of what is taken off a price."""
    words = {"discount", "diskon", "potongan", "disc"}
    numbers = {Role.ADDITIVE, Role.RATE}
    return [each for each in own if _words(each) & words and each.role in numbers]


def _mentions(formula: Expression, attribute: Attribute) -> bool:
    """Whether a formula has a column."""
    return column(attribute.ref) in fields(formula)


def _less(tree: Expression, discounts: Sequence[Attribute], price: Attribute) -> Expression:
    """An amount less a discount: a fraction, a percentage or an amount.

    It stays as it is where that is unclear.
    """
    discount = _only(discounts)
    if discount is None:
        return tree
    if discount.high is not None and discount.high <= 1 and discount.unit != "Rp":
        return _product(tree, _difference(Number(value=1), column(discount.ref)))
    if discount.unit == "%" or _small(discount, price):
        part = Formula(operator="/", left=column(discount.ref), right=Number(value=100))
        return _product(tree, _difference(Number(value=1), part))
    if _words(discount) & AMOUNTS or discount.unit:
        return _difference(tree, column(discount.ref))
    return tree


def _small(discount: Attribute, price: Attribute) -> bool:
    """Whether a discount can only be a percentage: nobody takes 10 rupiah off 15,000."""
    high, low = discount.high, price.low
    if high is None or low is None or discount.unit:
        return False
    return 1 < high <= MOST_PERCENT and low >= FAR_ABOVE * high


def _product(left: Expression, right: Expression) -> Formula:
    return Formula(operator="*", left=left, right=right)


def _difference(left: Expression, right: Expression) -> Formula:
    return Formula(operator="-", left=left, right=right)


def _prices(attributes: Sequence[Attribute]) -> list[Attribute]:
    """Prices at which something is sold."""
    bought = COSTS | {"purchase", "buying", "beli", "pembelian", "pokok"}
    return [
        each
        for each in attributes
        if each.role is Role.RATE and _words(each) & PRICES and not _words(each) & bought
    ]


def _cost(own: Sequence[Attribute], *, single: bool) -> Expression | None:
    """What a row cost: an amount, or a quantity times the cost of one."""
    costs = [e for e in own if _words(e) & COSTS and not _words(e) & {"shipping", "kirim"}]
    cost = _only(costs)
    if cost is None:
        return None
    if cost.role is Role.ADDITIVE:
        return column(cost.ref)
    quantity = _only([e for e in own if e.role is Role.ADDITIVE and _words(e) & QUANTITIES])
    if not single or quantity is None:
        return None
    return _product(column(quantity.ref), column(cost.ref))


def _only(found: Sequence[Attribute]) -> Attribute | None:
    return found[0] if len(found) == 1 else None


def _sells(model: SemanticModel, table: str) -> bool:
    """Whether a table, or what its rows belong to, is about sales."""
    about = [model.entities[table]]
    about += [
        model.entities[join.target]
        for join in model.joins.values()
        if join.source == table and not join.widens
    ]
    words = {word for entity in about for name in entity.names for word in name.words}
    columns = {word for attribute in model.of(table) for word in _words(attribute)}
    selling = not SELLING.isdisjoint(words) or not BUYERS.isdisjoint(columns)
    return selling and NOT_SELLING.isdisjoint(words)
