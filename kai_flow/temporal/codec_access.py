"""Who may use the codec server: whoever has its token, and pages of the Temporal UI.

A program sends the token with each request. The Temporal UI cannot: a person signs in once, and the
browser then sends a cookie. The cookie does not hold the token, ends by itself, and is worthless
once the token was changed. A page of another origin may neither use the cookie nor sign anybody in.

A page whose own name leads to this machine (DNS rebinding) has the origin that the server seems to
have. The name shows in the field `Host`, which has to be one of the server's.
"""

import hmac
import re
from collections.abc import Collection
from typing import Final

_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?")

COOKIE: Final = "kai_codec"
COOKIE_SECONDS: Final = 12 * 3600  # a working day; then a person signs in again


class CodecAccess:
    """The token of a codec server, its names, and the origins of the pages that may call it.

    `names` are the hosts by which it may be called, in lower case.
    """

    def __init__(self, token: bytes, origins: Collection[str], names: Collection[str]) -> None:
        self._token = token
        self._origins = frozenset(origins)
        self._names = frozenset(names)

    def is_called(self, host: str) -> bool:
        """Whether this field `Host` names the server."""
        found = _HOST.fullmatch(host.lower())
        return found is not None and (found[1] or found[2]) in self._names

    def allows(self, origin: str, host: str) -> bool:
        """Whether pages of this origin may call the server, which was called as `host`."""
        own = origin in {f"http://{host}", f"https://{host}"} and self.is_called(host)
        return own or origin in self._origins

    def is_token(self, given: bytes) -> bool:
        """Whether somebody knows the token."""
        return hmac.compare_digest(given, self._token)

    def knows(self, authorization: bytes, cookies: bytes, now: float) -> bool:
        """Whether a request has the token, or a cookie that is still good, at `now`.

        `authorization` and `cookies` are header fields. Times are seconds since 1970.
        """
        kind, _, given = authorization.partition(b" ")
        if kind.lower() == b"bearer" and self.is_token(given.strip()):
            return True
        for part in cookies.split(b";"):
            name, _, value = part.strip().partition(b"=")
            if name == COOKIE.encode() and self._is_good(value, now):
                return True
        return False

    def cookie(self, now: float) -> str:
        """The cookie of somebody who signs in at `now`, as in `Set-Cookie`."""
        expires = int(now) + COOKIE_SECONDS
        value = f"{expires}.{self._signed(expires)}"
        return f"{COOKIE}={value}; Max-Age={COOKIE_SECONDS}; Path=/; HttpOnly; SameSite=Strict"

    def _is_good(self, value: bytes, now: float) -> bool:
        text, _, signature = value.partition(b".")
        if not (text.isdigit() and len(text) <= 15):
            return False
        expires = int(text)
        good = hmac.compare_digest(signature, self._signed(expires).encode())
        return good and now < expires

    def _signed(self, expires: int) -> str:
        return hmac.digest(
            self._token, f"kai-flow codec cookie 1:{expires}".encode(), "sha256"
        ).hex()
