"""An activity that resumes from its heartbeat details does so while it streams."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, StreamPlugin, sending
from kai_flow.stream.interceptor import StreamInterceptor

OFTEN = 0.01  # seconds between the heartbeats of a producer here

found: dict[str, list[Any]] = {}  # by session: the details that each attempt has read


@activity.defn
async def resume(checkpoint: int | None) -> None:
    """Heartbeat in the first of three attempts, or in none, while events come before and after.

    A framework's heartbeats, which have no details, come all the time.
    """
    info = activity.info()
    activity.heartbeat()
    found.setdefault(info.workflow_id or "", []).append(list(info.heartbeat_details))
    async with EventProducer() as producer:
        await producer.send({"type": "token", "content": "a"})
        if checkpoint is not None and info.attempt == 1:
            activity.heartbeat({"checkpoint": checkpoint})
        activity.heartbeat()
        for _ in range(2):  # the producer heartbeats too
            await producer.send({"type": "token", "content": "b"})
            await asyncio.sleep(2 * OFTEN)
    activity.heartbeat()
    if info.attempt < 3:
        raise ApplicationError("once more")


@workflow.defn(sandboxed=False)
class Resuming:
    """Three attempts."""

    @workflow.run
    async def run(self, checkpoint: int | None) -> None:
        """Until the third attempt has ended."""
        await workflow.execute_activity(
            resume,
            args=[checkpoint],
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10)),
        )


@pytest.mark.parametrize(
    ("checkpoint", "settings"),
    [
        (10, {"plugins": [StreamPlugin()]}),
        (10, {"interceptors": [StreamInterceptor()]}),  # no throttle is told
        (None, {"plugins": [StreamPlugin()]}),
    ],
)
async def test_a_checkpoint_reaches_all_later_attempts(
    client: Client,
    session_id: str,
    checkpoint: int | None,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also an attempt that never heartbeats passes it on, and no detail of ours is seen (§6.14)."""
    monkeypatch.setattr(sending, "HEARTBEAT_SECONDS", OFTEN)
    queue = f"resuming-{secrets.token_hex(4)}"
    async with Worker(
        client, task_queue=queue, workflows=[Resuming], activities=[resume], **settings
    ):
        await client.execute_workflow(Resuming.run, checkpoint, id=session_id, task_queue=queue)
    later = [] if checkpoint is None else [{"checkpoint": checkpoint}]
    assert found[session_id] == [[], later, later]
