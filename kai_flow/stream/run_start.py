"""How a run begins: which stream it belongs to, and where it goes on with it (§1.3)."""

from typing import Any, NamedTuple

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle

from kai_flow.stream.codec import decoded
from kai_flow.stream.errors import InvalidId
from kai_flow.stream.header import Carried, decode_carried
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.signals import RPC_TIMEOUT
from kai_flow.stream.wire_names import STREAM_HEADER


class RunStart(NamedTuple):
    """What the first event of a run's history tells about its stream."""

    first_run_id: str
    """The run with which the stream began; it names the incarnation."""
    begins: Place = NOWHERE
    """Everything of the runs before: what a reader has to have before the events of this run."""
    continued_from: str | None = None
    """The run of the same stream before this one; None for the first."""
    made_by_reset: bool = False
    """A reset made it: its history begins with a copy of another run's, its stream is its own."""
    producer: int = 0
    """The last producer number that the runs before have given."""
    spoken: int = 0
    """How many events of the workflow itself the runs before have."""


async def read_start(client: Client, session_id: str, run_id: str) -> RunStart:
    """How this run begins. Raises RPCError: NOT_FOUND when retention has deleted it."""
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(session_id, run_id=run_id)
    events = handle.fetch_history_events(page_size=1, rpc_timeout=RPC_TIMEOUT)
    await events.fetch_next_page()
    return await start_in(client, run_id, (events.current_page or [HistoryEvent()])[0])


async def start_in(client: Client, run_id: str, event: HistoryEvent) -> RunStart:
    """How a run begins, from the first event of its history.

    It goes on with the stream of the run before only if that run wrote the header that says so. A
    run of a cron schedule has no header. A retry of a workflow has the header of the run that it
    replaces. A run made by a reset has a copy of everything. All of these begin a stream.
    """
    started = event.workflow_execution_started_event_attributes
    reset = started.original_execution_run_id not in ("", run_id)
    carried = await _carried(client, started.header.fields.get(STREAM_HEADER))
    if carried is None or carried.run_id != started.continued_execution_run_id:
        return RunStart(run_id, made_by_reset=reset)
    begins = Place.before(carried.producer + 1, carried.spoken)
    if reset:  # the numbers go on in the workflow's code, which cannot tell that it was reset
        return RunStart(run_id, begins, None, reset, carried.producer, carried.spoken)
    before = carried.run_id
    return RunStart(carried.first_run_id, begins, before, reset, carried.producer, carried.spoken)


async def header_json(client: Client, payload: Payload) -> bytes:
    """The JSON of a header, which workers encode with their codec only on request.

    Raises CodecMissing, and whatever the client's payload codec raises.
    """
    if payload.metadata.get("encoding") == b"json/plain":
        return payload.data
    return (await decoded(client, payload)).data


async def _carried(client: Client, payload: Payload | None) -> Carried | None:
    if payload is None:
        return None
    try:
        return decode_carried(await header_json(client, payload))
    except InvalidId:
        return None
