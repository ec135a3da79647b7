"""Whether a bridge is ready, and why it is not or will soon no longer be."""

import asyncio
from typing import NamedTuple

from temporalio.client import Client

from kai_flow.bridge.errors import SHUTTING_DOWN
from kai_flow.bridge.hub import Hub
from kai_flow.runtime.readiness import Reason
from kai_flow.temporal.health import READY_TIMEOUT, outage
from kai_flow.web.access import Access


class Readiness(NamedTuple):
    """What is wrong with a bridge."""

    reasons: list[Reason]
    """Why it cannot do its work; empty: it can."""
    warnings: list[Reason]
    """Why it soon could not, if nobody does anything."""


async def readiness_of(hub: Hub, client: Client, access: Access) -> Readiness:
    """How it stands with this bridge. Takes READY_TIMEOUT at most, or little more."""
    temporal, (keys, usable) = await asyncio.gather(outage(client), _keys(access))
    found = [temporal]
    if hub.stopping.is_set():
        found.insert(0, Reason("stopping", SHUTTING_DOWN))
    if not usable:
        found.append(keys)
    if hub.load.memory_full:
        detail = "the bridge holds as much as it may, and refuses events: add a bridge"
        found.append(Reason("memory_full", detail))
    if lacking := hub.load.codec_missing():
        sessions = "1 session is" if lacking == 1 else f"{lacking} sessions are"
        detail = (
            f"{sessions} encoded with a payload codec that the bridge lacks: set "
            "KAI_DATA_CONVERTER as for the workers"
        )
        found.append(Reason("codec_missing", detail))
    warnings = [keys] if usable and keys is not None else []
    return Readiness([reason for reason in found if reason is not None], warnings)


async def _keys(access: Access) -> tuple[Reason | None, bool]:
    """What is wrong with the keys of the tokens' issuer, and whether tokens can be checked."""
    state = await access.keys_state(READY_TIMEOUT.total_seconds())
    if state is None or state.failure is None:
        return None, True
    cause = f"the keys at KAI_TOKEN_JWKS_URL cannot be fetched: {state.failure}"
    if not state.usable:
        return Reason("token_keys_unreachable", f"no token of the issuer counts: {cause}"), False
    minutes = int(state.seconds_left / 60)
    return Reason("token_keys_unreachable", f"{cause}; those kept count for {minutes} min"), True
