"""Whole sessions in virtual time: the very classes of producer, bridge and reader, under faults."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from typing import Any, NamedTuple

import pytest

from tests.children import bound
from tests.simulation.drawing import draw
from tests.simulation.explore import shrink
from tests.simulation.mutants import MUTANTS
from tests.simulation.reach import CORE, not_reached
from tests.simulation.schedule import Report, simulate
from tests.simulation.seeds import RECORDED, SCHEDULES, SEEDS, UNRECORDED

HOUSE = Path(__file__).parents[2]


class Exploration:
    """Schedules run by a process of their own; with `data` it notes what they reach."""

    def __init__(self, seeds: Sequence[int], data: Path | None = None) -> None:
        self._output: str | None = None
        files = ",".join(str(file) for file in CORE)
        noting = ["-m", "coverage", "run", "--branch", f"--data-file={data}", f"--include={files}"]
        explore = ["-m", "tests.simulation.explore", *map(str, seeds)]
        self.process = Popen(
            bound([sys.executable, *(noting if data else ()), *explore]),
            cwd=HOUSE, stdout=PIPE, stderr=STDOUT, text=True,
        )  # fmt: skip

    def outcome(self) -> tuple[int, str]:
        """Its exit code and its output."""
        if self._output is None:
            self._output, _ = self.process.communicate()
        return self.process.returncode, self._output

    def kill(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.outcome()


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the recorded schedules note what they reach."""
    return tmp_path_factory.mktemp("reach") / "recorded"


@pytest.fixture(scope="module")
def explorations(reached: Path) -> Iterator[dict[str, Exploration]]:
    """All of CI's schedules, run once for all tests here, side by side."""
    started = {
        "recorded": Exploration(RECORDED, reached),
        "unrecorded": Exploration(UNRECORDED),
    }
    yield started
    for exploration in started.values():
        exploration.kill()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", ["recorded", "unrecorded"])
def test_every_invariant_holds_under_any_fault(
    which: str, explorations: dict[str, Exploration]
) -> None:
    """Whatever is lost, late, doubled or killed, every reader ends with exactly the stream."""
    code, output = explorations[which].outcome()
    assert code == 0, output


@pytest.mark.timeout(300)
def test_the_schedules_reach_every_line_and_branch_of_the_core(
    explorations: dict[str, Exploration], reached: Path, tmp_path: Path
) -> None:
    """What decides is met by some schedule in each of its cases; nothing of it is dead code."""
    outcomes = [exploration.outcome() for exploration in explorations.values()]
    assert all(code == 0 for code, _ in outcomes), "only schedules that run to their end can tell"
    missed = not_reached([reached], tmp_path / "reach.json")
    if missed:  # the others may meet it: a schedule of theirs belongs into RARE then
        more = Exploration(UNRECORDED, tmp_path / "unrecorded")
        try:
            more.outcome()
        finally:
            more.kill()
        missed = not_reached([reached, tmp_path / "unrecorded"], tmp_path / "reach.json")
    assert not missed, "no schedule reaches\n" + "\n".join(missed)


def test_the_same_seed_is_the_same_schedule() -> None:
    """Two runs of a seed agree in every message, event and time, so that a failure replays."""
    for seed in range(SEEDS[0], SEEDS[0] + 12):
        assert simulate(draw(seed)).trace == simulate(draw(seed)).trace


def test_a_failing_schedule_is_made_small() -> None:
    """What is reported of a failure is no more than it takes to see it: here nothing goes wrong."""
    plan = draw(SEEDS[0])
    assert len(plan.faults) > 1
    assert len(plan.readers) > 1
    with MUTANTS["received counts as durable"]():
        least = shrink(plan)
    assert least.violation is not None
    assert len(least.plan.faults) == 0
    assert len(least.plan.readers) == 1


def test_readers_cost_nothing_and_change_nothing() -> None:
    """With no reader the agent gets the same result and the server as many signals as with some."""
    plans = [draw(seed) for seed in range(SEEDS[0], SEEDS[0] + SCHEDULES)]
    for plan in (plan for plan in plans if plan.fair and not plan.settings.clumsy):
        results, signals = _cost(simulate(plan))
        alone = _cost(simulate(plan._replace(readers=(), direct=False)))
        assert alone.results == results, plan
        # Readers' calls draw from the same dice as the signals: a batch may end an event later.
        assert abs(alone.signals - signals) <= 2 + 0.2 * signals, plan


class _Cost(NamedTuple):
    results: list[Any]
    signals: int


def _cost(report: Report) -> _Cost:
    assert report.violation is None, report.violation
    signals = sum(what == "signal" for _, what, *_ in report.trace)
    outcomes = [rest[1] for _, what, *rest in report.trace if what == "closed"]
    for outcome in outcomes:  # which POSTs had succeeded by then is the network's to say
        for counter in ("events_sent", "events_failed"):
            outcome.get("result", {}).pop(counter, None)
    return _Cost(outcomes, signals)
