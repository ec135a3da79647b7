"""`kai codec-server`: the codec server alone, in the foreground."""

from contextlib import AbstractAsyncContextManager

from kai_flow.runtime.extras import needs
from kai_flow.runtime.imports import importing
from kai_flow.runtime.program import run_program
from kai_flow.settings import Settings


def main() -> int:
    """Run the codec server until Ctrl-C or SIGTERM; returns the exit code."""
    return run_program("codec server", _codec_server)


def _codec_server(settings: Settings) -> AbstractAsyncContextManager[str]:
    with needs("bridge,codec"), importing():
        from kai_flow.temporal.codec_server import running_codec_server  # noqa: PLC0415 (see needs)
    return running_codec_server(settings)
