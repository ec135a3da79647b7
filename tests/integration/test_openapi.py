"""Whatever is asked of the bridge's routes, the answer is one that their description allows.

The requests are made from `docs/reference/openapi.json`: those that it allows, and others.
"""

import asyncio
import secrets
import string
import time
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from temporalio.client import Client

from kai_flow.settings import Settings
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.web.server import running_bridge
from tests.issuing import KEYS, token

Auth = requests.auth.AuthBase

DESCRIPTION: Final = schemathesis.openapi.from_path(
    Path(__file__).parents[2] / "docs/reference/openapi.json"
)
OPERATIONS: Final = {
    f"{operation.method.upper()} {operation.path}": operation
    for path in DESCRIPTION
    for operation in DESCRIPTION[path].values()
}
CHECKS: Final = [content_type_conformance, response_schema_conformance, status_code_conformance]
EXAMPLES: Final = 25  # of each operation in each way
UNREAD: Final = {400, 401, 404, 405, 413, 415}  # with any of these nothing was taken
PRINTABLE: Final = string.digits + string.ascii_letters + "_.-"
KEY: Final = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Signed(requests.auth.AuthBase):
    """Signs each request with the key of the bridge."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        assert isinstance(body, bytes | str)
        content = body if isinstance(body, bytes) else body.encode()
        message_id = f"msg_{secrets.token_hex(16)}"
        try:
            fields = SigningKeys([KEY]).sign_post(message_id, time.time(), content)
        except UnicodeDecodeError:  # no text: it cannot be signed
            return request
        request.headers.update(fields)
        return request


def ask(url: str, case: Case[Any], auth: Auth | None) -> int:
    """Make one request and hold the answer against the description; its status."""
    if case.operation.path == "/stream/{session_id}":
        case.query["wait"] = "false"  # otherwise the stream waits for a session
    with requests.Session() as session:
        session.trust_env = False
        session.auth = auth
        response = case.call(base_url=url, session=session, timeout=20)
    case.validate_response(response, checks=CHECKS)
    status = response.status_code
    assert status != 500
    if status >= 400 and case.method != "HEAD":
        problem = response.json()
        assert problem["status"] == status
        assert "Traceback" not in problem["detail"]
    if status in {429, 503}:
        assert int(response.headers["retry-after"][0]) > 0
    return status


@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
async def test_every_answer_is_as_described(
    client: Client, label: str, mode: GenerationMode
) -> None:
    """Valid or not: no answer breaks the description, and none is a 500."""
    if mode is GenerationMode.NEGATIVE and label in {"GET /healthz", "GET /readyz"}:
        return  # nothing can be wrong about them
    await ask_often(client, label, mode, Settings(bridge_port=0), None)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", ["POST /events", "POST /events/{session_id}"])
async def test_every_answer_of_a_bridge_with_keys_is_as_described(
    client: Client, label: str, mode: GenerationMode
) -> None:
    """What is signed may be refused as before, and what is not is always refused (§8.5)."""
    bridge = Settings(bridge_port=0, signing_keys=read_keys(KEY))
    await ask_often(client, label, mode, bridge, Signed())
    assert await ask_often(client, label, mode, bridge, None) <= UNREAD


class Bearing(requests.auth.AuthBase):
    """Sends a token with each request, which grants every session."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        given = token(prefixes=list(PRINTABLE), rights=["read", "publish"])
        request.headers["Authorization"] = f"Bearer {given}"
        return request


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", ["GET /stream/{session_id}", "POST /events/{session_id}"])
async def test_every_answer_of_a_bridge_with_tokens_is_as_described(
    client: Client, label: str, mode: GenerationMode
) -> None:
    """§8.6: with a token as before; an invented one in header, query or cookie gets nothing."""
    bridge = Settings(bridge_port=0, token_keys=KEYS)
    await ask_often(client, label, mode, bridge, Bearing())
    if label.startswith("GET"):
        assert await ask_often(client, label, mode, bridge, None) <= UNREAD


async def ask_often(
    client: Client, label: str, mode: GenerationMode, bridge: Settings, auth: Auth | None
) -> set[int]:
    """Ask a new bridge with these settings; the statuses of its answers."""
    statuses: set[int] = set()

    async with running_bridge(bridge, client) as url:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(OPERATIONS[label].as_strategy(generation_mode=mode))
        def requested(case: Case[Any]) -> None:
            statuses.add(ask(url, case, auth))

        await asyncio.to_thread(requested)
    return statuses
