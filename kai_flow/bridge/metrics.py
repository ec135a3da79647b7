"""The metrics of a bridge: what `docs/reference/metrics.md` lists, read from its hub."""

from typing import Final

from kai_flow.bridge.counts import LIMITS, BridgeCounts
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.load import Load
from kai_flow.bridge.memory_budget import MAX_BYTES
from kai_flow.runtime.metrics import OTHER, Metric

_STATUSES: Final = (
    *("200", "400", "401", "403", "404", "405", "408", "409", "410", "413", "415", "429"),
    *("500", "503", OTHER),
)


def metrics_of(hub: Hub) -> list[Metric]:
    """Every metric of a bridge. What it holds is as `hub.load.look` has seen it last."""
    counts, load = hub.counts, hub.load
    return [
        *_posts(counts),
        *_delays(counts, load),
        *_signals(counts, load),
        *_temporal(counts, load),
        *_readers(counts, load),
        *_held(load),
        Metric(
            "kai_bridge_stopping",
            "gauge",
            "1 while the bridge stops.",
            hub.stopping.is_set,
        ),
    ]


def _posts(counts: BridgeCounts) -> list[Metric]:
    """What producers have sent."""
    return [
        Metric(
            "kai_bridge_posts_total",
            "counter",
            "Documents that producers POSTed, by the status of the answer.",
            lambda: counts.posts,
            {"status": _STATUSES},
        ),
        Metric(
            "kai_bridge_refusals_total",
            "counter",
            "Requests that were refused, by route and status.",
            lambda: counts.refusals,
            {"route": ("events", "stream", OTHER), "status": _STATUSES[1:]},
        ),
        Metric(
            "kai_bridge_client_limits_total",
            "counter",
            "Requests that exceeded a limit of their client, by limit.",
            lambda: counts.client_limits,
            {"limit": LIMITS},
        ),
        Metric(
            "kai_bridge_events_total",
            "counter",
            "Events of POSTs: new, or repeated because they had come before.",
            lambda: counts.events,
            {"kind": ("new", "repeated")},
        ),
    ]


def _delays(counts: BridgeCounts, load: Load) -> list[Metric]:
    """How long events take until they are durable, and until readers have them."""
    return [
        Metric(
            "kai_bridge_events_waiting",
            "gauge",
            "Events that wait to become durable.",
            lambda: load.seen.waiting,
        ),
        Metric(
            "kai_bridge_durable_lag_seconds",
            "gauge",
            "For how long the oldest of these has been waiting.",
            lambda: load.seen.lag,
        ),
        Metric(
            "kai_bridge_durable_seconds",
            "histogram",
            "From the POST of an event until it was durable, by samples.",
            lambda: counts.durable_seconds,
        ),
        Metric(
            "kai_bridge_write_seconds",
            "histogram",
            "From when an event was there until it was written to a live reader.",
            lambda: counts.write_seconds,
        ),
    ]


def _signals(counts: BridgeCounts, load: Load) -> list[Metric]:
    """How events become durable."""
    return [
        Metric(
            "kai_bridge_signals_total",
            "counter",
            "Signals, by what came of them.",
            lambda: counts.signals,
            {"result": ("sent", "failed", "refused", "closed")},
        ),
        Metric(
            "kai_bridge_signalled_events_total",
            "counter",
            "Events of the signals that were sent.",
            lambda: counts.signalled,
        ),
        Metric(
            "kai_bridge_signal_seconds",
            "histogram",
            "How long Temporal took to answer a signal.",
            lambda: counts.signal_seconds,
        ),
        Metric(
            "kai_bridge_signals_waiting",
            "gauge",
            "Sessions that wait for their turn to signal.",
            load.signals_waiting,
        ),
    ]


def _temporal(counts: BridgeCounts, load: Load) -> list[Metric]:
    """What else is asked of Temporal."""
    return [
        Metric(
            "kai_bridge_temporal_failures_total",
            "counter",
            "Calls to Temporal that failed, by what they were for.",
            lambda: counts.failures,
            {"call": ("signal", "tail", "lookup", "query", "history")},
        ),
        Metric(
            "kai_bridge_long_polls",
            "gauge",
            "Long polls of histories that are open at the Temporal server.",
            load.long_polls,
        ),
    ]


def _readers(counts: BridgeCounts, load: Load) -> list[Metric]:
    """Who reads, and what they lacked."""
    return [
        Metric(
            "kai_bridge_readers",
            "gauge",
            "Open streams: live, or behind because they catch up, wait or read slowly.",
            lambda: {"live": load.seen.live, "behind": load.seen.readers - load.seen.live},
            {"state": ("live", "behind")},
        ),
        Metric(
            "kai_bridge_streams_total",
            "counter",
            "Streams that were opened.",
            lambda: counts.streams,
        ),
        Metric(
            "kai_bridge_replays_total",
            "counter",
            "Reads of what readers lacked: from memory, by query, or from the history.",
            lambda: counts.replays,
            {"source": ("memory", "query", "history")},
        ),
        Metric(
            "kai_bridge_gaps_total",
            "counter",
            "Gaps that were told; the live readers of a session count as one.",
            lambda: counts.gaps,
        ),
    ]


def _held(load: Load) -> list[Metric]:
    """What the bridge holds."""
    return [
        Metric(
            "kai_bridge_sessions",
            "gauge",
            "Sessions held; without a workflow, they wait for one.",
            lambda: load.seen.sessions,
            {"state": ("open", "closed", "replaced", "without_workflow")},
        ),
        Metric(
            "kai_bridge_held_bytes",
            "gauge",
            "Bytes of memory that all events held take.",
            lambda: load.seen.held_bytes,
        ),
        Metric(
            "kai_bridge_held_bytes_limit",
            "gauge",
            "Bytes that they may take.",
            lambda: MAX_BYTES,
        ),
    ]
