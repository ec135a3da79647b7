"""Pages quote only figures that `just bench` has printed."""

import re
from pathlib import Path

import pytest

from tests.bench import page, plots, quotes
from tests.bench.figures import Results
from tests.docs.pages import FENCE, ROOT

MEASURE = re.compile(r"\d (?:ms|µs|KB|MB|history events)\b")


@pytest.fixture(scope="module")
def results() -> Results:
    """Those in the repository."""
    return page.written()


def test_every_quoted_figure_is_one_of_the_results(results: Results) -> None:
    """`just bench` writes the figures; one that was changed by hand is found."""
    found = {
        path.relative_to(ROOT).as_posix(): problems
        for path in page.quoting_pages()
        if (problems := list(quotes.wrong(path.read_text(), results)))
    }
    assert not found, "run `just bench`, or quote a figure that counts"


@pytest.mark.parametrize("path", [ROOT / "README.md"], ids=["README.md"])
def test_no_measured_figure_lacks_its_source(path: Path) -> None:
    """A number with a unit of time or size has the comment that says where it comes from."""
    prose = quotes.QUOTE.sub("", FENCE.sub("", path.read_text()))
    assert not [line for line in prose.splitlines() if MEASURE.search(line)]


def test_the_page_of_benchmarks_is_that_of_the_results(results: Results) -> None:
    """Tables and links to plots are made from results.json, and every plot is there."""
    assert page.PAGE.read_text() == page.page(results)
    for workload in page.measured(results):
        for key in workload.plots:
            assert (page.FOLDER / plots.file_name(workload, key)).stat().st_size
