"""Serves an ASGI app inside a running event loop: the bridge, and the worker's health endpoints.

It binds the port first, so that a taken port is reported in one sentence and the port behind 0 is
known. The program around it handles signals. Streams are ended before it waits for connections to
close, because uvicorn would wait for an open stream for ever. `kai_flow.runtime.http_protocol`
limits what one client may use.
"""

import asyncio
import logging
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from ipaddress import ip_network
from typing import Any, Final

import uvicorn

from kai_flow.runtime.connections import CONNECTIONS, MAX_CONNECTIONS
from kai_flow.runtime.http_protocol import BoundedProtocol
from kai_flow.runtime.log_limiter import LimitedLines
from kai_flow.runtime.ports import port_in_use
from kai_flow.runtime.tls_listener import TlsListener

GRACE_SECONDS: Final = 5
UNSENT_SECONDS: Final = 60  # a peer that acknowledges nothing for so long is disconnected
BACKLOG: Final = 2_048
SPARE_DESCRIPTORS: Final = 64  # for Temporal, files and everything else that a process opens


class _LimitedLog:
    """uvicorn's log, limited while any server of this process runs.

    uvicorn writes a line for each request that it cannot parse. All servers share its logger, so
    they share one filter: with one each, a line would be counted as often as there are servers.
    """

    def __init__(self) -> None:
        self._filter = LimitedLines()
        self._servers = 0

    def begin(self) -> None:
        """A server starts."""
        if not self._servers:
            self._filter = LimitedLines()
        logging.getLogger("uvicorn.error").addFilter(self._filter)  # no effect if it is there
        self._servers += 1

    def end(self) -> None:
        """A server has stopped."""
        self._servers -= 1
        if not self._servers:
            logging.getLogger("uvicorn.error").removeFilter(self._filter)


_uvicorn_log: Final = _LimitedLog()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the program around it decides when to stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does; but over TLS, a client counts before it has shaken hands."""
        if self.config.ssl is None:
            await super().startup(sockets)
            return
        await super().startup([])
        protocol = partial(
            BoundedProtocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        for listener in sockets or ():
            server = TlsListener(listener, self.config.ssl, protocol)
            self.servers.append(server)  # type: ignore[arg-type]  # only closed, and waited for


@asynccontextmanager
async def serving(
    app: Any,
    host: str,
    port: int,
    *,
    what: str,
    setting: str,
    before_stop: Callable[[], None] = lambda: None,
    tls: ssl.SSLContext | None = None,
    proxies: Sequence[str] = (),
) -> AsyncIterator[int]:
    """Serve `app` on `host` and `port` (0: any) while the block runs; yields the port it got.

    `what` and `setting` name the server and the variable of its port in the error. `before_stop`
    is called first when the block ends. With `tls` it serves https. `proxies` are addresses and
    networks: what they say of their clients (`X-Forwarded-For`) is believed, and what others say is
    not. Raises PortInUse.
    """
    listener = _bind(host, port, what, setting)
    CONNECTIONS.limit = _connections_at_once()
    CONNECTIONS.proxies = tuple(ip_network(one, strict=False) for one in proxies)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    _uvicorn_log.begin()
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.005)
        if running.done():
            await running
        yield listener.getsockname()[1]
    finally:
        before_stop()
        server.should_exit = True
        await running
        listener.close()
        _uvicorn_log.end()


def _connections_at_once() -> int:
    """As many connections as descriptors allow, after raising the process's limit of those."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + SPARE_DESCRIPTORS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(MAX_CONNECTIONS, soft - SPARE_DESCRIPTORS))


def _bind(host: str, port: int, what: str, setting: str) -> socket.socket:
    # Name the protocol: asyncio sets TCP_NODELAY only on sockets that are declared as TCP, and
    # without it every small answer waits 40 ms for a delayed ACK.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; without it closing may never end
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_SECONDS * 1000)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as wrong:
        listener.close()
        raise port_in_use(what, host, port, setting, wrong) from None
    listener.setblocking(False)
    return listener
