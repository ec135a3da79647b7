"""The page of the schemas, `tests/evals/schemas/README.md`: `python -m tests.evals.describe`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Final

from tests.engines.loading import Spec
from tests.evals.databases import SCHEMAS, Shape

__all__ = ["PAGE", "page"]

PAGE: Final = Path(__file__).parent / "schemas" / "README.md"

_SAMPLES: Final = 5  # different values shown of a column


def page() -> str:
    """The text of the page."""
    lines = [
        "# The schemas of the evaluation",
        "",
        "Written by `python -m tests.evals.describe`: the tables and columns of each schema, their",
        "names in the renamed copy, and some of the values.",
    ]
    for shape in SCHEMAS.values():
        lines += _schema(shape)
    return "\n".join(lines) + "\n"


def _schema(shape: Shape) -> Iterator[str]:
    yield f"\n## {shape.name} ({shape.kind})"
    if shape.glossary:
        yield "\nGlossary:\n"
        yield from (f"- {term} = `{meaning}`" for term, meaning in shape.glossary.items())
    for spec in shape.tables():
        note = f"; comment: {spec.comment}" if spec.comment else ""
        copy = shape.names[spec.name]
        yield f"\n### `{spec.name}` ({len(spec.rows):,} rows; copy: `{copy}`{note})"
        yield "\n| column | copy | type | keys | comment | values |\n|---|---|---|---|---|---|"
        for at, (name, kind, comment) in enumerate(spec.columns):
            other = shape.names[f"{spec.name}.{name}"]
            note = shorten(comment, 180, placeholder=" …")
            values = _values([row[at] for row in spec.rows])
            yield f"| `{name}` | `{other}` | {kind} | {_keys(spec, name)} | {note} | {values} |"


def _keys(spec: Spec, name: str) -> str:
    keys = ["primary"] if name in spec.primary else []
    keys += [f"→ {table}.{key}" for column, table, key in spec.foreign if column == name]
    return ", ".join(keys)


def _values(cells: Sequence[object]) -> str:
    """Some values, how many there are, the least and the greatest, and the empty cells."""
    given = [cell for cell in cells if cell is not None]
    different = list(dict.fromkeys(given))
    sample = different[: 12 if len(different) <= 12 else _SAMPLES]
    shown = ", ".join(shorten(str(cell), 60, placeholder=" …") for cell in sample)
    if len(different) > 12:
        low, high = min(different, key=_order), max(different, key=_order)
        shown += f" … ({len(different):,} different, {low} to {high})"
    empty = len(cells) - len(given)
    return (shown + (f"; {empty:,} NULL" if empty else "")).replace("|", "\\|").replace("\n", " ")


def _order(cell: object) -> tuple[float, str]:
    return (float(cell), "") if isinstance(cell, int | float) else (0.0, str(cell))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
