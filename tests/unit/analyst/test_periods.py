"""Periods in questions: every form, in both languages, as exactly the days that it means."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.lexicon.data import LEXICONS, Language
from kai_flow.analyst.lexicon.periods import (
    Days,
    Latest,
    Part,
    Period,
    PeriodSpan,
    Reach,
    Yearless,
    find_periods,
    resolve,
)
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.query.nodes import Grain

ROWS = [
    tuple(cell.strip() for cell in line.split("|"))
    for line in Path(__file__).with_name("period_phrases.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def shown(period: Period) -> str:
    """A period as the table writes it."""
    match period:
        case Days(start, end):
            return f"{start or ''}..{end or ''}"
        case Latest(unit, count, back):
            return f"latest {unit} {count} {back}"
        case Part(part, values):
            return f"{part} {' '.join(map(str, values))}"
        case Yearless(start, end):
            ends = ["{}/{}".format(*each) if each else "" for each in (start, end)]
            return f"yearless {'..'.join(ends)}"
        case Reach(side, of):
            return f"{side} {shown(of)}"


def whole(text: str, language: Language) -> list[PeriodSpan]:
    """The periods that all words of a text are."""
    tokens = tokenize(text)
    return [
        span
        for span in find_periods(tokens, language)
        if (span.first, span.last) == (0, len(tokens))
    ]


def in_table(text: str, language: Language) -> list[str]:
    """What a phrase means, as the table writes it."""
    spans = whole(text, language)
    return ["problem" if span.problem else shown(span.period) for span in spans]


@pytest.mark.parametrize(("language", "phrase", "expected"), ROWS)
def test_a_phrase_is_the_period_that_it_means(
    language: Language, phrase: str, expected: str
) -> None:
    """Every phrase of the table is read as its period, and as no other one."""
    assert in_table(phrase, language) == expected.split(" ; ")


@pytest.mark.parametrize(
    "phrase",
    ["early 2024", "akhir tahun 2023", "12-34-56", "half year", "Senin lalu", "2024 - 2023", "3D"],
)
def test_what_is_vague_or_no_period_is_not_guessed(phrase: str) -> None:
    """A phrase without exact days is no period as a whole."""
    assert not whole(phrase, "en")
    assert not whole(phrase, "id")


@pytest.mark.parametrize(
    ("language", "question", "words", "expected"),
    [
        ("en", "March and April 2025", "March", "2025-03-01..2025-04-01"),
        ("en", "jan, feb and mar 2024", "jan", "2024-01-01..2024-02-01"),
        ("en", "Q1 vs Q2 2024", "Q1", "2024-01-01..2024-04-01"),
        ("en", "March 2024 and April", "April", "2024-04-01..2024-05-01"),
        ("id", "bulan Maret dan April 2025", "Maret", "2025-03-01..2025-04-01"),
        ("id", "tanggal 1 dan 5 Maret 2025", "1", "2025-03-01..2025-03-02"),
        ("id", "bandingkan Januari dengan Februari 2024", "Januari", "2024-01-01..2024-02-01"),
    ],
)
def test_a_list_of_dates_shares_what_only_one_of_them_says(
    language: Language, question: str, words: str, expected: str
) -> None:
    """In "March and April 2025" March is most likely that of 2025."""
    tokens = tokenize(question)
    spans = [
        span
        for span in find_periods(tokens, language)
        if " ".join(token.text for token in tokens[span.first : span.last]) == words
    ]
    best = max(spans, key=lambda span: span.score)
    assert shown(best.period) == expected
    assert all(span.score <= 0.8 * best.score for span in spans if span.period != best.period)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (Latest(Grain.MONTH, 1, 0), "2024-03-01..2024-04-01"),
        (Latest(Grain.MONTH, 1, 1), "2024-02-01..2024-03-01"),
        (Latest(Grain.MONTH, 3, 0), "2024-01-01..2024-04-01"),
        (Latest(Grain.MONTH, 1, 3), "2023-12-01..2024-01-01"),
        (Latest(Grain.QUARTER, 1, 1), "2023-10-01..2024-01-01"),
        (Latest(Grain.YEAR, 2, 1), "2022-01-01..2024-01-01"),
        (Latest(Grain.WEEK, 1, 0), "2024-03-11..2024-03-18"),
        (Latest(Grain.DAY, 7, 0), "2024-03-08..2024-03-15"),
        (Latest(Grain.DAY, 1, 1), "2024-03-13..2024-03-14"),
        (Latest(Grain.DAY, 10**9, 0), "..2024-03-15"),
        (Reach("since", Latest(Grain.MONTH, 1, 1)), "2024-02-01.."),
        (Reach("after", Latest(Grain.MONTH, 1, 1)), "2024-03-01.."),
        (Reach("before", Latest(Grain.YEAR, 1, 0)), "..2024-01-01"),
        (Reach("until", Latest(Grain.YEAR, 1, 1)), "..2024-01-01"),
        (Yearless((3, 1), None), "2024-03-01.."),
        (Yearless((4, 1), None), "2023-04-01.."),
        (Yearless((3, 14), (3, 15)), "2024-03-14..2024-03-15"),
        (Yearless((12, 31), (1, 1)), "2023-12-31..2024-01-01"),
        (Yearless((2, 29), (3, 1)), "2024-02-29..2024-03-01"),
        (Yearless(None, (3, 1)), "..2024-03-01"),
        (Part("month", (3,)), ".."),
        (Days("2020-01-01", None), "2020-01-01.."),
    ],
)
def test_a_period_is_resolved_against_the_anchor(period: Period, expected: str) -> None:
    """Relative periods are whole units that end with the anchor's, or before it."""
    assert shown(resolve(period, date(2024, 3, 14))) == expected


def _written(day: date) -> list[tuple[Language, str]]:
    """Every form in which a day is written."""
    forms: list[tuple[Language, str]] = []
    for language in ("id", "en"):
        months = LEXICONS[language]["months"][str(day.month)]
        for month in (months[0], months[0].title(), *months[1:]):
            forms += [
                (language, f"{day.day} {month} {day.year}"),
                (language, f"{day.day:02} {month}, {day.year}"),
                (language, f"{day.day}-{month}-{day.year}"),
                (language, f"{month} {day.day}, {day.year}"),
            ]
        forms += [(language, day.isoformat()), (language, f"{day:%Y/%m/%d}")]
        forms.append((language, f"{day:%Y%m%d}"))
    forms += [("id", f"tanggal {day.day} {months} {day.year}") for months in _indonesian(day)]
    forms += [("id", f"{day:%d/%m/%Y}"), ("id", f"{day:%d-%m-%y}"), ("id", f"{day:%d.%m.%Y}")]
    return forms


def _indonesian(day: date) -> list[str]:
    names: list[str] = LEXICONS["id"]["months"][str(day.month)]
    return names


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_in_every_form_is_exactly_that_day(day: date) -> None:
    """A date is the same day in whatever usual form it is written."""
    expected = Days(day.isoformat(), (day + timedelta(days=1)).isoformat())
    for language, text in _written(day):
        assert [(text, span.period) for span in whole(text, language)] == [(text, expected)]


PIECES = (
    "1 15 31 32 2 2024 2025 1999 0 . , - / Maret March mei may q1 h2 kuartal ii first second last"
    " past this next the of to and dan dari sampai hingga between antara since sejak before after"
    " until month bulan year tahun week minggu hari days ago lalu terakhir ini kemarin today"
    " senin monday sun ke th tanggal setahun ytd dua three 12.03.2024 20240101 onwards '25 fy24 s d"
)


@given(
    st.lists(st.sampled_from(PIECES.split()), max_size=14),
    st.sampled_from(["id", "en"]),
    st.dates(),
)
def test_spans_lie_within_the_question_and_can_be_resolved(
    pieces: list[str], language: Language, anchor: date
) -> None:
    """Whatever the words are, spans lie within them and periods begin before they end."""
    tokens = tokenize(" ".join(pieces))
    for span in find_periods(tokens, language):
        assert 0 <= span.first < span.last <= len(tokens)
        assert 0 < span.score <= 1
        days = resolve(span.period, anchor)
        if days.start and days.end:
            assert date.fromisoformat(days.start) < date.fromisoformat(days.end)
        if isinstance(span.period, Days) and span.period == Days(None, None):
            assert span.problem


@given(st.text(max_size=80), st.sampled_from(["id", "en"]))
def test_no_text_is_too_strange(text: str, language: Language) -> None:
    """Any text whatever has its periods, mostly none."""
    find_periods(tokenize(text), language)
