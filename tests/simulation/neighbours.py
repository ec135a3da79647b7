"""Neighbours: producers of other sessions in the same process, which share its POSTs.

No workflow has these sessions, so a bridge refuses each document: one at once, another after a look
into Temporal. The refusal names the session, so that a mix-up of answers shows.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, Final

import httpx
import msgspec

from kai_flow.stream.callback import read_answer
from kai_flow.stream.http_posts import NoAnswer, post_over
from kai_flow.stream.list_form import MAX_DOCUMENT_BYTES, MAX_DOCUMENTS, encode_list
from kai_flow.stream.sharing import Document
from kai_flow.stream.uplink import uplink_of
from tests.simulation.oracle import Oracle

NEIGHBOURS: Final = tuple(f"neighbour-{n}" for n in range(7))
PAUSE_SECONDS: Final = 2.0  # between two documents of a neighbour, at most
BAD_LISTS: Final = (b"[]", b"[{", encode_list([b"{}"] * (MAX_DOCUMENTS + 1)))
IMPATIENT_SECONDS: Final = 0.01  # after which some leave
LIST_BYTES: Final = MAX_DOCUMENT_BYTES + 2_000  # of a list, where there are neighbours
_RUN: Final = "0198c0de-0000-7000-8000-00000badc0de"


def session_of(document: bytes) -> str:
    """The session that a document names; "" if it names none."""
    named = msgspec.json.decode(document)
    return str(named.get("session_id", "")) if isinstance(named, dict) else ""


def document_of(neighbour: str, size: int) -> bytes:
    """A document: every third is no callback, which is seen at once."""
    document: dict[str, Any] = {"session_id": neighbour, "padding": "x" * size}
    if NEIGHBOURS.index(neighbour) % 3:
        document |= {"workflow_id": neighbour, "run_id": _RUN, "base": "1.1.1", "events": []}
    return msgspec.json.encode(document)


async def talk(
    neighbour: str,
    base_url: str,
    http: httpx.AsyncClient,
    random: Random,
    oracle: Oracle,
    bridge: Callable[[], str],
) -> None:
    """POST documents for ever, with those of the session. `bridge`: a boot id that has answered."""
    url = base_url + neighbour

    async def alone(body: bytes) -> Any:
        return await post_over(http, url, body)

    async with uplink_of(url, neighbour, http) as uplink:
        assert uplink is not None
        while True:
            await asyncio.sleep(random.uniform(0.0, random.choice([0.02, PAUSE_SECONDS])))
            if random.random() < 0.05:
                with suppress(NoAnswer):  # the answer may be the weather's
                    await alone(random.choice(BAD_LISTS))
                continue
            size = random.choice([0, 0, 1_000, MAX_DOCUMENT_BYTES - 500])
            document = Document(neighbour, url, document_of(neighbour, size))
            try:
                async with asyncio.timeout(random.choice([None, IMPATIENT_SECONDS])):
                    reply = await uplink.post(bridge(), document, alone)
            except (NoAnswer, TimeoutError):
                continue
            if b'"of"' in reply.body and msgspec.json.decode(reply.body) != {"of": neighbour}:
                oracle.violated(f"{neighbour} gets the answer {reply.body[:100]!r}")
            taken = read_answer(reply.body)
            if taken is not None and "-" in taken.bridge:  # not a stranger's
                oracle.violated(f"{neighbour} gets the answer of another session")
