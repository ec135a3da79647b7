"""The page about metrics agrees with the code."""

import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from kai_flow.bridge import metrics as bridge
from kai_flow.runtime.metrics import Metric
from kai_flow.runtime.metrics_port import process_metrics
from kai_flow.runtime.ports import free_port
from kai_flow.worker import metrics as worker

PAGE = (Path(__file__).parents[2] / "docs/reference/metrics.md").read_text()
ANY: Any = Mock()
TABLES = {
    "process": process_metrics(ANY),
    "bridge": bridge.metrics_of(ANY),
    "worker": worker.metrics_of(ANY),
}
METRICS = {metric.name: metric for table in TABLES.values() for metric in table}


def rows() -> dict[str, list[str]]:
    """The rows of all tables of metrics: kind, labels and meaning by name."""
    found = re.findall(r"^\| `(kai_\w+)` \| (.*) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(found) == len({name for name, *_ in found})
    return {name: cells for name, *cells in found}


def labels(metric: Metric) -> str:
    """The cell of its labels."""
    shown = (
        f"`{name}`: {', '.join(f'`{value}`' for value in values)}"
        for name, values in metric.labels.items()
    )
    return "; ".join(shown) or "–"


def test_the_page_lists_every_metric_in_order() -> None:
    """No metric is left out, and none has gone."""
    assert list(rows()) == list(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_as_documented(name: str) -> None:
    """Its type, every value of its labels, and its meaning are those that the program exports."""
    metric = METRICS[name]
    assert rows()[name] == [metric.kind, labels(metric), metric.help]


async def test_a_worker_of_ones_own_serves_its_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page says to write is enough."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "metrics.md", "exec"), names)
    port = free_port()
    monkeypatch.setenv("KAI_METRICS_PORT", str(port))
    scraped: list[str] = []

    class Worker:
        async def run(self) -> None:
            """Scrape once."""
            async with httpx.AsyncClient(trust_env=False) as http:
                scraped.append((await http.get(f"http://localhost:{port}/metrics")).text)

    await names["run"](Worker())
    assert "kai_worker_outbox_lag_seconds" in scraped[0]
