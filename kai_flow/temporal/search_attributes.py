"""The search attributes by which sessions can be found, and which of them a namespace has.

Temporal refuses a command that sets an attribute which is not registered, and then repeats the
workflow task until it is. So a session gets those attributes only that the server has listed a
moment before. All of them are unencrypted, also with a payload codec: nothing of a question, an
answer or a database may become one.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from kai_flow.stream.clock import now
from kai_flow.stream.log_fields import about

log = logging.getLogger(__name__)

STATUS: Final = "KaiStatus"
ATTEMPTS: Final = "KaiAttempts"
EVENTS: Final = "KaiEvents"

TYPES: Final[Mapping[str, "IndexedValueType.ValueType"]] = {
    STATUS: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    ATTEMPTS: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    EVENTS: IndexedValueType.INDEXED_VALUE_TYPE_INT,
}
"""Every attribute of KAI, with the type that it has to be registered with."""

FRESH_SECONDS: Final = 10.0  # a removed attribute may still be set for so long
ASK_TIMEOUT: Final = timedelta(seconds=1)  # a session is not held up for them


class RegisteredAttributes:
    """Which of KAI's search attributes the namespace of a client has.

    Races: any number of sessions may ask at once. They share one call.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: frozenset[str] = frozenset()
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._said: str | None = None  # the last line of the log

    async def names(self) -> frozenset[str]:
        """Those that may be set now. Takes ASK_TIMEOUT at most, and raises nothing.

        If the server does not tell, none is registered.
        """
        async with self._asking:
            if now() - self._asked_at >= FRESH_SECONDS:
                self._names = await self._ask()
                self._asked_at = now()
        return self._names

    async def _ask(self) -> frozenset[str]:
        request = ListSearchAttributesRequest(namespace=self._client.namespace)
        try:
            async with asyncio.timeout(ASK_TIMEOUT.total_seconds()):
                answer = await self._client.operator_service.list_search_attributes(
                    request, timeout=ASK_TIMEOUT
                )
        except (RPCError, TimeoutError) as error:
            why = error.message if isinstance(error, RPCError) else "it does not answer"
            if self._is_news(f"unknown: {why}"):
                log.info(
                    "sessions get no search attributes, because Temporal does not tell which are "
                    "registered (ListSearchAttributes): %s",
                    why,
                    extra=about("search_attributes_unknown"),
                )
            return frozenset()
        found = {name: kind for name, kind in answer.custom_attributes.items() if name in TYPES}
        unfit = sorted(name for name, kind in found.items() if kind != TYPES[name])
        if self._is_news(f"unfit: {unfit}") and unfit:
            log.warning(
                "%s: registered with another type than %s, so sessions do not get it",
                ", ".join(unfit),
                ", ".join(type_name(name) for name in unfit),
                extra=about("search_attributes_unfit"),
            )
        return frozenset(found).difference(unfit)

    def _is_news(self, line: str) -> bool:
        known, self._said = self._said, line
        return known != line


async def register(client: Client) -> None:
    """Register all of them in the namespace of a client, for a server of our own.

    Takes a few milliseconds; those that are registered stay as they are. Raises RPCError, also when
    one of them is registered with another type.
    """
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=TYPES)
    )


def type_name(name: str) -> str:
    """The type of an attribute, as the `temporal` command writes it."""
    word = IndexedValueType.Name(TYPES[name]).removeprefix("INDEXED_VALUE_TYPE_")
    return word.capitalize()
