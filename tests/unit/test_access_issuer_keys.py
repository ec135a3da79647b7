"""The keys of an issuer that is slow, lies, rotates its keys or goes away, over real sockets."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kai_flow.access import issuer_keys
from kai_flow.access.checker import TokenChecker
from kai_flow.access.errors import KeysUnreachable, TokenRefused, UnknownKey
from kai_flow.access.issuer_keys import (
    FRESH_SECONDS,
    REFRESH_SECONDS,
    STALE_SECONDS,
    IssuerKeys,
    KeysState,
)
from kai_flow.access.key_ring import MAX_KEY_SET_BYTES
from kai_flow.access.tokens import Expected
from tests.issuing import NOW, claims, issued, key_set, published

OLD, NEW = published("RS256", "old"), published("ES256", "new")


class Issuer:
    """A server that answers with what it is told, and counts the requests."""

    def __init__(self) -> None:
        self.answer: bytes | None = http(key_set(OLD))  # None: nothing at all
        self.requests: list[bytes] = []
        self.endless = False
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        if self.endless:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
                    await writer.drain()
        elif self.answer is not None:
            writer.write(self.answer)
            writer.close()
        else:
            await reader.read()  # until the client gives up
            writer.close()


def http(body: bytes, status: str = "200 OK", head: str = "") -> bytes:
    """An answer."""
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def serving() -> AsyncIterator[Issuer]:
    """An issuer on a free port."""
    issuer = Issuer()
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    async with server:
        issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
        yield issuer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time by which keys age."""
    moment = [1_000.0]
    monkeypatch.setattr(issuer_keys, "now", lambda: moment[0])
    return moment


def ids(keys: tuple[object, ...]) -> list[object]:
    """Their ids."""
    return [getattr(key, "id", None) for key in keys]


async def test_all_who_need_the_keys_share_one_fetch(clock: list[float]) -> None:
    """§8.6: a hundred tokens at once, and those after them, cost one request."""
    async with serving() as issuer:
        keys = IssuerKeys(issuer.url)
        found = await asyncio.gather(*(keys.current() for _ in range(100)))
        assert {tuple(ids(one)) for one in found} == {("old",)}
        clock[0] += FRESH_SECONDS - 1
        await keys.current()
        assert len(issuer.requests) == 1
        assert b"accept-encoding: identity" in issuer.requests[0].lower()


async def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(clock: list[float]) -> None:
    """§8.6: an unknown key id fetches once in 10 s; after 5 min a withdrawn key is gone."""
    async with serving() as issuer:
        checker = TokenChecker(
            Expected("kai-bridge"), (), IssuerKeys(issuer.url), clock=lambda: NOW
        )
        old, new = issued("RS256", claims(NOW), "old"), issued("ES256", claims(NOW), "new")
        assert (await checker.check(old)).subject == "ani"
        issuer.answer = http(key_set(OLD, NEW))
        clock[0] += REFRESH_SECONDS - 0.1
        with pytest.raises(UnknownKey):
            await checker.check(new)
        clock[0] += 0.1
        assert (await checker.check(new)).subject == "ani"
        for _ in range(50):
            with pytest.raises(TokenRefused):
                await checker.check(issued("EdDSA", claims(NOW), "invented"))
        assert len(issuer.requests) == 2
        issuer.answer = http(key_set(NEW))
        clock[0] += FRESH_SECONDS
        with pytest.raises(UnknownKey):
            await checker.check(old)
        assert len(issuer.requests) == 3


async def test_an_issuer_that_has_gone_is_missed_after_an_hour(clock: list[float]) -> None:
    """§8.6: the last key set counts meanwhile, and no request is made but once in 10 s."""
    async with serving() as issuer:
        keys = IssuerKeys(issuer.url)
        await keys.current()
        issuer.answer = http(b"", "500 Internal Server Error")
        clock[0] += STALE_SECONDS - 1
        for _ in range(20):
            assert ids(await keys.current()) == ["old"]
        assert len(issuer.requests) == 2
        clock[0] += 1
        with pytest.raises(KeysUnreachable):
            await keys.current()
        issuer.answer = http(key_set(NEW))
        clock[0] += REFRESH_SECONDS
        assert ids(await keys.current()) == ["new"]


LIES = {
    "nothing at all": None,
    "half an answer": http(key_set(OLD))[:-9],
    "an error": http(key_set(OLD), "404 Not Found"),
    "a redirect": http(key_set(OLD), "302 Found", "Location: https://evil.example/\r\n"),
    "no key set": http(b"<html>"),
    "no usable key": http(key_set({"kty": "oct", "k": "AAAA"})),
    "too much": http(key_set(OLD) + b" " * MAX_KEY_SET_BYTES),
    "no end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"fff0\r\n" + b" " * 0xFFF0 + b"\r\n" * 1,
    "packed": http(gzip.compress(key_set(OLD)), head="Content-Encoding: gzip\r\n"),
    "no HTTP": b"SSH-2.0-OpenSSH_9\r\n",
}  # fmt: skip


@pytest.mark.parametrize("answer", LIES.values(), ids=LIES.keys())
async def test_an_issuer_that_hangs_or_lies_is_not_believed(
    answer: bytes | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """§8.6: no token counts, the log says why, and nobody waits longer than for one fetch."""
    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", 0.3)
    async with serving() as issuer:
        issuer.answer = answer
        keys = IssuerKeys(issuer.url)
        async with asyncio.timeout(5):
            for _ in range(3):
                with pytest.raises(KeysUnreachable):
                    await keys.current()
        assert len(issuer.requests) == 1
    [line] = [r.getMessage() for r in caplog.records if r.name == issuer_keys.__name__]
    assert line.startswith("the keys at KAI_TOKEN_JWKS_URL cannot be fetched: ")


async def test_an_issuer_without_an_end_is_not_read_for_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """§8.6: reading stops after 64 KiB, and not when the time for a fetch is over."""
    async with serving() as issuer:
        issuer.endless = True
        with pytest.raises(KeysUnreachable):
            await IssuerKeys(issuer.url).current()
    assert "more than 64 KiB" in caplog.text


async def test_nobody_at_the_address_is_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """§8.6: a refused connection is as good as no keys."""
    with pytest.raises(KeysUnreachable):
        await IssuerKeys("http://127.0.0.1:9/keys").current()
    assert "cannot be fetched" in caplog.text


async def test_who_leaves_takes_no_fetch_along(clock: list[float]) -> None:
    """Of two who wait for the same fetch, one is cancelled, and the other gets the keys."""
    async with serving() as issuer:
        keys = IssuerKeys(issuer.url)
        leaving = asyncio.create_task(keys.current())
        await asyncio.sleep(0)
        staying = asyncio.create_task(keys.current())
        await asyncio.sleep(0)
        leaving.cancel()
        assert ids(await staying) == ["old"]


async def test_the_state_of_the_keys_is_told(clock: list[float]) -> None:
    """None yet, then kept while they cannot be fetched, then none, then new ones."""
    async with serving() as issuer:
        keys = IssuerKeys(issuer.url)
        issuer.answer = http(b"", "500 Internal Server Error")
        state = await keys.state(5)
        assert (state.usable, state.failure) == (False, "the answer has the status 500")
        issuer.answer = http(key_set(OLD))
        clock[0] += REFRESH_SECONDS
        assert await keys.state(5) == KeysState(True, None, STALE_SECONDS)
        issuer.answer = http(b"", "500 Internal Server Error")
        clock[0] += FRESH_SECONDS
        left = STALE_SECONDS - FRESH_SECONDS
        assert await keys.state(5) == KeysState(True, "the answer has the status 500", left)
        clock[0] += left
        assert await keys.state(5) == KeysState(False, "the answer has the status 500", 0.0)
        issuer.answer = http(key_set(NEW))
        clock[0] += REFRESH_SECONDS
        assert (await keys.state(5)).failure is None
        assert ids(await keys.current()) == ["new"]


async def test_a_failure_that_is_over_is_forgotten_at_once(clock: list[float]) -> None:
    """An unknown key was asked for in vain: the next look fetches again, and not after 5 min."""
    async with serving() as issuer:
        keys = IssuerKeys(issuer.url)
        await keys.current()
        issuer.answer = http(b"", "500 Internal Server Error")
        clock[0] += REFRESH_SECONDS
        await keys.refresh()
        assert (await keys.state(5)).failure is not None
        issuer.answer = http(key_set(OLD))
        clock[0] += REFRESH_SECONDS
        assert (await keys.state(5)).failure is None


async def test_who_asks_for_the_state_waits_no_longer_than_it_likes() -> None:
    """An issuer that hangs: the fetch goes on, and the state says so after the given time."""
    async with serving() as issuer:
        issuer.answer = None
        keys = IssuerKeys(issuer.url)
        async with asyncio.timeout(2):
            state = await keys.state(0.1)
            again = await keys.state(0.1)
        assert state == again == KeysState(False, "no answer within 0.1 s", 0.0)
        assert len(issuer.requests) == 1
