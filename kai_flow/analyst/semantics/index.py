"""Finds what the words of a question may mean in a database, by hashes that are built once."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from kai_flow.analyst.lexicon.data import CONCEPTS
from kai_flow.analyst.lexicon.lexicon import concepts, stem
from kai_flow.analyst.lexicon.spelling import Spelling
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.semantics.actions import Actions
from kai_flow.analyst.semantics.entries import Entry, entries_of
from kai_flow.analyst.semantics.model import Role, SemanticModel
from kai_flow.analyst.semantics.targets import How, Mention, Target, ValueTarget
from kai_flow.analyst.semantics.wording import LINKING, Bag, bags, joined, spoken

__all__ = ["MAX_NAME_TOKENS", "MAX_TOKENS", "MAX_VALUE_TOKENS", "Index"]

MAX_NAME_TOKENS = 6
"""Tokens of a mention by concepts at most, and of most names; a longer name of the database's own
makes longer mentions possible.
"""

BETWEEN = frozenset(["to", "per", "by", "terhadap"])
"""Linking words that relate two things, and stand in no name but their own."""

MAX_VALUE_TOKENS = 8
"""Tokens of a mention of a value at most."""

MAX_TOKENS = 16
"""Tokens of any mention at most."""

CONCEPT, SPELLED = 0.9, 0.6
"""What a match by concept, or of a corrected word, is worth."""

_Place = tuple[int, int, int]
_All = dict[_Place, tuple[float, How]]
"""The best match by first token, end, and number of the target."""


class Index:
    """What words may mean. It is immutable once built, and safe to share."""

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self._targets: list[Target] = []
        exact: defaultdict[str, list[tuple[int, Entry]]] = defaultdict(list)
        loose: defaultdict[Bag, list[tuple[int, Entry]]] = defaultdict(list)
        numbers: dict[Target, int] = {}
        words: dict[str, None] = {}
        longest = MAX_VALUE_TOKENS
        for entry in entries_of(model):
            number = numbers.setdefault(entry.target, len(self._targets))
            if number == len(self._targets):
                self._targets.append(entry.target)
            numbered = (number, entry)
            for key in entry.keys:
                exact[key].append(numbered)
            for bag in entry.bags:
                loose[bag].append(numbered)
            words.update(dict.fromkeys(entry.words))
            longest = max(longest, len(entry.words))
        # tuples of plain values: the garbage collector leaves them alone
        self._exact = {key: tuple(found) for key, found in exact.items()}
        self._loose = {bag: tuple(found) for bag, found in loose.items()}
        self._longest = min(longest, MAX_TOKENS)
        self._elements = frozenset(element for bag in self._loose for element in bag)
        self._spelling = Spelling([*words, *_words_of(self._elements)])
        self.actions = Actions(model)
        """What verbs point to."""
        self.numbers = frozenset(
            ref for ref, each in model.attributes.items() if each.role in {Role.ADDITIVE, Role.RATE}
        )
        """The columns that hold quantities, amounts and rates."""

    def mentions(self, tokens: Sequence[Token], language: str | None = None) -> tuple[Mention, ...]:
        """All that spans of the tokens may mean, overlapping and ambiguous ones included.

        They are in the order of the question, the longest and likeliest first. A quoted token
        means values only.
        """
        del language  # a name may be of either language, whatever that of the question
        found: _All = {}
        words = [token.word for token in tokens]
        self._add(found, words, None)
        written = [token.text.casefold() if token.word else "" for token in tokens]
        if written != words:  # a table may be called like a short form: "u", "utk"
            self._add(found, written, None)
        for at, word in self._spelling.corrected(words):
            self._add(found, [*words[:at], word, *words[at + 1 :]], at)
        self._add_quoted(found, tokens)
        return tuple(
            Mention(first, last, self._targets[number], round(score, 3), how)
            for (first, last, number), (score, how) in sorted(found.items(), key=_order)
        )

    def _add(self, found: _All, words: Sequence[str], changed: int | None) -> None:
        """Add what spans mean; with a corrected word, only spans that contain it."""
        stems = [stem(word) for word in words]
        coverable = self._coverable(words, stems)
        for first in range(len(words)):
            if changed is not None and changed < first:
                return
            key = bare = ""
            for last in range(first + 1, min(len(words), first + self._longest) + 1):
                if not words[last - 1]:
                    break  # a quoted token is no part of a longer span
                key += stems[last - 1]
                inside = bare  # the words inside that say nothing may be left out
                if last == first + 1 or words[last - 1] not in LINKING:
                    bare += stems[last - 1]
                elif words[last - 1] in BETWEEN:
                    bare = "\0"  # reviews to bookings are no bookings of reviews
                if changed is not None and last <= changed:
                    continue
                other = inside + stems[last - 1] if inside else key
                if key in self._exact or other in self._exact:
                    keys = dict.fromkeys((key, other))
                    self._add_exact(
                        found, (first, last), keys, words, corrected=changed is not None
                    )
                if last - first <= MAX_NAME_TOKENS and _is_phrase(words, coverable, first, last):
                    self._add_loose(found, words, (first, last), corrected=changed is not None)

    def _add_exact(
        self,
        found: _All,
        span: tuple[int, int],
        keys: dict[str, None],
        words: Sequence[str],
        *,
        corrected: bool,
    ) -> None:
        done = words[span[0]].endswith("ed")
        for at, key in enumerate(keys):
            for number, entry in self._exact.get(key, ()):
                if entry.tight and (at or done):
                    # orders of customers are no customers of orders, nor all orders returned ones
                    continue
                if corrected:
                    _keep(found, (*span, number), entry.score * SPELLED, "spelling")
                else:
                    _keep(found, (*span, number), entry.score, entry.how)

    def _add_loose(
        self, found: _All, words: Sequence[str], span: tuple[int, int], *, corrected: bool
    ) -> None:
        for bag in bags(_inner(tuple(words[span[0] : span[1]]))):
            for number, entry in self._loose.get(bag, ()):
                score = entry.score * CONCEPT
                if corrected:
                    _keep(found, (*span, number), score * SPELLED, "spelling")
                else:
                    how: How = "part" if entry.how == "part" else "concept"
                    _keep(found, (*span, number), score, how)

    def _coverable(self, words: Sequence[str], stems: Sequence[str]) -> list[bool]:
        """Whether each word, alone or with its neighbours, is a part of some name's meaning."""
        covered = [
            word in LINKING or f"={short}" in self._elements
            for word, short in zip(words, stems, strict=True)
        ]
        telling = [at for at, word in enumerate(words) if word not in LINKING]
        for start in range(len(telling)):
            for end in range(start + 1, min(start + 4, len(telling)) + 1):
                part = telling[start:end]
                if all(covered[at] for at in part):
                    continue
                if not self._elements.isdisjoint(concepts(tuple(words[at] for at in part))):
                    for at in part:
                        covered[at] = True
        return covered

    def _add_quoted(self, found: _All, tokens: Sequence[Token]) -> None:
        for at, token in enumerate(tokens):
            if token.word:
                continue
            for number, entry in self._exact.get(joined(spoken(token.text)), ()):
                if isinstance(entry.target, ValueTarget) and entry.how != "part":
                    _keep(found, (at, at + 1, number), entry.score, entry.how)


def _words_of(concept_names: Collection[str]) -> Iterator[str]:
    """The words of both languages for concepts: what may be misspelled besides names."""
    for lexicon in CONCEPTS.values():
        for concept, phrases in lexicon.items():
            if concept in concept_names:
                yield from (word for phrase in phrases for word in phrase)


def _is_phrase(words: Sequence[str], coverable: Sequence[bool], first: int, last: int) -> bool:
    """Whether a span may be a name in other words: linking words stand inside it only."""
    ends_well = words[first] not in LINKING and words[last - 1] not in LINKING
    return ends_well and all(coverable[first:last])


def _inner(span: tuple[str, ...]) -> tuple[str, ...]:
    """A span without the linking words inside it: "number of members"."""
    if len(span) < 3:
        return span
    middle = tuple(word for word in span[1:-1] if word not in LINKING)
    return (span[0], *middle, span[-1])


def _keep(found: _All, place: _Place, score: float, how: How) -> None:
    """Keep the best score of a span and target."""
    best = found.get(place)
    if best is None or best[0] < score:
        found[place] = (score, how)


def _order(item: tuple[_Place, tuple[float, How]]) -> tuple[int, int, float, int]:
    (first, last, number), (score, _) = item
    return first, -last, -score, number
