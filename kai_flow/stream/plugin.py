"""`StreamPlugin`: all that a worker needs to stream, as `Worker(…, plugins=[StreamPlugin()])`."""

import dataclasses
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from temporalio.client import WorkflowHistory
from temporalio.worker import (
    Interceptor,
    Plugin,
    Replayer,
    ReplayerConfig,
    Worker,
    WorkerConfig,
    WorkflowReplayResult,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.liveness_check import LivenessCheck
from kai_flow.stream.signing_keys import SigningSecrets, read_keys

if TYPE_CHECKING:
    from kai_flow.stream.signing import SigningKeys

HEARTBEAT_THROTTLE: Final = timedelta(seconds=2)  # by default a cancellation takes up to 45 s

# Without this, the sandbox would import these modules again for every workflow. It refuses some of
# their imports, and user code would find another class RunStream than that of the interceptor.
PASSED_THROUGH: Final = ("kai_flow.stream", "msgspec")

_FOR_WORKERS: Final = (
    "StreamPlugin belongs to the Worker, not to the Client: `Worker(…, plugins=[StreamPlugin()])`"
)


class StreamPlugin(Plugin):
    """Sets a worker up for workflows and activities that stream. It is for workers, not clients.

    - Every workflow gets its stream, and every activity that it schedules its producer number
      (`StreamInterceptor`). The plugin is needed on the workers of the workflows *and* on those of
      the activities. Workflows that were started without it replay unchanged.
    - A workflow's file imports the library like any other: Temporal's sandbox passes it through.
    - The query `progress` asks the server whether an attempt is alive when events have stopped.
    - The worker holds heartbeats back for `heartbeat_throttle` at most (by default 2 s), so that a
      cancellation reaches an agent within 5 s, and a worker that was killed is noticed.
    - Producers POST to `bridge`, the base URL of a bridge, unless they are given a callback URL of
      their own. By default it is the first URL in the environment's `KAI_BRIDGE_URL`. Without
      either they POST nowhere, and their events are only signalled.
    - Their POSTs are signed with each of `signing_keys`, and the answers have to be: `whsec_` and
      Base64, as Standard Webhooks writes them, 1 to 4. By default they are those of the
      environment's `KAI_SIGNING_KEYS`, separated by commas. Without any nothing is signed.

    Raises InvalidUrl when nothing can be reached at the bridge's URL, and InvalidKey for what is no
    key.
    """

    def __init__(
        self,
        heartbeat_throttle: timedelta = HEARTBEAT_THROTTLE,
        *,
        bridge: str | None = None,
        signing_keys: Iterable[str] | None = None,
    ) -> None:
        if not isinstance(heartbeat_throttle, timedelta):
            raise TypeError(
                "heartbeat_throttle must be a timedelta, for example "
                f"StreamPlugin(timedelta(seconds=10)), not {heartbeat_throttle!r}"
            )
        self._throttle = heartbeat_throttle
        several = os.environ.get("KAI_BRIDGE_URL", "")
        self._bridge = _base_url(bridge, "bridge") or _base_url(
            several.partition(",")[0].strip(), "KAI_BRIDGE_URL"
        )
        if signing_keys is None:
            signing_keys = os.environ.get("KAI_SIGNING_KEYS", "")
        self._keys = _signing(read_keys(signing_keys))

    # The SDK calls these two on each plugin of a client. Without them the error would be that they
    # do not exist, which does not tell where the plugin belongs.
    def configure_client(self, _config: object) -> NoReturn:
        """Refuse to be a plugin of a client."""
        raise TypeError(_FOR_WORKERS)

    def connect_service_client(self, _config: object, _following: object) -> NoReturn:
        """Refuse to be a plugin of a client."""
        raise TypeError(_FOR_WORKERS)

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Called by the SDK; see temporalio.worker.Plugin."""
        interceptor = StreamInterceptor(
            check_liveness=LivenessCheck(),
            heartbeat_throttle=self._throttle,
            bridge=self._bridge,
            keys=self._keys,
        )
        config["interceptors"] = _with(config.get("interceptors", ()), interceptor)
        config["workflow_runner"] = _passing_through(config["workflow_runner"])
        config["max_heartbeat_throttle_interval"] = self._throttle
        config["default_heartbeat_throttle_interval"] = self._throttle
        return config

    async def run_worker(
        self, worker: Worker, following: Callable[[Worker], Awaitable[None]]
    ) -> None:
        """Called by the SDK; see temporalio.worker.Plugin."""
        used = worker.config(active_config=True).get("interceptors", ())
        ours = [one for one in used if isinstance(one, StreamInterceptor)]
        checks = [
            one.check_liveness for one in ours if isinstance(one.check_liveness, LivenessCheck)
        ]
        for one in ours:
            one.worker = worker
        for check in checks:
            check.begin(worker)
        try:
            await following(worker)
        finally:
            for check in checks:
                check.end()

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """Called by the SDK; see temporalio.worker.Plugin."""
        config["interceptors"] = _with(config.get("interceptors", ()), StreamInterceptor())
        config["workflow_runner"] = _passing_through(config["workflow_runner"])
        return config

    def run_replayer(
        self,
        replayer: Replayer,
        histories: AsyncIterator[WorkflowHistory],
        following: Callable[
            [Replayer, AsyncIterator[WorkflowHistory]],
            AbstractAsyncContextManager[AsyncIterator[WorkflowReplayResult]],
        ],
    ) -> AbstractAsyncContextManager[AsyncIterator[WorkflowReplayResult]]:
        """Called by the SDK; see temporalio.worker.Plugin."""
        return following(replayer, histories)


def _with(interceptors: Sequence[Interceptor], ours: StreamInterceptor) -> list[Interceptor]:
    """Ours and the others; as they are if there is one of ours: a stream needs one owner.

    Ours comes first, and so around the others: what they publish at the end of a run is part of it,
    and the headers that they give to an activity are given before ours is added.
    """
    present = any(isinstance(one, StreamInterceptor) for one in interceptors)
    return [*interceptors] if present else [ours, *interceptors]


def _base_url(url: str | None, what: str) -> str | None:
    """The base URL of a bridge, without a slash at its end; None if there is none."""
    if not url:
        return None
    # imported here: it imports httpx, which a worker whose producers POST nowhere does not need
    from kai_flow.stream.direct_http import require_base_url  # noqa: PLC0415  (see above)

    base = (url if "://" in url else f"http://{url}").rstrip("/")
    require_base_url(base, what)
    return base


def _signing(secrets: SigningSecrets) -> "SigningKeys | None":
    """What signs the POSTs; None if there are no keys."""
    if not secrets:
        return None
    # imported here: a worker without keys does not need the library behind it
    from kai_flow.stream.signing import SigningKeys  # noqa: PLC0415  (see above)

    return SigningKeys(secrets)


def _passing_through(runner: WorkflowRunner) -> WorkflowRunner:
    """`runner` with the library passed through its sandbox; a runner without sandbox unchanged."""
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    restrictions = runner.restrictions.with_passthrough_modules(*PASSED_THROUGH)
    return dataclasses.replace(runner, restrictions=restrictions)
