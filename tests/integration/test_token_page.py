"""A web page with short tokens in its URL, in a real browser, against a real bridge."""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, async_playwright
from temporalio.client import Client

from kai_flow.access import checker, tokens
from kai_flow.bridge import hub
from kai_flow.settings import Settings
from kai_flow.web.server import running_bridge
from tests.docs.pages import PRODUCTION, blocks_of
from tests.integration.stage import Play
from tests.issuing import KEYS, token

[SCRIPT] = [b.text for b in blocks_of(PRODUCTION) if b.attributes.get("file") == "session.js"]

FOLLOW = """async (session) => {
  const { followSession } = await import("/session.js")
  window.seen = []
  window.following = followSession(async () => {
    const answer = await fetch(`/token?session=${session}`)
    if (!answer.ok) throw new Error("no token")
    return `/stream/${session}?token=${await answer.text()}`
  }, (event, id) => seen.push([event.type, id]))
}"""

PLAIN = """(url) => {
  window.plain = new EventSource(url)
  plain.expired = 0
  plain.addEventListener("token_expired", () => { plain.expired += 1 })
}"""


@asynccontextmanager
async def page_of(bridge: str) -> AsyncIterator[Page]:
    """An empty page of the bridge's own origin, with the script of the documentation."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(
                "there is no Chromium on this machine, and with CI=true nothing is left out"
            )
        pytest.skip("there is no Chromium on this machine")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

    async def empty(route: Route) -> None:
        await route.fulfill(body="<!doctype html>", content_type="text/html")

    async def script(route: Route) -> None:
        await route.fulfill(body=SCRIPT, content_type="text/javascript")

    async with async_playwright() as driver:
        window = await driver.chromium.launch(executable_path=program, args=flags)
        page = await window.new_page()
        await page.route("**/empty.html", empty)
        await page.route("**/session.js", script)
        await page.goto(f"{bridge}/empty.html")
        yield page
        await window.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a leeway, and deadlines are looked at often."""
    for module in (tokens, checker):
        monkeypatch.setattr(module, "LEEWAY_SECONDS", 0.0)
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)


@pytest.mark.browser
async def test_a_page_reads_on_with_one_token_after_another(
    hasty: None, client: Client, play: Play, http: httpx.AsyncClient
) -> None:
    """§8.6: each token lives for a moment, some come late, and the page misses no event."""
    given: list[str] = []

    async def give(route: Route) -> None:
        given.append(route.request.url)
        if len(given) == 2:
            await route.fulfill(status=500, body="")
        else:
            await route.fulfill(body=token(play.id, seconds=1.2), content_type="text/plain")

    settings = Settings(bridge_port=0, token_keys=KEYS)
    async with running_bridge(settings, client) as bridge, page_of(bridge) as page:
        play.events_url = f"{bridge}/events/{play.id}"
        await page.route("**/token?*", give)
        await play.act()
        await play.post(http, [1])
        await page.evaluate(FOLLOW, play.id)
        number = 1
        while len(given) < 4:
            await page.wait_for_function(f"seen.length >= {number}")
            number += 1
            await play.post(http, [number])
            await page.wait_for_timeout(100)
        await page.wait_for_function(f"seen.length >= {number}")
        await play.end(result=1)
        await page.wait_for_function("seen.at(-1)[0] === 'done'")
        seen: list[Any] = await page.evaluate("seen")
    ids = [
        event_id.partition("@")[0].partition(",")[0] for kind, event_id in seen if kind == "token"
    ]
    assert ids == [f"1.1.{n}" for n in range(2, number + 1)]
    assert "token_expired" not in json.dumps(seen)


@pytest.mark.browser
async def test_an_event_source_with_an_old_token_is_not_given_up(
    hasty: None, client: Client, play: Play
) -> None:
    """§8.6: it comes again and again, and each time is told that its token has expired."""
    settings = Settings(bridge_port=0, token_keys=KEYS)
    async with running_bridge(settings, client) as bridge, page_of(bridge) as page:
        given = token(play.id, seconds=0.3)
        await page.evaluate(PLAIN, f"/stream/{play.id}?token={given}")
        await page.wait_for_function("plain.expired > 2")
        assert await page.evaluate("plain.readyState !== EventSource.CLOSED")
