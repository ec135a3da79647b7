"""`python -m kai_flow.worker`: the worker alone, on the Temporal that the environment names."""

from kai_flow.runtime.interrupted import begin_quietly

TYPE_CHECKING = False  # `typing` takes 15 ms to import, in which nobody handles Ctrl-C
if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from kai_flow.settings import Settings

ABOUT = (
    "Run the worker until Ctrl-C. It answers the questions in the task queue TEMPORAL_TASK_QUEUE "
    "(default kai-agent-queue) of the Temporal server at TEMPORAL_ADDRESS (default "
    "localhost:7233). Its health is at /readyz on KAI_HEALTH_PORT (default 8091)."
)


def main(program: str | None = None) -> int:
    """Run the worker until Ctrl-C or SIGTERM; returns the exit code.

    `program`: as `python -m` names it, whose arguments are read first.
    """
    # imported only now, because a Ctrl-C meanwhile is handled
    from kai_flow.runtime.program import read_arguments, run_program  # noqa: PLC0415  (see above)

    if program is not None:
        read_arguments(program, ABOUT)
    return run_program("worker", _worker)


def _worker(settings: "Settings") -> "AbstractAsyncContextManager[str]":
    # Imported only now: `kai_flow.workflows` reads the settings when it is imported, so a wrong one
    # would end the import with a traceback. `run_program` checks them before it calls this.
    from kai_flow.runtime.extras import needs  # noqa: PLC0415  (see above)
    from kai_flow.runtime.imports import importing  # noqa: PLC0415  (see above)

    with needs("bridge,kai"), importing():
        from kai_flow.temporal.client import connected  # noqa: PLC0415  (see above)
        from kai_flow.worker.service import running_worker  # noqa: PLC0415  (see above)
    return connected(running_worker, "kai-worker")(settings)


if __name__ == "__main__":
    begin_quietly()
    raise SystemExit(main("kai_flow.worker"))
