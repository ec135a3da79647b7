"""What is told of a reading: its assumptions, the question back, or why there is no answer."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Final

from kai_flow.analyst.answer import messages, questions_back, remarks
from kai_flow.analyst.answer.catalogue import summary
from kai_flow.analyst.answer.faults import told_fault
from kai_flow.analyst.answer.formats import day, number
from kai_flow.analyst.answer.message import Message, alternatives
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.reading import differences, understood
from kai_flow.analyst.answer.wording import GRAINS, Wording
from kai_flow.analyst.engines.study import SAMPLE_ROWS
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.nodes import Field, Query, joins_of
from kai_flow.analyst.query.refusals import Reason, sentence
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.undated import LEFT_OUT
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel

__all__ = ["assumptions", "choices", "question_back", "reason", "refusal", "sampled", "undated"]

_PLAIN: Final[dict[str, Message]] = {
    "advice": messages.ADVICE,
    "cause": messages.CAUSE,
    "compared_with": questions_back.COMPARED_WITH,
    "forecast": messages.FORECAST,
    "language": messages.UNKNOWN_LANGUAGE,
    "no_tables": messages.NO_TABLES,
    "no_reading": messages.NO_READING,
    "nothing_known": messages.NOTHING_KNOWN,
    "only_ever": questions_back.ONLY_EVER,
    "other_unit": questions_back.OTHER_UNIT,
    "reveal": messages.REVEAL,
    "rows_or_totals": questions_back.ROWS_OR_TOTALS,
    "sql": messages.RAW_SQL,
    "too_involved": messages.TOO_INVOLVED,
    "write": messages.WRITE,
}


_FILLED: Final[dict[str, tuple[Message, dict[str, str]]]] = {
    "no_choice": (messages.NO_CHOICE, {"number": "number"}),
    "too_long": (messages.TOO_LONG, {"words": "words", "most": "most"}),
    "unknown_word": (messages.UNKNOWN_WORD, {"word": "words"}),
}
"""Messages whose gaps are filled with what the reader gives: gap → its name there."""


def reason(why: Note, model: SemanticModel, language: Language) -> str:
    """Why a question is not answered, and the remedy."""
    given = dict(why.values)
    if why.key == "follow_up":
        names = Names(model, language)
        about = [_called(name, names) for name in given["names"].split("\n") if name]
        return sentence(language, Reason(given["reason"]), *about)
    if why.key == "impossible_date":
        return given["problem"]  # a sentence already, in the language of the question
    if why.key in _PLAIN:
        return _PLAIN[why.key].say(language)
    if why.key in _FILLED:
        message, gaps = _FILLED[why.key]
        return message.say(language, **{gap: given[name] for gap, name in gaps.items()})
    if why.key == "ill_typed":
        return told_fault(given, Names(model, language))
    return _about_tables(why.key, given, Names(model, language))


def refusal(why: Note, model: SemanticModel, language: Language) -> str:
    """The reason; if words were not known or not understood, also what there is to ask about."""
    said = reason(why, model, language)
    if why.key not in {"no_reading", "nothing_known", "not_understood", "unknown_word"}:
        return said
    return f"{said} {summary(model, language)}".strip()


def sampled(model: SemanticModel, query: Query, language: Language) -> tuple[str, ...]:
    """A remark on the query's tables of which only the first rows were scanned."""
    used = {query.fact, *(model.joins[join].target for join in joins_of(query))}
    tables = sorted(table for table in used if model.entities[table].sampled)
    if not tables:
        return ()
    names, rows = Names(model, language), number(SAMPLE_ROWS, language)
    called = names.both(names.rows(table) for table in tables)
    return (remarks.SAMPLED.say(language, tables=called, rows=rows),)


def _about_tables(key: str, given: dict[str, str], names: Names) -> str:
    """Why a question about known tables is not answered."""
    language = names.language
    match key:
        case "unconnected":
            table, other = names.rows(given["table"]), names.rows(given["other"])
            return messages.UNCONNECTED.say(language, table=table, other=other)
        case "no_time":
            return _no_time(given["table"], names)
        case "rate_summed" | "undated" if given["column"]:
            column = names.column(ColumnRef(given["table"], given["column"]))
            said = messages.RATE_SUMMED if key == "rate_summed" else messages.UNDATED
            return said.say(language, column=column)
        case "ranked_by_what":
            return _ranked_by(given.get("table", ""), names)
        case _ if given.get("words"):
            return messages.NOT_UNDERSTOOD.say(language, words=given["words"])
        case _:
            return messages.NO_READING.say(language)


def _called(name: str, names: Names) -> str:
    """What a table, a column or an axis is called; another name stays as it is."""
    model = names.model
    if name in model.entities:
        return names.rows(name)
    if name in model.axes:
        return names.axis(name, (), model.axes[name].table)
    ref = ColumnRef(*name.rpartition(".")[::2])
    return names.column(ref) if ref in model.attributes else name


def _no_time(table: str, names: Names) -> str:
    """A table without the time that is asked for: without any, or only with a coarser one."""
    axis = next(iter(names.model.axes_of(table)), None)
    if axis is None:
        return messages.NO_TIME.say(names.language, table=names.rows(table))
    finest = names.pick(*GRAINS[axis.finest])
    return messages.COARSE.say(names.language, axis=names.axis(axis.id, (), table), finest=finest)


def _ranked_by(table: str, names: Names) -> str:
    """Asks for the number that a ranking goes by, and offers some, the table's own if any."""
    rows = names.rows(table) if table else names.pick("ini", "these")
    numbers = [e for e in names.model.attributes.values() if e.role in {Role.ADDITIVE, Role.RATE}]
    own = [each for each in numbers if each.table == table]
    known = dict.fromkeys(names.column(each.ref) for each in own or numbers)
    labels = alternatives(list(islice(known, 3)), names.language)
    return questions_back.RANKED_BY.say(names.language, table=rows, choices=labels)


def assumptions(notes: Sequence[Note], model: SemanticModel, language: Language) -> Iterator[str]:
    """The assumptions of a reading, as sentences."""
    names = Names(model, language)
    for note in notes:
        given = dict(note.values)
        match note.key:
            case "anchor":
                at = day(date.fromisoformat(given["day"]), language)
                known = model.axes[given["axis"]]
                axis = names.column(ColumnRef(known.table, known.columns[0]))
                yield remarks.ANCHOR.say(language, day=at, axis=axis)
            case "derived":
                (derived,) = (
                    each
                    for each in model.derived
                    if (each.name, each.table) == (given["name"], given["table"])
                )
                formula = names.formula(derived.expression, derived.table)
                message = remarks.TAUGHT if derived.taught else remarks.DERIVED
                yield message.say(language, name=names.derived(derived.name), formula=formula)
                if derived.before:
                    columns = ", ".join(names.column(ref) for ref in derived.before)
                    yield remarks.BEFORE.say(language, columns=columns)
            case "guessed_join":
                join = model.joins[given["join"]]
                yield remarks.JOIN_GUESSED.say(
                    language,
                    table=names.rows(join.source),
                    other=names.rows(join.target),
                    columns=", ".join(f"{left} = {right}" for left, right in join.pairs),
                )
            case "set_aside":
                yield remarks.SET_ASIDE.say(language, words=given["words"])
            case _:  # what the reading's sentence states already
                pass


def choices(
    readings: Sequence[Reading], model: SemanticModel, language: Language
) -> tuple[str, ...]:
    """What tells several readings apart, for each of them."""
    queries = [reading.query for reading in readings if reading.query is not None]
    labels = differences(queries, model, language)
    if len(readings) == len(labels) and sum(map(_left_out, readings)) == 1:
        whatever = Names(model, language).pick("tanpa batas waktu", "whatever the time")
        pairs = zip(readings, labels, strict=True)
        labels = tuple(whatever if _left_out(reading) else label for reading, label in pairs)
    return (
        labels
        if len(set(labels)) == len(labels)
        else tuple(understood(query, model, language) for query in queries)
    )


def _left_out(reading: Reading) -> bool:
    """Whether a reading leaves out the period of the question, which only an offer does."""
    return any(note.key == LEFT_OUT for note in reading.notes)


def question_back(
    labels: Sequence[str], language: Language, *, instead: bool = False, undated: str = ""
) -> str:
    """The question that asks which reading is meant; ``instead`` of one that was answered.

    ``undated``: the numbers that have no time of their own, if it is asked because of that.
    """
    choices = alternatives(labels, language)
    if undated and not instead:
        return questions_back.NOT_OVER_TIME.say(language, measures=undated, choices=choices)
    which = questions_back.OR if instead else questions_back.WHICH
    return which.say(language, choices=choices)


def undated(readings: Sequence[Reading], model: SemanticModel, language: Language) -> str:
    """The numbers without a time of their own, of which the question names a period in vain."""
    query = next((each.query for each in readings if _left_out(each)), None)
    if query is None:
        return ""
    names = Names(model, language)
    columns = [names.field(o.by, query.fact) for o in query.order if isinstance(o.by, Field)]
    return names.both(dict.fromkeys(measures_of(query, model, language) or columns))


def measures_of(query: Query, model: SemanticModel, language: Language) -> tuple[str, ...]:
    """The measures of a query in words."""
    wording = Wording(Names(model, language), query)
    return tuple(wording.measure(measure) for measure in query.measures)
