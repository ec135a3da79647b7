"""The number of a producer whose activity runs outside of a worker."""

from kai_flow.stream.activity_interceptor import OwnActivity, own_activity
from kai_flow.stream.header import ProducerHeader


def number_activity(producer: int, first_run_id: str) -> None:
    """Give the activity that runs here a number, as the interceptor does from its header."""
    header = ProducerHeader(producer, frozenset(), first_run_id)
    own_activity.set(OwnActivity(header, bridge=None))
