"""Checks tokens for a running program: with the keys of its settings, and the time of day."""

import time
from collections.abc import Callable

from kai_flow.access.errors import UnknownKey
from kai_flow.access.grant import Grant
from kai_flow.access.issuer_keys import IssuerKeys, KeysState
from kai_flow.access.key_ring import KeyRing, Secret
from kai_flow.access.tokens import LEEWAY_SECONDS, Expected, verify


class TokenChecker:
    """Knows every key that a token may be signed with.

    `clock` tells the seconds since 1970.
    """

    def __init__(
        self,
        expected: Expected,
        secrets: tuple[Secret, ...] = (),
        issuer: IssuerKeys | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._expected = expected
        self._issuer = issuer
        self._clock = clock
        self._secret_ring = KeyRing(secrets)

    async def check(self, token: str) -> Grant:
        """What a token grants now. Raises TokenRefused and KeysUnreachable."""
        try:  # a token with a secret needs no issuer
            return verify(token, self._secret_ring, self._expected, self._clock())
        except UnknownKey:
            if self._issuer is None:
                raise
        try:
            return await self._by_issuer(self._issuer, token)
        except UnknownKey:
            await self._issuer.refresh()
        return await self._by_issuer(self._issuer, token)

    async def _by_issuer(self, issuer: IssuerKeys, token: str) -> Grant:
        ring = KeyRing(public=await issuer.current())
        return verify(token, ring, self._expected, self._clock())

    async def keys_state(self, seconds: float) -> KeysState | None:
        """How it stands with the issuer's keys, after so long at most; None: there is no issuer."""
        return None if self._issuer is None else await self._issuer.state(seconds)

    def seconds_left(self, grant: Grant) -> float:
        """For how long a token still counts, with the leeway; it may be negative."""
        return grant.expires_at + LEEWAY_SECONDS - self._clock()
