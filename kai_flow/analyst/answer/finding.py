"""The answer in words: one sentence that states the finding, then a table."""

from collections.abc import Iterator

from kai_flow.analyst.answer import remarks
from kai_flow.analyst.answer.cells import Node, shown
from kai_flow.analyst.answer.formats import moment, number
from kai_flow.analyst.answer.leaders import leaders
from kai_flow.analyst.answer.spans import outside
from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.query.nodes import During, Field, FieldGroup, Grain, PeriodGroup, TimeGroup
from kai_flow.analyst.semantics.model import Role

__all__ = ["MAX_TABLE_ROWS", "answer", "finding", "found_nothing", "header", "table"]

MAX_TABLE_ROWS = 20
"""Rows of a result that are shown in the answer's table."""


def answer(story: Story, insights: tuple[str, ...] = ()) -> Iterator[str]:
    """The whole answer, piece by piece: joined, the pieces are its Markdown text."""
    yield from _words(finding(story))
    if not _tabular(story):
        return
    yield "\n\n"
    yield from table(story)
    for insight in insights:
        yield "\n"
        yield from _words(insight)


def finding(story: Story) -> str:
    """What was found, in one or two sentences."""
    rows = story.rows.data
    if not rows or (story.query.measures and all(c is None for row in rows for c in row)):
        return _nothing(story)
    if not _tabular(story):
        beyond = outside(story.query.where, story.model) if not any(rows[0]) else None
        return f"{_totals(story)} {_extent(story, beyond)}" if beyond else _totals(story)
    found = leaders(story)
    meeting = _meeting(story) if story.query.having else ""
    if found:
        return f"{meeting} {found}".strip()
    return meeting or _introduction(story)


def found_nothing(story: Story) -> bool:
    """Whether there is nothing: no row, or only numbers that are zero or missing."""
    rows = story.rows.data
    return not rows or (bool(story.query.measures) and not any(any(row) for row in rows))


def table(story: Story) -> Iterator[str]:
    """A Markdown table, row by row; a last line says when rows are left out."""
    names, nodes, rows = story.names, story.nodes, story.rows
    yield "| " + " | ".join(header(story, at) for at in range(len(nodes))) + " |\n"
    yield "|" + "|".join("---" if _textual(node, story) else "---:" for node in nodes) + "|\n"
    for row in rows.data[:MAX_TABLE_ROWS]:
        cells = (shown(cell, node, names) for cell, node in zip(row, nodes, strict=False))
        yield "| " + " | ".join(cells) + " |\n"
    visible = min(len(rows.data), MAX_TABLE_ROWS)
    if rows.truncated:
        yield story.pick(
            f"\nDitampilkan {visible} baris; hasilnya lebih banyak daripada {len(rows.data)} baris"
            " yang dibaca.\n",
            f"\nShowing {visible} rows; there are more than the {len(rows.data)} that were read.\n",
        )
    elif len(rows.data) > visible:
        yield story.pick(
            f"\nDitampilkan {visible} dari {len(rows.data)} baris.\n",
            f"\nShowing {visible} of {len(rows.data)} rows.\n",
        )


def header(story: Story, at: int) -> str:
    """The heading of a column of the result."""
    node = story.nodes[at]
    if isinstance(node, Field):
        text = story.names.field(node, story.query.fact)
    elif at < len(story.query.groups):
        text = story.wording.group(story.query.groups[at])
    else:
        text = story.wording.measure(story.query.measures[at - len(story.query.groups)])
    return (text[:1].upper() + text[1:]).replace("|", "\\|")


def _tabular(story: Story) -> bool:
    """Whether the result is more than one row of totals."""
    return bool(story.query.groups or story.query.columns) and bool(story.rows.data)


def _textual(node: Node, story: Story) -> bool:
    """Whether a column is aligned to the left."""
    if isinstance(node, Field):
        return story.names.role(node) not in {Role.ADDITIVE, Role.RATE}
    return isinstance(node, FieldGroup | TimeGroup | PeriodGroup)


def _where(story: Story) -> str:
    """The filters, after what they filter; empty when there are none."""
    parts = story.wording.filters.parts(story.query.where)
    return story.pick(" dengan syarat ", " where ") + story.names.both(parts) if parts else ""


def _nothing(story: Story) -> str:
    """No row is left; the filters are what a person can change."""
    where = _where(story)
    rows = story.names.rows(story.query.fact)
    beyond = outside(story.query.where, story.model)
    if beyond is not None:
        return story.pick(f"Tidak ada {rows}{where}.", f"There are no {rows}{where}.") + (
            f" {_extent(story, beyond)}"
        )
    if where:
        return story.pick(
            f"Tidak ada {rows}{where}; longgarkan syaratnya.",
            f"There are no {rows}{where}; change or leave out a condition.",
        )
    if story.query.having:
        return story.pick(
            "Tidak ada kelompok yang memenuhi syarat ini; ubah batasnya.",
            "No group meets this condition; change its limit.",
        )
    return story.pick(f"Belum ada data untuk {rows}.", f"There is no data about {rows}.")


def _extent(story: Story, period: During) -> str:
    """From when to when the data goes."""
    axis = story.model.axes[period.axis]
    first, last = (moment(each or "", story.language) for each in (axis.first, axis.last))
    if axis.finest is Grain.YEAR:
        first, last = first[-4:], last[-4:]
    name = story.names.axis(period.axis, period.path, story.query.fact)
    return remarks.OUTSIDE.say(story.language, axis=name, first=first, last=last)


def _totals(story: Story) -> str:
    """One or more totals as a sentence."""
    values = []
    for measure, cell in zip(story.query.measures, story.rows.data[0], strict=False):
        text = story.wording.measure(measure)
        value = f"**{shown(cell, measure, story.names)}**"
        values.append(story.pick(f"{text} adalah {value}", f"the {text} is {value}"))
    scope = story.wording.scope() + _where(story)
    if len(values) > 1:
        text = story.names.both(values)
        inside = f" ({scope.strip()})" if scope else ""
        return f"{text[:1].upper()}{text[1:]}{inside}."
    head, _, value = values[0].rpartition(story.pick(" adalah ", " is "))
    text = f"{head}{scope}{story.pick(' adalah ', ' is ')}{value}"
    return f"{text[:1].upper()}{text[1:]}."


def _meeting(story: Story) -> str:
    """How many groups meet a condition on groups."""
    count = number(len(story.rows.data), story.language)
    if story.query.limit == len(story.rows.data) or story.rows.truncated:
        return ""
    one = len(story.rows.data) == 1
    return story.pick(
        f"**{count}** kelompok memenuhi syarat.",
        f"**{count}** {'group meets' if one else 'groups meet'} the condition.",
    )


def _introduction(story: Story) -> str:
    """The sentence before a table that has no first place."""
    query, count = story.query, len(story.rows.data)
    if query.measures:
        text = story.names.both(story.wording.measure(each) for each in query.measures)
        groups = story.names.both(story.wording.group(each) for each in query.groups)
        scope = story.wording.scope()
        return story.pick(
            f"Berikut {text}{scope} per {groups}:", f"Here is the {text}{scope} by {groups}:"
        )
    many = number(count, story.language)
    rows = story.names.rows(query.fact, one=count == 1)
    if query.distinct:
        return story.pick(
            f"Ditemukan {many} baris yang berbeda:",
            f"Found {many} different {'row' if count == 1 else 'rows'}:",
        )
    if story.rows.truncated or count == query.limit:
        if count == 1:
            return story.pick(f"Berikut {rows} pertama:", f"Here is the first {rows}:")
        return story.pick(f"Berikut {many} {rows} pertama:", f"Here are the first {many} {rows}:")
    return story.pick(f"Ditemukan {many} {rows}:", f"Found {many} {rows}:")


def _words(text: str) -> Iterator[str]:
    """The words of a sentence with their spaces: joined, they are the sentence again."""
    words = text.split(" ")
    for word in words[:-1]:
        yield word + " "
    yield words[-1]
