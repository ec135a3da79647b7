"""What a bridge counts, and under which names."""

import pytest

from kai_flow.bridge.counts import BridgeCounts


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/events/test-1", "events"),
        ("/events", "events"),
        ("/stream/test-1", "stream"),
        ("/test-1/events", "other"),
        ("/", "other"),
        ("", "other"),
        ("*", "other"),
    ],
)
def test_a_refusal_is_counted_by_its_route(path: str, route: str) -> None:
    """No path, whoever invents it, becomes a name of its own."""
    counts = BridgeCounts()
    counts.refused(path, 404)
    assert counts.refusals == {(route, "404"): 1}


def test_each_sample_that_became_durable_is_timed() -> None:
    """All samples of a signal are counted, with the time that each has waited."""
    counts = BridgeCounts()
    counts.became_durable([0.2, 0.3])
    assert (counts.durable_seconds.count, counts.durable_seconds.sum) == (2, 0.5)
