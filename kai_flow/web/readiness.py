"""Why a bridge is not ready."""

from temporalio.client import Client

from kai_flow.bridge.errors import SHUTTING_DOWN
from kai_flow.bridge.hub import Hub
from kai_flow.runtime.readiness import Reason
from kai_flow.temporal.health import outage


async def why_not_ready(hub: Hub, client: Client) -> list[Reason]:
    """Why this bridge cannot do its work; empty: it can."""
    found = [await outage(client)]
    if hub.stopping.is_set():
        found.insert(0, Reason("stopping", SHUTTING_DOWN))
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
    return [reason for reason in found if reason is not None]
