"""`kai status`: whether `kai up` runs for this home, and where its parts are."""

import contextlib
import os

import httpx
import msgspec

from kai_flow.cli import EXIT_FAILED, EXIT_OK, state, text
from kai_flow.cli.consoles import console_for
from kai_flow.cli.parts import print_parts
from kai_flow.settings import load_settings
from kai_flow.stream.direct_http import direct_http


async def status() -> int:
    """Print it; returns the exit code."""
    settings = load_settings(os.environ)
    found = await state.find(settings.home)
    if found is None:
        print(f"kai is not up for {settings.home}: start it with `kai up`")
        return EXIT_FAILED
    print(f"kai is up for {settings.home} (process {found.pid})")
    owner = "embedded" if found.embedded else "started elsewhere"
    bridge, worker = await _answer(found.bridge), await _answer(found.health)
    rows = [
        ("Temporal", found.temporal, f"{owner}, namespace {found.namespace}"),
        ("bridge", found.bridge, bridge),
        ("worker", found.health, f"{worker}, task queue {found.task_queue}"),
    ]
    if found.ui:
        rows.insert(1, ("UI", found.ui, ""))
    print_parts(console_for(plain=False), rows)
    return EXIT_OK if bridge == worker == "ready" else EXIT_FAILED


class _Problem(msgspec.Struct):
    """What a part that is not ready says."""

    detail: str


async def _answer(base: str) -> str:
    async with direct_http(3.0) as http:
        try:
            answer = await http.get(f"{base}/readyz")
        except httpx.HTTPError:
            return "does not answer"
    if answer.is_success:
        return "ready"
    with contextlib.suppress(msgspec.DecodeError):
        problem = msgspec.json.decode(answer.content, type=_Problem)
        return f"not ready: {text.line(problem.detail, 200)}"
    return f"not ready (status {answer.status_code})"
