"""Ctrl-C in the first moments of a program: it ends quietly while it is still being imported.

Nothing is imported here that takes time, in which Ctrl-C would end with a traceback.
"""

import os
import signal


def begin_quietly() -> None:
    """From now on Ctrl-C ends the process at once with 130, until the program handles it itself.

    Nothing may have been started yet. A process that ignores Ctrl-C, as in the background of a
    shell, goes on to ignore it.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def _end(_number: int, _frame: object) -> None:
    os._exit(128 + signal.SIGINT)
