"""nchan, a module of nginx in C (Debian's `libnginx-mod-nchan`): configured and started."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil

from kai_flow.runtime.ports import free_port
from tests.bench.lacking import Lacking
from tests.children import bound
from tests.integration.waiting import eventually

MODULE: Final = "ngx_nchan_module.so"
FOLDERS: Final = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules")
CONFIGURATION: Final = """
load_module {module};
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
error_log {home}/nginx.log;
pid {home}/nginx.pid;
events {{ worker_connections 10000; }}
http {{
    access_log off;
    client_body_temp_path {home}/nginx-bodies;
    proxy_temp_path {home}/nginx-proxy;
    fastcgi_temp_path {home}/nginx-fastcgi;
    uwsgi_temp_path {home}/nginx-uwsgi;
    scgi_temp_path {home}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        keepalive_requests 1000000;
        location = /health {{ return 200; }}
        location ~ ^/events/(.+)$ {{
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length 1000;
        }}
        location ~ ^/stream/(.+)$ {{
            nchan_subscriber eventsource;
            nchan_channel_id $1;
        }}
    }}
}}
"""


@asynccontextmanager
async def nchan(home: Path) -> AsyncIterator[tuple[int, psutil.Process]]:
    """An nginx while the block runs: its port and its process. Raises Lacking."""
    nginx, module = _installed()
    port = free_port()
    file = home / "nginx.conf"
    file.write_text(CONFIGURATION.format(module=module, home=home, port=port))
    command = bound([nginx, "-p", home, "-e", home / "nginx.log", "-c", file], "TERM")
    process = psutil.Popen(command)

    async def answers() -> bool:
        if process.poll() is not None:
            raise Lacking(f"nchan does not start: {(home / 'nginx.log').read_text()[-300:]}")
        try:
            async with httpx.AsyncClient(trust_env=False) as http:
                return (await http.get(f"http://127.0.0.1:{port}/health")).is_success
        except httpx.TransportError:
            return False

    try:
        await eventually(answers)
        yield port, process
    finally:
        process.terminate()
        process.wait(5)


def _installed() -> tuple[str, str]:
    """The program and the module."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    module = next((f"{f}/{MODULE}" for f in FOLDERS if Path(f, MODULE).exists()), None)
    if nginx is None or module is None:
        raise Lacking("nchan is not installed (Debian: apt-get install libnginx-mod-nchan)")
    return nginx, module
