"""What is told of a reading: its assumptions, the question back, or why there is no answer."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from kai_flow.analyst.answer import messages, questions_back, remarks
from kai_flow.analyst.answer.formats import day
from kai_flow.analyst.answer.message import Message, alternatives
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.reading import differences, understood
from kai_flow.analyst.answer.wording import Wording
from kai_flow.analyst.language import Language
from kai_flow.analyst.query.nodes import Query
from kai_flow.analyst.reading.choices import Note
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel

__all__ = ["assumptions", "choices", "question_back", "reason"]

_PLAIN: Final[dict[str, Message]] = {
    "advice": messages.ADVICE,
    "cause": messages.CAUSE,
    "compared_with": questions_back.COMPARED_WITH,
    "forecast": messages.FORECAST,
    "language": messages.UNKNOWN_LANGUAGE,
    "no_tables": messages.NO_TABLES,
    "nothing_known": messages.NOTHING_KNOWN,
    "reveal": messages.REVEAL,
    "sql": messages.RAW_SQL,
    "write": messages.WRITE,
}


def reason(  # noqa: PLR0911 -- one for each reason
    why: Note, model: SemanticModel, language: Language
) -> str:
    """Why a question is not answered, and the remedy."""
    names, given = Names(model, language), dict(why.values)
    if why.key in _PLAIN:
        return _PLAIN[why.key].say(language)
    match why.key:
        case "unknown_word" if "near" in given:
            return messages.UNKNOWN_WORD_NEAR.say(language, word=given["words"], near=given["near"])
        case "unknown_word":
            return messages.UNKNOWN_WORD.say(language, word=given["words"])
        case "impossible_date":
            return messages.IMPOSSIBLE_DATE.say(language, date=given["problem"])
        case "too_long":
            return messages.TOO_LONG.say(language, words=given["words"], most=given["most"])
        case "unconnected":
            table, other = names.rows(given["table"]), names.rows(given["other"])
            return messages.UNCONNECTED.say(language, table=table, other=other)
        case "no_time":
            return messages.NO_TIME.say(language, table=names.rows(given["table"]))
        case "rate_summed":
            return messages.RATE_SUMMED.say(language, column=given["column"])
        case "ranked_by_what":
            table = names.rows(given["table"]) if given["table"] else names.pick("ini", "these")
            numbers = [
                names.column(each.ref)
                for each in model.attributes.values()
                if each.role in {Role.ADDITIVE, Role.RATE}
            ]
            labels = alternatives(numbers[:3], language)
            return questions_back.RANKED_BY.say(language, table=table, choices=labels)
        case _:
            return messages.NOT_UNDERSTOOD.say(language, words=given.get("words", "…"))


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
                yield message.say(language, name=derived.name, formula=formula)
            case "guessed_join":
                join = model.joins[given["join"]]
                yield remarks.JOIN_GUESSED.say(
                    language,
                    table=names.rows(join.source),
                    other=names.rows(join.target),
                    columns=", ".join(f"{left} = {right}" for left, right in join.pairs),
                )
            case _:  # what the reading's sentence states already
                pass


def choices(
    readings: Sequence[Reading], model: SemanticModel, language: Language
) -> tuple[str, ...]:
    """What tells several readings apart, for each of them."""
    queries = [reading.query for reading in readings if reading.query is not None]
    labels = differences(queries, model, language)
    return (
        labels
        if len(set(labels)) == len(labels)
        else tuple(understood(query, model, language) for query in queries)
    )


def question_back(labels: Sequence[str], language: Language) -> str:
    """The question that asks which reading is meant."""
    return questions_back.WHICH.say(language, choices=alternatives(labels, language))


def measures_of(query: Query, model: SemanticModel, language: Language) -> tuple[str, ...]:
    """The measures of a query in words."""
    wording = Wording(Names(model, language), query)
    return tuple(wording.measure(measure) for measure in query.measures)


def catalogue(model: SemanticModel, language: Language) -> str:
    """What there is to ask about: tables with their columns."""
    names = Names(model, language)
    things = []
    for table, entity in model.entities.items():
        if entity.bridge:
            continue
        columns = [names.column(a.ref) for a in model.of(table) if a.role is not Role.KEY]
        things.append(f"{names.rows(table)} – {table} ({', '.join(columns[:8])})")
    return remarks.CAN_ASK.say(language, things="; ".join(things))
