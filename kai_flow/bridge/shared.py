"""What all sessions of one bridge share."""

from typing import NamedTuple

from temporalio.client import Client

from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.poll_budget import PollBudget


class Shared(NamedTuple):
    """What all sessions of one bridge share."""

    client: Client
    boot_id: str
    signal_interval: float
    """The least pause between two signals of a session, in seconds."""
    memory: MemoryBudget
    polls: PollBudget
