"""All workloads, in the order in which they run."""

from typing import Final

from tests.bench.workloads import (
    bridges,
    cost,
    growth,
    latency,
    memory,
    posts,
    reconnect,
    replay,
    sessions,
    signing,
)

WORKLOADS: Final = (
    latency.WORKLOAD,
    sessions.WORKLOAD,
    signing.WORKLOAD,
    bridges.WORKLOAD,
    posts.WORKLOAD,
    cost.WORKLOAD,
    growth.WORKLOAD,
    replay.WORKLOAD,
    reconnect.WORKLOAD,
    memory.WORKLOAD,
)
