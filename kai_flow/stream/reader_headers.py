"""What a reader sends with each request to a bridge: its own header fields, and its token."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

Token = str | Callable[[], str | Awaitable[str]]
"""A token, or what gets one: it is called for each request, and may be a coroutine function."""

_TOKEN: Final = re.compile(r"[!-~]+")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[ -~\t]*")


class ReaderHeaders:
    """The header fields of one reader. Raises ValueError for what no header can carry."""

    def __init__(self, headers: Mapping[str, str] | None, token: Token | None) -> None:
        self._headers = dict(headers or {})
        self._token = token
        for name, value in self._headers.items():
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(f"the header {name[:100]!r} has a character that none may have")
        if isinstance(token, str):
            _require(token)

    @property
    def renewable(self) -> bool:
        """Whether there may be another token than the last one."""
        return callable(self._token)

    async def fields(self) -> dict[str, str]:
        """Those of the next request, with a token of its own. Raises what its callable raises."""
        if self._token is None:
            return self._headers
        token = self._token if isinstance(self._token, str) else self._token()
        if inspect.isawaitable(token):
            token = await token
        _require(token)
        return {**self._headers, "Authorization": f"Bearer {token}"}


def _require(token: object) -> None:
    """Raise ValueError for what is no token; the message does not repeat it."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ValueError("the token must be a string of letters, digits and signs, without spaces")
