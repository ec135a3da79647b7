"""The Temporal worker, its activities and health endpoints; run by `python -m kai_flow.worker`."""
