"""The metrics of a worker: what `docs/reference/metrics.md` lists, of its producers."""

from typing import Final

from kai_flow.runtime.metrics import Metric
from kai_flow.stream.producer_counts import ProducerCounts

_POSTS: Final = (
    "acknowledged",
    "delivered",
    "sent_back",
    "superseded",
    "refused",
    "unanswered",
)


def metrics_of(producers: ProducerCounts) -> list[Metric]:
    """Every metric of a worker. Reading them changes nothing."""
    return [
        Metric(
            "kai_worker_producers",
            "gauge",
            "Producers that are open: attempts of activities that stream.",
            lambda: producers.open,
        ),
        Metric(
            "kai_worker_events_total",
            "counter",
            "Events that agents have sent.",
            lambda: producers.events,
        ),
        Metric(
            "kai_worker_outbox_events",
            "gauge",
            "Events in all outboxes: not durable, or not delivered yet.",
            lambda: producers.held,
        ),
        Metric(
            "kai_worker_outbox_bytes",
            "gauge",
            "Bytes of these events.",
            lambda: producers.held_bytes,
        ),
        Metric(
            "kai_worker_outbox_lag_seconds",
            "gauge",
            "For how long the oldest of these has been there.",
            lambda: producers.lag,
        ),
        Metric(
            "kai_worker_durable_seconds",
            "histogram",
            "From when an agent sent an event until the producer knew it durable, by samples.",
            lambda: producers.durable_seconds,
        ),
        Metric(
            "kai_worker_posts_total",
            "counter",
            "POSTs of producers to their callback, by what came of them.",
            lambda: producers.posts,
            {"result": _POSTS},
        ),
        Metric(
            "kai_worker_post_seconds",
            "histogram",
            "How long a POST took that was answered, with the wait for others that go along.",
            lambda: producers.post_seconds,
        ),
        Metric(
            "kai_worker_signals_total",
            "counter",
            "Signals that producers sent themselves, without a bridge.",
            lambda: producers.signals,
            {"result": ("sent", "failed")},
        ),
    ]
