"""Limits for one client (§8.10), where all of them come through one nginx."""

import secrets
import socket
from pathlib import Path

import psutil
import pytest
from temporalio.client import Client

from kai_flow.runtime.ports import free_port
from kai_flow.settings import Settings
from kai_flow.web.server import running_bridge
from tests.integration.curling import curl
from tests.integration.front import HOST, nginx_before


def own_address() -> str:
    """One of this machine, at which it is a client like those of other machines."""
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family is socket.AF_INET and not one.address.startswith("127."):
                return str(one.address)
    pytest.skip("this machine has no address but loopback, for which no limit holds")


async def test_a_limit_is_for_the_client_and_not_for_the_proxy(
    client: Client, tmp_path: Path
) -> None:
    """One that has all the streams it may have gets no other, and its neighbour is served."""
    settings = Settings(
        bridge_port=free_port(),
        bridge_url=f"https://{HOST}",
        trusted_proxies=("127.0.0.1",),
        client_streams=1,
    )
    path = f"/stream/nobody-{secrets.token_hex(4)}"
    here, ports = own_address(), [settings.bridge_port] * 2
    async with (
        running_bridge(settings, client),
        nginx_before(ports, tmp_path / "nginx", "1s") as front,
        curl(front, path, at=here) as first,
    ):
        await first.until("retry: 1000")
        async with curl(front, path, at=here) as second:
            await second.until("too many streams are open")
            assert await second.to_the_end() == 0
        async with curl(front, path) as neighbour:
            await neighbour.until("retry: 1000")
