"""Gaps: what a reader who comes from an earlier run, or from the beginning, may miss."""

import pytest

from kai_flow.stream.gaps import Gap, missing_before
from kai_flow.stream.place import Place


@pytest.mark.parametrize(
    ("place", "missing"),
    [
        ("0.0.0", [(None, "0.1.4"), ("1.0.0", "6.0.0")]),
        ("0.1.3", [("1.0.0", "6.0.0")]),
        ("2.1.7", [(None, "0.1.4"), ("2.1.7", "6.0.0")]),
        ("0.1.3,2.1.7,4.0.0", [("2.1.7", "3.0.0"), ("4.0.0", "6.0.0")]),
        ("0.1.3,6.1.1", []),
        ("0.1.3,6.0.0", []),
    ],
)
def test_what_lies_before_a_run_is_missing(
    place: str, missing: list[tuple[str | None, str | None]]
) -> None:
    """The rest of each producer that the reader's place lists, and all later ones of those runs."""
    gap = Gap(missing_before(Place.parse(place), Place.before(6, 3)))
    assert [(one["after"], one["before"]) for one in gap.to_json()] == missing


def test_nothing_is_missing_before_the_first_run() -> None:
    """A stream begins with nothing."""
    assert missing_before(Place(), Place.before(1)) == ()
