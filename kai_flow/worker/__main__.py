"""`python -m kai_flow.worker`: the worker alone, on the Temporal that the environment names."""

import sys
from contextlib import AbstractAsyncContextManager

from kai_flow.runtime.extras import needs
from kai_flow.runtime.imports import importing
from kai_flow.runtime.program import read_arguments, run_program
from kai_flow.settings import Settings
from kai_flow.temporal.client import connected

ABOUT = (
    "Run the worker until Ctrl-C. It answers the questions in the task queue TEMPORAL_TASK_QUEUE "
    "(default kai-agent-queue) of the Temporal server at TEMPORAL_ADDRESS (default "
    "localhost:7233). Its health is at /readyz on KAI_HEALTH_PORT (default 8091)."
)


def main() -> int:
    """Run the worker until Ctrl-C or SIGTERM; returns the exit code."""
    return run_program("worker", _worker)


def _worker(settings: Settings) -> AbstractAsyncContextManager[str]:
    # Imported only now: `kai_flow.workflows` reads the settings when it is imported, so a wrong one
    # would end the import with a traceback. `run_program` checks them before it calls this.
    with needs("bridge,kai"), importing():
        from kai_flow.worker.service import running_worker  # noqa: PLC0415  (see above)
    return connected(running_worker, "kai-worker")(settings)


if __name__ == "__main__":
    read_arguments("kai_flow.worker", ABOUT)
    sys.exit(main())
