"""The public keys of an issuer: fetched from its URL, kept, and fetched again when needed."""

import asyncio
import logging
from typing import Final, NamedTuple

import httpx

from kai_flow.access.errors import InvalidKeySet, KeysUnreachable
from kai_flow.access.key_ring import MAX_KEY_SET_BYTES, PublicKey, read_key_set
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.stream.clock import now
from kai_flow.stream.direct_http import direct_http, network_errors
from kai_flow.stream.log_fields import about

log = logging.getLogger(__name__)

FETCH_SECONDS: Final = 5.0  # for a whole key set
REFRESH_SECONDS: Final = 10.0  # between two fetches, whatever tokens come
FRESH_SECONDS: Final = 300.0  # after which a key that was withdrawn is refused
STALE_SECONDS: Final = 3_600.0  # for which keys are used while they cannot be fetched again

# Compressed, a small answer could be a large one.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class KeysState(NamedTuple):
    """Whether tokens of the issuer can be checked, and would be later."""

    usable: bool
    """There are keys that count now."""
    failure: str | None
    """Why they cannot be fetched; None: nothing is known to be wrong."""
    seconds_left: float
    """For how long they count if they cannot be fetched again; 0.0 without any."""


class IssuerKeys:
    """The key set at one URL.

    Races: any number of tokens may need it at once. They share one fetch, which goes on when the
    client of a token leaves.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: tuple[PublicKey, ...] | None = None  # None: never fetched
        self._fetched_at = float("-inf")  # when these began to be fetched
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._failure: str | None = None  # of the last fetch
        self._limiter = LogLimiter()

    async def current(self) -> tuple[PublicKey, ...]:
        """The keys that count now. Raises KeysUnreachable."""
        if now() - self._fetched_at >= FRESH_SECONDS:
            await self.refresh()
        if self._keys is None or not self._seconds_left:
            raise KeysUnreachable("the keys of the issuer cannot be fetched")
        return self._keys

    async def state(self, seconds: float) -> KeysState:
        """How it stands with the keys; they are fetched if they are due. Takes `seconds` at most.

        The fetch itself goes on, for those who have tokens.
        """
        failure = f"no answer within {seconds:g} s"
        try:
            async with asyncio.timeout(seconds):
                if self._failure is not None:  # also while the keys are fresh: it may be over
                    await self.refresh()
                await self.current()
        except (TimeoutError, KeysUnreachable):
            left = self._seconds_left
            return KeysState(left > 0.0, self._failure or failure, left)
        return KeysState(True, self._failure, self._seconds_left)

    @property
    def _seconds_left(self) -> float:
        kept = 0.0 if self._keys is None else self._fetched_at + STALE_SECONDS - now()
        return max(0.0, kept)

    async def refresh(self) -> None:
        """Fetch them, unless that was tried a moment ago."""
        if self._fetching is None:
            if now() - self._tried_at < REFRESH_SECONDS:
                return
            self._tried_at = now()
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        await asyncio.shield(self._fetching)

    def _fetched(self, _: "asyncio.Task[None]") -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        began = now()
        try:
            with network_errors():
                async with asyncio.timeout(FETCH_SECONDS):
                    keys = read_key_set(await self._download())
            if not keys:
                raise InvalidKeySet("it has no usable key: RS256, ES256 or EdDSA, for signatures")
        except (httpx.HTTPError, httpx.InvalidURL, InvalidKeySet, TimeoutError) as error:
            self._failure = why = str(error) or f"no whole answer within {FETCH_SECONDS:.0f} s"
            if self._limiter.due("fetch") is not None:
                log.warning(
                    "the keys at KAI_TOKEN_JWKS_URL cannot be fetched: %s", why,
                    extra=about("token_keys_unreachable"),
                )  # fmt: skip
        else:
            self._keys, self._fetched_at, self._failure = keys, began, None

    async def _download(self) -> bytes:
        body = bytearray()
        async with (
            direct_http(FETCH_SECONDS) as http,
            http.stream("GET", self._url, headers=_HEADERS) as response,
        ):
            if response.status_code != httpx.codes.OK:  # a redirect is not followed
                raise InvalidKeySet(f"the answer has the status {response.status_code}")
            async for part in response.aiter_raw(16 * 1024):
                body += part
                if len(body) > MAX_KEY_SET_BYTES:
                    raise InvalidKeySet(f"it has more than {MAX_KEY_SET_BYTES // 1024} KiB")
        return bytes(body)
