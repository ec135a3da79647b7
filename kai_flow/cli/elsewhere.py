"""`--bridge`: a session on bridges and workers that run elsewhere, followed with a token.

Here it is also found out, before anything is started, that a bridge is one, lets the command in,
and encodes what Temporal stores in the same way.
"""

import asyncio
from typing import TYPE_CHECKING, Final

import httpx

from kai_flow.cli import text
from kai_flow.cli.own_token import REMEDIES, own_tokens, used
from kai_flow.settings import Settings, StartError
from kai_flow.stream.callback import read_detail
from kai_flow.stream.direct_http import (
    AS_IT_IS,
    direct_http,
    is_untrusted,
    network_errors,
    read_limited,
    speaks_plainly,
)
from kai_flow.stream.follow_bridge import MAX_REFUSAL_BYTES
from kai_flow.stream.reader_headers import ReaderHeaders
from kai_flow.temporal.client import connect
from kai_flow.temporal.converter import data_converter_of
from kai_flow.temporal.introduction import HEADER, Introduction, codec_of, disagreement
from kai_flow.temporal.target import target

if TYPE_CHECKING:
    from temporalio.client import Client

ANSWER_SECONDS: Final = 10.0  # of the bridge, to the question whether it lets the command in
PROBE: Final = "kai"  # the session that is asked for

# no bridge answers so to a request for a stream without introducing itself
_NOT_FOUND: Final = (httpx.codes.OK, httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED)


async def reached(settings: Settings, bridge: str) -> "tuple[Client, Introduction]":
    """A client of the Temporal that is configured, once the bridge has let the command in.

    And what the bridge says of itself.

    Raises `StartError` before anything is started: nobody could see the answer.
    """
    where = target()
    if where.port == 0:
        raise StartError(
            f"--bridge is of a stack that runs, and TEMPORAL_ADDRESS={where.address} starts a "
            "server: set it to the address of the server that this stack uses"
        )
    found = await introduced(settings, bridge, "check --bridge")
    return await connect(data_converter=data_converter_of(settings)), found


async def introduced(settings: Settings, bridge: str, remedy: str) -> Introduction:
    """What a bridge says of itself, asked for a stream as the reader of a session will.

    Whether there is such a session does not matter. Raises `StartError` where no bridge answers
    (then `remedy` says what to do), where it does not let the command in, and where the two of
    them encode differently.
    """
    url = f"{bridge}/stream/{PROBE}?wait=false"
    fields = await ReaderHeaders(None, own_tokens(settings, PROBE)).fields()
    refusal = b""
    try:
        with network_errors():
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                direct_http(ANSWER_SECONDS) as http,
                http.stream("GET", url, headers={**fields, **AS_IT_IS}) as response,
            ):
                found = Introduction.read(response.headers.get(HEADER))
                if found is None:
                    refusal = await read_limited(response, MAX_REFUSAL_BYTES)
    except (httpx.HTTPError, TimeoutError) as wrong:
        raise StartError(_unreached(wrong, bridge, remedy)) from None
    if found is None:
        raise StartError(_refused(settings, response, read_detail(refusal), bridge, remedy))
    why = disagreement(codec_of(data_converter_of(settings)), found.codec)
    if why is not None:
        raise StartError(f"nothing was asked: the bridge at {bridge} {why}")
    return found


def _unreached(wrong: httpx.HTTPError | TimeoutError, bridge: str, remedy: str) -> str:
    """The sentence about a connection that failed."""
    why = text.line(wrong, 200) or type(wrong).__name__
    if isinstance(wrong, TimeoutError):
        return f"no bridge answers at {bridge} within {ANSWER_SECONDS:.0f} s: {remedy}"
    if is_untrusted(wrong):
        return (
            f"the certificate of {bridge} is not trusted ({why}): set SSL_CERT_FILE to the "
            "certificate of whoever has signed it, in PEM"
        )
    if bridge.startswith("https:") and speaks_plainly(wrong):
        plain = bridge.replace("https:", "http:", 1)
        return f"what answers at {bridge} speaks http, without TLS: write {plain}, or {remedy}"
    return f"no bridge answers at {bridge} ({why}): {remedy}"


def _refused(
    settings: Settings, response: httpx.Response, why: str, bridge: str, remedy: str
) -> str:
    """The sentence about an answer that is not one of a bridge that lets the command in.

    `why` is the reason in it, if there is one.
    """
    status, kind = response.status_code, response.headers.get("Content-Type", "")
    if status == httpx.codes.OK and kind.startswith("text/event-stream"):
        return f"the bridge at {bridge} takes no more requests at once: try again in a moment"
    why = text.line(why, 300)
    if status in _NOT_FOUND or not why or not kind.startswith("application/problem+json"):
        shorter = bridge.removesuffix("/stream")
        hint = f": did you mean {shorter}?" if shorter != bridge else f": {remedy}"
        return f"what answers at {bridge} is not a bridge (status {status}){hint}"
    if status != httpx.codes.UNAUTHORIZED:
        return f"the bridge at {bridge} refused the request ({why})"
    return f"the bridge at {bridge} refused the request ({why}): {REMEDIES[used(settings)]}"
