"""The worker: polls a task queue, and serves its health endpoints.

It runs where it can reach the databases, and connects to Temporal and to callbacks. For supervisors
it serves `/healthz` and `/readyz` (see `worker.health`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kai_flow import __version__
from kai_flow.agents import BadAgent, load_agent
from kai_flow.analyst.agent import Analyst
from kai_flow.connections.store import ConnectionStore
from kai_flow.runtime.locks import prepare_home
from kai_flow.runtime.metrics import Metrics
from kai_flow.runtime.reporting import reporting
from kai_flow.runtime.serving import serving
from kai_flow.settings import Settings, StartError
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.stream.producer_counts import PRODUCERS
from kai_flow.temporal.search_attributes import RegisteredAttributes
from kai_flow.worker.callbacks import Callbacks, allowed_by
from kai_flow.worker.chat_activities import KaiActivities
from kai_flow.worker.health import Readiness, health_app
from kai_flow.worker.metrics import metrics_of
from kai_flow.workflows import KaiChatWorkflow

GRACE: Final = timedelta(seconds=1.5)  # for running activities, when the worker stops

# Deterministic: importing it again for every workflow would only cost time.
PASSTHROUGH: Final = "kai_flow.settings"

# Shown in histories and for the pollers of the task queue. Without one, the SDK reads and hashes
# the files of all loaded modules at every start, which takes up to 2 s.
BUILD_ID: Final = f"kai-flow-{__version__}"


@asynccontextmanager
async def running_worker(
    settings: Settings, client: Client, metrics: Metrics | None = None
) -> AsyncIterator[str]:
    """Poll the task queue while the block runs; yields the base URL of its health endpoints.

    `metrics` are those of a program that serves them for all of its parts.

    Raises StartError when the agent cannot be loaded, the home cannot be made or the health port is
    taken.
    """
    # otherwise the SDK appends a dictionary of 400 characters to each line of the log
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    store = ConnectionStore.of(settings)
    try:
        agent = load_agent(settings.agent, lambda: Analyst(store))
    except BadAgent as error:
        raise StartError(str(error)) from None
    if settings.agent is None:
        prepare_home(settings.home)  # now: a worker that cannot make it can answer nothing
    # an agent of one's own may do without a home: then nothing is wrong if there is none
    home = settings.home if settings.agent is None or settings.home.exists() else None
    readiness = Readiness(client, home)
    async with (
        reporting(settings, metrics_of(PRODUCERS), metrics),
        serving(
            health_app(readiness),
            "127.0.0.1",
            settings.health_port,
            what="the worker's health endpoints",
            setting="KAI_HEALTH_PORT",
        ) as port,
    ):
        attributes = RegisteredAttributes(client)
        await attributes.names()  # now, so that the log says at the start if it cannot be known
        activities = KaiActivities(
            agent,
            Callbacks(allowed_by(settings)),
            store,
            signal_interval=settings.signal_interval,
            registered=attributes.names,
        )
        worker = Worker(
            client,
            task_queue=settings.task_queue,
            workflows=[KaiChatWorkflow],
            activities=activities.all(),
            plugins=[StreamPlugin(signing_keys=settings.signing_keys)],
            workflow_runner=SandboxedWorkflowRunner(
                restrictions=SandboxRestrictions.default.with_passthrough_modules(PASSTHROUGH)
            ),
            build_id=BUILD_ID,
            graceful_shutdown_timeout=GRACE,
        )
        async with worker:
            readiness.polls = lambda: worker.is_running
            yield f"http://127.0.0.1:{port}"
            readiness.polls = lambda: False
