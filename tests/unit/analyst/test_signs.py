"""The phrases of all kinds, as they stand in questions."""

from collections.abc import Mapping

import pytest

from kai_flow.analyst.kinds.registry import KINDS
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.reading.parts import Sign
from kai_flow.analyst.reading.signs import signs_of


def _phrases(language: Language) -> list[tuple[str, str]]:
    """Every phrase of a language, with the name of its sign."""
    found: list[tuple[str, str]] = []
    for kind in KINDS:
        named: Mapping[str, tuple[str, ...]] = kind.english if language == "en" else kind.indonesian
        found += [(phrase, sign) for sign, each in named.items() for phrase in each]
    return [(phrase, sign) for phrase, sign in found if sign not in {"glue", "which"}]


@pytest.mark.parametrize("language", ["en", "id"])
def test_each_phrase_is_the_sign_that_a_kind_says(language: Language) -> None:
    """A question that consists of a phrase has its sign, however the phrase is cut into words."""
    lost = []
    for phrase, sign in _phrases(language):
        words = [token.word for token in tokenize(phrase)]
        found = {(item.part, item.last - item.first) for item in signs_of(words, language)}
        if (Sign(sign), len(words)) not in found:
            lost.append(phrase)
    assert not lost
