"""`kai sessions`: the running sessions, and which of them are stuck."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from kai_flow.cli import EXIT_OK, state, text
from kai_flow.cli.consoles import console_for, print_words
from kai_flow.cli.stuck import FAILING, Doing, doing
from kai_flow.settings import StartError, load_settings, parsers
from kai_flow.stream.failure_message import message_of
from kai_flow.stream.liveness import decode_detail
from kai_flow.stream.run import describe
from kai_flow.temporal.converter import data_converter_of
from kai_flow.temporal.target import target

if TYPE_CHECKING:
    from temporalio.api.failure.v1 import Failure
    from temporalio.client import Client, WorkflowExecution

AT_ONCE: Final = 16  # descriptions that are asked for at the same time
READ_BACK: Final = 100  # events of a history that are looked at for the failure of its workflow
MAX_LIMIT: Final = 100_000


class Wish(NamedTuple):
    """Which sessions are wanted."""

    stuck: bool
    silent_for: str | None
    """A duration with its unit. None: as long as readers allow (§5.7)."""
    workflow_type: str
    queue: str | None
    limit: int
    """How many are looked at."""


class Session(NamedTuple):
    """One session, and what it is doing."""

    found: "WorkflowExecution"
    doing: Doing


async def sessions(wish: Wish, *, as_json: bool) -> int:
    """Print them; returns the exit code. Raises StartError."""
    silent_for = None if wish.silent_for is None else _duration(wish.silent_for)
    query = _query(wish)
    if not 1 <= wish.limit <= MAX_LIMIT:
        raise StartError(f"--limit {wish.limit} is refused: it must be from 1 to {MAX_LIMIT}")
    client = await _client()
    seen, found = 0, []
    async for each in _judged(client, query, wish.limit, silent_for):
        seen += 1
        if each is not None and (each.doing.stuck or not wish.stuck):
            found.append(each)
    if as_json:
        print(json.dumps([_document(each) for each in found], indent=2))
    else:
        _show(found, seen, wish)
    if seen == wish.limit:
        notes = console_for(plain=False, stderr=True)
        print_words(notes, f"only the newest {seen} were looked at: see --limit", "dim")
    return EXIT_OK


def _duration(written: str) -> timedelta:
    try:
        return timedelta(seconds=parsers.duration("1s", "30d", "60s")(written))
    except ValueError as wrong:
        raise StartError(f"--silent-for {parsers.shown(written)} is refused: {wrong}") from None


def _query(wish: Wish) -> str:
    """Of the visibility store; only fields that every server has."""
    conditions = {"WorkflowType": wish.workflow_type, "TaskQueue": wish.queue}
    parts = ['ExecutionStatus="Running"']
    for field, value in conditions.items():
        if value and set(value) & set("\"'\\"):
            raise StartError(f"{parsers.shown(value)} is refused: it may have no quotes")
        if value:
            parts.append(f'{field}="{value}"')
    return " AND ".join(parts)


async def _client() -> "Client":
    """Of the embedded server of this home's `kai up`, unless the environment names another."""
    from kai_flow.temporal.client import connect  # noqa: PLC0415  (`--help` needs no Temporal)

    settings = load_settings(os.environ)
    up = await state.find(settings.home)
    embedded = up is not None and up.embedded and not target().chosen
    address = up.temporal if up is not None and embedded else None
    return await connect(address, data_converter=data_converter_of(settings))


async def _judged(
    client: "Client", query: str, limit: int, silent_for: timedelta | None
) -> AsyncIterator[Session | None]:
    """The sessions that the server lists, newest first; None: one has ended meanwhile."""
    batch: list[WorkflowExecution] = []
    async for found in _listed(client, query, limit):
        batch.append(found)
        if len(batch) == AT_ONCE:
            for each in await _judge(client, batch, silent_for):
                yield each
            batch.clear()
    for each in await _judge(client, batch, silent_for):
        yield each


async def _listed(client: "Client", query: str, limit: int) -> "AsyncIterator[WorkflowExecution]":
    from temporalio.service import RPCError  # noqa: PLC0415  (see above)

    try:
        async for found in client.list_workflows(query, limit=limit, page_size=min(limit, 500)):
            yield found
    except RPCError as error:
        raise StartError(f"Temporal does not list its workflows: {error.message}") from None


async def _judge(
    client: "Client", batch: "Sequence[WorkflowExecution]", silent_for: timedelta | None
) -> list[Session | None]:
    return await asyncio.gather(*(_look(client, found, silent_for) for found in batch))


async def _look(
    client: "Client", found: "WorkflowExecution", silent_for: timedelta | None
) -> Session | None:
    from temporalio.service import RPCError, RPCStatusCode  # noqa: PLC0415  (see above)

    try:
        description = await describe(client, found.id, found.run_id)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise StartError(f"Temporal does not tell about {found.id!a}: {error.message}") from None
    for pending in description.pending_activities:
        pending.last_failure.message = await _message(client, pending.last_failure)
        await decode_detail(client, pending)
    now = doing(description, datetime.now(UTC), silent_for)
    if now is None:
        return None
    if now.detail == FAILING and (why := await _why_failing(client, found)):
        now = now._replace(detail=f"its workflow fails: {why}")
    return Session(found, now)


async def _why_failing(client: "Client", found: "WorkflowExecution") -> str:
    """The failure of the last workflow task that has one in the history; empty: it is not known.

    Further tries of the same task leave no event.
    """
    from temporalio.api.common.v1 import WorkflowExecution as Execution  # noqa: PLC0415
    from temporalio.api.workflowservice.v1 import (  # noqa: PLC0415
        GetWorkflowExecutionHistoryReverseRequest,
    )
    from temporalio.service import RPCError  # noqa: PLC0415  (see above)

    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=Execution(workflow_id=found.id, run_id=found.run_id),
        maximum_page_size=READ_BACK,
    )
    try:
        answer = await client.workflow_service.get_workflow_execution_history_reverse(request)
    except RPCError:
        return ""
    for event in answer.history.events:
        if event.HasField("workflow_task_failed_event_attributes"):
            failed = event.workflow_task_failed_event_attributes
            return await _message(client, failed.failure)
    return ""


async def _message(client: "Client", failure: "Failure") -> str:
    """The message of a failure, decrypted; without the codec, what stands in its place."""
    try:
        return await message_of(client, failure)
    except Exception:  # noqa: BLE001  (whatever a codec raises, the session can be listed)
        return failure.message


def _document(session: Session) -> dict[str, object]:
    found, now = session
    return {
        "session": found.id,
        "run": found.run_id,
        "type": found.workflow_type,
        "queue": found.task_queue,
        "started": found.start_time.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "state": now.state,
        "stuck": now.stuck,
        "seconds": round(now.seconds, 1),
        "attempt": now.attempt,
        "detail": now.detail,
    }


def _show(found: list[Session], seen: int, wish: Wish) -> None:
    console = console_for(plain=False)
    if not found:
        what = "no session is stuck" if wish.stuck and seen else "no session is running"
        print_words(console, f"{what} ({seen} looked at)" if seen else what)
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for header in ("session", "state", "for", "attempt", "task queue", "detail"):
        table.add_column(header, overflow="fold", justify="right" if header == "for" else "left")
    for each in found:
        now = each.doing
        cells = (
            each.found.id,
            now.state,
            _shown(now.seconds),
            str(now.attempt or "–"),
            each.found.task_queue,
            now.detail,
        )
        table.add_row(*(Text(text.line(cell)) for cell in cells))
    console.print(table)


def _shown(seconds: float) -> str:
    """A duration in its two largest units."""
    whole = int(seconds)
    for unit, size, smaller, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {smaller}"
    return f"{whole // 60} m {whole % 60} s" if whole >= 60 else f"{whole} s"
