"""Ask the analyst every question of the evaluation and print how many answers are right.

The rows of each answer are compared with those of a query that was written by hand. Two processes
share the schemas. The exit code is 0 whatever the figures are.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec

from tests.evals.asking import EVERYTHING, OUTCOMES, Choice, Outcome, ask_all
from tests.evals.databases import SCHEMAS
from tests.evals.questions import KINDS

__all__ = ["accuracy", "evaluate", "main"]

PROCESSES: Final = 2


def evaluate(
    schemas: Iterable[str] = SCHEMAS,
    *,
    copies: Sequence[bool] = (False, True),
    choice: Choice = EVERYTHING,
) -> list[Outcome]:
    """The outcomes of the questions of these schemas, of their renamed copies, or of both."""
    with (
        tempfile.TemporaryDirectory(prefix="kai-evals-") as folder,
        # a fresh interpreter each: what runs in this one (pytest, its loop) is not copied
        ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool,
    ):
        path = Path(folder)
        tasks = [
            pool.submit(ask_all, schema, path, choice, copy=copy)
            for schema in schemas
            for copy in copies
        ]
        return [outcome for task in tasks for outcome in task.result()]


def accuracy(outcomes: Sequence[Outcome]) -> float:
    """The share of right outcomes."""
    return sum(each.outcome == "right" for each in outcomes) / max(len(outcomes), 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the evaluation as the arguments ask and print the figures."""
    asked = _arguments(arguments)
    outcomes = evaluate(
        asked.schema or SCHEMAS,
        copies=(True,) if asked.renamed else (False,) if asked.original else (False, True),
        choice=Choice(
            group=asked.set,
            kinds=tuple(asked.kind or ()),
            languages=tuple(asked.language or ()),
            ids=tuple(asked.id or ()),
        ),
    )
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(outcomes), indent=1))
    if not outcomes:
        print("There are no such questions.")
        return 0
    if asked.failures or asked.id:
        _print_failures(outcomes, also_right=bool(asked.id))
    print_figures(outcomes)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="just eval",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--schema", action="append", choices=[*SCHEMAS], help="only this schema; may be repeated"
    )
    parser.add_argument(
        "--kind", action="append", choices=KINDS, help="only this kind; may be repeated"
    )
    parser.add_argument(
        "--language", action="append", choices=("id", "en"), help="only questions in this language"
    )
    parser.add_argument(
        "--id", action="append", metavar="ID", help="only this question, shown; may be repeated"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--renamed", action="store_true", help="only the renamed copies")
    which.add_argument("--original", action="store_true", help="without the renamed copies")
    parser.add_argument(
        "--failures", action="store_true", help="show each answer that is not right"
    )
    parser.add_argument(
        "--set", default="", metavar="NAME", help="a further set: the folder questions/NAME"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every outcome to a file")
    return parser.parse_args(arguments)


def print_figures(outcomes: Sequence[Outcome]) -> None:
    """Accuracy by schema, language and kind, and what was not right."""
    by: dict[str, Callable[[Outcome], str]] = {
        "schema": lambda each: each.schema,
        "language": lambda each: each.language,
        "kind": lambda each: each.kind,
    }
    for title, key in by.items():
        print(f"\n{title:18} {'right':>11}  {'':6} wrong declined asked answered crashed")
        groups = dict.fromkeys(key(each) for each in outcomes)
        ranks = {kind: at for at, kind in enumerate(KINDS)}
        for group in sorted(groups, key=lambda name: ranks.get(name, -1)):
            print(_line(group, [each for each in outcomes if key(each) == group]))
    print()
    parts: dict[str, Callable[[Outcome], bool]] = {
        "original": lambda each: not each.schema.endswith("_renamed"),
        "renamed": lambda each: each.schema.endswith("_renamed"),
        "answerable": lambda each: each.kind not in {"decline", "ask_back"},
        "all": lambda _each: True,
    }
    for title, belongs in parts.items():
        if chosen := [each for each in outcomes if belongs(each)]:
            print(_line(title, chosen))
    counted = Counter(each.outcome for each in outcomes)
    print()
    for name, meaning in OUTCOMES.items():
        if name != "right":
            print(f"{counted[name]:5} ({counted[name] / len(outcomes):6.1%}) {meaning}")
    slowest = max(outcomes, key=lambda each: each.seconds)
    print(f"slowest: {slowest.seconds:.2f} s for {slowest.id} ({slowest.schema})")


def _line(name: str, outcomes: Sequence[Outcome]) -> str:
    counted = Counter(each.outcome for each in outcomes)
    total = len(outcomes)
    others = (f"{counted[each]:>{len(each)}}" for each in OUTCOMES if each != "right")
    share = f"{accuracy(outcomes):6.1%}"
    return f"{name:18} {counted['right']:5} of {total:3} {share} {' '.join(others)}"


def _print_failures(outcomes: Sequence[Outcome], *, also_right: bool) -> None:
    for each in outcomes:
        if also_right or each.outcome != "right":
            print(f"\n{each.id} ({each.schema}, {each.kind}): {OUTCOMES[each.outcome]}")
            print(f"  asked:    {each.ask[:300]}")
            for title, shown in (
                ("expected", each.expected or ""),
                ("found", each.found or ""),
                ("sql", each.sql),
                ("said", each.said[:300]),
            ):
                if shown:
                    print(f"  {title + ':':9} {shown}")
