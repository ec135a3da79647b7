"""A real nginx in front of a Temporal server: TLS, an API key, and a log of what is called."""

import asyncio
import getpass
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kai_flow.runtime.ports import free_port
from tests.children import bound
from tests.integration.front import _answers, nginx_program
from tests.integration.waiting import until
from tests.own_ca import Certified

CONFIGURATION: Final = """
daemon off;
pid nginx.pid;
user {user};
events {{ worker_connections 1024; }}
http {{
    log_format call '$server_protocol "$ssl_server_name" $status $request_uri';
    access_log access.log call;
    keepalive_requests 1000000;
    keepalive_timeout 10m;
    client_max_body_size 0;
    client_body_timeout 10m;
    map $http_authorization $unknown {{
        default {denied};
        "Bearer {key}" 0;
    }}
    map $uri $forbidden {{
        default {forbidden};
        {allowed}
    }}
    server {{
        listen 127.0.0.1:{port} http2{ssl};
        {tls}
        error_page 401 = @unauthenticated;
        location @unauthenticated {{
            add_header grpc-status 16;
            add_header grpc-message "Request unauthorized.";
            return 204;
        }}
        error_page 403 = @denied;
        location @denied {{
            add_header grpc-status 7;
            add_header grpc-message "Request unauthorized.";
            return 204;
        }}
        {locations}
    }}
}}
"""

LOCATIONS: Final = """
location / {
    if ($unknown) { return 401; }
    if ($forbidden) { return 403; }
    grpc_pass grpc://127.0.0.1:7233;
    grpc_read_timeout 10m;
    grpc_send_timeout 10m;
}
"""


@dataclass(frozen=True)
class TemporalFront:
    """It runs."""

    address: str  # host:port, by an address and not by a name
    folder: Path

    @property
    def calls(self) -> list[str]:
        """The methods of Temporal's services that were called, also those that were given up."""
        return re.findall(r" (?:200|499) /[\w.]+/(\w+)$", self.log, re.MULTILINE)

    @property
    def refused(self) -> list[str]:
        """Those that were called and are not allowed."""
        return re.findall(r" 204 /[\w.]+/(\w+)$", self.log, re.MULTILINE)

    @property
    def log(self) -> str:
        """Protocol, name in TLS, status and path of each call."""
        return (self.folder / "access.log").read_text()


@asynccontextmanager
async def temporal_front(
    folder: Path,
    temporal: str,
    certified: Certified | None = None,
    *,
    clients_of: Path | None = None,
    api_key: str | None = None,
    allowed: Iterable[str] | None = None,
    locations: str = LOCATIONS,
) -> AsyncIterator[TemporalFront]:
    """An nginx in front of the Temporal at this address, while the block runs.

    With `certified` it serves TLS, with `clients_of` only for clients whom this authority has
    certified, with `api_key` only those who show it, and with `allowed` only these
    methods. `locations` is the part of the configuration that decides it.
    """
    folder.mkdir()  # noqa: ASYNC240  (at once)
    port = free_port()
    tls = []
    if certified is not None:
        tls += [
            f"ssl_certificate {certified.certificate};",
            f"ssl_certificate_key {certified.key};",
        ]
    if clients_of is not None:
        tls += [f"ssl_client_certificate {clients_of};", "ssl_verify_client on;"]
    text = CONFIGURATION.format(
        user=getpass.getuser(),
        port=port,
        ssl=" ssl" if certified else "",
        tls=" ".join(tls),
        locations=locations.replace("127.0.0.1:7233", temporal),
        denied=0 if api_key is None else 1,
        key=api_key,
        forbidden=0 if allowed is None else 1,
        allowed=f'"~/({"|".join(allowed or ["-"])})$" 0;',
    )
    (folder / "nginx.conf").write_text(text)
    with (folder / "error.log").open("w") as log:
        command = [nginx_program(), "-p", str(folder), "-e", "stderr", "-c", "nginx.conf"]
        process = await asyncio.create_subprocess_exec(*bound(command, "TERM"), stderr=log)
    try:
        await until(lambda: _answers(port) or process.returncode is not None)
        assert process.returncode is None, (folder / "error.log").read_text()
        yield TemporalFront(f"127.0.0.1:{port}", folder)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
