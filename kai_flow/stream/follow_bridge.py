"""Follows a session on a bridge: reconnects with the last id that was read, until `done`."""

import asyncio
import codecs
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from kai_flow.stream.callback import read_detail, read_retry_after
from kai_flow.stream.clock import now
from kai_flow.stream.direct_http import (
    AS_IT_IS,
    direct_http,
    is_unknown_host,
    is_untrusted,
    network_errors,
    read_limited,
)
from kai_flow.stream.events import is_deeper
from kai_flow.stream.followed import Followed, StreamLostError, pauses
from kai_flow.stream.log_fields import about
from kai_flow.stream.place import Cursor
from kai_flow.stream.post_channel import MAX_RETRY_AFTER_SECONDS
from kai_flow.stream.reader_headers import ReaderHeaders
from kai_flow.stream.sse import Decoder, FrameTooLong, Message
from kai_flow.stream.trusted import BadCertificates
from kai_flow.stream.wire_names import DONE

log = logging.getLogger(__name__)

SILENCE_SECONDS: Final = 60.0  # four heartbeats of the bridge are missing: reconnect
TIMEOUT: Final = httpx.Timeout(10.0, read=SILENCE_SECONDS)
REFUSAL_SECONDS: Final = 5.0  # for the body of a refusal
MAX_REFUSAL_BYTES: Final = 64 * 1024
MAX_LEVELS: Final = 500  # of nesting: half of what Python's own encoders manage

_Utf8 = codecs.getincrementaldecoder("utf-8")


class BridgeStream:
    """The stream of one session on a bridge, and how far it has been read."""

    def __init__(
        self, base_url: str, session_id: str, cursor: Cursor | None, headers: ReaderHeaders
    ) -> None:
        self.base_url = base_url
        self._headers = headers
        self.session_id = session_id
        self.last_id = None if cursor is None else str(cursor)
        self.ended = False  # `done` was read
        self.met = False  # something has answered there before
        self.answered = False  # the bridge has answered the last request
        self.retry_after = 0.0  # seconds that the last refusal asked for
        self.http = direct_http(TIMEOUT)

    async def read(self) -> AsyncGenerator[Followed, None]:
        """Yield events until the connection ends.

        Raises httpx.RequestError when another try may help, and StreamLostError when it cannot.
        """
        async with AsyncExitStack() as stack:
            response = await self._ask(stack)
            if response.status_code == httpx.codes.UNAUTHORIZED and self._headers.renewable:
                await stack.aclose()
                response = await self._ask(stack)  # the token has expired on its way
            self.ended = response.status_code == httpx.codes.NO_CONTENT
            if self.ended:
                return
            await self._require_stream(response)
            self.answered = True
            decoder, utf8 = Decoder(), _Utf8("replace")
            async for part in response.aiter_raw():
                for message in self._messages(decoder, utf8.decode(part)):
                    self.last_id = message.id or self.last_id
                    if message.data:
                        event = self._event(message.data)
                        self.ended = event.get("type") == DONE
                        yield Followed(message.id, event)
                        if self.ended:
                            return

    def _messages(self, decoder: Decoder, text: str) -> Iterator[Message]:
        """Those that this part of the stream completes. Raises StreamLostError."""
        try:
            for message in decoder.feed(text):
                if message.id and not (message.id.isascii() and message.id.isprintable()):
                    raise self._not_a_bridge()  # no header could carry it
                yield message
        except FrameTooLong:
            raise self._not_a_bridge() from None

    async def _ask(self, stack: AsyncExitStack) -> httpx.Response:
        """The answer to another request, which `stack` closes."""
        url = f"{self.base_url}/stream/{quote(self.session_id, safe='')}"
        headers = httpx.Headers(await self._headers.fields())
        headers.update(AS_IT_IS)
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        response = await stack.enter_async_context(self.http.stream("GET", url, headers=headers))
        self.met = True
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def trust_anew(self) -> None:
        """Read the trusted certificates again, if they have changed."""
        with contextlib.suppress(BadCertificates):  # they are being written: the old ones count on
            fresh = direct_http(TIMEOUT)
            await self.http.aclose()
            self.http = fresh

    def _event(self, data: str) -> dict[str, Any]:
        if is_deeper(data.encode(), MAX_LEVELS):
            raise self._not_a_bridge()
        try:
            return msgspec.json.decode(data, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            raise self._not_a_bridge() from None

    def _not_a_bridge(self) -> StreamLostError:
        return StreamLostError(f"what answers at {self.base_url} is not a bridge of KAI Flow")

    async def _require_stream(self, response: httpx.Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.is_success and kind.startswith("text/event-stream"):
            return
        if response.is_success:
            raise self._not_a_bridge()
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self.retry_after = read_retry_after(response.headers.get("Retry-After"))
            raise httpx.RemoteProtocolError(f"the bridge answers {response.status_code}")
        why = read_detail(await _refusal(response)) or f"status {response.status_code}"
        raise StreamLostError(f"the bridge at {self.base_url} refuses the stream: {why}")


async def _refusal(response: httpx.Response) -> bytes:
    """The body of a refusal, within limits; empty if it does not come."""
    try:
        async with asyncio.timeout(REFUSAL_SECONDS):
            return await read_limited(response, MAX_REFUSAL_BYTES)
    except TimeoutError:
        return b""


async def _look_at(bridge: BridgeStream, error: httpx.RequestError, *, new: bool) -> None:
    """Do what there is to do about a failed connection, the first of an outage if it is `new`.

    Raises StreamLostError when no other try would help.
    """
    untrusted = is_untrusted(error)
    if untrusted and not bridge.met:
        raise StreamLostError(
            f"the certificate of {bridge.base_url} is not trusted ({error}): set SSL_CERT_FILE to "
            "the certificate of whoever has signed it, in PEM"
        ) from None
    if new and (untrusted or is_unknown_host(error)):  # it seldom passes by itself
        log.warning(
            "session %s: %s cannot be reached, trying on: %s",
            bridge.session_id, bridge.base_url, error,
            extra=about("bridge_unreachable", bridge.session_id),
        )  # fmt: skip
    if untrusted:
        await bridge.trust_anew()


async def from_bridge(
    bridge: BridgeStream, give_up_after: float | None, on_outage: Callable[[], None]
) -> AsyncGenerator[Followed, None]:
    """Every event to the end of the session, over as many connections as it takes.

    See `follow` for `give_up_after` and `on_outage`.
    """
    tries = 0  # connections since the last event
    failing_since: float | None = None
    async with aclosing(bridge):
        while not bridge.ended:
            bridge.answered, bridge.retry_after = False, 0.0
            try:
                with network_errors():
                    async with aclosing(bridge.read()) as events:
                        async for event in events:
                            tries = 0
                            yield event
            except httpx.RequestError as error:
                log.info(
                    "session %s: reconnecting: %r",
                    bridge.session_id, error,
                    extra=about("reconnecting", bridge.session_id),
                )  # fmt: skip
                await _look_at(bridge, error, new=bridge.answered or failing_since is None)
                if bridge.answered or failing_since is None:
                    failing_since = now()
                    on_outage()
                if give_up_after is not None and now() - failing_since >= give_up_after:
                    why = f"has not answered for {give_up_after:.0f} s"
                    raise StreamLostError(f"the bridge at {bridge.base_url} {why}") from None
            else:
                failing_since = None
            if not bridge.ended:
                tries += 1
                asked = min(bridge.retry_after, MAX_RETRY_AFTER_SECONDS)
                if give_up_after is not None:
                    asked = min(asked, give_up_after)
                await asyncio.sleep(max(pauses().pause(tries), asked))
