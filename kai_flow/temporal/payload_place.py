"""Where a payload belongs: the namespace and the id of its workflow, as the SDK tells a codec.

It stands in the metadata of a bound payload, because a codec server is told no place: it decrypts
by what the payload says of itself. Whoever knows the place compares.
"""

import re
from typing import Final, NamedTuple

import msgspec

# What Temporal adds to the id of a workflow that a schedule starts; its input was made before.
_SCHEDULED: Final = re.compile(r"-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

# As the SDK's Replayer calls its own, whichever namespace a history is from. No worker polls it.
_REPLAYED: Final = "ReplayNamespace"


class Place(NamedTuple):
    """Where a payload belongs."""

    namespace: str
    workflow_id: str

    def written(self) -> bytes:
        """As it stands in the metadata, and is authenticated."""
        return msgspec.json.encode([self.namespace, self.workflow_id])

    def may_hold(self, written: bytes) -> bool:
        """Whether a payload that was bound to `written` belongs here."""
        try:
            namespace, workflow_id = msgspec.json.decode(written, type=tuple[str, str])
        except msgspec.MsgspecError:
            return False
        if self.namespace not in {namespace, _REPLAYED}:
            return False
        if workflow_id == self.workflow_id:
            return True
        begins, rest = self.workflow_id[: len(workflow_id)], self.workflow_id[len(workflow_id) :]
        return begins == workflow_id and _SCHEDULED.fullmatch(rest) is not None
