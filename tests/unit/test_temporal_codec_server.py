"""The codec server: what it answers to programs, to pages, and to strangers."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from kai_flow.settings import LOOPBACK, Settings, StartError, load_settings
from kai_flow.temporal import codec_server
from kai_flow.temporal.codec import EncryptionCodec, encrypting
from kai_flow.temporal.codec_access import CodecAccess
from kai_flow.temporal.codec_server import CodecServer, running_codec_server
from kai_flow.temporal.payload_cipher import key_id_of

KEY = b"k" * 32
TOKEN = "a-token-of-twenty-and-more"
UI = "http://localhost:8233"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PLAIN = {"metadata": {"encoding": base64.b64encode(b"json/plain").decode()}, "data": "e30="}

KEYS = base64.b64encode(KEY).decode()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running server with the shipped codec."""
    async with serving(EncryptionCodec([KEY])) as client:
        yield client


def serving(codec: PayloadCodec) -> httpx.AsyncClient:
    """A client of a server with this codec."""
    app: Any = CodecServer(codec, CodecAccess(TOKEN.encode(), [UI], LOOPBACK))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8093")


async def test_payloads_are_encoded_and_decoded(http: httpx.AsyncClient) -> None:
    """As Temporal's protocol says: protobuf's JSON, at any depth of the URL."""
    encoded = await http.post("/default/encode", json={"payloads": [PLAIN, PLAIN]}, headers=BEARER)
    assert encoded.status_code == 200
    assert encoded.headers["content-type"] == "application/json"
    assert encoded.headers["cache-control"] == "no-store"
    first, second = encoded.json()["payloads"]
    assert base64.b64decode(first["metadata"]["encoding"]) == b"binary/encrypted"
    assert first["data"] != second["data"]
    decoded = await http.post("/decode", json=encoded.json(), headers=BEARER)
    assert decoded.json() == {"payloads": [PLAIN, PLAIN]}
    empty = await http.post("/decode", json={"payloads": []}, headers=BEARER)
    assert (empty.status_code, empty.json()) == (200, {})


async def test_it_decodes_what_a_client_has_encoded(http: httpx.AsyncClient) -> None:
    """The data converter of a worker and the server have the same codec."""
    (payload,) = await encrypting([KEY]).encode(["halo"])
    given = {
        "metadata": {k: base64.b64encode(v).decode() for k, v in payload.metadata.items()},
        "data": base64.b64encode(payload.data).decode(),
    }
    answer = await http.post("/decode", json={"payloads": [given]}, headers=BEARER)
    assert base64.b64decode(answer.json()["payloads"][0]["data"]) == b'"halo"'


@pytest.mark.parametrize("path", ["/encode", "/decode", "/default/decode"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Cookie": "kai_codec=1"}])
async def test_a_stranger_is_refused(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    """Without the token nothing is decoded, and the answer does not depend on what was sent."""
    bodies: list[Any] = [{"payloads": []}, 7]
    answers = [await http.post(path, headers=headers, json=body) for body in bodies]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].content == answers[1].content
    assert answers[0].headers["www-authenticate"] == "Bearer"


async def test_a_strangers_body_is_not_read() -> None:
    """Who has no token cannot make the server hold anything."""

    async def receive() -> Any:
        raise AssertionError("the body was read")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/decode",
        "headers": [(b"host", b"localhost"), (b"content-length", b"9999")],
    }  # fmt: skip
    await CodecServer(EncryptionCodec([KEY]), CodecAccess(TOKEN.encode(), [], LOOPBACK))(
        scope, receive, send
    )
    assert sent[0]["status"] == 401


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"7", "application/json", 400),
        (b'{"payloads": 7}', "application/json", 400),
        (b'{"payloads": [{"data": "\xff"}]}', "application/json", 400),
        (b"[" * 20_000, "application/json", 400),
        (b'{"payloads": []}', "text/plain", 415),
        (b'{"payloads": []}', "application/x-www-form-urlencoded", 415),
        (b"x" * (codec_server.MAX_BODY_BYTES + 1), "application/json", 413),
    ],
)
async def test_what_is_no_request_is_refused(
    http: httpx.AsyncClient, body: bytes, kind: str, status: int
) -> None:
    """Each is one problem document; a form, which any page can send, is refused too."""
    answer = await http.post("/decode", content=body, headers={**BEARER, "Content-Type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_a_payload_with_another_key_is_named(http: httpx.AsyncClient) -> None:
    """The id of the key that is missing, and the setting."""
    async with serving(EncryptionCodec([b"o" * 32])) as other:
        encoded = await other.post("/encode", json={"payloads": [PLAIN]}, headers=BEARER)
    answer = await http.post("/decode", json=encoded.json(), headers=BEARER)
    assert answer.status_code == 400
    assert key_id_of(b"o" * 32) in answer.json()["detail"]
    assert "KAI_CODEC_KEYS" in answer.json()["detail"]


class Broken(PayloadCodec):
    """A user's codec with a defect."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        raise RuntimeError("secret of the key store")

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        raise RuntimeError("secret of the key store")


async def test_what_a_codec_raises_is_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The caller learns that it failed, and the log why."""
    async with serving(Broken()) as http:
        answer = await http.post("/decode", json={"payloads": [PLAIN]}, headers=BEARER)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret of the key store" in caplog.text


async def test_pages_of_the_ui_may_call_it(http: httpx.AsyncClient) -> None:
    """The browser asks first, and every answer names the origin, also a refusal."""
    asked = await http.options("/decode", headers={"Origin": UI})
    assert asked.status_code == 204
    assert "authorization" in asked.headers["access-control-allow-headers"]
    refused = await http.post("/decode", json={}, headers={"Origin": UI})
    assert refused.status_code == 401
    for answer in (asked, refused):
        assert answer.headers["access-control-allow-origin"] == UI
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize("origin", ["https://evil.example.com", "http://localhost:9999", "null"])
async def test_other_pages_may_not(http: httpx.AsyncClient, origin: str) -> None:
    """Not even with the token or a cookie: a page must not use those of its visitor."""
    for method, path in (("OPTIONS", "/decode"), ("POST", "/decode"), ("POST", "/")):
        headers = {"Origin": origin, **BEARER}
        answer = await http.request(method, path, json={"payloads": []}, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example.com:8093", "localhost.evil.example.com", "", "["])
async def test_a_foreign_host_is_refused(host: str) -> None:
    """A page whose name leads to this machine gets nothing, and no leave to read the answer."""
    async with serving(EncryptionCodec([KEY])) as http:
        headers = {"Host": host, "Origin": f"http://{host}", **BEARER}
        for method, path in (
            ("GET", "/"),
            ("POST", "/"),
            ("POST", "/decode"),
            ("OPTIONS", "/decode"),
        ):
            answer = await http.request(method, path, json={"payloads": []}, headers=headers)
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers
        assert (await http.get("/healthz", headers={"Host": "10.1.2.3:8094"})).status_code == 200


async def test_a_host_of_the_settings_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy it is called by another name, and by those of this machine as before."""
    urls = "https://codec.example.com/x,http://kai-codec:8094"
    codec = {"KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted", "KAI_CODEC_KEYS": KEYS}
    own = {"KAI_CODEC_TOKEN": TOKEN, "KAI_CODEC_PORT": "0", "KAI_CODEC_URL": urls}
    monkeypatch.setenv("KAI_CODEC_KEYS", KEYS)
    async with (
        running_codec_server(load_settings(codec | own)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        for host in ("codec.example.com", "kai-codec:8094", "127.0.0.1:8093", "[::1]:8093"):
            headers = {"Host": host, "Origin": f"https://{host}", **BEARER}
            answer = await http.post("/decode", json={"payloads": []}, headers=headers)
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == f"https://{host}"


@pytest.mark.parametrize(
    "value", [b"{},", b"[],", b'{"data":""},'], ids=["objects", "lists", "fields"]
)
async def test_many_small_payloads_are_refused_at_once(
    http: httpx.AsyncClient, value: bytes
) -> None:
    """Within the limit of bytes the parser would take a minute, in which nobody is answered."""
    many = (value * (codec_server.MAX_BODY_BYTES // len(value) - 10)).rstrip(b",")
    began = time.process_time()
    headers = {**BEARER, "Content-Type": "application/json"}
    answer = await http.post("/decode", content=b'{"payloads":[' + many + b"]}", headers=headers)
    assert (answer.status_code, "several requests" in answer.text) == (413, True)
    assert time.process_time() - began < 5


async def test_a_person_signs_in_for_the_ui(http: httpx.AsyncClient) -> None:
    """The page takes the token and gives a cookie, with which the UI's requests are answered."""
    page = await http.get("/")
    assert "password" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wrong = await http.post("/", data={"token": "wrong"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (403, False)
    right = await http.post("/", data={"token": TOKEN}, headers={"Origin": "http://localhost:8093"})
    assert right.status_code == 200
    assert TOKEN not in right.text
    assert "HttpOnly; SameSite=Strict" in right.headers["set-cookie"]
    answer = await http.post("/decode", json={"payloads": [PLAIN]}, headers={"Origin": UI})
    assert answer.json() == {"payloads": [PLAIN]}


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"other": "x"}, {"token": "é"}])
async def test_a_wrong_form_signs_nobody_in(http: httpx.AsyncClient, form: dict[str, str]) -> None:
    """A form without the token, or with something else."""
    answer = await http.post("/", data=form)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_other_routes_are_not_there(http: httpx.AsyncClient) -> None:
    """Supervisors ask whether it lives; everything else is 404."""
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    for method, path in (("GET", "/decode"), ("PUT", "/encode"), ("POST", "/x"), ("GET", "/x")):
        assert (await http.request(method, path)).status_code == 404


async def test_refusals_are_logged_without_what_was_sent(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for many, in which nothing of a stranger's stands."""
    for _ in range(5):
        await http.post("/decode", json={}, headers={"Authorization": "Bearer canary"})
    lines = [record.getMessage() for record in caplog.records if "401" in record.getMessage()]
    assert len(lines) == 1
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"KAI_CODEC_TOKEN": TOKEN}, "set KAI_DATA_CONVERTER"),
        ({"KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted"}, "set KAI_CODEC_TOKEN"),
        (
            {
                "KAI_CODEC_TOKEN": TOKEN,
                "KAI_DATA_CONVERTER": "temporalio.converter:DataConverter",
            },
            "has no codec",
        ),
    ],
)
async def test_it_does_not_start_without_a_codec_or_a_token(
    environ: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would serve nothing, or serve it to everybody."""
    monkeypatch.setenv("KAI_CODEC_KEYS", KEYS)
    with pytest.raises(StartError, match=says):
        async with running_codec_server(load_settings(environ)):
            pass


async def test_it_listens_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """On any free port, for its token."""
    monkeypatch.setenv("KAI_CODEC_KEYS", KEYS)
    settings: Settings = load_settings(
        {
            "KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted",
            "KAI_CODEC_TOKEN": TOKEN,
            "KAI_CODEC_PORT": "0",
            "KAI_CODEC_ORIGINS": UI,
        }
    )
    async with running_codec_server(settings) as url, httpx.AsyncClient(trust_env=False) as http:
        assert url.startswith("http://localhost:")
        body = json.dumps({"payloads": [PLAIN]})
        headers = {**BEARER, "Content-Type": "application/json"}
        answer = await http.post(f"{url}/encode", content=body, headers=headers)
        assert answer.status_code == 200
        (refused, again) = [
            await http.post(f"{url}/encode", content=body) for _ in range(2)
        ]  # the connection that is closed is replaced
        assert refused.status_code == again.status_code == 401


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that stays half sent is answered, and one that breaks off ends."""
    monkeypatch.setattr(codec_server, "BODY_SECONDS", 0.05)
    chunks = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> dict[str, Any]:
        if not chunks:
            await asyncio.Event().wait()
        return chunks.pop()

    assert await _status_of(receive) == 408
    chunks[:] = [{"type": "http.disconnect"}]
    assert await _status_of(receive) == 400


async def _status_of(receive: Any) -> int:
    """The status of the answer to a request whose body comes in this way."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Bearer {TOKEN}".encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/decode", "headers": headers}
    app = CodecServer(EncryptionCodec([KEY]), CodecAccess(TOKEN.encode(), [], LOOPBACK))
    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status
