"""The activities about connections, through the real worker and server, called by a workflow."""

import base64
import contextlib
import inspect
import json
import logging
import secrets
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.activity import _Definition
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from kai_flow.connections.keys import open_keyring
from kai_flow.connections.model import Connection
from kai_flow.connections.sealing import seal
from kai_flow.connections.store import ConnectionStore
from kai_flow.settings import Settings
from kai_flow.settings.callback_allow import read_allow_list
from kai_flow.worker.chat_activities import KaiActivities
from kai_flow.worker.service import running_worker
from tests.integration.subscriber import read_all

CANARY = "s3cretCanary"
UNREACHABLE = f"postgresql://me:{CANARY}@127.0.0.1:1/shop"

SIGNATURES = {
    "chat_streaming": "(prompt, connection_id, conversation_id=None, callback_url=None)",
    "chat": "(prompt_text, connection_id, conversation_id=None)",
    "autonomous_chat": "(prompt_text, connection_id, conversation_id=None)",
    "store_connection": "(connection_id, connection_uri, alias)",
    "test_connection": "(connection_id)",
    "scan_schema": "(connection_id, table_names=None)",
    "sync_config": "(connection_id, instructions=None, skills=None, glossary=None, mdl=None)",
    "generate_mdl": "(connection_id, table_names=None)",
}


@workflow.defn
class Calls:
    """A control plane in small: runs activities one after another on another task queue."""

    @workflow.run
    async def run(self, queue: str, calls: list[list[Any]]) -> list[Any]:
        """The results of calls of the form [activity, argument, …]."""
        return [
            await workflow.execute_activity(
                name,
                args=arguments,
                task_queue=queue,
                schedule_to_close_timeout=timedelta(seconds=30),
                heartbeat_timeout=timedelta(seconds=10),
            )
            for name, *arguments in calls
        ]


@dataclass
class Plane:
    """Calls activities of a worker that has a home of its own."""

    client: Client
    queue: str
    home: Path

    @property
    def store(self) -> ConnectionStore:
        """The worker's own store."""
        return ConnectionStore(self.home)

    async def start(self, *calls: list[Any]) -> WorkflowHandle[Any, Any]:
        """Start a workflow that makes these calls."""
        return await self.client.start_workflow(
            Calls.run,
            args=[self.queue, list(calls)],
            id=f"calls-{secrets.token_hex(4)}",
            task_queue=f"{self.queue}-calls",
        )

    async def call(self, name: str, *arguments: Any) -> Any:
        """The result of one activity."""
        return (await (await self.start([name, *arguments])).result())[0]

    async def refusal(self, name: str, *arguments: Any) -> ApplicationError:
        """Why an activity refuses; it must not have been tried again."""
        with pytest.raises(WorkflowFailureError) as caught:
            await self.call(name, *arguments)
        failed = caught.value.cause
        assert isinstance(failed, ActivityError)
        reason = failed.cause
        assert isinstance(reason, ApplicationError), failed
        assert reason.non_retryable
        return reason


@pytest.fixture(scope="module")
async def plane(client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plane]:
    """A control plane and a worker with the built-in analyst."""
    home, queue = tmp_path_factory.mktemp("home"), f"data-{secrets.token_hex(4)}"
    folders = (tmp_path_factory.getbasetemp(),)
    settings = Settings(
        health_port=0,
        task_queue=queue,
        home=home,
        file_folders=folders,
        callback_allow=read_allow_list("loopback:*"),
    )
    calling = Worker(
        client,
        task_queue=f"{queue}-calls",
        workflows=[Calls],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with running_worker(settings, client), calling:
        yield Plane(client, queue, home)


@pytest.fixture
def shop(plane: Plane, tmp_path: Path) -> str:
    """The URI of a small database."""
    path = tmp_path / "shop.db"
    db = sqlite3.connect(path)
    db.executescript(
        """
        CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, city TEXT NOT NULL);
        CREATE TABLE "order" (
            order_id INTEGER PRIMARY KEY,
            customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
            net_amount REAL NOT NULL
        );
        INSERT INTO customer VALUES (1, 'Bandung'), (2, 'Medan');
        INSERT INTO "order" VALUES (1, 1, 100), (2, 1, 50), (3, 2, 10);
        """
    )
    db.close()
    return f"sqlite://{path}"


async def everything_said(handle: WorkflowHandle[Any, Any]) -> str:
    """A workflow's whole history as text, every payload decoded."""
    history = json.loads((await handle.fetch_history()).to_json())
    decoded = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("data"), str):
                decoded.append(base64.b64decode(value["data"]).decode(errors="replace"))
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(history)
    return json.dumps(history) + "\n".join(decoded)


def test_the_activities_are_those_of_the_design() -> None:
    """Names and parameters of all eight are pinned: callers in other languages rely on them."""
    found = {}
    for _, function in inspect.getmembers(KaiActivities, inspect.isfunction):
        definition = _Definition.from_callable(function)
        if definition is not None:
            _, *parameters = inspect.signature(function).parameters.values()
            bare = [
                each.replace(annotation=inspect.Parameter.empty, kind=each.POSITIONAL_OR_KEYWORD)
                for each in parameters
            ]
            found[definition.name] = str(inspect.Signature(bare))
    assert found == SIGNATURES


def test_the_worker_offers_every_activity() -> None:
    """What is decorated is also registered."""
    names = {
        _Definition.must_from_callable(each).name
        for each in KaiActivities.all(KaiActivities.__new__(KaiActivities))
    }
    assert names == set(SIGNATURES)


async def test_a_connection_from_storing_to_answers(plane: Plane, shop: str) -> None:
    """Store, test, scan, model, teach, ask: each activity says what the design says."""
    sealed = seal(shop, plane.store.public_key())
    stored, tested, scanned, modelled = await (
        await plane.start(
            ["store_connection", "c1", sealed, "shop"],
            ["test_connection", "shop"],
            ["scan_schema", "c1"],
            ["generate_mdl", "shop", ["order"]],
        )
    ).result()
    assert stored == {"connection_id": "c1", "alias": "shop", "uri": shop}
    assert tested["status"] == "ok"
    assert set(tested) == {"status", "message"}
    assert (scanned["status"], scanned["scanned_count"]) == ("ok", 2)
    assert set(scanned) == {"status", "scanned_count", "tables"}
    order = next(table for table in scanned["tables"] if table["name"] == "order")
    assert order["row_count"] == 3
    assert order["columns"][2] == {"name": "net_amount", "type": "REAL"}
    assert order["foreign_keys"][0]["target"] == "customer"
    assert (modelled["table_count"], modelled["tables"]) == (1, ["order"])
    assert "- `order`.`customer_id` → `customer`.`customer_id`" in modelled["mdl"]
    assert "Bandung" not in json.dumps([scanned, modelled])
    answer = await plane.call("chat", "Total net amount per city", "shop")
    assert answer["status"] == "completed"
    assert "150" in answer["final_answer"]


async def test_a_synced_glossary_makes_a_question_answerable(plane: Plane, shop: str) -> None:
    """The word of the house is understood from the next question on, and only where it was told."""
    await plane.call("store_connection", "c2", shop, "taught")
    question = ["chat", "Total GMV per city", "taught"]
    before, synced, after = await (
        await plane.start(
            question,
            ["sync_config", "taught", ["be kind"], None, {"GMV": "order.net_amount"}],
            question,
        )
    ).result()
    assert before["status"] != "completed"
    assert synced == {
        "status": "ok",
        "synced": {"instructions": 1, "skills": 0, "glossary": 1, "mdl": 0},
        "problems": [],
    }
    assert after["status"] == "completed"
    assert "150" in after["final_answer"]


async def test_an_autonomous_chat_goes_on_by_itself(plane: Plane) -> None:
    """It has the result of a chat, and the answers to questions that it asked itself."""
    prompt = "Berapa jumlah koperasi per provinsi?"
    alone, further = await (
        await plane.start(
            ["chat", prompt, "koperasi"], ["autonomous_chat", prompt, "koperasi", "talk-1"]
        )
    ).result()
    assert further.keys() == alone.keys()
    assert further["status"] == "completed"
    assert further["sql_queries"][: len(alone["sql_queries"])] == alone["sql_queries"]
    assert len(further["sql_queries"]) > len(alone["sql_queries"])
    assert further["final_answer"].startswith(alone["final_answer"])


async def test_a_sealed_password_is_nowhere(
    plane: Plane, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in the history, decoded; not in a result, an event, a log line, output or file."""
    caplog.set_level(logging.DEBUG)
    handle = await plane.start(
        ["store_connection", "c3", seal(UNREACHABLE, plane.store.public_key()), "far"],
        ["test_connection", "far"],
        ["scan_schema", "far"],
        ["generate_mdl", "far"],
        ["chat", "Total revenue?", "far"],
    )
    stored, tested, scanned, modelled, chat = await handle.result()
    assert stored["uri"] == "postgresql://***@127.0.0.1:1/shop"
    assert all(each["status"] == "failed" for each in (tested, scanned, modelled, chat))
    assert scanned["tables"] == []
    assert modelled["mdl"] == ""
    said = await everything_said(handle)
    assert "kai-sealed1:" in said
    logged = "\n".join(map(logging.Formatter().format, caplog.records))
    printed = "".join(capfd.readouterr())
    for text in (said, logged, printed, repr(plane.store.all())):
        assert CANARY not in text
    for path in plane.home.iterdir():
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


async def test_no_event_holds_a_password(
    plane: Plane, bridge: str, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that fails on its database says so to subscribers and in its history without it."""
    caplog.set_level(logging.DEBUG)
    plane.store.add("c6", UNREACHABLE, "streamed")
    handle = await plane.client.start_workflow(
        "KaiChatWorkflow",
        {
            "prompt": "Total revenue?",
            "connection_id": "streamed",
            "callback_url": f"{bridge}/events/{session_id}",
        },
        id=session_id,
        task_queue=plane.queue,
    )
    reader = await read_all(f"{bridge}/stream/{session_id}")
    result = await handle.result()
    assert result["status"] == "failed"
    assert "error" in [seen.event["type"] for seen in reader.seen]
    logged = "\n".join(map(logging.Formatter().format, caplog.records))
    for text in (await everything_said(handle), repr(reader.seen), repr(result), logged):
        assert CANARY not in text


async def test_a_clear_password_is_in_the_arguments_alone(plane: Plane) -> None:
    """A URI in the clear is in the history once, as the caller's own argument, as the docs say."""
    stored = ["store_connection", "c4", UNREACHABLE, "clear"]
    handle = await plane.start(stored, ["test_connection", "c4"], ["scan_schema", "clear"])
    await handle.result()
    # as the argument of the workflow that passes it on, and of the activity
    assert (await everything_said(handle)).count(CANARY) == 2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (["store_connection", "x", f"oracle://me:{CANARY}@h/d", "x"], "unknown scheme"),
        (["store_connection", "x", f"postgresql://me:{CANARY}/@h/d", "x"], "malformed"),
        (["store_connection", "x", "", "x"], "is empty"),
        (["store_connection", "x", {"uri": CANARY}, "x"], "must be a text"),
        (["store_connection", "x", "sqlite:///" + "x" * 100_000, "x"], "4,096"),
        (["store_connection", "x", f"kai-sealed1:00000000:{'A' * 100}", "x"], "KAI_ENCRYPT_KEY"),
        (["store_connection", "x", UNREACHABLE, "koperasi"], "demo"),
        (["store_connection", "x", UNREACHABLE, ""], "printable"),
        (["store_connection", 7, UNREACHABLE, "x"], "printable"),
        (["store_connection", "x", UNREACHABLE, "first"], "another"),
        (["test_connection", "nope"], "There is no connection 'nope'"),
        (["test_connection", None], "There is no connection"),
        (["scan_schema", "nope"], "There is no connection"),
        (["scan_schema", "koperasi", "provinsi"], "list of names"),
        (["scan_schema", "koperasi", [1]], "list of names"),
        (["generate_mdl", "koperasi", {"a": 1}], "list of names"),
        (["sync_config", "nope", ["x"]], "There is no connection"),
        (["sync_config", "koperasi", 5], "instructions must be a list"),
        (["sync_config", "koperasi", None, ["x"]], "skills lacks 'name'"),
        (["sync_config", "koperasi", None, None, [{"term": "x"}]], "glossary lacks 'meaning'"),
        (["sync_config", "koperasi", None, None, {"": "x"}], "name in glossary"),
        (["sync_config", "koperasi", None, None, None, {"models": []}], "mdl must be Markdown"),
        (["sync_config", "koperasi", ["x" * 10_000]], "8,000"),
        (["chat", "Berapa?", "nope"], "There is no connection"),
        (["autonomous_chat", "", "koperasi"], "empty"),
    ],
)
async def test_bad_input_is_refused_at_once(plane: Plane, call: list[Any], says: str) -> None:
    """One attempt, one sentence that says what is wrong, nothing of a password in it."""
    plane.store.add("first", UNREACHABLE, "first")
    reason = await plane.refusal(*call)
    assert says in reason.message
    assert CANARY not in repr(reason) + reason.message


async def test_a_connection_deleted_meanwhile_is_unknown(plane: Plane, shop: str) -> None:
    """After a connection has been deleted its id is refused, and can be taken again."""
    await plane.call("store_connection", "c5", shop, "brief")
    plane.store.delete("brief")
    assert "no connection 'c5'" in (await plane.refusal("scan_schema", "c5")).message
    again = await plane.call("store_connection", "c5", shop, "brief")
    assert again["alias"] == "brief"


@pytest.mark.parametrize("scheme", ["csv", "parquet", "sqlite", "duckdb"])
@pytest.mark.parametrize("sealed", [False, True])
async def test_an_activity_cannot_read_the_worker(plane: Plane, scheme: str, sealed: bool) -> None:
    """Neither the root key nor a file of the system becomes an answer, sealed or not."""
    public = plane.store.public_key()
    key = (plane.home / "encrypt.key").read_text().strip()
    for path in (plane.home / "encrypt.key", plane.home / "connections.db", Path("/etc/passwd")):
        uri = f"{scheme}://{path}"
        stored = ["store_connection", "spy", seal(uri, public) if sealed else uri, "spy"]
        reason = await plane.refusal(*stored)
        assert (
            "in KAI_HOME" if path.parent == plane.home else "KAI_FILE_FOLDERS"
        ) in reason.message
        assert str(path) not in reason.message
    for name in ("scan_schema", "test_connection", "generate_mdl"):
        for named in ("spy", f"{scheme}://{plane.home}/encrypt.key"):
            reason = await plane.refusal(name, named)
            assert "There is no connection" in reason.message
    reason = await plane.refusal("chat", "how many", f"{scheme}://{plane.home}/encrypt.key")
    assert "There is no connection" in reason.message
    assert key not in str(plane.store.entries())


async def test_an_activity_cannot_use_what_was_stored_before(plane: Plane) -> None:
    """A connection into the home that an older version stored is refused when it is opened."""
    spy = Connection("old", "old", f"csv://{plane.home}/encrypt.key")
    key = (plane.home / "encrypt.key").read_text().strip()
    token = open_keyring(plane.home).encrypt(spy.uri, spy.id)
    with contextlib.closing(sqlite3.connect(plane.home / "connections.db")) as db, db:
        db.execute("INSERT INTO connections VALUES (?, ?, ?)", (spy.id, spy.alias, token))
    handle = await plane.start(
        ["test_connection", "old"],
        ["scan_schema", "old"],
        ["generate_mdl", "old"],
        ["chat", "how many", "old"],
    )
    *answers, chat = await handle.result()
    assert all("in KAI_HOME" in answer["message"] for answer in answers)
    assert "in KAI_HOME" in chat["error"]
    assert key not in await everything_said(handle)
    plane.store.delete("old")
