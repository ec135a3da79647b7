"""Measures KAI Flow beside other ways to stream: `just bench [WORKLOAD …]`.

Every server, worker and group of readers is a process of its own, as in production. The figures
depend on the machine and on what else it does, so compare only figures of one run with each other.
No figure makes the command fail. A run of all workloads writes docs/benchmarks.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from kai_flow.settings import StartError
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from tests.bench import page, report
from tests.bench.figures import Figures, Record, Results, Workload, number
from tests.bench.machine import machine
from tests.bench.stack import Stack
from tests.bench.workloads.registry import WORKLOADS


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="just bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="workloads:\n" + "\n".join(map(described, WORKLOADS)),
    )
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer cases, one round: 2 minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument(
        "--write",
        action="store_true",
        help="also write docs/benchmarks, and the figures that README and docs quote, as a whole "
        "run does: workloads that are not measured keep their results",
    )
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="print new over old of an earlier --json"
    )
    asked = parser.parse_args(given)
    if unknown := [name for name in asked.workloads if name not in names]:
        parser.error(f"{', '.join(unknown)}: no such workload; there are {', '.join(names)}")
    if asked.quick and asked.write:
        parser.error("--quick leaves out cases: --write takes none of its figures")
    if asked.json is not None and not asked.json.absolute().parent.is_dir():
        parser.error(f"{asked.json}: there is no such folder")
    asked.write = asked.write or not (asked.quick or asked.workloads)
    asked.chosen = [w for w in WORKLOADS if w.name in (asked.workloads or names)]
    asked.before = None if asked.compare is None else read(parser, asked.compare)
    return asked


def described(workload: Workload) -> str:
    """A paragraph of the help."""
    name = f"  {workload.name:<10} "
    return textwrap.fill(workload.about, 90, initial_indent=name, subsequent_indent=" " * len(name))


def read(parser: argparse.ArgumentParser, file: Path) -> Results:
    """The results of an earlier run."""
    try:
        return Results.from_json(json.loads(file.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"{file} is no file that --json wrote: {error}")


async def measure(chosen: Sequence[Workload], results: Results, quick: bool) -> bool:
    """Run the workloads one after the other; prints a table after each. False if one broke."""
    about = machine()
    print("\n".join(f"{name}: {value}" for name, value in about.items()))
    whole = True
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = await stack.enter_async_context(dev_server(stop_seconds=0))
        programs = Stack(await connect(server.address), server, home, stack)
        for workload in chosen:
            print(f"\n{workload.name}: {workload.about}", flush=True)
            results.measured[workload.name] = about
            try:
                await workload.run(programs, recorder(results, workload), quick)
            except Exception:  # noqa: BLE001  (the others are measured all the same)
                traceback.print_exc()
                del results.measured[workload.name]
                whole = False
            finally:
                print("\n" + report.text(report.table(results, workload)), flush=True)
    return whole


def recorder(results: Results, workload: Workload) -> Record:
    """Takes what a workload measures, and prints a line."""

    def record(case: str, system: str, figures: Figures, wrong: list[str]) -> None:
        row = results.row(workload.name, case, system)
        if figures:
            row.add(figures)
        row.wrong += [text for text in wrong if text not in row.wrong]
        shown = "  ".join(
            f"{key} {number(figures[key])}" for key in workload.columns if key in figures
        )
        print(f"  {case:<24} {system:<25} {shown} {'; '.join(wrong)}".rstrip(), flush=True)

    return record


def publish(results: Results) -> None:
    """Write docs/benchmarks."""
    everything = page.written() if page.RESULTS.exists() else Results()
    everything.replace(results)
    problems = page.write(everything)
    print("written: docs/benchmarks, and the figures that README and docs quote", flush=True)
    for problem in problems:
        print(f"not quoted: {problem}")


def main(given: Sequence[str]) -> int:
    """Measure, print, write."""
    asked = arguments(given)
    results = Results()
    began = time.monotonic()
    interrupted = whole = False
    try:
        whole = asyncio.run(measure(asked.chosen, results, asked.quick))
    except KeyboardInterrupt:
        interrupted = True
    except StartError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(f"\n({time.monotonic() - began:.0f} s{', interrupted' if interrupted else ''})")
    if asked.json is not None:
        asked.json.write_text(page.as_text(results))
    if asked.write and not interrupted:  # of a workload that broke it has nothing
        publish(results)
    if asked.before is not None:
        print("\nnew over old:", *report.compared(results, asked.before), sep="\n  ")
    return 130 if interrupted else 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
