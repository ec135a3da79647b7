"""The codec server, whatever it is sent."""

import base64
import json
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.settings import LOOPBACK
from kai_flow.temporal.codec import EncryptionCodec
from kai_flow.temporal.codec_access import CodecAccess
from kai_flow.temporal.codec_server import CodecServer

KEY = b"k" * 32
TOKEN = "a-token-of-twenty-and-more"


def server() -> Any:
    """One with the shipped codec."""
    return CodecServer(EncryptionCodec([KEY]), CodecAccess(TOKEN.encode(), [], LOOPBACK))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
PAYLOADS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "metadata": st.dictionaries(
                st.sampled_from(["encoding", "encryption-key-id", "x"]),
                st.sampled_from(["YmluYXJ5L2VuY3J5cHRlZA==", "anNvbi9wbGFpbg==", "", "%"]) | JSON,
            ),
            "data": st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()) | JSON,
            "externalPayloads": JSON,
        },
    ),
    max_size=3,
)


@given(st.sampled_from(["encode", "decode"]), JSON | st.builds(lambda p: {"payloads": p}, PAYLOADS))
async def test_no_body_breaks_it(route: str, body: object) -> None:
    """Whatever stands in a body, the answer is payloads or a refusal, and never an error."""
    transport = httpx.ASGITransport(server())
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.post(f"/{route}", content=json.dumps(body), headers=headers)
    assert answer.status_code in (200, 400)


@given(st.text("/.%abcdecno?#:\\", max_size=20), st.sampled_from(["GET", "POST", "PUT", "OPTIONS"]))
async def test_no_path_gets_around_the_token(path: str, method: str) -> None:
    """Without the token there are a page, a sign of life and refusals, wherever one looks."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"payloads": []}'}

    async def send(message: Any) -> None:
        sent.append(message)

    head = [(b"host", b"localhost:8093"), (b"content-type", b"application/json")]
    await server()({"type": "http", "method": method, "path": path, "headers": head}, receive, send)
    answer = {200: ("GET",), 204: ("OPTIONS",), 401: ("POST",), 403: ("POST",)}
    assert sent[0]["status"] == 404 or method in answer[sent[0]["status"]]
