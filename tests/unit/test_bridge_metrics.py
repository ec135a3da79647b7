"""The metrics of a bridge: bounded labels, none of which names a session."""

from kai_flow.bridge.metrics import metrics_of
from kai_flow.runtime.metrics import OTHER, Metric
from kai_flow.stream.ids import EventId
from kai_flow.stream.tally import Histogram
from tests.property.strategies import run_of
from tests.unit.test_bridge_hub import hub_on
from tests.unit.virtual import Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)


def numbers(table: list[Metric]) -> dict[str, dict[tuple[str, ...], float]]:
    """All numbers of a table, but those of histograms."""
    return {one.name: one.samples() for one in table if one.kind != "histogram"}


@in_virtual_time
async def test_every_number_of_an_idle_bridge_is_there() -> None:
    """Each combination of labels is there before anything has happened, so that rates begin."""
    async with hub_on(Stage()) as hub:
        table = metrics_of(hub)
        found = numbers(table)
        assert {name for name, read in found.items() if sum(read.values())} == {
            "kai_bridge_held_bytes_limit"
        }
        assert set(found["kai_bridge_readers"]) == {("live",), ("behind",)}
        assert len(found["kai_bridge_refusals_total"]) == 3 * 14
        for metric in table:
            assert metric.name.endswith("_total") == (metric.kind == "counter")
            assert (metric.kind == "histogram") == isinstance(metric.read(), Histogram)


@in_virtual_time
async def test_a_value_that_no_label_has_is_another_one() -> None:
    """What is not on the list of a label's values is counted as `other`."""
    async with hub_on(Stage()) as hub:
        hub.counts.refused("/stream/x", 418)
        hub.counts.posts["507"] += 2
        found = numbers(metrics_of(hub))
    assert found["kai_bridge_refusals_total"]["stream", OTHER] == 1
    assert found["kai_bridge_posts_total"][OTHER,] == 2


@in_virtual_time
async def test_events_are_counted_once_each_as_they_come_again() -> None:
    """A POST that repeats events counts only the rest as new."""
    stage = Stage()
    stage.schedule("a", header=1)
    async with hub_on(stage) as hub:
        for count in (2, 3, 3):
            await hub.receive(post_of(run_of(FIRST, count)))
        await hub.load.look()
        found = numbers(metrics_of(hub))
        assert found["kai_bridge_events_total"] == {("new",): 3, ("repeated",): 5}
        assert found["kai_bridge_sessions"]["open",] == 1
        assert found["kai_bridge_held_bytes"][()] > 0
