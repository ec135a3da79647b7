"""The bench's figures: medians, how they are written, quoted, shown and compared."""

import pytest

from tests.bench import page, plots, quotes, report
from tests.bench.figures import Results, number
from tests.bench.stack import KAI, NCHAN
from tests.bench.workloads.latency import WORKLOAD

CASE = "1 reader × 100/s"
SOURCE = f"latency / {CASE} / {KAI} / p50_ms"


def results(ours: float = 2.0, theirs: float = 4.5, wrong: str | None = None) -> Results:
    """Of two systems in one case."""
    made = Results()
    made.measured["latency"] = {"date": "2026-01-01"}
    for system, p50 in ((KAI, ours), (NCHAN, theirs)):
        row = made.row("latency", CASE, system)
        row.rounds = [{"p50_ms": p50 + more, "p99_ms": 9.0} for more in (0.5, 0.0, -1.0)]
    if wrong is not None:
        made.row("latency", CASE, NCHAN).wrong.append(wrong)
    return made


def test_a_page_gets_the_figures_of_the_results() -> None:
    """A quoted figure is the median of the rounds, and a ratio is one of medians."""
    ratio = f"latency / {CASE} / {NCHAN} : {KAI} / p50_ms"
    text = f"It takes 9,999 ms<!-- {SOURCE} -->, 7 times<!-- {ratio} --> less."
    assert list(quotes.wrong(text, results()))
    new, problems = quotes.refreshed(text, results())
    assert new == f"It takes 2 ms<!-- {SOURCE} -->, 2.2 times<!-- {ratio} --> less."
    assert (problems, list(quotes.wrong(new, results()))) == ([], [])


def test_another_number_before_a_figure_is_left_alone() -> None:
    """Only the number next to the comment is the figure, and what it is part of is no figure."""
    text = f"1,000 tokens: p50 3 ms<!-- {SOURCE} -->, p50<!-- {SOURCE} -->"
    new, _ = quotes.refreshed(text, results())
    assert new == f"1,000 tokens: p50 2 ms<!-- {SOURCE} -->, p50<!-- {SOURCE} -->"


@pytest.mark.parametrize(
    "source",
    [
        f"latency / {CASE} / {NCHAN} / p50_ms",
        f"latency / {CASE} / {KAI} / p51_ms",
        f"latency / 2 readers / {KAI} / p50_ms",
        "latency",
    ],
)
def test_nothing_else_can_be_quoted(source: str) -> None:
    """Neither what was not measured, nor what does not count."""
    text = f"3 ms<!-- {source} -->"
    assert list(quotes.wrong(text, results(wrong="lost one")))
    assert quotes.refreshed(text, results(wrong="lost one"))[0] == text


def test_results_survive_their_file() -> None:
    """What is read is what was written, and another run replaces the workloads that it measured."""
    made = results()
    again = Results.from_json(made.as_json())
    assert again.as_json() == made.as_json()
    again.replace(results(ours=3.0))
    assert again.row("latency", CASE, KAI).figure("p50_ms") == 3.0


def test_a_table_says_what_does_not_count() -> None:
    """Such figures are in brackets, and have no ratio."""
    head, ours, theirs = report.table(results(wrong="lost one"), WORKLOAD)
    assert ours == [CASE, KAI, "2", "9", "", ""]
    assert theirs == ["", NCHAN, "(4.5)", "(9)", "–", "does not count: lost one"]
    assert "× 2.2" in report.text(report.table(results(), WORKLOAD))
    assert len(head) == len(ours)


def test_a_comparison_has_a_ratio_for_each_figure() -> None:
    """New over old, of rows that count in both."""
    lines = list(report.compared(results(ours=3.0), results(wrong="lost one")))
    assert lines == [f"latency / {CASE} / {KAI}: p50, ms 2 → 3 (× 1.50); p99, ms 9 → 9 (× 1.00)"]


def test_page_and_plot_show_every_system() -> None:
    """The page has the table and the plot, and the plot names no host that it needs."""
    text = page.page(results())
    assert f"| {CASE} | {KAI} | 2 | 9 |" in text
    assert "![latency, p50](latency-p50-ms.svg)" in text
    plot = plots.plot(results(), WORKLOAD, "p50_ms").decode()
    assert KAI in plot
    assert NCHAN in plot
    assert "<script" not in plot
    assert "@import" not in plot


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (4, "4"), (0.0213, "0.021"), (2.345, "2.3"), (18.25, "18.2"), (1234.5, "1,234")],
)
def test_figures_have_the_digits_that_matter(value: float, written: str) -> None:
    """Two or three of them."""
    assert number(value) == written
