"""The port of the metrics: who may read it, and what stands there."""

import logging
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kai_flow.runtime.metrics import Metric, Metrics
from kai_flow.runtime.metrics_port import metrics_port
from kai_flow.runtime.ports import PortInUse
from kai_flow.runtime.reporting import reporting
from kai_flow.settings import Settings, load_settings
from kai_flow.stream.tally import Histogram

TOKEN = "a-token-of-twenty-and-more"


def table() -> list[Metric]:
    """A metric of each kind."""
    seconds = Histogram((0.5, 1.0))
    seconds.observe(0.7, 2)
    return [
        Metric("kai_things_total", "counter", "Things.", lambda: {"a": 2}, {"kind": ("a", "b")}),
        Metric("kai_load", "gauge", "Load.", lambda: 0.5),
        Metric("kai_seconds", "histogram", "Seconds.", lambda: seconds),
    ]


def settings(**variables: str) -> Settings:
    """Any port, and these variables."""
    return load_settings({"KAI_METRICS_PORT": "0", **variables})


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of no one's environment."""
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def test_the_numbers_are_in_the_format_of_prometheus(http: httpx.AsyncClient) -> None:
    """A parser that is not ours reads each kind, and the process and its event loop are there."""
    metrics = Metrics()
    with metrics.of(table()):
        async with metrics_port(settings(), metrics) as url:
            answer = await http.get(url)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["kai_things_total", ("kind", "a")] == 2
    assert found["kai_things_total", ("kind", "b")] == 0
    assert found["kai_load",] == 0.5
    assert found["kai_seconds_bucket", ("le", "0.5")] == 0
    assert found["kai_seconds_bucket", ("le", "+Inf")] == 2
    assert found["kai_seconds_sum",] == 1.4
    assert found["kai_http_connections",] == 1
    assert found["process_resident_memory_bytes",] > 0
    assert any(name[0] == "kai_event_loop_delay_seconds_count" for name in found)
    assert any(name[0] == "kai_build_info" for name in found)


async def test_open_metrics_is_there_for_who_asks(http: httpx.AsyncClient) -> None:
    """A collector chooses the format."""
    async with metrics_port(settings(), Metrics()) as url:
        answer = await http.get(url, headers={"Accept": "application/openmetrics-text"})
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")
        head = await http.head(url)
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "given", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"{TOKEN}"]
)
async def test_without_the_token_everything_is_the_same_401(
    http: httpx.AsyncClient, given: str | None
) -> None:
    """No token and a wrong one, at a route that exists and at one that does not: one answer."""
    headers = {} if given is None else {"Authorization": given}
    answers = set()
    async with metrics_port(settings(KAI_METRICS_TOKEN=TOKEN), Metrics()) as url:
        for path in ("", "/elsewhere"):
            answer = await http.get(url + path, headers=headers)
            answers.add((answer.status_code, answer.text))
            assert answer.headers["www-authenticate"] == "Bearer"
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401


async def test_with_the_token_any_host_name_will_do(http: httpx.AsyncClient) -> None:
    """Beyond loopback nobody knows by which name it is called; the token decides."""
    headers = {"Authorization": f"bearer {TOKEN}", "Host": "metrics.example.com"}
    variables = {"KAI_METRICS_TOKEN": TOKEN, "KAI_METRICS_HOST": "0.0.0.0"}
    async with metrics_port(settings(**variables), Metrics()) as bound:
        url = bound.replace("0.0.0.0", "127.0.0.1")
        assert (await http.get(url, headers=headers)).status_code == 200
        assert (await http.get(f"{url}/x", headers=headers)).status_code == 404
        assert (await http.post(url, headers=headers)).status_code == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9464", 200),
        ("127.0.0.1", 200),
        ("[::1]:9464", 200),
        ("evil.example.com", 403),
        ("127.evil.example.com", 403),
        ("localhost.example.com:80", 403),
        ("", 403),
    ],
)
async def test_a_page_with_a_name_of_its_own_reads_nothing(
    http: httpx.AsyncClient, host: str, status: int
) -> None:
    """Without a token, a foreign host name is refused: a web page may have it point here."""
    async with metrics_port(settings(), Metrics()) as url:
        assert (await http.get(url, headers={"Host": host})).status_code == status


async def test_a_port_that_is_taken_is_one_sentence() -> None:
    """The error names the variable."""
    async with metrics_port(settings(), Metrics()) as url:
        taken = url.split(":")[2].removesuffix("/metrics")
        with pytest.raises(PortInUse, match="KAI_METRICS_PORT"):
            async with metrics_port(settings(KAI_METRICS_PORT=taken), Metrics()):
                pass


async def test_the_parts_of_a_program_share_its_port(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A part alone serves its own metrics, one of several adds to the program's, while it runs."""
    caplog.set_level(logging.INFO)
    async with reporting(settings(), table()):
        url = str(re.findall(r"http://\S+", caplog.messages[-1])[0])
        assert "kai_load" in (await http.get(url)).text
    program = Metrics()
    async with metrics_port(settings(), program) as url:
        async with reporting(settings(), table(), program):
            assert "kai_load" in (await http.get(url)).text
        assert "kai_load" not in (await http.get(url)).text


async def test_without_a_port_nothing_is_served(caplog: pytest.LogCaptureFixture) -> None:
    """The default costs neither a port nor a line."""
    caplog.set_level(logging.INFO)
    async with reporting(Settings(), table()):
        pass
    assert caplog.messages == []
