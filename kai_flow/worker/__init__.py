"""The Temporal worker: its activities, its health endpoints, `python -m kai_flow.worker`."""
