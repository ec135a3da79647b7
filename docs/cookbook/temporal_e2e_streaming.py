"""Ask KAI one question through Temporal and check what streams back, from end to end.

Prerequisites, each in a terminal of its own (`kai up` runs all three in one):

    temporal server start-dev        # Temporal, on port 7233
    python -m kai_flow.worker        # the worker, which runs the agent
    python -m api                    # the bridge, on port 8092

Then:

    python docs/cookbook/temporal_e2e_streaming.py
    python docs/cookbook/temporal_e2e_streaming.py --prompt "How many members are there per type?"

The script subscribes to the session's stream, starts the session as a workflow, prints every event
as it arrives, and checks at the end that the stream tells what the workflow returned. When the
bridge goes away it comes back with the id of the last event it saw, so that nothing is missing.

Needs temporalio, httpx and httpx-sse. The task queue is taken from TEMPORAL_TASK_QUEUE (default:
kai-agent-queue). Exit code 0: every check passed. 1: one failed, or something is not running.
"""

import argparse
import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any

import httpx
from httpx_sse import SSEError, aconnect_sse
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

QUESTION = "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi"

FIRST_EVENT_SECONDS = 15.0  # a running worker takes less than one
OUTAGE_SECONDS = 60.0  # how long the bridge may be away
# not about the session
ABOUT_THE_STREAM = {
    "subscribed", "ended", "superseded", "gap", "reset", "status", "idle_timeout",
    "token_expired",
}  # fmt: skip

Event = dict[str, Any]


class Problem(Exception):
    """Something is wrong; the message is one sentence for the user."""


async def main() -> None:
    """Run one session; raises Problem when it cannot be run or a check fails."""
    options = parse_options()
    began = time.monotonic()
    client = await connect(options.temporal_host)
    bridge = options.callback_host.rstrip("/")
    bridge = bridge if "://" in bridge else f"http://{bridge}"
    session_id = f"e2e-{uuid.uuid4().hex[:8]}"

    handle: WorkflowHandle[Any, Event] | None = None
    events: list[Event] = []
    first_by = asyncio.get_running_loop().time() + FIRST_EVENT_SECONDS
    async with aclosing(follow(bridge, session_id)) as stream:
        while not events or events[-1]["type"] != "done":
            event = await next_event(stream, handle, None if events else first_by)
            show(event)
            if event["type"] == "subscribed" and handle is None:
                handle = await start(client, bridge, session_id, options)
            if event["type"] == "started":
                events.clear()  # a new attempt: what an earlier one showed is void
            if event["type"] not in ABOUT_THE_STREAM:
                events.append(event)

    assert handle is not None  # nobody is done before it has started
    try:
        result = await handle.result()
    except WorkflowFailureError as failure:
        reason = events[-1].get("error") or failure.cause
        raise Problem(f"session {session_id} failed: {reason}") from None
    check(events, result)
    print()
    print(f"session  {session_id}: {result['status']}, all checks passed")
    print(f"events   {len(events)}")
    print(f"time     {time.monotonic() - began:.1f} s")
    print(f"answer   {result['final_answer'][:200]}")


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connection-id", default="koperasi", help="id or alias of the database")
    parser.add_argument("--prompt", default=QUESTION, help="the question")
    parser.add_argument(
        "--temporal-host",
        default=os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"),
        help="host:port of Temporal (default: %(default)s)",
    )
    parser.add_argument(
        "--callback-host",
        default=f"localhost:{os.environ.get('KAI_BRIDGE_PORT', '8092')}",
        help="host:port or URL of the bridge (default: %(default)s)",
    )
    return parser.parse_args()


async def connect(address: str) -> Client:
    """Connect to Temporal."""
    try:
        async with asyncio.timeout(5):
            return await Client.connect(
                address, namespace=os.environ.get("TEMPORAL_NAMESPACE", "default")
            )
    except (RuntimeError, ValueError, TimeoutError):
        raise Problem(
            f"no Temporal server at {address}: start one with `temporal server start-dev`, "
            "or name yours with --temporal-host"
        ) from None


async def start(
    client: Client, bridge: str, session_id: str, options: argparse.Namespace
) -> WorkflowHandle[Any, Event]:
    """Start the session. By name: whoever calls KAI needs none of its code."""
    try:
        return await client.start_workflow(
            "KaiChatWorkflow",
            {
                "prompt": options.prompt,
                "connection_id": options.connection_id,
                "callback_url": f"{bridge}/events/{session_id}",
            },
            id=session_id,
            task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "kai-agent-queue"),
            result_type=dict,
        )
    except RPCError as error:
        raise Problem(f"Temporal does not take the session: {error.message}") from None


async def follow(bridge: str, session_id: str) -> AsyncGenerator[Event]:
    """Yield `subscribed` whenever the stream is open, and every event of the session once."""
    last_event_id = ""
    seen_at: float | None = None  # when the bridge was last there; None: never
    async with httpx.AsyncClient(timeout=httpx.Timeout(10, read=45), trust_env=False) as http:
        while True:
            headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
            try:
                url = f"{bridge}/stream/{session_id}"
                async with aconnect_sse(http, "GET", url, headers=headers) as source:
                    if source.response.status_code != httpx.codes.OK:
                        raise Problem(await refusal(bridge, source.response))
                    seen_at = time.monotonic()
                    yield {"type": "subscribed"}
                    async for message in source.aiter_sse():
                        last_event_id = message.id or last_event_id
                        seen_at = time.monotonic()
                        if message.data:  # else: `retry:`, or an id alone
                            yield json.loads(message.data)
            except (SSEError, httpx.InvalidURL, httpx.UnsupportedProtocol):
                raise Problem(
                    f"what is at {bridge} is no bridge: look at --callback-host"
                ) from None
            except httpx.TransportError:
                if seen_at is None or time.monotonic() - seen_at > OUTAGE_SECONDS:
                    raise Problem(
                        f"no bridge at {bridge}: start it with `python -m api`, "
                        "or name yours with --callback-host"
                    ) from None
            await asyncio.sleep(0.5)


async def refusal(bridge: str, response: httpx.Response) -> str:
    """What the bridge says about a request it does not serve."""
    await response.aread()
    try:
        reason = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        reason = f"status {response.status_code}"
    return f"the bridge at {bridge} refuses the stream: {reason}"


async def next_event(
    stream: AsyncGenerator[Event], handle: WorkflowHandle[Any, Event] | None, by: float | None
) -> Event:
    """The next event. None by that time of the loop: end the session, as no worker runs it."""
    try:
        async with asyncio.timeout_at(by):
            return await anext(stream)
    except TimeoutError:
        if handle is not None:
            with suppress(RPCError):  # it has just closed
                await handle.terminate("no event came: perhaps no worker is running")
        raise Problem(
            f"no event came within {FIRST_EVENT_SECONDS:.0f} s: is a worker running? "
            "python -m kai_flow.worker"
        ) from None


def show(event: Event) -> None:
    """Print when the event came, its type, and the beginning of the rest."""
    rest = {key: value for key, value in event.items() if key != "type"}
    text = json.dumps(rest, ensure_ascii=False) if rest else ""
    now = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
    print(f"{now}  {event['type']:<12} {text[:100]}".rstrip(), flush=True)


def check(events: list[Event], result: Event) -> None:
    """The stream and the workflow tell the same, complete story; raises Problem if not."""
    types = [event["type"] for event in events]
    checks = {
        "the status is not failed": result["status"] != "failed",
        "final_answer is not empty": bool(result["final_answer"]),
        "sql_queries is not empty": bool(result["sql_queries"]),
        "there are events before done": len(events) > 1,
        "tool_start is among them": "tool_start" in types,
        "tool_end is among them": "tool_end" in types,
        "done comes once, and last": types.count("done") == 1 and types[-1] == "done",
        "done carries the workflow's result": events[-1].get("result") == result,
    }
    failed = [promise for promise, kept in checks.items() if not kept]
    if failed:
        raise Problem(f"these checks failed: {'; '.join(failed)} (error: {result.get('error')})")


async def run() -> int:
    """Run `main`; the exit code."""
    try:
        await main()
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    finally:
        await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(run()))
    except KeyboardInterrupt:
        sys.exit(130)
