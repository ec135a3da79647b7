"""Frames that go past ASGI's `send`, where the server offers it: see `runtime.open_response`.

Served by another server, or mounted in another app, the bridge sends all frames with `send`.
"""

from collections.abc import Mapping
from typing import Any

from kai_flow.runtime.open_response import EXTENSION, OpenResponse


def open_response(scope: Mapping[str, Any]) -> OpenResponse | None:
    """The response to this request, if its server takes writes past `send`."""
    response = (scope.get("extensions") or {}).get(EXTENSION)
    return response if isinstance(response, OpenResponse) else None
