"""All workloads, in the order in which they run."""

from typing import Final

from tests.bench.workloads import latency, sessions

WORKLOADS: Final = (latency.WORKLOAD, sessions.WORKLOAD)
