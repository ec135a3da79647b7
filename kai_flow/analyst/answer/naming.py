"""Names of tables, columns, joins, axes and values in sentences for a person.

A name is the identifier's own words, unless something that was taught fits the language of the
question better. Two columns of a table, and two tables, never have the same name.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from kai_flow.analyst.answer.formats import exact, moment, with_unit
from kai_flow.analyst.answer.identifiers import bare, distinct, quoted, split
from kai_flow.analyst.answer.nouns import plural, singular
from kai_flow.analyst.answer.tongue import language_of, translated
from kai_flow.analyst.lexicon.lexicon import Language, expand
from kai_flow.analyst.query.nodes import Expression, Field, Lapse, Number, TimeUnit
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Attribute, Join, Name, Role, SemanticModel

__all__ = ["Names"]

_ID_WORDS: Final = frozenset({"id", "key", "fk", "sk", "code", "kode", "no", "nr", "num", "uuid"})

UNITS: Final[dict[TimeUnit, tuple[str, str]]] = {
    TimeUnit.MINUTE: ("menit", "minutes"),
    TimeUnit.HOUR: ("jam", "hours"),
    TimeUnit.DAY: ("hari", "days"),
    TimeUnit.WEEK: ("minggu", "weeks"),
    TimeUnit.MONTH: ("bulan", "months"),
    TimeUnit.YEAR: ("tahun", "years"),
}


class Names:
    """Names for one language, found when they are first needed."""

    def __init__(self, model: SemanticModel, language: Language) -> None:
        self.model = model
        self.language = language
        self._columns: dict[str, dict[str, str]] = {}  # table → column → its name

    def pick(self, indonesian: str, english: str) -> str:
        """The text in the language of the question."""
        return english if self.language == "en" else indonesian

    def both(self, parts: Iterable[str], word: str = "") -> str:
        """Parts joined by commas and a last "and"."""
        items = list(parts)
        word = word or self.pick("dan", "and")
        if len(items) < 3:
            return f" {word} ".join(items)
        comma = self.pick(",", "") if word in {"dan", "atau"} else ""
        return f"{', '.join(items[:-1])}{comma} {word} {items[-1]}"

    # Tables

    def rows(self, table: str, *, one: bool = False) -> str:
        """What the rows of a table are called; ``one``: a single row."""
        name = self._tables[table]
        tongue = language_of(name)
        if tongue is None and self._indonesian and name == bare(table):
            tongue = "id"
        if tongue == "id" or (self.language == "id" and not one):
            return name
        return singular(name) if one else plural(name)

    @cached_property
    def _tables(self) -> dict[str, str]:
        return distinct(
            {
                table: self._best(
                    bare(table), self.model.schema.tables[table].note.names, entity.names
                )
                for table, entity in self.model.entities.items()
            }
        )

    @cached_property
    def _indonesian(self) -> bool:
        """Whether the names of tables are more often Indonesian than English."""
        votes = Counter(language_of(split(table)) for table in self.model.entities)
        return votes["id"] > votes["en"]

    # Columns

    def column(self, ref: ColumnRef) -> str:
        """A column, without its table."""
        if ref.table not in self._columns:
            self._columns[ref.table] = distinct(
                {
                    a.column: self._best(
                        split(a.column), self.model.schema.column(a.ref).note.names, a.names
                    )
                    for a in self.model.of(ref.table)
                }
            )
        return self._columns[ref.table][ref.column]

    def field(self, field: Field, fact: str) -> str:
        """A column as it is reached from the fact table: "customer’s city"."""
        name = self.column(ColumnRef(field.table, field.column))
        if not field.path:
            return name
        owner = self.target(field.path, fact)
        if self._names_its_row(field) and not self._taken(owner, fact):
            return owner
        within = set(owner.split()) <= set(name.split())
        if within and self._usual(field.path, fact) and not self._taken(name, fact):
            return name
        if self.language == "en":
            return f"{owner}’s {name}"
        short = f"{name} {owner}"
        return f"{name} dari {owner}" if " dari " in owner or self._taken(short, fact) else short

    def axis(self, axis: str, path: tuple[str, ...], fact: str) -> str:
        """The time that an axis keeps: "order date"."""
        found = self.model.axes[axis]
        columns = (
            self.field(Field(table=found.table, column=column, path=path), fact)
            for column in found.columns
        )
        return self.both(dict.fromkeys(columns))  # the row of a calendar names all of its columns

    def formula(self, of: Expression, fact: str, *, inner: bool = False) -> str:
        """An expression with the names of its columns."""
        if isinstance(of, Lapse):
            return self._lapse(of, fact)
        if isinstance(of, Field):
            return self.field(of, fact)
        if isinstance(of, Number):
            return exact(of.value, self.language)
        sign = {"*": "×", "-": "−"}.get(of.operator, of.operator)
        left, right = (self.formula(part, fact, inner=True) for part in (of.left, of.right))
        return f"({left} {sign} {right})" if inner else f"{left} {sign} {right}"

    def _lapse(self, of: Lapse, fact: str) -> str:
        """A duration, with its unit."""
        start = self.field(of.start, fact)
        end = self.field(of.end, fact) if of.end is not None else moment(of.day, self.language)
        return self.pick(
            f"{UNITS[of.unit][0]} dari {start} sampai {end}",
            f"{UNITS[of.unit][1]} from {start} to {end}",
        )

    def derived(self, name: str) -> str:
        """A derived measure; a taught one by the name that it was given."""
        known = next((each for each in self.model.derived if each.name == name), None)
        return split(name) if known is None or known.taught else self._best(split(name), (), ())

    def role(self, field: Field) -> Role:
        """What a column is for."""
        return self.model.attributes[ColumnRef(field.table, field.column)].role

    def part(self, field: Field) -> str:
        """Which part of a date a column holds; empty if none."""
        return self.model.attributes[ColumnRef(field.table, field.column)].part

    def identified(self, field: Field, fact: str) -> str:
        """The rows that a key or the name of another row stands for: "customers"; else empty."""
        entity = self.model.entities[field.table]
        if field.path and ((field.column,) == entity.key or field.column == entity.label):
            return self.target(field.path, fact, many=True)
        if (field.column,) == entity.key:
            return self.rows(fact)
        ways = [
            join
            for join in self.model.joins.values()
            if join.source == field.table
            and not _downward(join)
            and join.pairs[0][0] == field.column
        ]
        if len(ways) != 1 or len(ways[0].pairs) != 1:
            return ""
        return self.target((*field.path, ways[0].id), fact, many=True)

    # Joins

    def target(self, path: tuple[str, ...], fact: str, *, many: bool = False) -> str:
        """The table at the end of joins, by its role or by its name; ``many``: its rows."""
        if many:
            text = self.target(path, fact)
            english = language_of(text) != "id" and self.language == "en"
            return plural(text) if english else text
        joins = [self.model.joins[each] for each in path]
        if self._usual(path, fact):
            return self._step(joins[-1])
        steps = [self._step(join) for join in joins]
        return "’s ".join(steps) if self.language == "en" else " dari ".join(reversed(steps))

    def _step(self, join: Join) -> str:
        """The target of one join."""
        table = self.rows(join.target, one=True)
        others = [
            each
            for each in self.model.joins.values()
            if (each.source, each.target, _downward(each))
            == (join.source, join.target, _downward(join))
        ]
        same_table = join.source == join.target
        if len(others) == 1 and not join.names and not same_table:
            return table
        role = self._role(join)
        if any(self._role(each) == role for each in others if each.id != join.id):
            role = " + ".join(split(column) for column in _columns(join))
        if _downward(join):
            return f"{table} ({self.pick('sebagai', 'as')} {role})"
        return role or table

    def _role(self, join: Join) -> str:
        """What a foreign key calls its target: ``origin_city_id`` is "origin city"."""
        roles = []
        for column in _columns(join):
            words = split(column).split()
            while len(words) > 1 and words[-1] in _ID_WORDS:
                words.pop()
            roles.append(self._best(" ".join(words), (), ()))
        return " + ".join(roles)

    def _usual(self, path: tuple[str, ...], fact: str) -> bool:
        """Whether a path is the only shortest one to its table, so that the table names it."""
        target = self.model.joins[path[-1]].target
        if target == fact:
            return False
        ways: dict[str, int] = {fact: 1}
        for _ in path:
            if target in ways:
                return False
            after: Counter[str] = Counter()
            for join in self.model.joins.values():
                if join.source in ways and join.target not in ways:
                    after[join.target] += ways[join.source]
            ways.update(after)
        return ways.get(target) == 1

    def _names_its_row(self, field: Field) -> bool:
        """Whether a column says which row it is, so that the name of the table is enough."""
        entity = self.model.entities[field.table]
        return field.column == entity.label or entity.bridge

    def _taken(self, phrase: str, fact: str) -> bool:
        """Whether a column of the fact table has this name."""
        return any(self.column(attribute.ref) == phrase for attribute in self.model.of(fact))

    # Values

    def value(self, of: Field | None, value: str | float | bool, *, whole: bool = True) -> str:
        """A value that a column is compared with; ``whole``: not only with a part of it."""
        attribute = self.model.attributes.get(ColumnRef(of.table, of.column)) if of else None
        role = attribute.role if attribute else Role.OTHER
        if isinstance(value, bool) or (role is Role.FLAG and value in {0, 1}):
            return self.pick("ya", "yes") if value else self.pick("tidak", "no")
        if isinstance(value, str):
            return self._text(attribute, value) if whole else quoted(value)
        if role in {Role.TIME_PART, Role.KEY, Role.CODE} and float(value).is_integer():
            return str(int(value))
        return with_unit(exact(value, self.language), attribute.unit if attribute else "")

    def _text(self, attribute: Attribute | None, value: str) -> str:
        if attribute is not None and attribute.role is Role.TIME:
            written = moment(value, self.language)
            return quoted(value) if written == value else written
        known = next((v for v in attribute.values if v.value == value), None) if attribute else None
        meaning = self._meaning(known.names, value) if known else ""
        return f"{quoted(value)} ({meaning})" if meaning else quoted(value)

    def _meaning(self, names: tuple[Name, ...], value: str) -> str:
        """What a code such as "A" stands for; empty when the value says it itself."""
        others = [
            name for name in (" ".join(each.words) for each in names) if name != value.casefold()
        ]
        return next(iter(others), "") if len(value) <= 3 else ""

    def _best(self, own: str, taught: Iterable[str], names: Iterable[Name]) -> str:
        """The name that fits the language; of equals the first."""
        own = " ".join(part for word in own.split() for part in expand(word))
        found = [own, *taught, *(" ".join(name.words) for name in names if name.taught)]
        found += filter(None, [translated(own, self.language)])
        fit = {self.language: 2, None: 1}
        return max(found, key=lambda name: fit.get(language_of(name), 0))


def _downward(join: Join) -> bool:
    """Whether a join leads from the table that a foreign key points to."""
    return join.id.startswith(f"{join.source}<")


def _columns(join: Join) -> tuple[str, ...]:
    """The columns of its foreign key."""
    return tuple(its if _downward(join) else mine for mine, its in join.pairs)
