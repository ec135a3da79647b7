"""The analyst's refusals, questions back and remarks: clear sentences in both languages."""

import pytest

from kai_flow.analyst.answer import messages, questions_back, remarks
from kai_flow.analyst.answer.message import MAX_GAP, Message, alternatives

ALL = {
    name: message
    for module in (messages, questions_back, remarks)
    for name, message in vars(module).items()
    if isinstance(message, Message)
}
REFUSALS = {name: m for name, m in vars(messages).items() if isinstance(m, Message)}


@pytest.mark.parametrize("name", ALL)
def test_both_languages_say_the_same_with_the_same_gaps(name: str) -> None:
    """Every message has whole sentences in both languages, and the same gaps in each."""
    message = ALL[name]
    assert message.gaps == Message(message.english, message.indonesian).gaps
    for text in (message.indonesian, message.english):
        assert text.endswith((".", "?"))
        assert "  " not in text
        assert text[0].isupper() or text[0] in "“{"


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_a_reason_and_a_remedy(name: str) -> None:
    """Every refusal has two sentences at least: what is wrong, and what to do instead."""
    for text in (REFUSALS[name].indonesian, REFUSALS[name].english):
        assert text.count(". ") + text.count(".”") + text.endswith((".", "?")) >= 2


def test_the_gaps_of_a_message_are_filled() -> None:
    """A message with its values is a sentence that begins with a capital letter."""
    assert messages.NO_TIME.say("en", table="orders") == (
        "Orders has no column with a date or a year. Ask without a time."
    )
    assert messages.NO_TIME.say("id", table="pesanan") == (
        "Pesanan tidak memiliki kolom tanggal atau tahun. Tanyakan tanpa waktu."
    )


def test_what_a_person_typed_cannot_flood_or_break_a_message() -> None:
    """Long words are cut, and control characters and line breaks become spaces."""
    said = messages.UNKNOWN_WORD.say("en", word="a\x00b\nc" + "x" * 10_000)
    assert said.startswith("“a b cxxx")
    assert len(said) < 2 * MAX_GAP + 60
    assert said.isprintable()


def test_braces_in_a_word_are_not_a_gap() -> None:
    """A word that looks like a gap is repeated as it is."""
    assert "“{word.__class__}”" in messages.UNKNOWN_WORD.say("en", word="{word.__class__}")


def test_choices_are_joined_as_the_language_joins_them() -> None:
    """Choices read as a list with "or" before the last one."""
    assert questions_back.WHICH.say(
        "en", choices=alternatives(("order date", "ship date"), "en")
    ) == ("Which do you mean: order date or ship date?")
    assert alternatives(("a", "b", "c"), "en") == "a, b or c"
    assert alternatives(("a", "b", "c"), "id") == "a, b, atau c"
    assert alternatives(("a",), "id") == "a"
