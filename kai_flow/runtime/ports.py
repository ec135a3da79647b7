"""Ports of this machine: find a free one, or say clearly which one is taken."""

import errno
import socket

from kai_flow.settings import StartError


class PortInUse(StartError):
    """A program listens already where ours was to listen."""


def require_free(what: str, host: str, port: int, remedy: str) -> None:
    """Raise `PortInUse` when nothing more can listen on `host` and `port` (0 is always free).

    `what` is who wanted it and `remedy` the setting that changes it, both for the message.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as wrong:
            raise port_in_use(what, host, port, remedy, wrong) from None


def port_in_use(what: str, host: str, port: int, remedy: str, wrong: OSError) -> PortInUse:
    """The error for a bind that failed with `wrong`."""
    if wrong.errno == errno.EADDRINUSE:
        reason = "is in use by another program: end that one"
    elif wrong.errno == errno.EACCES:
        reason = "is reserved for privileged programs: take one above 1023"
    else:
        reason = f"cannot be listened on ({wrong.strerror}): take another one"
    return PortInUse(f"port {port} of {host}, wanted by {what}, {reason}, or set {remedy}")


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, and that the system will not give to others for a minute.

    A port that is only bound and closed can be handed to the next who asks. One that has carried a
    connection stays in TIME_WAIT on the side that closed first: the system picks it for nobody, but
    a server that sets SO_REUSEADDR, as we and nearly all do, can listen on it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, 0))
        listener.listen(1)
        port: int = listener.getsockname()[1]
        with socket.create_connection((host, port)) as client:
            accepted, _ = listener.accept()
            accepted.close()
            client.recv(1)  # our side of the port has closed first
    return port
