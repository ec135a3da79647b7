"""Many schedules: run them until one fails, and make the failing one small.

`python -m tests.simulation.explore SEED…` does so for a test, in a process of its own.
"""

import sys
from collections.abc import Iterator, Sequence

from tests.simulation.drawing import draw
from tests.simulation.plan import Plan
from tests.simulation.program import Program, Together
from tests.simulation.schedule import Report, simulate


def first_failure(seeds: Sequence[int]) -> tuple[int, Report | None]:
    """Run the schedules of `seeds` up to the first that fails: how many were run, and that one."""
    for count, seed in enumerate(seeds, 1):
        report = simulate(draw(seed))
        if report.violation is not None:
            return count, report
    return len(seeds), None


def shrink(plan: Plan) -> Report:
    """A smaller schedule that still fails: what can be left out is left out, one by one."""
    report = simulate(plan)
    assert report.violation is not None, "only a schedule that fails can be made smaller"
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(report.plan):
            attempt = simulate(candidate)
            if attempt.violation is not None:
                report, smaller = attempt, True
                break
    return report


def describe(report: Report) -> str:
    """A failure, how to see it again, and the least that shows it."""
    least = shrink(report.plan)
    faults = "\n".join(f"  {fault}" for fault in least.plan.faults) or "  nothing"
    nuisances = "\n".join(f"  {nuisance}" for nuisance in least.plan.nuisances) or "  nothing"
    return (
        f"schedule {report.plan.seed} fails {report.violation}\n"
        f"again: just simulate --seed {report.plan.seed}\n"
        f"the least that fails, {least.violation}\n{least.plan._replace(faults=(), nuisances=())}\n"
        f"what goes wrong in it:\n{faults}\n"
        f"what an outsider does:\n{nuisances}"
    )


def lines(report: Report) -> Iterator[str]:
    """The trace, for people."""
    for moment, *what in report.trace:
        yield f"{moment - 1_000:9.4f}  " + " ".join(str(part) for part in what)


def _smaller(plan: Plan) -> Iterator[Plan]:
    for leave_out in range(len(plan.faults)):
        kept = [fault for n, fault in enumerate(plan.faults) if n != leave_out]
        yield plan._replace(faults=tuple(kept))
    for leave_out in range(len(plan.readers) if len(plan.readers) > 1 else 0):
        yield plan._replace(readers=plan.readers[:leave_out] + plan.readers[leave_out + 1 :])
    for leave_out in range(len(plan.nuisances)):
        others = plan.nuisances[:leave_out] + plan.nuisances[leave_out + 1 :]
        yield plan._replace(nuisances=others)
    if plan.stored_bytes is not None:
        yield plan._replace(stored_bytes=None)
    if plan.agent.words != "plain":
        yield plan._replace(agent=plan.agent._replace(words="plain"))
    if plan.again_at is not None:
        yield plan._replace(again_at=None)
    if plan.agent.breaks:
        yield plan._replace(agent=plan.agent._replace(breaks=plan.agent.breaks[:-1]))
    yield from (plan._replace(program=steps) for steps in _shorter(plan.program or ()))
    if plan.agent.events > 1:
        yield plan._replace(agent=plan.agent._replace(events=plan.agent.events // 2))


def _shorter(program: Program) -> Iterator[Program]:
    for index, step in enumerate(program):
        before, after = program[:index], program[index + 1 :]
        yield before + after
        if isinstance(step, Together) and len(step.acts) > 1:
            yield (*before, Together(step.acts[:-1]), *after)


if __name__ == "__main__":
    _, failing = first_failure([int(seed) for seed in sys.argv[1:]])
    sys.exit(None if failing is None else describe(failing))
