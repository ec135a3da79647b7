"""The pauses of a follower: short at first, and never long."""

from kai_flow.stream.followed import FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS, pauses


def test_the_pauses_grow_from_the_first_to_the_last() -> None:
    """A short outage is over quickly for a reader, and a long one does not load the server."""
    whole = [pauses().pause(failures) for failures in range(1, 20)]
    assert whole[0] == FIRST_PAUSE_SECONDS
    assert whole == sorted(whole)
    assert whole[-1] == LAST_PAUSE_SECONDS
