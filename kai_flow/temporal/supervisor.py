"""A small process between a program and a server that must not outlive the program.

    python -I -S supervisor.py <grace> <descriptors> command …

`<grace>` is how many seconds the command has to stop when it is asked to; with 0 it is killed at
once. `<descriptors>` are inherited file descriptors that the command is to hold as well, separated
by commas ("" for none). So the lock on a database is free only when its server has ended.

The program holds the other end of the supervisor's standard input, and never writes to it. When the
program ends, however it ends (also by SIGKILL), the kernel closes that end. The supervisor then
reads the end of the file, and stops the command. When the command ends by itself, the supervisor
ends with the command's exit code.

It is run by its path, in a session of its own, so a Ctrl-C in the terminal reaches neither it nor
the command. It imports only the standard library, so it starts in 20 ms.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from types import FrameType


def _die_with_parent() -> None:
    """Linux only: the kernel kills the command when the supervisor itself is killed."""
    import ctypes  # noqa: PLC0415  (only in the child, and only on Linux)

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + _signal)


def main(grace: float, inherited: list[int], command: list[str]) -> int:
    """Run the command until it or the program ends; return the command's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # only the command holds the writing end of this pipe: its end of file means that it has ended
    alive, held_by_command = os.pipe()
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        pass_fds=[held_by_command, *inherited],
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (one thread)
    )
    os.close(held_by_command)
    try:
        signal.signal(signal.SIGTERM, _leave)
        select.select([sys.stdin.fileno(), alive], [], [])
    finally:
        code = _stop(child, grace)
    return code


def _stop(child: "subprocess.Popen[bytes]", grace: float) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if grace and child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    child.kill()  # without effect on one that has ended
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(
        main(float(sys.argv[1]), [int(fd) for fd in sys.argv[2].split(",") if fd], sys.argv[3:])
    )
