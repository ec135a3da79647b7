"""Holds requests against the limits of their client, and refuses what is too much (§8.10).

A client is named by the token that it has shown, or else by its address. What comes from this
machine without a token is not limited, unless a proxy has forwarded it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from contextlib import aclosing
from math import ceil
from typing import Any, Final

from kai_flow.bridge.admission import Admission
from kai_flow.runtime.clients import client_of
from kai_flow.settings import Settings
from kai_flow.stream.clock import now
from kai_flow.web.client_limits import ClientLimits, Resource, rates
from kai_flow.web.problems import Problem, problem

FULL_SECONDS: Final = 5  # after which a reader with too many open streams is to come again


class ComeAgain(Exception):
    """A stream is refused for some seconds, which the stream itself has to say.

    After any status but 200 an `EventSource` would never come again.
    """

    status_code: Final = 200

    def __init__(self, seconds: int, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


class ClientGate:
    """The limits of one bridge. `note` is called with the name of each limit that was exceeded."""

    def __init__(
        self, settings: Settings, note: Callable[[str], None] = lambda _limit: None
    ) -> None:
        self._note = note
        self._limits = ClientLimits(rates(settings.client_requests), settings.client_streams)

    def post(self, client: Hashable | None, size: int) -> Problem | None:
        """The refusal of a POST with a body of `size` bytes, if its client has sent too much.

        It is for a POST that is not signed as it must be, or at a bridge without keys.
        """
        if client is None:
            return None
        wait = self._wait(client, Resource.REQUESTS, 1) or self._wait(client, Resource.BYTES, size)
        return _too_much(wait) if wait else None

    def request(self, scope: Any) -> None:
        """Count a request for a stream, before its token is looked at. Raises ComeAgain."""
        self._use(client_of(scope), Resource.REQUESTS)

    def room(self, scope: Any, admission: Admission) -> None:
        """Count a stream that waits for a session which does not exist. Raises ComeAgain."""
        self._use(_client(scope, admission), Resource.ROOMS)

    def frames(
        self, scope: Any, admission: Admission, frames: AsyncGenerator[bytes, None]
    ) -> AsyncIterator[bytes]:
        """The frames of a stream, which counts as open until they end."""
        client = _client(scope, admission)
        return frames if client is None else self._counted(client, frames)

    async def _counted(
        self, client: Hashable, frames: AsyncGenerator[bytes, None]
    ) -> AsyncIterator[bytes]:
        with self._limits.stream(client, now()) as granted:
            if not granted:
                self._note("streams")
                yield come_again(FULL_SECONDS, "too many streams are open")
                return
            async with aclosing(frames) as shown:
                async for frame in shown:
                    yield frame

    def _use(self, client: Hashable | None, resource: Resource) -> None:
        if client is not None and (wait := self._wait(client, resource, 1)):
            raise ComeAgain(wait, f"too many {resource.value}")

    def _wait(self, client: Hashable, resource: Resource, amount: float) -> int:
        """Use a resource: 0, or the whole seconds after which to ask again."""
        wait = ceil(self._limits.use(client, resource, amount, now()))
        if wait:
            self._note(resource.name.lower())
        return wait


def come_again(seconds: int, why: str) -> bytes:
    """All of a stream that is refused for some seconds: when to reconnect, and why for people."""
    return f"retry: {1_000 * seconds}\n: {why}; come again in {seconds} s\n".encode()


def _client(scope: Any, admission: Admission) -> Hashable | None:
    return client_of(scope) if admission.client is None else admission.client


def _too_much(seconds: int) -> Problem:
    detail = f"this client has sent too much; send it again in {seconds} s"
    return problem(429, detail, headers={"Retry-After": str(seconds)}, code="client_limit")
