"""The page about metrics agrees with the code."""

import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from kai_flow.bridge import metrics as bridge
from kai_flow.runtime.metrics import Metric
from kai_flow.runtime.metrics_port import process_metrics
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
