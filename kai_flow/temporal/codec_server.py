"""The codec server: decrypts for the `temporal` command and the Temporal UI.

It speaks Temporal's remote codec protocol: `POST …/encode` and `POST …/decode`, with payloads as
protobuf's JSON. It has the keys, so whoever may use it can read everything: it listens on loopback
only, and answers only who has its token (`kai_flow.temporal.codec_access`). Whoever has not, is
refused before a byte of the body is read.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
from google.protobuf import json_format
from temporalio.api.common.v1 import Payloads
from temporalio.converter import PayloadCodec

from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.runtime.serving import serving
from kai_flow.settings import LOOPBACK, Settings, StartError
from kai_flow.stream.log_fields import about
from kai_flow.temporal import codec_page
from kai_flow.temporal.codec_access import CodecAccess
from kai_flow.temporal.converter import data_converter_of
from kai_flow.temporal.payload_cipher import CodecError

log = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 8 * 1024 * 1024  # a payload has at most 2 MiB, and is longer in base64
MAX_VALUES: Final = 30_000  # in a body: some 5,000 payloads, which take half a second
BODY_SECONDS: Final = 10.0

_JSON: Final = "application/json"
_PREFLIGHT: Final = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type, x-namespace",
    "access-control-max-age": "600",
}

Message = MutableMapping[str, Any]
Receive = Callable[[], Any]


class _Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


class _Refused(Exception):
    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        body = msgspec.json.encode({"status": status, "detail": detail})
        head = {"content-type": "application/problem+json", **(headers or {})}
        self.answer = _Answer(status, body, head)


@asynccontextmanager
async def running_codec_server(settings: Settings) -> AsyncIterator[str]:
    """Serve the codec of `KAI_DATA_CONVERTER` while the block runs; yields its base URL.

    Raises StartError when there is no codec or no token, and PortInUse.
    """
    converter = data_converter_of(settings)
    codec = None if converter is None else converter.payload_codec
    if codec is None:
        raise StartError(
            "the codec server has no codec: set KAI_DATA_CONVERTER and its keys to those of the "
            "workers, for example KAI_DATA_CONVERTER=kai_flow.temporal.codec:encrypted"
        )
    if settings.codec_token is None:
        raise StartError(
            "the codec server decrypts for whoever knows its token, and has none: set "
            "KAI_CODEC_TOKEN, for example to the output of `openssl rand -hex 32`"
        )
    names = {*LOOPBACK, *(urlsplit(url).hostname or "" for url in settings.codec_urls)}
    access = CodecAccess(settings.codec_token, settings.codec_origins, names)
    async with serving(
        CodecServer(codec, access),
        HOST,
        settings.codec_port,
        what="the codec server",
        setting="KAI_CODEC_PORT",
    ) as port:
        yield f"http://localhost:{port}"


class CodecServer:
    """The server as an ASGI app. `clock` tells the seconds since 1970."""

    def __init__(
        self, codec: PayloadCodec, access: CodecAccess, clock: Callable[[], float] = time.time
    ) -> None:
        self._codec = codec
        self._access = access
        self._clock = clock
        self._limiter = LogLimiter()

    async def __call__(self, scope: Message, receive: Receive, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = _Request(scope, receive)
        try:
            answer = await self._answer(request)
        except _Refused as refused:
            answer = refused.answer
            self._note(request, refused)
        except Exception:
            log.exception(
                "the codec server failed with an unexpected error",
                extra=about("unexpected_error"),
            )
            detail = "the codec server failed with an unexpected error; see its log"
            answer = _Refused(500, detail).answer
        if request.origin and self._may_call(request):
            answer = answer._replace(headers={**answer.headers, **_cors(request.origin)})
        await _send(send, answer)

    def _note(self, request: "_Request", refused: _Refused) -> None:
        """A line for a refusal; what a stranger sent is not in it."""
        status = refused.answer.status
        if (suppressed := self._limiter.due(status)) is not None:
            more = f" ({suppressed} more such lines were not logged)" if suppressed else ""
            log.warning(
                "a %s was refused with %s: %s%s",
                request.method, status, refused, more,
                extra=about("request_refused") | {"status": status},
            )  # fmt: skip

    def _may_call(self, request: "_Request") -> bool:
        """Whether the page that sends a request may."""
        called = self._access.is_called(request.host)
        return called and self._access.allows(request.origin, request.host)

    async def _answer(self, request: "_Request") -> _Answer:
        route = request.path.rpartition("/")[2]
        if (request.method, route) == ("GET", "healthz"):  # probes call it by address
            return _Answer(200, b'{"status":"ok"}', {"content-type": _JSON})
        if not self._access.is_called(request.host):
            raise _Refused(
                403,
                "this Host is none of the codec server's; call it as localhost, or set "
                "KAI_CODEC_URL to the address others use",
            )
        if request.origin and not self._access.allows(request.origin, request.host):
            raise _Refused(
                403,
                "pages of this origin may not use the codec server; add the origin of the "
                "Temporal UI to KAI_CODEC_ORIGINS",
            )
        match request.method, route:
            case "GET", "":
                return _page(200, codec_page.SIGN_IN)
            case "POST", "":
                return await self._sign_in(request)
            case "POST", "encode":
                return await self._coded(request, self._codec.encode)
            case "POST", "decode":
                return await self._coded(request, self._codec.decode)
            case "OPTIONS", "encode" | "decode":
                return _Answer(204, b"", _PREFLIGHT)
            case _:
                raise _Refused(404, "there is no such route; POST to …/encode or …/decode")

    async def _sign_in(self, request: "_Request") -> _Answer:
        form = parse_qs((await request.body(10_000)).decode("latin-1"), max_num_fields=5)
        (token,) = form.get("token", [""])[:1]
        if not self._access.is_token(token.strip().encode()):
            return _page(403, codec_page.WRONG)
        page = _page(200, codec_page.SIGNED_IN)
        cookie = self._access.cookie(self._clock())
        return page._replace(headers={**page.headers, "set-cookie": cookie})

    async def _coded(self, request: "_Request", code: Callable[[Any], Any]) -> _Answer:
        authorization, cookies = request.header(b"authorization"), request.header(b"cookie")
        if not self._access.knows(authorization, cookies, self._clock()):
            detail = "send the token of KAI_CODEC_TOKEN: Authorization: Bearer …"
            raise _Refused(401, detail, {"www-authenticate": "Bearer"})
        if request.header(b"content-type").partition(b";")[0].strip() != _JSON.encode():
            raise _Refused(415, "send the payloads as JSON, with Content-Type: application/json")
        body = await request.body(MAX_BODY_BYTES)
        # protobuf needs 12 µs for each of these, in which nobody else is answered
        if sum(body.count(sign) for sign in (b"{", b"[", b":")) > MAX_VALUES:
            raise _Refused(
                413,
                f"the body has more than {MAX_VALUES:,} objects, lists and fields; send the "
                "payloads in several requests",
            )
        try:
            payloads = json_format.Parse(body, Payloads(), ignore_unknown_fields=True)
        except (json_format.ParseError, UnicodeError, RecursionError):
            raise _Refused(400, 'the body is not {"payloads": […]}, as Temporal sends it') from None
        try:
            coded = Payloads(payloads=await code(payloads.payloads))
        except CodecError as error:  # its message says what to do, and holds no secret
            raise _Refused(400, str(error)) from None
        return _Answer(200, json_format.MessageToJson(coded, indent=None).encode(), _TYPED)


_TYPED: Final = {"content-type": _JSON}


class _Request:
    """A request, whose body is read within limits."""

    def __init__(self, scope: Message, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._headers = {name.lower(): value for name, value in scope["headers"]}
        self._receive = receive
        self.host = self.header(b"host").decode("latin-1")
        self.origin = self.header(b"origin").decode("latin-1")

    def header(self, name: bytes) -> bytes:
        """A header field; empty if there is none."""
        value: bytes = self._headers.get(name, b"")
        return value

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises the refusal of one that is too large, or too slow."""
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        raise _Refused(400, "the connection broke within the body")
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise _Refused(413, f"the body has more than {limit:,} bytes")
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            detail = f"the whole body did not arrive within {BODY_SECONDS:.0f} s"
            raise _Refused(408, detail, {"connection": "close"}) from None


def _cors(origin: str) -> dict[str, str]:
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "vary": "origin",
    }


def _page(status: int, text: str) -> _Answer:
    return _Answer(status, text.encode(), codec_page.HEADERS)


async def _send(send: Any, answer: _Answer) -> None:
    # The connection is kept, although the body may not have been read, and uvicorn drops the rest:
    # closing it within the body would reset it, and lose the answer.
    fields = {"cache-control": "no-store", **answer.headers}
    if answer.status != 204:
        fields["content-length"] = str(len(answer.body))
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})
