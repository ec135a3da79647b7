"""A subscriber like a browser's `EventSource`: reconnects by itself, says the last id, obeys 204.

It decodes with httpx-sse, which knows nothing of us, and checks as it goes that the ids of each
producer only rise.
As a program, `python subscriber.py URL FILE`, it writes what it sees to a file, a line each.
"""

import asyncio
import contextlib
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

import httpx
from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from tests.integration.waiting import DEADLINE_SECONDS

RECONNECT_SECONDS: Final = 0.05  # `retry:` says 1 s; a test cannot wait that long each time


class Seen(NamedTuple):
    """One event as it came."""

    id: str | None
    """Its own id; None when the frame had none."""
    type: str
    """The `event:` line."""
    event: Any
    """The data, decoded."""

    @property
    def own_id(self) -> str:
        """The id of the event itself, with which its `id:` line begins; "" if it had none."""
        return (self.id or "").partition("@")[0].partition(",")[0]

    @property
    def place(self) -> tuple[int, ...]:
        """The three numbers of its own id."""
        return tuple(int(part) for part in self.own_id.split("."))


class Subscriber:
    """One reader of one session."""

    def __init__(
        self,
        url: str,
        *,
        cursor: str | None = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        reconnect: bool = True,
        retries_503: bool = False,
        verify: ssl.SSLContext | bool = True,
        file: TextIO | None = None,
    ) -> None:
        self.url = url
        self.cursor = cursor
        self.seen: list[Seen] = []
        self.id_only: list[str] = []  # ids that came without an event
        self.comments: list[str] = []
        self.statuses: list[int] = []  # of every answer
        self.headers = httpx.Headers()  # of the last answer
        self.retry: int | None = None
        self.ended_at = 0.0  # monotonic; when the last connection ended
        self._params = params
        self._headers = headers or {}
        self._reconnect = reconnect
        self._goes_on_at = (200, 503) if retries_503 else (200,)
        self._verify = verify
        self._file = file
        self._changed = asyncio.Event()
        self._highest: dict[int, tuple[int, ...]] = {}  # the last event of each producer
        self._done = False

    async def run(self) -> None:
        """Read until `done`, 204 or, without reconnecting, the end of the response."""
        timeout = httpx.Timeout(30, read=60)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=self._verify) as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    await self._connect(http)
                self.ended_at = time.monotonic()
                self._ring()
                refused = bool(self.statuses) and self.statuses[-1] not in self._goes_on_at
                if self._done or refused or not self._reconnect:
                    return
                await asyncio.sleep(RECONNECT_SECONDS)

    async def until(self, holds: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until `holds()`; fails with what was seen."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await self._changed.wait()
        except TimeoutError:
            seen = f"{len(self.seen)} events: … {self.seen[-5:]}"
            raise AssertionError(f"not seen within {seconds} s; {seen}") from None

    async def saw(self, kind: str, seconds: float = DEADLINE_SECONDS) -> Seen:
        """The first event of that type, once there is one."""
        await self.until(lambda: kind in self.types, seconds)
        return next(seen for seen in self.seen if seen.type == kind)

    @property
    def types(self) -> list[str]:
        """The types of the events so far."""
        return [seen.type for seen in self.seen]

    @property
    def ids(self) -> list[str]:
        """The events' own ids so far."""
        return [seen.own_id for seen in self.seen if seen.id]

    async def _connect(self, http: httpx.AsyncClient) -> None:
        headers = {"Accept": "text/event-stream", **self._headers}
        if self.cursor is not None:
            headers["Last-Event-ID"] = self.cursor
        async with http.stream("GET", self.url, params=self._params, headers=headers) as answer:
            self.statuses.append(answer.status_code)
            self.headers = answer.headers
            self._ring()
            if answer.status_code != 200:
                return
            lines, decoder, own_id = SSELineDecoder(), SSEDecoder(), None
            async for text in answer.aiter_text():
                for line in lines.decode(text):
                    if line.startswith(":"):
                        self.comments.append(line)
                    if line.startswith("id:"):
                        own_id = line.removeprefix("id:").strip()
                    sse = decoder.decode(line)
                    if sse is not None:
                        self._take(sse, own_id)
                        own_id = None
                self._ring()

    def _take(self, sse: ServerSentEvent, own_id: str | None) -> None:
        self.retry = sse.retry or self.retry
        self.cursor = sse.id or self.cursor
        if not sse.data:
            self.id_only += [own_id] if own_id else []
            return
        assert not self._done, f"{sse} came after done"
        seen = Seen(own_id, sse.event, json.loads(sse.data))
        self._check(seen)
        self.seen.append(seen)
        if self._file is not None:
            self._file.write(json.dumps([time.time(), *seen]) + "\n")
            self._file.flush()
        self._done = seen.type == "done" or seen.event["type"] == "done"

    def _check(self, seen: Seen) -> None:
        if seen.event["type"] == "reset":
            self._highest = {}
        if (
            seen.event["type"] == "superseded" and "after" in seen.event
        ):  # one sent by hand has none
            last = tuple(int(part) for part in seen.event["after"].split("."))
            self._highest[last[0]] = last
        if seen.id is None or seen.id.startswith("end"):
            return
        last = self._highest.get(seen.place[0], ())
        assert seen.place > last, f"{seen.id} came after {last}"
        self._highest[seen.place[0]] = seen.place

    def _ring(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@asynccontextmanager
async def subscribed(url: str, **options: Any) -> AsyncIterator[Subscriber]:
    """A subscriber that reads while the block runs, once the bridge has answered it."""
    subscriber = Subscriber(url, **options)
    running = asyncio.create_task(subscriber.run())
    try:
        await subscriber.until(lambda: subscriber.statuses)
        yield subscriber
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def read_all(url: str, **options: Any) -> Subscriber:
    """A subscriber that has read to the end."""
    subscriber = Subscriber(url, **options)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await subscriber.run()
    return subscriber


def seen_in(file: Path) -> Iterator[tuple[float, Seen]]:
    """What a subscriber in another process has written so far: when, and what."""
    for line in file.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            when, *seen = json.loads(line)
            yield when, Seen(*seen)


def main(url: str, file: str) -> None:
    """Read the stream at `url` to its end into `file`."""
    with Path(file).open("w") as out:
        asyncio.run(Subscriber(url, file=out).run())


if __name__ == "__main__":
    main(*sys.argv[1:])
