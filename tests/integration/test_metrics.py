"""The metrics of a whole stack, scraped over a real socket, before and after a session."""

import secrets
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from kai_flow.runtime.ports import free_port
from kai_flow.settings import Settings
from kai_flow.web.server import running_bridge
from tests.docs.test_monitoring import EXPRESSIONS, selectors
from tests.integration.conftest import Ask, worker_on
from tests.integration.subscriber import read_all, subscribed
from tests.integration.waiting import eventually

COUNT = 40


class Scraped(NamedTuple):
    """One scrape: its text, and each number by name and labels."""

    text: str
    numbers: dict[str, float]

    @classmethod
    async def of(cls, http: httpx.AsyncClient, url: str) -> "Scraped":
        """Scrape."""
        answer = await http.get(url)
        assert answer.status_code == 200
        numbers = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
                numbers[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return cls(answer.text, numbers)

    def since(self, before: "Scraped") -> dict[str, float]:
        """What has grown, by how much."""
        grown = {k: v - before.numbers.get(k, 0.0) for k, v in self.numbers.items()}
        return {name: by for name, by in grown.items() if by}


def names_of(text: str) -> set[str]:
    """The names of the metrics in a scrape, a counter's with its `_total`."""
    families = list(text_string_to_metric_families(text))
    return {f"{one.name}_total" if one.type == "counter" else one.name for one in families}


class Watched(NamedTuple):
    """A bridge and a worker with metrics."""

    bridge: str
    queue: str
    bridge_metrics: str
    worker_metrics: str


@pytest.fixture
async def watched(client: Client) -> AsyncIterator[Watched]:
    """Both, each at ports of its own."""
    ports = [free_port(), free_port()]
    queue = f"watched-{secrets.token_hex(4)}"
    settings = Settings(bridge_port=0, metrics_port=ports[0])
    async with (
        running_bridge(settings, client) as bridge,
        worker_on(client, queue, metrics_port=ports[1]),
    ):
        yield Watched(bridge, queue, *(f"http://localhost:{port}/metrics" for port in ports))


async def test_a_session_shows_in_the_numbers(
    watched: Watched, ask: Ask, http: httpx.AsyncClient, session_id: str
) -> None:
    """Events, signals, lag, readers, POSTs: each number grows by what happened. None has a name."""
    before = await Scraped.of(http, watched.bridge_metrics)
    worker_before = await Scraped.of(http, watched.worker_metrics)
    url = f"{watched.bridge}/stream/{session_id}"
    async with subscribed(url) as reader:
        handle = await ask(
            {"tokens": COUNT},
            callback_url=f"{watched.bridge}/events/{session_id}",
            task_queue=watched.queue,
        )
        await handle.result()
        await reader.saw("done")
    await read_all(url)
    after = await Scraped.of(http, watched.bridge_metrics)
    grown = after.since(before)
    events = COUNT + 1  # `started`
    assert grown["kai_bridge_events_total{kind=new}"] == events
    assert grown["kai_bridge_signalled_events_total"] == events
    assert grown["kai_bridge_signals_total{result=sent}"] >= 1
    assert "kai_bridge_signals_total{result=failed}" not in grown
    assert grown["kai_bridge_durable_seconds_count"] >= 1
    assert 0 < grown["kai_bridge_durable_seconds_sum"] < 60
    assert grown["kai_bridge_write_seconds_count"] >= 1
    assert grown["kai_bridge_streams_total"] == 2
    assert grown["kai_bridge_replays_total{source=memory}"] >= 1
    assert grown["kai_bridge_posts_total{status=200}"] >= 1
    assert grown["kai_bridge_sessions{state=closed}"] == 1
    assert after.numbers["kai_bridge_events_waiting"] == 0
    assert after.numbers["kai_bridge_durable_lag_seconds"] == 0
    assert after.numbers["kai_bridge_gaps_total"] == 0

    async def is_measured() -> bool:  # now and then, whatever happens
        scraped = await Scraped.of(http, watched.bridge_metrics)
        return scraped.numbers["kai_event_loop_delay_seconds_count"] > 0

    await eventually(is_measured)
    worker_after = await Scraped.of(http, watched.worker_metrics)
    worker = worker_after.since(worker_before)
    assert worker["kai_worker_events_total"] == events
    assert worker["kai_worker_posts_total{result=acknowledged}"] >= 1
    assert worker["kai_worker_post_seconds_count"] >= 1
    assert worker["kai_worker_durable_seconds_count"] >= 1
    assert worker_after.numbers["kai_worker_outbox_events"] == 0
    for text in (after.text, worker_after.text):
        for secret in (session_id, watched.queue, "localhost", "127.0.0.1"):
            assert secret not in text


async def test_dashboard_and_alerts_ask_for_what_is_scraped(
    watched: Watched, http: httpx.AsyncClient
) -> None:
    """Every name in them stands in a real scrape of a bridge or of a worker."""
    urls = (watched.bridge_metrics, watched.worker_metrics)
    scraped = {name for url in urls for name in names_of((await http.get(url)).text)}
    asked = {one.name for text in EXPRESSIONS.values() for one in selectors(text)}
    assert len(asked) > 20
    assert asked - scraped == {"up"}  # Prometheus adds it


async def test_a_reader_is_counted_while_it_reads(
    watched: Watched, ask: Ask, http: httpx.AsyncClient, session_id: str
) -> None:
    """A reader that waits is behind, one that has everything is live, and one that left is none."""

    async def has(live: int, behind: int) -> bool:
        numbers = (await Scraped.of(http, watched.bridge_metrics)).numbers
        states = (numbers[f"kai_bridge_readers{{state={one}}}"] for one in ("live", "behind"))
        return tuple(states) == (live, behind)

    async with subscribed(f"{watched.bridge}/stream/{session_id}") as reader:
        assert await has(live=0, behind=1)
        callback_url = f"{watched.bridge}/events/{session_id}"
        steps: list[dict[str, Any]] = [{"tokens": 1}, {"gate": "never"}]
        await ask(*steps, callback_url=callback_url, task_queue=watched.queue)
        await reader.saw("token")
        await eventually(lambda: has(live=1, behind=0))
    await eventually(lambda: has(live=0, behind=0))


async def test_a_refusal_is_counted_at_its_route(watched: Watched, http: httpx.AsyncClient) -> None:
    """Each refusal of a request counts once, by route and status, whatever the path says."""
    before = await Scraped.of(http, watched.bridge_metrics)
    secret = f"secret-{secrets.token_hex(4)}"
    await http.get(f"{watched.bridge}/stream/{secret}?wait=false")
    await http.get(f"{watched.bridge}/{secret}")
    await http.post(f"{watched.bridge}/events/{secret}", json={"id": secret})
    await http.post(f"{watched.bridge}/events/{secret}", content=b"x")
    after = await Scraped.of(http, watched.bridge_metrics)
    grown = {name: by for name, by in after.since(before).items() if "refusals" in name}
    assert grown == {
        "kai_bridge_refusals_total{route=stream,status=404}": 1,
        "kai_bridge_refusals_total{route=other,status=404}": 1,
        "kai_bridge_refusals_total{route=events,status=400}": 1,
        "kai_bridge_refusals_total{route=events,status=415}": 1,
    }
    assert secret not in after.text
