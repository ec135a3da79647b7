"""Puts into words what was understood and what was found, in the language of the question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kai_flow.analyst.engines.contract import Cell, Rows
from kai_flow.analyst.language import Language
from kai_flow.analyst.naming import Names
from kai_flow.analyst.numbers import format_number
from kai_flow.analyst.plan import Aggregate, Condition, Dimension, Measure, Operator, Plan
from kai_flow.analyst.schema import ColumnRef, Kind, Schema
from kai_flow.analyst.sql import Statement

__all__ = ["MAX_TABLE_ROWS", "Story", "phrases"]

MAX_TABLE_ROWS = 20
"""Rows of a result that are shown in the answer's table."""


@dataclass(frozen=True)
class Story:
    """Everything that an explanation needs."""

    plan: Plan
    statement: Statement
    schema: Schema
    names: Names
    language: Language

    def pick(self, indonesian: str, english: str) -> str:
        """The text in the language of the question."""
        return english if self.language == "en" else indonesian

    def understood(self) -> str:
        """How the question was understood, in one sentence."""
        plan = self.plan
        if plan.columns:
            what = self.pick("daftar ", "a list of ") + self.names.table(plan.fact, plural=True)
        else:
            what = self.pick(" dan ", " and ").join(self.measure(m) for m in plan.measures)
        parts = [what]
        if plan.dimensions:
            names = self.pick(" dan ", " and ").join(self.dimension(d) for d in plan.dimensions)
            parts.append(self.pick(f"per {names}", f"by {names}"))
        parts += self.filters()
        for having in plan.having:
            bound = self._bound(having.operator, [self._plain(v) for v in having.values])
            parts.append(self.pick("dengan ", "with ") + f"{self.measure(having.measure)} {bound}")
        if plan.order is not None:
            parts.append(self._order())
        text = ", ".join([" ".join(parts[:2]), *parts[2:]]) if plan.dimensions else ", ".join(parts)
        return self.pick(
            f"Saya memahami pertanyaan ini sebagai: {text}.",
            f"I understand the question as: {text}.",
        )

    def measure(self, measure: Measure) -> str:
        """A measure in words."""
        if measure.column is None:
            table = self.names.table(measure.table, plural=True)
            return self.pick(f"jumlah {table}", f"number of {table}")
        name = self.names.column(ColumnRef(measure.table, measure.column))
        if measure.aggregate is Aggregate.COUNT:
            return self.pick(f"banyaknya {name} yang berbeda", f"number of distinct {name} values")
        words = {
            Aggregate.AVERAGE: ("rata-rata", "average"),
            Aggregate.SUM: ("total", "total"),
            Aggregate.MINIMUM: ("nilai terendah", "lowest"),
            Aggregate.MAXIMUM: ("nilai tertinggi", "highest"),
        }
        prefix = self.pick(*words[measure.aggregate])
        return name if name.startswith(f"{prefix} ") else f"{prefix} {name}"

    def dimension(self, dimension: Dimension) -> str:
        """A grouping in words."""
        if dimension.keys:
            return self.names.table(dimension.column.table)
        return self._part(dimension.column, dimension.temporal)

    def condition(self, condition: Condition) -> str:
        """A filter in words."""
        name = self._part(condition.column, condition.temporal)
        values = [
            value if isinstance(value, str) else self._plain(value, condition.temporal)
            for value in condition.values
        ]
        return f"{name} {self._bound(condition.operator, values)}"

    def _part(self, column: ColumnRef, temporal: bool) -> str:
        """What of a column is meant: the year of a date, or all of it."""
        whole = self.names.column(column)
        if temporal and self.schema.column(column).kind is Kind.DATE:
            return self.pick(f"tahun {whole}", f"year of {whole}")
        return whole

    def filters(self) -> list[str]:
        """Every filter in words, alternatives together."""
        either = self.pick(" atau ", " or ")
        return [either.join(map(self.condition, group)) for group in self.plan.alternatives]

    def value(self, cell: Cell, column: str) -> str:
        """A cell for a reader: years without separators, money with its unit."""
        if cell is None:
            return "–"
        if isinstance(cell, str):
            return cell.replace("|", "\\|").replace("\n", " ")
        if self.kind(column) in {Kind.YEAR, Kind.DATE, Kind.KEY}:
            return str(cell)
        text = format_number(cell, self.language)
        return with_unit(text, self.unit(column))

    def kind(self, column: str) -> Kind:
        """The kind of a result column."""
        ref = self.source(column)
        if column in self.statement.measures or ref is None:
            return Kind.NUMBER
        return self.schema.column(ref).kind

    def unit(self, column: str) -> str:
        """The unit of a result column; a count has none."""
        ref = self.source(column)
        return "" if ref is None else self.schema.column(ref).note.unit

    def source(self, column: str) -> ColumnRef | None:
        """The column behind a result column."""
        position = self.statement.names.index(column)
        if self.plan.columns:
            return self.plan.columns[position]
        groups = len(self.plan.dimensions)
        if position < groups:
            return self.plan.dimensions[position].column
        measure = self.plan.measures[position - groups]
        return None if measure.aggregate is Aggregate.COUNT else measure.ref

    def header(self, column: str) -> str:
        """The heading of a result column."""
        position = self.statement.names.index(column)
        groups = len(self.plan.dimensions)
        if self.plan.columns:
            text = self.names.column(self.plan.columns[position])
        elif position < groups:
            text = self.dimension(self.plan.dimensions[position])
        else:
            text = self.measure(self.plan.measures[position - groups])
        return (text[:1].upper() + text[1:]).replace("|", "\\|")

    def _order(self) -> str:
        assert self.plan.order is not None  # noqa: S101 -- the caller has looked
        by = self.plan.order.by
        if isinstance(by, Dimension):
            return self.pick("urut waktu", "in order of time")
        way = self.pick("terbesar dahulu", "largest first")
        if not self.plan.order.descending:
            way = self.pick("terkecil dahulu", "smallest first")
        if isinstance(by, ColumnRef):
            if self.schema.column(by).kind in {Kind.YEAR, Kind.DATE}:
                way = self.pick("terbaru dahulu", "newest first")
                if not self.plan.order.descending:
                    way = self.pick("terlama dahulu", "oldest first")
            way = f"{self.names.column(by)} {way}"
        if self.plan.limit is None or self.plan.limit >= 1000:
            return way
        shown = self.plan.limit
        return f"{way}, " + self.pick(f"{shown} teratas", f"the first {shown}")

    def _bound(self, operator: Operator, values: Sequence[str]) -> str:
        both = self.pick(" atau ", " or ").join(values)
        texts = {
            Operator.IN: ("= {}", "= {}"),
            Operator.NOT_IN: ("bukan {}", "other than {}"),
            Operator.ABOVE: ("lebih dari {}", "more than {}"),
            Operator.AT_LEAST: ("mulai dari {}", "from {}"),
            Operator.BELOW: ("kurang dari {}", "less than {}"),
            Operator.AT_MOST: ("sampai {}", "up to {}"),
            Operator.CONTAINS: ("mengandung “{}”", "containing “{}”"),
        }
        if operator is Operator.BETWEEN:
            return self.pick("antara {} dan {}", "between {} and {}").format(*values)
        return self.pick(*texts[operator]).format(both)

    def _plain(self, value: float, year: bool = False) -> str:
        return str(int(value)) if year else format_number(value, self.language)


def with_unit(text: str, unit: str) -> str:
    """A number with its unit: a currency before it, any other unit after it."""
    if not unit:
        return text
    currency = unit.upper() in {"RP", "IDR", "USD", "EUR", "SGD"} or unit in {"$", "€", "£", "¥"}
    return f"{unit} {text}" if currency else f"{text}{'' if unit == '%' else ' '}{unit}"


def phrases(story: Story, rows: Rows, insights: Sequence[str]) -> Iterator[str]:
    """The answer, piece by piece: the finding, the table, then what stands out."""
    if not rows.data or all(cell is None for row in rows.data for cell in row):
        yield from _words(
            story.pick(
                "Tidak ada data yang cocok dengan pertanyaan ini.",
                "No data matches this question.",
            )
        )
        return
    if len(rows.data) == 1 and not story.plan.columns and not story.plan.dimensions:
        yield from _words(_single(story, rows))
        return
    yield from _words(_headline(story, rows))
    yield "\n\n"
    yield from _table(story, rows)
    for insight in insights:
        yield "\n"
        yield from _words(insight)


def _single(story: Story, rows: Rows) -> str:
    """One or more totals as a sentence."""
    found = []
    for measure, column, cell in zip(story.plan.measures, rows.columns, rows.data[0], strict=False):
        text = story.measure(measure)
        found.append(f"{text} {story.pick('adalah', 'is')} **{story.value(cell, column)}**")
    text = story.pick(" dan ", " and ").join(found)
    where = story.filters()
    scope = f" ({', '.join(where)})" if where else ""
    return f"{text[:1].upper()}{text[1:]}{scope}."


def _headline(story: Story, rows: Rows) -> str:
    """The first sentence of an answer with a table."""
    plan, count = story.plan, len(rows.data)
    first = rows.data[0]
    if plan.dimensions and plan.order is not None and isinstance(plan.order.by, Measure):
        column = rows.columns[len(plan.dimensions)]
        who = ", ".join(str(cell) for cell in first[: len(plan.dimensions)])
        value = story.value(first[len(plan.dimensions)], column)
        lead = _first_place(story, who, story.measure(plan.measures[0]), value)
        if not plan.having:
            return lead
        first_group = plan.dimensions[0]
        what = story.dimension(first_group)
        if first_group.keys:
            what = story.names.table(first_group.column.table, plural=count != 1)
        return story.pick(
            f"**{count}** {what} memenuhi syarat. {lead}",
            f"**{count}** {what} {'meets' if count == 1 else 'meet'} the condition. {lead}",
        )
    if plan.columns and plan.order and story.statement.measures and first[0] is not None:
        ranked = story.statement.measures[0]
        if story.source(ranked) == plan.order.by and ranked != rows.columns[0]:
            value = story.value(first[rows.columns.index(ranked)], ranked)
            name = story.header(ranked)
            return _first_place(story, str(first[0]), name[:1].lower() + name[1:], value)
    if plan.measures:
        text = story.measure(plan.measures[0])
        per = story.dimension(plan.dimensions[0])
        return story.pick(f"Berikut {text} per {per}:", f"Here is the {text} by {per}:")
    many = format_number(count, story.language)
    more = story.pick("lebih dari ", "more than ") if rows.truncated else ""
    return story.pick(
        f"Ditemukan {more}{many} {story.names.table(plan.fact)}:",
        f"Found {more}{many} {story.names.table(plan.fact, plural=count != 1)}:",
    )


def _first_place(story: Story, who: str, what: str, value: str) -> str:
    """The first row of the list, and its number."""
    order, measures = story.plan.order, story.plan.measures
    if measures and measures[0].aggregate in {Aggregate.MINIMUM, Aggregate.MAXIMUM}:
        return f"**{who}**: {what} **{value}**."
    falling = order is None or order.descending
    most = story.pick("tertinggi", "highest") if falling else story.pick("terendah", "lowest")
    return story.pick(
        f"**{who}** memiliki {what} {most}: **{value}**.",
        f"**{who}** has the {most} {what}: **{value}**.",
    )


def _table(story: Story, rows: Rows) -> Iterator[str]:
    """A small Markdown table, row by row."""
    numeric = [story.kind(column) is Kind.NUMBER for column in rows.columns]
    yield "| " + " | ".join(story.header(column) for column in rows.columns) + " |\n"
    yield "|" + "|".join("---:" if right else "---" for right in numeric) + "|\n"
    for row in rows.data[:MAX_TABLE_ROWS]:
        cells = (story.value(cell, name) for cell, name in zip(row, rows.columns, strict=True))
        yield "| " + " | ".join(cells) + " |\n"
    hidden = len(rows.data) - MAX_TABLE_ROWS
    if hidden > 0 or rows.truncated:
        shown = min(len(rows.data), MAX_TABLE_ROWS)
        total = f"{len(rows.data)}{'+' if rows.truncated else ''}"
        yield story.pick(
            f"\nDitampilkan {shown} dari {total} baris.\n", f"\nShowing {shown} of {total} rows.\n"
        )


def _words(text: str) -> Iterator[str]:
    """The words of a sentence with their spaces: joined, they are the sentence again."""
    words = text.split(" ")
    for word in words[:-1]:
        yield word + " "
    yield words[-1]
