"""The questions of a schema: those of its TOML file, and for the demo those of the kinds."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs

from kai_flow.analyst.kinds import registry

__all__ = ["DECLINED", "FOLDER", "KINDS", "Question", "load", "samples"]

FOLDER: Final = Path(__file__).parent / "questions"

SAMPLES: Final = "samples"
"""The kind of the questions that the analyst's kinds bring along, except those to be declined."""

KINDS: Final = (
    "count", "distinct", "sum", "average", "minimum", "maximum", "median", "share", "ratio",
    "difference", "top", "superlative", "group", "group2", "filter_value", "filter_number",
    "negation", "and_or", "dates", "trend", "growth", "compare", "listing", "having", "catalogue",
    "derived", "joins", "flags_codes", SAMPLES, "decline", "ask_back",
)  # fmt: skip

DECLINED: Final = (
    "forecast", "cause", "no_such_column", "write", "language", "not_a_question", "reveal",
    "injection", "no_time", "unsupported", "too_long", "empty",
)  # fmt: skip
"""Why a question must be declined."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question and what must become of it: rows, a refusal, or a question in return."""

    id: str
    language: str
    kind: str
    ask: str
    sql: str = ""
    ordered: bool = False
    """Whether the rows must come in the order of the query's."""
    decline: str = ""
    ask_back: bool = False
    table: str = ""
    """Of CSV files: the one that is asked; the first without it."""
    renamed: str = ""
    """How the copy is asked, where the question quotes a name of the schema."""
    ways: tuple[str, ...] = ()
    """Other ways to ask the same, in the same language: each is a question of its own."""
    note: str = ""

    def __post_init__(self) -> None:
        if self.language not in {"id", "en"} or self.kind not in KINDS:
            raise ValueError(f"{self.id}: the language or the kind is not one of those allowed")
        if sum((bool(self.sql), bool(self.decline), self.ask_back)) != 1:
            raise ValueError(f"{self.id}: give one of sql, decline and ask_back")
        if (self.decline or "forecast") not in DECLINED:
            raise ValueError(f"{self.id}: {self.decline} is no reason to decline")
        if bool(self.decline) != (self.kind == "decline") or self.ask_back != (
            self.kind == "ask_back"
        ):
            raise ValueError(f"{self.id}: what is declined or asked back has that kind")
        if self.renamed and self.ways:
            raise ValueError(f"{self.id}: what quotes a name of the schema is asked in one way")

    def each_way(self) -> Iterator["Question"]:
        """The question, and one for each other way to ask it."""
        yield structs.replace(self, ways=())
        for at, way in enumerate(self.ways, 1):
            yield structs.replace(self, id=f"{self.id}-way{at}", ask=way, ways=())


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: tuple[Question, ...] = ()


def load(schema: str, group: str = "") -> tuple[Question, ...]:
    """The questions of a schema, of the evaluation or of a further set; none without a file."""
    path = FOLDER / group / f"{schema}.toml"
    if not path.exists():
        return ()
    read = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).question
    found = tuple(way for question in read for way in question.each_way())
    if not group:
        asked = {question.ask for question in found}
        found += tuple(sample for sample in samples(schema) if sample.ask not in asked)
    twice = list(_repeated(found))
    if twice:
        raise ValueError(f"{path.name}: {', '.join(twice)} used twice")
    return found


def samples(schema: str) -> tuple[Question, ...]:
    """The samples of the analyst's kinds over a schema; the id of each names its kind."""
    return tuple(
        Question(
            id=f"{kind.name}-{sample.language}-{at}",
            language=sample.language,
            kind="decline" if sample.decline else SAMPLES,
            ask=sample.ask,
            sql=sample.sql,
            ordered=sample.ordered,
            decline=sample.decline,
        )
        for kind in registry.KINDS
        for at, sample in enumerate(kind.samples, 1)
        if sample.schema == schema
    )


def _repeated(questions: tuple[Question, ...]) -> Iterator[str]:
    seen: set[str] = set()
    for question in questions:
        for text in (question.id, question.ask):
            if text in seen:
                yield text
            seen.add(text)
