"""`--bridge`: a session on bridges and workers that run elsewhere, followed with a token."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import httpx

from kai_flow.cli import text
from kai_flow.cli.own_token import own_tokens
from kai_flow.settings import Settings, StartError
from kai_flow.stream.direct_http import direct_http, network_errors
from kai_flow.stream.reader_headers import ReaderHeaders
from kai_flow.temporal.client import connect
from kai_flow.temporal.converter import data_converter_of
from kai_flow.temporal.target import target

if TYPE_CHECKING:
    from temporalio.client import Client

ANSWER_SECONDS: Final = 10.0  # of the bridge, to the question whether it lets the command in
PROBE: Final = "kai"  # the session that is asked for

# what a bridge answers to a reader that it lets in, by status and media type
_TAKEN: Final[Mapping[int, str]] = {
    httpx.codes.OK: "text/event-stream",
    httpx.codes.NO_CONTENT: "",
    httpx.codes.NOT_FOUND: "application/problem+json",
}


async def reached(settings: Settings, bridge: str) -> "Client":
    """A client of the Temporal that is configured, once the bridge has let the command in.

    Raises `StartError` before anything is started: nobody could see the answer.
    """
    where = target()
    if where.port == 0:
        raise StartError(
            f"--bridge is of a stack that runs, and TEMPORAL_ADDRESS={where.address} starts a "
            "server: set it to the address of the server that this stack uses"
        )
    await _require_bridge(settings, bridge)
    return await connect(data_converter=data_converter_of(settings))


async def _require_bridge(settings: Settings, bridge: str) -> None:
    """Ask for a stream as the reader of a session will.

    Whether there is such a session does not matter: a token that counts never gets another answer
    than those of `_TAKEN`, whichever sessions it grants.
    """
    url = f"{bridge}/stream/{PROBE}?wait=false"
    fields = await ReaderHeaders(None, own_tokens(settings, PROBE)).fields()
    try:
        with network_errors():
            async with (
                direct_http(ANSWER_SECONDS) as http,
                http.stream("GET", url, headers=fields) as response,
            ):
                expected = _TAKEN.get(response.status_code, "?")
                if response.headers.get("Content-Type", "").startswith(expected):
                    return
                await response.aread()
    except httpx.HTTPError as wrong:
        why = text.line(wrong, 200) or type(wrong).__name__
        raise StartError(f"no bridge answers at {bridge} ({why}): check --bridge") from None
    try:
        why = text.line(response.json()["detail"], 300)
    except (ValueError, KeyError, TypeError):
        raise StartError(
            f"what answers at {bridge} is not a bridge (status {response.status_code}): check "
            "--bridge"
        ) from None
    remedy = ""
    if response.status_code == httpx.codes.UNAUTHORIZED:
        remedy = ": set KAI_TOKEN to a token of this bridge"
    raise StartError(f"the bridge at {bridge} refuses its reader ({why}){remedy}")
