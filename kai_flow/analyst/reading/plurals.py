"""Which names of a question are plurals: they ask for several rows."""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import ACTIONS
from kai_flow.analyst.lexicon.lexicon import concepts, stem
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import Words
from kai_flow.analyst.reading.reading import Plural

__all__ = ["plural_in"]


_VERBS: Final = frozenset(verb for action in ACTIONS for verb in action.verbs)
"""What one does, too: "which city ships the most orders"."""


def plural_in(tokens: Sequence[Token]) -> Plural:
    """Whether one of some words, which may be among some names, is a plural."""

    def plural(words: Words, names: frozenset[str]) -> bool:
        stems = frozenset(stem(name) for name in names)
        spoken = [tokens[at].word for at in words if not _one_of_several(tokens, at)]
        return any(
            word.endswith("s")
            and not word.endswith(("ss", "us", "is"))  # a status is no plural
            and word not in _VERBS
            and stem(word, "en") != word
            and _shares(word, stems)
            for word in spoken
        )

    return plural


def _one_of_several(tokens: Sequence[Token], at: int) -> bool:
    """Whether a noun names those that one is asked of: "which of our stores"."""
    before = [token.word for token in tokens[max(0, at - 3) : at]]
    return before[-2:] == ["which", "of"] or before[:2] == ["which", "of"]


def _shares(word: str, stems: frozenset[str]) -> bool:
    """Whether a word is one of the names, or means the same as one."""
    own = stem(word, "en")
    return own in stems or any(concepts((own,)) & concepts((name,)) for name in stems)
