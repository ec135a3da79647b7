"""Runs one program of KAI in the foreground: settings, logs, signals, exit code."""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, NoReturn

from kai_flow.runtime.certificates import require_certificates
from kai_flow.runtime.logs import log_to_stderr, warn_of_unknown_settings
from kai_flow.runtime.shutdown import ShutdownSignals
from kai_flow.settings import Settings, StartError, load_settings

# 700 or 2,000 in Python itself. A bridge holds many small objects for long and makes hardly a
# cycle: collections took a quarter of its CPU time while it read 100,000 events back.
OBJECTS_BETWEEN_COLLECTIONS: Final = 50_000

Part = Callable[[Settings], AbstractAsyncContextManager[str]]


def run_program(name: str, part: Part) -> int:
    """Run `part` until Ctrl-C or SIGTERM; returns the process's exit code.

    0 after an orderly stop; 2 when it could not start, and then one sentence says why; 130 or 143
    when Ctrl-C or SIGTERM stopped it before it was ready.
    """
    try:
        settings = load_settings(os.environ)
        log_to_stderr(settings.log_level, settings.log_format)
        warn_of_unknown_settings(os.environ)
        require_certificates()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_run(name, part, settings))
    except StartError as error:
        print(f"kai: {error}", file=sys.stderr)
        return 2


def read_arguments(program: str, about: str) -> None:
    """Answer `--help` for `python -m <program>`, and refuse every other argument.

    Such a program has no options: its settings are environment variables.
    """
    parser = _Parser(
        prog=f"python -m {program}",
        description=about,
        epilog=(
            "Settings are environment variables: see docs/reference/settings.md. Exit codes: 0 "
            "after Ctrl-C or SIGTERM, 2 when it could not start, 130 or 143 when one of these came "
            "before it was ready."
        ),
    )
    parser.parse_args()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with one line, like every program of KAI, and without the usage."""
        self.exit(2, f"kai: {message} (see `{self.prog} --help`)\n")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed: it is faster with many sockets."""
    try:
        import uvloop  # noqa: PLC0415  (optional)
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run(name: str, part: Part, settings: Settings) -> int:
    stop, ready = ShutdownSignals(), False
    async with stop, part(settings) as url:
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        print(f"{name}: ready at {url}", flush=True)
        stop.started()
        ready = True
        await stop.wait()
        print(f"{name}: stopping", flush=True)
    await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)
    return 0 if ready else stop.exit_code
