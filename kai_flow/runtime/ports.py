"""Ports of this machine: finds a free one, or reports which one is taken."""

import errno
import socket

from kai_flow.settings import StartError


class PortInUse(StartError):
    """The port that a program needs is taken, or may not be used."""


def require_free(what: str, host: str, port: int, remedy: str) -> None:
    """Raise `PortInUse` when a program cannot listen on `host` and `port` (0 is always free).

    `what` needs the port and the setting `remedy` changes it; both are for the message.
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
    if wrong.errno == errno.EADDRNOTAVAIL:
        return PortInUse(
            f"{host} is no address of this machine, so {what} cannot listen there: set "
            f"{remedy.replace('PORT', 'HOST')} to one of its addresses, or to 0.0.0.0 for all"
        )
    if wrong.errno == errno.EADDRINUSE:
        reason = "is in use by another program: stop that program, or set"
    elif wrong.errno == errno.EACCES:
        reason = "is reserved for privileged programs: choose a port above 1023 with"
    else:
        reason = f"cannot be used ({wrong.strerror}): choose another port with"
    return PortInUse(f"port {port} of {host}, wanted by {what}, {reason} {remedy}")


def free_port(host: str = "127.0.0.1") -> int:
    """A free port that the system will not give to another program for a minute.

    The system may give a port that was only bound and closed to the next program that asks. A port
    that has carried a connection stays in TIME_WAIT on the side that closed first. The system then
    assigns it to no program, but a server that sets SO_REUSEADDR, as ours and most do, can listen
    on it.
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
