"""Every line of the log has a kind with a stable name, and the page about logs lists them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kai_flow.stream.anomalies import Anomaly

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/logs.md").read_text()
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
GIVEN = {"callback_failed", *(f"callback_{one.name.lower()}" for one in Anomaly)}  # by a variable


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `log.…` or `….logger.…` in the code, and where it is."""
    for path in sorted((ROOT / "kai_flow").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                if node.func.attr in LEVELS and re.fullmatch(r"log|(\w+\.)?logger", owner):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


CALLS = dict(calls())


def kind_of(call: ast.Call) -> str | None:
    """The kind that the line of a call has; None: it has none that can be read here."""
    for keyword in call.keywords:
        if keyword.arg == "extra":
            found = re.search(r"about\('(\w+)'|about\((kind)", ast.unparse(keyword.value))
            return found and (found[1] or found[2])
    return None


@pytest.mark.parametrize("where", CALLS)
def test_a_line_has_a_kind(where: str) -> None:
    """Whoever adds a line names its kind, so that programs need not read the sentence."""
    assert kind_of(CALLS[where]) is not None, "say extra=about(…)"


def test_the_page_lists_every_kind() -> None:
    """The table has each kind once, in the order of the alphabet, and no other."""
    kinds = {kind for call in CALLS.values() if (kind := kind_of(call)) not in {None, "kind"}}
    table = PAGE[PAGE.index("## Kinds") :]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert listed == sorted(kinds | GIVEN)
