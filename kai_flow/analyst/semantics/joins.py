"""The ways between tables along foreign keys, in both directions, and what role each has."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.schema import ForeignKey, Schema
from kai_flow.analyst.semantics.model import Entity, Join, Name
from kai_flow.analyst.semantics.names import collected
from kai_flow.analyst.semantics.vocabulary import DATES, IDS, NUMBERS
from kai_flow.analyst.semantics.wording import abbreviates, full_words, same, split_name

__all__ = ["KEY_WORDS", "Link", "declared_links", "joins_of"]

Link = tuple[str, ForeignKey, bool]
"""A table, a foreign key of it, and whether that key is only guessed."""

KEY_WORDS = IDS | NUMBERS | {"code", "kode", "kd", "cd", "name", "nama"}


def declared_links(schema: Schema) -> list[Link]:
    """The foreign keys that the database declares and whose target was scanned."""
    return [
        (table.name, key, False)
        for table in schema.tables.values()
        for key in dict.fromkeys(table.foreign_keys)
        if key.target in schema.tables and key.columns
    ]


def joins_of(links: Iterable[Link], entities: Mapping[str, Entity]) -> dict[str, Join]:
    """Both directions of each foreign key, by id; towards parents first."""
    up: dict[str, Join] = {}
    down: dict[str, Join] = {}
    for table, key, guessed in links:
        column = "+".join(key.columns)
        pairs = tuple(zip(key.columns, key.target_columns, strict=True))
        upward = f"{table}.{column}>{key.target}"
        if upward in up:
            continue
        one = entities[table].key
        names = role_names(key, entities[key.target])
        up[upward] = Join(upward, table, key.target, pairs, False, names, guessed)
        downward = f"{key.target}<{table}.{column}"
        back = tuple((theirs, ours) for ours, theirs in pairs)
        widens = not one or set(one) != set(key.columns)
        down[downward] = Join(downward, key.target, table, back, widens, (), guessed)
    plain = {(each.source, each.target) for each in up.values() if not each.names}
    special = {
        each.id for each in up.values() if each.names and (each.source, each.target) in plain
    }
    special |= {there for here, there in zip(up, down, strict=True) if here in special}
    return {name: replace(join, special=name in special) for name, join in {**up, **down}.items()}


def role_names(key: ForeignKey, target: Entity) -> tuple[Name, ...]:
    """What a foreign key calls its target, such as "origin"; empty if only by the target's name."""
    found: list[tuple[tuple[str, ...], float]] = []
    own = [name.words for name in target.names if name.weight >= 0.9]
    for column in key.columns:
        role = _without_target(_without_key_words(full_words(split_name(column))), own)
        if target.bridge:  # of a date dimension: "tanggal_kirim" → "kirim"
            role = tuple(word for word in role if word not in DATES)
        if not role or (len(key.columns) > 1 and len(role) > 2):
            continue
        found.append((role, 1.0))
        done = _done(role[0]) if len(role) == 1 else ""
        found += [((done, "by"), 0.9), ((done,), 0.8)] if done else []
    return collected(found) if found else ()


IRREGULAR: Final = {
    "driver": "driven",
    "seller": "sold",
    "buyer": "bought",
    "teacher": "taught",
    "writer": "written",
    "sender": "sent",
    "builder": "built",
    "payer": "paid",
}
"""What those who did something have done, where it does not end in "ed"."""


def _done(who: str) -> str:
    """What was done by somebody: "inspected" by an inspector; empty if the word does not tell."""
    agent = len(who) >= AGENT_LETTERS and who.endswith(("er", "or"))
    return IRREGULAR.get(who, f"{who[:-2]}ed" if agent else "")


AGENT_LETTERS: Final = 7
"""Letters at least of a word that is made from a verb: "inspector", and not "user"."""


def _without_key_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """A column's name without "id" and the like at its ends."""
    first, last = 0, len(words)
    while last - first > 1 and words[last - 1] in KEY_WORDS:
        last -= 1
    while last - first > 1 and words[first] in KEY_WORDS:
        first += 1
    return words[first:last]


def _without_target(words: tuple[str, ...], names: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What a column's name says besides its target's name: the role; empty if nothing."""
    if len(words) == 1 and words[0] in KEY_WORDS:
        return ()
    for name in names:
        if same(words, name) or set(words) <= set(name) or abbreviates(words, name):
            return ()
    for name in sorted(names, key=len, reverse=True):
        for size in {len(name), 1}:
            if len(words) > size:
                if same(words[-size:], name):
                    return words[:-size]
                if same(words[:size], name):
                    return words[size:]
    return words
