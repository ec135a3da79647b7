"""What all sessions of one bridge share, and what the parts of one session share."""

from typing import NamedTuple

from temporalio.client import Client

from kai_flow.bridge.counts import BridgeCounts
from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.poll_budget import PollBudget
from kai_flow.bridge.signal_turns import SignalTurns
from kai_flow.stream.notifier import Notifier
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.signals import SentSignals


class Shared(NamedTuple):
    """What all sessions of one bridge share."""

    client: Client
    boot_id: str
    signal_interval: float
    """The least pause between two signals of a session, in seconds."""
    memory: MemoryBudget
    polls: PollBudget
    turns: SignalTurns
    counts: BridgeCounts


class Scope(NamedTuple):
    """What the parts of one session share."""

    shared: Shared
    session_id: str
    log: SessionLog
    sent: SentSignals
    notifier: Notifier
    """Wakes readers."""
