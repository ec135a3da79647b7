"""The values of a column and what people call them."""

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.schema import Column, Kind
from kai_flow.analyst.semantics.model import Name, Role, Value
from kai_flow.analyst.semantics.names import collected, phrase
from kai_flow.analyst.semantics.wording import spoken

__all__ = ["values_of"]

YES = (("yes",), ("ya",), ("true",), ("benar",))
NO = (("no",), ("tidak",), ("false",), ("bukan",), ("salah",))
_TRUE = {"y", "yes", "ya", "t", "true", "1"}

Words = tuple[str, ...]


def values_of(column: Column, role: Role, names: tuple[Name, ...]) -> tuple[Value, ...]:
    """The values of a category, flag or name, in the order of the scan."""
    if role is Role.FLAG:
        return _flag(column, names)
    if role not in {Role.CATEGORY, Role.NAME, Role.TIME_PART}:
        return ()
    if column.kind in {Kind.NUMBER, Kind.KEY, Kind.YEAR}:
        return _coded(column)
    letters = _letters(column, names)
    return tuple(Value(value, _names(column, value, letters)) for value in column.values)


def _coded(column: Column) -> tuple[Value, ...]:
    """The values of a category that is kept as numbers, which the comment explains."""
    return tuple(
        Value(float(code), collected(_meant(text)))
        for code, text in column.note.meanings.items()
        if code.lstrip("-").replace(".", "", 1).isdecimal()
    )


def _names(column: Column, value: str, letters: dict[str, Words]) -> tuple[Name, ...]:
    """A value as written, what the comment calls it, and what a letter stands for."""
    own = [(value_words(value), 1.0)]
    if value.casefold() in letters:
        own.append((letters[value.casefold()], 0.95))
    return collected([*own, *_meant(column.note.meanings.get(value, ""))])


_GENDERS: tuple[dict[str, Words], ...] = (
    {"m": ("male",), "f": ("female",)},
    {"l": ("laki-laki",), "p": ("perempuan",)},
    {"p": ("pria",), "w": ("wanita",)},
)
"""The letters for men and women: those of English, and both pairs of Indonesian."""


def _letters(column: Column, names: tuple[Name, ...]) -> dict[str, Words]:
    """What single letters mean in a column of genders; nothing for any other column."""
    if not any("gender" in concepts(name.words) for name in names):
        return {}
    values = {value.casefold() for value in column.values if value.strip()}
    return next((pair for pair in _GENDERS if len(values) > 1 and values <= pair.keys()), {})


def _meant(text: str) -> list[tuple[Words, float]]:
    """The names in a comment's meaning of a value; "/" stands between several."""
    return [(phrase(name), 1.0) for name in text.split("/") if name.strip()]


def _written(value: str | float | bool) -> tuple[str, ...]:
    """What people write for a value, in lower case: 1 or true for yes."""
    if isinstance(value, bool):
        return ("true", "1", "t", "yes") if value else ("false", "0", "f", "no")
    return (f"{value:g}", str(value)) if isinstance(value, float) else (value.casefold(),)


def value_words(text: str) -> Words:
    """A value in words, as it is looked up."""
    return spoken(text)


def _flag(column: Column, names: tuple[Name, ...]) -> tuple[Value, ...]:
    """Both values of a flag. Its own adjectives name the value for yes: "active" of is_active."""
    yes, no = _pair(column)
    adjectives = [(name.words, min(name.weight, 0.95)) for name in names if name.weight >= 0.9]
    known = {value.casefold(): value for value in column.values}
    return (
        Value(yes, collected([*adjectives, *((w, 0.9) for w in YES), *_said(column, yes, known)])),
        Value(
            no,
            collected(
                [
                    *((("not", *words), weight) for words, weight in adjectives),
                    *((("tidak", *words), weight) for words, weight in adjectives),
                    *((w, 0.9) for w in NO),
                    *_said(column, no, known),
                ]
            ),
        ),
    )


def _said(
    column: Column, value: str | float | bool, known: dict[str, str]
) -> list[tuple[Words, float]]:
    """The value as written, and what the comment calls it."""
    keys = _written(value)
    found = [(value_words(known[key]), 1.0) for key in keys if key in known]
    meanings = {key.casefold(): text for key, text in column.note.meanings.items()}
    for key in keys:
        found += _meant(meanings.get(key.casefold(), ""))
    return found


def _pair(column: Column) -> tuple[str | float | bool, str | float | bool]:
    """The values for yes and no, as the database keeps them."""
    if column.kind in {Kind.NUMBER, Kind.YEAR}:
        return 1.0, 0.0
    if column.kind is not Kind.TEXT:
        return True, False
    known = {value: value.strip().casefold() for value in column.values}
    true = _TRUE - {"t"} if "y" in known.values() else _TRUE  # beside "y", "t" is "tidak"
    yes = [value for value, text in known.items() if text in true]
    no = [value for value, text in known.items() if text not in true]
    return (yes or [_opposite(no[0])])[0], (no or [_opposite(yes[0])])[0]


_OPPOSITES = {"y": "n", "yes": "no", "ya": "tidak", "t": "f", "true": "false", "1": "0"}


def _opposite(value: str) -> str:
    """The other value of a flag of which only one was seen, in the same case."""
    both = {**_OPPOSITES, **{no: yes for yes, no in _OPPOSITES.items()}, "bukan": "ya"}
    other = both[value.strip().casefold()]
    if value.isupper():
        return other.upper()
    return other.capitalize() if value.istitle() else other
