"""An outsider: POSTs, signals, queries and cursors of somebody who is no part of the session.

Each is refused, or served, and nothing of it is seen in the session but what is marked as made by
hand. It knows the session's id and what its stream shows, not its run id: a run id is what lets one
speak for a session.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.common import RawValue
from temporalio.service import RPCError

from kai_flow.bridge.hub import FIND_SECONDS
from kai_flow.stream.batches import MAX_BATCH_EVENTS, MAX_DOCUMENT_BYTES
from kai_flow.stream.errors import InvalidQuery
from kai_flow.stream.gaps import Gap
from kai_flow.stream.ids import EventId, incarnation_of
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.reader import EventReader
from kai_flow.stream.wire_names import EVENTS, PROGRESS, PUBLISH_EVENTS
from tests.simulation.bridge import Bridge, Connection
from tests.simulation.client import TemporalClient
from tests.simulation.loop import Process, now
from tests.simulation.oracle import Oracle
from tests.simulation.temporal import Run

OTHER_RUN: Final = "0198c0de-0000-7000-8000-00000badc0de"


class Nuisance(NamedTuple):
    """One thing an outsider does."""

    at: float
    kind: str
    target: int
    """Which bridge, and which of its kind."""


KINDS: Final = ("note", "done", "post", "forge", "signal", "query", "cursor", "page")


def _numbered(session_id: str, **fields: Any) -> bytes:
    head = {
        "session_id": session_id,
        "workflow_id": session_id,
        "run_id": OTHER_RUN,
        "first_run_id": OTHER_RUN,
        "base": "1.9.1",
    }
    return msgspec.json.encode({**head, **fields})


_FORGED: Final = {"type": "token", "content": "forged"}
_ITEM: Final = {"id": "1.9.1", "event": _FORGED}


def malformed(session_id: str) -> Sequence[bytes]:
    """Bodies that are refused with 400."""

    def by_hand(event: Any) -> bytes:
        return msgspec.json.encode({"session_id": session_id, "event": event})

    def numbered(**fields: Any) -> bytes:
        return _numbered(session_id, **fields)

    deep = b"[" * 100_000 + b"]" * 100_000
    return (
        b"",
        b"<html>",
        b'{"session_id":"\xff","event":{}}',
        b'{"session_id":7}',
        b'{"session_id":"s","event":' + deep + b"}",
        msgspec.json.encode({"session_id": session_id}),
        by_hand(None),
        by_hand(["no object"]),
        by_hand({"type": "two\nlines"}),
        by_hand({"type": "token_expired"}),
        by_hand({"type": "huge", "x": msgspec.Raw(b"1" * 5_000)}),
        by_hand({"type": "large", "x": "x" * 300_000}),
        by_hand({"type": "deep", "x": msgspec.Raw(b"[" * 120 + b"]" * 120)}),
        numbered(events=[_ITEM], event=_FORGED),
        numbered(events=[_ITEM], run_id=None),
        numbered(events=[_ITEM], base="1.9"),
        numbered(events=[_ITEM], base="1.9.2"),
        numbered(events=[_ITEM], base="0.9.1"),
        numbered(events=[_ITEM], base="1.8.1"),
        numbered(events=[_ITEM, _ITEM]),
        numbered(events=[_ITEM, {"id": "1.10.2", "event": _FORGED}]),
        numbered(events=[_ITEM], stored="1.8.1"),
        numbered(events=[{"id": "1.9.9007199254740993", "event": _FORGED}]),
        numbered(events=[{"id": "1.9.1", "event": msgspec.Raw(b'{"type":"x",}')}]),
        numbered(events=[{"id": "1.9.1", "event": 5}]),
        numbered(events=[{"id": "1.9.1", "event": {"type": "done"}}, {**_ITEM, "id": "1.9.2"}]),
        numbered(event=_FORGED, id="one"),
        numbered(events=[_ITEM], run_id="not a run id"),
        numbered(events=[_ITEM], first_run_id="nor this one"),
        numbered(events=[_ITEM] * (MAX_BATCH_EVENTS + 1)),
    )


def garbage() -> Sequence[Sequence[bytes]]:
    """Values of `publish_events` signals that the fold must refuse or ignore."""
    head = {"producer": 1, "attempt": 9, "first": 1}

    def signal(*batches: Any, v: Any = 1) -> Sequence[bytes]:
        return (msgspec.json.encode({"v": v, "run_id": OTHER_RUN, "batches": batches}),)

    def batch(*items: Any, **fields: Any) -> Sequence[bytes]:
        v = fields.pop("v", 1)
        return signal({**head, "items": items, **fields}, v=v)

    def merged(tokens: Any, *cuts: int) -> Sequence[bytes]:
        return batch({"tokens": tokens, "cuts": cuts})

    token = {"type": "token", "content": "ab"}
    return (
        (),
        (b"{}", b"{}"),
        (b"<html>",),
        (b"\xff",),
        batch({"event": _FORGED}),
        batch({"event": _FORGED}, first=5),
        merged(token, 1, 1),
        batch(),
        signal(),
        signal(*[{**head, "items": [{"event": _FORGED}]}] * 2),
        batch({"event": _FORGED}, v=2),
        batch({"event": _FORGED}, producer=0),
        batch({"event": _FORGED}, first=0),
        batch({"event": _FORGED}, {"event": _FORGED}, first=2**53 - 1),
        batch({"event": {"content": "no type"}}),
        batch({"event": {"type": "gap"}}),
        batch({"event": _FORGED, "tokens": token, "cuts": [2]}),
        batch({}),
        merged({"type": "token"}, 0),
        merged(token, 3, -1),
        merged(token, 1),
        merged({"type": "token", "content": "", "x": "x" * 60_000}, *[0] * 40),
        batch(*[{"tokens": {"type": "token", "content": ""}, "cuts": [0] * MAX_BATCH_EVENTS}] * 2),
        (b" " * (MAX_DOCUMENT_BYTES + 1),),
    )


QUERIES: Final[tuple[Any, ...]] = (
    {"max_bytes": 1},
    {"max_bytes": 2**30},
    {"after": "x"},
    {"after": "1.1.9007199254740993"},
    {"nonsense": True},
    ["after"],
    {"after": 5},
    {"after": "0.1.9999"},
)
CURSORS: Final = (
    "x",
    "1.1",
    "1.1.1@zz",
    "1.1.1@",
    "1.1.9007199254740993",
    "-1.1.1",
    "1.1.1\0",
    "1.1.1,3.1.1,2.1.1",
    "1.1.1,2.1.1,2.1.1",
    "1.1.1,3-2.0.0",
    "1.1.1,2-4.1.1",
    "0.2.1",
    "1.1.1,2-9999.0.0",
    "1.0.7",
    ",".join(f"{2 * n}.1.1" for n in range(1, 1_026)),
)


def _some(things: Sequence[Any], which: int) -> Sequence[Any]:
    """Four of them, from all over."""
    return [things[(which + n * len(things) // 4) % len(things)] for n in range(4)]


def _is_marked(run: Run) -> bool:
    """Whether the run has scheduled an activity."""
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    return any(event.event_type == kind for event in run.history)


class Outsider:
    """Who does such things to one session."""

    def __init__(
        self,
        session_id: str,
        bridges: Sequence[Bridge],
        oracle: Oracle,
        client: TemporalClient,
        *,
        forges: bool,
    ) -> None:
        self._id, self._bridges, self._oracle, self._client = session_id, bridges, oracle, client
        self._forges = forges  # nothing keeps a bridge from asking which run is the newest
        self.process = Process("outsider")

    async def act(self, nuisance: Nuisance) -> None:
        """Wait for its time, and do it."""
        await asyncio.sleep(nuisance.at)
        self._oracle.note("outsider", nuisance.kind, nuisance.target)
        bridge = self._bridges[nuisance.target % len(self._bridges)]
        match nuisance.kind:
            case "note" | "done":
                await self._speak(bridge, nuisance)
            case "post":
                for body in _some(malformed(self._id), nuisance.target):
                    await self._post(bridge, body, {400, 503})
            case "forge":
                await self._forge(bridge, nuisance.target)
                await self._lie(bridge, nuisance.target)
            case "signal":
                for values in _some(garbage(), nuisance.target):
                    self._signal(PUBLISH_EVENTS, values)
            case "query":
                await self._query(nuisance.target)
            case "cursor":
                for cursor in _some(CURSORS, nuisance.target):
                    await self._ask(bridge, cursor)
                await self._ask_for_nothing(bridge)
            case _:
                await self._page(nuisance.target)

    async def _post(self, bridge: Bridge, body: bytes, expected: set[int]) -> None:
        told = await bridge.receive(self._id, body, outsider=True)
        if told is not None and told.status not in expected:
            self._oracle.violated(f"a bridge answers {told.status} to {body[:200]!r}")

    async def _speak(self, bridge: Bridge, nuisance: Nuisance) -> None:
        """Events sent by hand: few, or more than a channel keeps."""
        for n in range(1 + 40 * (nuisance.target % 8 == 0)):
            event = {"type": nuisance.kind, "by": "hand", "n": n, "at": nuisance.at}
            if nuisance.kind == "note" and nuisance.target % 8 == 0:
                event["content"] = "x" * 40_000
            real = bool(self._oracle.server.runs.get(self._id))
            if not real:  # else it must not be shown to anybody
                self._oracle.hand_made.append(event)
            body = msgspec.json.encode({"session_id": self._id, "event": event})
            await self._post(bridge, body, {400, 503} if real else {200, 400, 503})

    async def _forge(self, bridge: Bridge, target: int) -> None:
        """A POST in the session's name, with a run id that is a guess; perhaps there is no run."""
        if not self._forges:
            return  # else nobody could tell that it is wrong, and the producer is believed
        last = {"id": "1.9.2", "event": {"type": "done", "result": {}}}
        body = _numbered(self._id, events=[_ITEM, last][: 1 + target % 2])
        if target % 3 == 0:  # its event may be anything at all
            body = _numbered(self._id, id="1.9.1", event=_FORGED)
        await self._post(bridge, body, {410, 429, 503})

    async def _lie(self, bridge: Bridge, target: int) -> None:
        """A POST of who has seen the run id, with a `base` that is not so; some have an event.

        That one is far from all that are said: it must neither be shown nor signalled.
        """
        runs = self._oracle.server.runs.get(self._id)
        if not runs:
            return
        run_id = runs[-1].run_id
        newest = self._oracle.position(run_id, 1)
        base = newest._replace(seq=1 + (newest.seq + target - 4) % (newest.seq + 40))
        events: list[Any] = []
        # (Where events are live only nothing can prove it: such a one would be shown after a gap.)
        if target % 4 == 0 and self._oracle.budget is None:
            base = newest.offset(10_000)
            events = [{"id": str(base), "event": _FORGED}]
            self._oracle.disturbed_at = now()
        body = _numbered(
            self._id,
            run_id=run_id,
            first_run_id=run_id,
            base=str(base),
            events=events,
            signaller=(None, "somebody else")[target // 2 % 2],
        )
        await self._post(bridge, body, {200, 410, 429, 503})

    def _signal(self, name: str, values: Sequence[bytes]) -> None:
        metadata = {"encoding": b"json/plain"}
        payloads = [Payload(metadata=metadata, data=value) for value in values]
        if self._oracle.server.up and self._oracle.server.runs.get(self._id):
            self._oracle.server.disturb(self._id, name, payloads)

    async def _query(self, target: int) -> None:
        handle = self._client.get_workflow_handle(self._id)
        try:
            await handle.query(PROGRESS, result_type=RawValue)
            arg = QUERIES[target % len(QUERIES)]
            value = await handle.query(EVENTS, arg, result_type=RawValue)
        except (RPCError, WorkflowQueryFailedError):
            return
        if not self._oracle.server.other_version:
            self._oracle.violated(f"the query {arg} is answered: {value.payload.data[:200]!r}")

    async def _ask(self, bridge: Bridge, cursor: str) -> None:
        connection = Connection(0)
        bridge.stream(self._id, cursor, connection)
        await connection.changed.until(lambda: connection.status is not None)
        if connection.status not in (0, 400):
            self._oracle.violated(f"the cursor {cursor!r} is answered {connection.status}")

    async def _ask_for_nothing(self, bridge: Bridge) -> None:
        """With a cursor of this incarnation that names a producer which never was."""
        runs = self._oracle.server.runs.get(self._id, [])
        if not (runs and self._forges and _is_marked(runs[-1])):
            return  # without a mark, nobody can tell
        connection, run, asked_at = Connection(0), runs[-1], now()
        bridge.stream(self._id, f"999.1.1@{incarnation_of(run.first_run_id)}", connection)
        await connection.changed.until(lambda: connection.status is not None)
        bridge.drop(connection)
        # A bridge that could not read the whole history in its time lets the reader in.
        in_time = now() - asked_at < FIND_SECONDS
        if runs[-1] is run and in_time and connection.status not in (0, 400, 503):
            self._oracle.violated(f"a producer that never was is answered {connection.status}")

    async def _page(self, target: int) -> None:
        """Read what the workflow holds, page by page: in order, and a gap is said.

        From the beginning, or behind an event that may be of an earlier run.
        """
        runs = self._oracle.server.runs.get(self._id)
        if not runs:
            return
        run = runs[-1]  # there may be a newer one before all is read
        reader = EventReader(cast("Client", self._client), self._id, run.run_id)
        events = self._oracle.chain_of(run).truth().events
        own = events[target // 2 % len(events)].id if events and target % 2 else None
        after = NOWHERE if own is None else Place({own.producer: own[1:]})
        held: dict[int, EventId] = {} if own is None else {own.producer: own}
        gap = False
        try:
            async for item in reader.events_and_gaps(after):
                if isinstance(item, Gap):
                    gap = True
                    continue
                before = held.get(item.id.producer, item.id._replace(seq=0))
                self._advance(run, before, item.id, gap=gap)
                # (A terminated run also answers with what it would have published next.)
                if item.id.producer or not run.closed:
                    self._oracle.check(run.run_id, item.id, item.decode())
                held[item.id.producer] = item.id
            page = await reader.page("0.0.0", max_bytes=16 * 1024)
            size = sum(len(event.data) for event in page.events)
            if len(page.events) > 1 and size > 16 * 1024:
                self._oracle.violated(f"a page of 16 KiB has {size} bytes")
        except (RPCError, WorkflowQueryFailedError, InvalidQuery):
            pass  # there is none to answer, or only one of another version

    def _advance(self, run: Run, before: EventId, place: EventId, *, gap: bool) -> None:
        follows = place == before.offset(1) or (place.seq == 1 and place > before)
        if not (follows or gap):
            self._oracle.violated(f"a page of {run.run_id} goes from {before} to {place}")
