"""The dashboard and the alerts ask for metrics that there are, with labels and values they have."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from tests.docs.pages import ROOT
from tests.unit.test_metrics_page import METRICS

FOLDER: Final = ROOT / "docs/how-to/monitoring"
PAGE: Final = (ROOT / "docs/how-to/monitor.md").read_text()
RULES: Final = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: Final = json.loads((FOLDER / "dashboard.json").read_text())
OF_THE_TARGET: Final = {"instance", "job", "le"}
NOT_OURS: Final = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}
SELECTOR: Final = re.compile(r"\b(up|(?:kai|process)_\w+)(?:\{([^}]*)\})?")
MATCHER: Final = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


class Selector(NamedTuple):
    """What an expression asks for: a metric, by its base name, and values of its labels."""

    name: str
    labels: dict[str, list[str]]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, and where it is."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]


EXPRESSIONS: Final = dict(expressions())


def selectors(expression: str) -> list[Selector]:
    """What an expression asks for."""
    found = []
    for name, matchers in SELECTOR.findall(expression):
        base = re.sub("_(bucket|sum|count)$", "", name)
        labels = {label: value.split("|") for label, _, value in MATCHER.findall(matchers)}
        found.append(Selector(base, labels))
    return found


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_an_expression_asks_for_what_there_is(where: str) -> None:
    """Each name, each label and each value of a label is one that a program exports."""
    expression = EXPRESSIONS[where]
    found = selectors(expression)
    assert found
    grouped = {
        label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")
    }
    known = set(OF_THE_TARGET)
    for name, labels in found:
        if name in NOT_OURS:
            assert set(labels) <= OF_THE_TARGET
            continue
        metric = METRICS[name]
        known |= set(metric.labels)
        assert (f"{name}_bucket" in expression) == (metric.kind == "histogram")
        rated = re.search(rf"(rate|increase)\({name}\b", expression)
        assert (rated is not None) == (metric.kind == "counter") or metric.kind == "histogram"
        for label, values in labels.items():
            if label not in OF_THE_TARGET:
                assert set(values) <= set(metric.labels[label]), f"{name}{{{label}}}"
    assert grouped <= known


def test_the_page_says_what_to_do_about_each_alert() -> None:
    """In the order of the rules, each of which has a severity and a sentence."""
    listed = re.findall(r"^\| `(Kai\w+)` \|", PAGE, re.MULTILINE)
    assert listed == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert "$labels.instance" in rule["annotations"]["summary"] or "instance" in rule["expr"]


def test_the_dashboard_can_be_imported() -> None:
    """Its panels have ids and places of their own, and no data source of ours is in it."""
    panels = DASHBOARD["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + dx, place["y"] + dy)
            for dx in range(place["w"])
            for dy in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        sources: list[Any] = [target["datasource"] for target in panel.get("targets", ())]
        assert all(source["uid"] == "${datasource}" for source in sources)


def test_prometheus_takes_the_files(tmp_path: Path) -> None:
    """Its own checker, where it is installed, and otherwise the names by which they refer."""
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert configuration["rule_files"] == ["alerts.yml"]
    assert all(job["job_name"].startswith("kai-") for job in configuration["scrape_configs"])
    promtool = shutil.which("promtool")
    if promtool is not None:
        shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
        (tmp_path / "metrics-token").touch()
        done = subprocess.run(
            [promtool, "check", "config", str(tmp_path / "prometheus.yml")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
