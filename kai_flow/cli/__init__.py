"""The command `kai`.

The rule: a user's mistake, or a problem of the machine, ends in one sentence on standard error and
an exit code, never in a traceback.

Exit codes of every command: 0 success (for programs that run until Ctrl-C: it was ready), 1 the
session failed or its stream was lost, 2 wrong usage or the program could not start, 130 interrupted
by Ctrl-C, 141 nothing reads its output any more, 143 stopped by SIGTERM.
"""

import sys

TYPE_CHECKING = False  # `typing` takes 15 ms to import, in which nobody handles Ctrl-C
if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count; likewise the next
EXIT_UNREAD = 141


def main(arguments: "Sequence[str] | None" = None) -> None:
    """Run the command line (default: the arguments of the process); always raises SystemExit."""
    try:
        from kai_flow.runtime.extras import needs  # noqa: PLC0415  (a Ctrl-C meanwhile is handled)

        with needs("bridge,kai"):
            _main(arguments)
    except KeyboardInterrupt:  # while no command handles it: for example while it is imported
        if sys.stderr.isatty():  # the prompt of the shell goes below the ^C
            print(file=sys.stderr)
        raise SystemExit(EXIT_INTERRUPTED) from None


def _main(arguments: "Sequence[str] | None") -> None:
    from kai_flow.runtime.imports import importing  # noqa: PLC0415  (as above)

    with importing():
        # here, because a missing package is reported by `needs`
        from cyclopts import CycloptsError  # noqa: PLC0415  (see above)

        from kai_flow.cli.app import app  # noqa: PLC0415  (see above)
        from kai_flow.cli.text import block  # noqa: PLC0415  (see above)
        from kai_flow.cli.usage import mistake  # noqa: PLC0415  (see above)
        from kai_flow.settings import StartError  # noqa: PLC0415  (see above)

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without UTF-8
    code = EXIT_OK
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(
            given,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except CycloptsError as wrong:
        code = _refuse(mistake(wrong, given))
    except StartError as wrong:
        code = _refuse(block(wrong))
    except BrokenPipeError:  # `kai ask … | head`: the reader has enough
        import os  # noqa: PLC0415  (seldom needed)

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_UNREAD
    raise SystemExit(code or EXIT_OK)


def _refuse(sentence: str) -> int:
    print(f"kai: {sentence}", file=sys.stderr)
    return EXIT_USAGE
