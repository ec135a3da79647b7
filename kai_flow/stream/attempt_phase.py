"""The phase of an attempt: whether more events may come, and what became of its final POST (§6.5).

The rows of the table are phases, and its columns are what can happen. Everything can happen in
every phase, because the agent, the answers to POSTs and those to signals race with each other.
"""

from collections.abc import Mapping
from typing import Final

from kai_flow.stream.table_key import TableKey


class Phase(TableKey):
    """How far an attempt has come."""

    OPEN = "the agent may send events"
    FINISHED = "no more events will come, and no final POST"
    FINAL_DUE = "the final POST has yet to be made"
    FINAL_POSTED = "the final POST was made, and waits for its answer or for another try"
    FINAL_DONE = "the final POST was answered, or is not tried again"
    SUPERSEDED = "refused for good, while the agent may still try to send events"
    STOPPED = "refused for good, and no more events will come"

    @property
    def finished(self) -> bool:
        """Whether no more events will come."""
        return self not in {Phase.OPEN, Phase.SUPERSEDED}

    @property
    def final_post_due(self) -> bool:
        """Whether the final POST has yet to be made, or to be answered."""
        return self in {Phase.FINAL_DUE, Phase.FINAL_POSTED}

    @property
    def final_posted(self) -> bool:
        """Whether the final POST was made at least once."""
        return self in {Phase.FINAL_POSTED, Phase.FINAL_DONE}

    @property
    def superseded(self) -> bool:
        """Whether another attempt, or the end of the session, has taken over."""
        return self in {Phase.SUPERSEDED, Phase.STOPPED}


class Step(TableKey):
    """What happens to an attempt."""

    FINISH = "the agent has sent its last event"
    ADD_FINAL_POST = "the attempt has ended well, so that a final POST follows its last event"
    MAKE_FINAL_POST = "the final POST is made"
    DROP_FINAL_POST = "the final POST was answered, is given up, or is not wanted any more"
    REFUSE_EVENTS = "a 410, or a refused signal, while events are in the outbox"
    REFUSE_END = "a 410, or a refused signal, while the outbox is empty"


_COLUMNS: Final = tuple(Step)
_OPEN, _FINISHED = Phase.OPEN, Phase.FINISHED
_DUE, _POSTED, _DONE = Phase.FINAL_DUE, Phase.FINAL_POSTED, Phase.FINAL_DONE
_SUPERSEDED, _STOPPED = Phase.SUPERSEDED, Phase.STOPPED
# With nothing but the end left to report, an attempt that is refused has ended well all the same.
_ROWS: Final[Mapping[Phase, tuple[Phase, ...]]] = {
    # finish, add final POST, make it, drop it, refuse events, refuse the end
    _OPEN:       (_FINISHED, _DUE, _OPEN, _OPEN, _SUPERSEDED, _SUPERSEDED),
    _FINISHED:   (_FINISHED, _DUE, _FINISHED, _FINISHED, _STOPPED, _FINISHED),
    _DUE:        (_DUE, _DUE, _POSTED, _FINISHED, _STOPPED, _FINISHED),
    _POSTED:     (_POSTED, _POSTED, _POSTED, _DONE, _STOPPED, _DONE),
    _DONE:       (_DONE, _DONE, _DONE, _DONE, _STOPPED, _DONE),
    _SUPERSEDED: (_STOPPED, _STOPPED, _SUPERSEDED, _SUPERSEDED, _SUPERSEDED, _SUPERSEDED),
    _STOPPED:    (_STOPPED, _STOPPED, _STOPPED, _STOPPED, _STOPPED, _STOPPED),
}  # fmt: skip
NEXT_PHASE: Final[Mapping[Phase, Mapping[Step, Phase]]] = {
    phase: dict(zip(_COLUMNS, row, strict=True)) for phase, row in _ROWS.items()
}
