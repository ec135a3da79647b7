"""The bridge mounted in a FastAPI app, beyond what docs/how-to/use-fastapi.md shows."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from temporalio.client import Client

from kai_flow.runtime.ports import free_port
from kai_flow.settings import Settings
from kai_flow.temporal.dev_server import DevServer
from kai_flow.web.app import bridge_app
from tests.children import bound
from tests.docs.pages import ROOT, blocks_of
from tests.integration.subscriber import subscribed
from tests.integration.waiting import eventually

PAGE = ROOT / "docs/how-to/use-fastapi.md"


async def test_a_mounted_bridge_checks_its_requests(
    client: Client, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers its own URL and no foreign host, and its log names the session, not the mount."""
    app = FastAPI()
    settings = Settings(bridge_url="https://example.org/bridge")
    other_session = {"session_id": "another", "event": {"type": "token", "content": "x"}}
    async with (
        bridge_app(client, settings) as bridge,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="https://example.org"
        ) as http,
    ):
        app.mount("/bridge", bridge)
        assert (await http.get("/bridge/readyz")).json() == {"status": "ok"}
        foreign = await http.get("/bridge/healthz", headers={"Host": "example.net"})
        assert foreign.status_code == 403
        with caplog.at_level(logging.WARNING):
            refused = await http.post(f"/bridge/events/{session_id}", json=other_session)
    assert refused.status_code == 400
    assert f"session {session_id}: a POST" in caplog.text


async def test_a_mounted_bridge_lets_its_server_stop(
    temporal: DevServer, session_id: str, tmp_path: Path
) -> None:
    """SIGTERM ends the streams of a bridge under plain uvicorn, and then the process, in order."""
    port = str(free_port())
    [page] = [block for block in blocks_of(PAGE) if block.attributes.get("file") == "app.py"]
    code = page.text.replace("localhost:7233", temporal.address).replace("8000", port)
    (tmp_path / "app.py").write_text(code)
    server = await asyncio.create_subprocess_exec(
        *bound([sys.executable, "-m", "uvicorn", "app:app", "--port", port]),
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        url = f"http://localhost:{port}/bridge"
        async with httpx.AsyncClient(trust_env=False) as http:

            async def ready() -> bool:
                try:
                    return (await http.get(f"{url}/healthz")).is_success
                except httpx.TransportError:
                    return False

            await eventually(ready)
        async with subscribed(f"{url}/stream/{session_id}", reconnect=False) as reader:
            await reader.until(lambda: reader.retry)  # its first frame
            server.send_signal(signal.SIGTERM)
            await reader.until(lambda: reader.ended_at)
        _, log = await asyncio.wait_for(server.communicate(), 30)
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
    assert b"Application shutdown complete" in log
    assert b"ERROR" not in log, log.decode()
