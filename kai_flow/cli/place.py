"""Where a session of `kai ask` or `kai chat` runs.

On a stack that runs elsewhere, on this home's `kai up`, or on a stack of its own.
"""

import contextlib
import os
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kai_flow.cli import state
from kai_flow.cli.own_token import may_read, sends_token
from kai_flow.cli.stack import Say, Stack, private_stack
from kai_flow.runtime.imports import imported
from kai_flow.settings import Settings, StartError, parsers
from kai_flow.temporal.converter import data_converter_of
from kai_flow.temporal.target import DEFAULT_ADDRESS, same_address, target
from kai_flow.traces.program import traces

if TYPE_CHECKING:  # an embedded server starts while Temporal's SDK is imported
    from temporalio.client import Client

QUERY: Final = "temporal workflow query --workflow-id {id} --type progress"


@dataclass(frozen=True)
class Place:
    """A stack on which the session runs."""

    client: "Client"
    bridge_url: str
    task_queue: str
    temporal: str
    options: str  # with which the `temporal` command finds its server
    later: str | None  # how to see the session again, with {id} in it; None: it is gone
    settings: Settings
    asks_for_tokens: bool = False  # its bridge does, and is not of this process


def base_url_of(bridge: str) -> str:
    """The value of --bridge without a slash at its end. Raises `StartError` for what is no URL."""
    try:
        parsers.split_url(bridge)
    except ValueError as wrong:
        raise StartError(
            f"--bridge {parsers.shown(bridge)} is refused: it must be the base URL of a bridge "
            f"({wrong}), for example https://kai.example.com"
        ) from None
    return bridge.rstrip("/")


@contextlib.asynccontextmanager
async def place_for(
    settings: Settings, say: Say, purpose: str = "this question", bridge: str | None = None
) -> AsyncIterator[Place]:
    """The running stack of this home, or one of our own for as long as the block lasts.

    With `bridge`, a base URL: the stack of that bridge, whose Temporal and task queue the settings
    name.
    """
    async with (
        traces(settings, "kai"),
        _place_for(settings, say, purpose, bridge) as place,
    ):
        yield place


@contextlib.asynccontextmanager
async def _place_for(
    settings: Settings, say: Say, purpose: str, bridge: str | None
) -> AsyncIterator[Place]:
    if bridge is not None:
        await imported("kai_flow.cli.elsewhere", "kai_flow.cli.begin")
        from kai_flow.cli.elsewhere import reached  # noqa: PLC0415  (see above)

        url = urlsplit(bridge)
        if url.scheme == "http" and not parsers.is_loopback(url.hostname or ""):
            if sends_token(settings):
                raise StartError(
                    f"{bridge} is not https, and others on the way could read the token: call the "
                    "bridge by https, or take KAI_TOKEN and KAI_TOKEN_KEYS out of the environment"
                )
            say(f"{bridge} is not https: others on the way can read the answer")
        client, found = await reached(settings, bridge)
        address = target().address
        options, queue = _where(client, address), settings.task_queue
        later = QUERY + options + _encoded(settings)
        yield Place(client, bridge, queue, address, options, later, settings, found.needs_tokens)
        return
    up = await _running(settings)
    if up is not None:
        await imported("kai_flow.temporal.client", "kai_flow.cli.begin")
        from kai_flow.temporal.client import connect  # noqa: PLC0415  (see above)

        # the TEMPORAL_* variables do not apply to an embedded server
        client = await connect(
            up.temporal if up.embedded else None, data_converter=data_converter_of(settings)
        )
        options = _where(client, up.temporal)
        later = QUERY + options + _encoded(settings)
        asks = await _asks_for_tokens(settings, up)
        yield Place(client, up.bridge, up.task_queue, up.temporal, options, later, settings, asks)
        return
    async with private_stack(settings, say, purpose) as own:
        yield Place(
            own.client,
            own.bridge_url,
            own.settings.task_queue,
            own.temporal,
            _where(own.client, own.temporal),
            _later(own),
            own.settings,
        )


async def _asks_for_tokens(settings: Settings, up: state.UpState) -> bool:
    """Whether the bridge of a `kai up` asks for tokens; `StartError` if ours does not count there.

    Nor may it encode in another way. Where only others make tokens, we read from Temporal.
    """
    if not may_read(settings):
        return False
    await imported("kai_flow.cli.elsewhere")
    from kai_flow.cli.elsewhere import introduced  # noqa: PLC0415  (see above)

    found = await introduced(settings, up.bridge, "look at `kai status`, and start it again")
    return found.needs_tokens


async def _running(settings: Settings) -> state.UpState | None:
    """The `kai up` of this home, if one runs.

    Raises `StartError` when the environment names another server, namespace or task queue: a
    session must not silently run in another place than the one that is asked for. Nor may its
    question be stored unencrypted where everything else is encrypted.
    """
    up = await state.find(settings.home)
    where = target()
    if up is None or (where.port == 0 and not up.embedded):  # 0 asks for an embedded server
        return None
    if where.port and (where.chosen or not up.embedded):
        _require_same("TEMPORAL_ADDRESS", where.address, up.temporal, settings.home)
        _require_same("TEMPORAL_NAMESPACE", where.namespace, up.namespace, settings.home)
    asked, used = (one or "none" for one in (settings.data_converter, up.data_converter))
    _require_same("KAI_DATA_CONVERTER", asked, used, settings.home)
    for variable in ("TEMPORAL_TASK_QUEUE", "ORG_ID"):
        if os.environ.get(variable, "").strip():
            _require_same(variable, settings.task_queue, up.task_queue, settings.home)
    return up


def _require_same(variable: str, asked: str, used: str, home: Path) -> None:
    if not (asked == used or same_address(asked, used)):
        raise StartError(
            f"the `kai up` of {home} uses {used}, but {variable} asks for {asked}: change "
            f"{variable}, or set KAI_HOME to another folder"
        )


def _later(own: Stack) -> str | None:
    """How to see a session again after the stack of this question has stopped."""
    if own.server is None:  # the server stays, but the worker that answers queries does not
        options = _where(own.client, own.temporal) + _encoded(own.settings)
        return "temporal workflow show --workflow-id {id}" + options
    if own.server.db_file is None:
        return None
    home = os.environ.get("KAI_HOME")
    variable = f"KAI_HOME={shlex.quote(home)} " if home else ""
    return f"{variable}kai up, then {QUERY}{_encoded(own.settings)}"


def _encoded(settings: Settings) -> str:
    """What the `temporal` command needs beside `_where` where a payload codec encodes."""
    if settings.data_converter is None:
        return ""
    return " --codec-endpoint URL --codec-auth TOKEN (of a `kai codec-server`)"


def _where(client: "Client", address: str) -> str:
    """The options with which the `temporal` command finds this server; empty for its defaults."""
    options = "" if same_address(address, DEFAULT_ADDRESS) else f" --address {address}"
    return options + ("" if client.namespace == "default" else f" --namespace {client.namespace}")
