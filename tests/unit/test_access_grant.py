"""What a token grants: one by one, by prefix, and for an organisation."""

import pytest

from kai_flow.access.grant import PUBLISH, READ, Grant, Reach, queue_of
from kai_flow.settings import load_settings

NOTHING = Grant("ani", None, frozenset(), (), frozenset(), False, frozenset({READ}), 0.0, None)
ACME = NOTHING._replace(organisation="acme")


@pytest.mark.parametrize(
    ("grant", "reach"),
    [
        (NOTHING, Reach.NO),
        (NOTHING._replace(sessions=frozenset({"s1"})), Reach.YES),
        (NOTHING._replace(sessions=frozenset({"s"})), Reach.NO),
        (NOTHING._replace(prefixes=("s",)), Reach.YES),
        (NOTHING._replace(prefixes=("s1x", "t")), Reach.NO),
        (ACME, Reach.NO),
        (ACME._replace(everything=True), Reach.IF_OURS),
        (ACME._replace(prefixes=("s",)), Reach.IF_OURS),
        (ACME._replace(prefixes=("t",)), Reach.NO),
        (ACME._replace(sessions=frozenset({"s1"})), Reach.YES),
    ],
)
def test_which_sessions_it_reaches(grant: Grant, reach: Reach) -> None:
    """§8.6: the organisation bounds prefixes, and not what is named one by one."""
    assert grant.reach("s1", READ) is reach
    assert grant.reach("s1", PUBLISH) is Reach.NO
    allowed = grant._replace(rights=frozenset({PUBLISH}))
    assert (allowed.reach("s1", READ), allowed.reach("s1", PUBLISH)) == (Reach.NO, reach)


@pytest.mark.parametrize(
    ("session_id", "granted"),
    [
        ("monday.1", True),
        ("monday.4f3a9c1e", True),
        ("team.a.1", True),
        ("monday", False),
        ("monday.", False),
        ("monday.x.1", False),
        ("monday2.1", False),
        ("team.1", False),
        ("Monday.1", False),
        (".1", False),
    ],
)
def test_a_conversation_is_its_sessions(session_id: str, granted: bool) -> None:
    """§8.6: those of another conversation whose id begins in the same way are not granted."""
    mine = NOTHING._replace(conversations=frozenset({"monday", "team.a"}))
    assert mine.reach(session_id, READ) is (Reach.YES if granted else Reach.NO)
    ours = mine._replace(organisation="acme")
    assert ours.reach(session_id, READ) is (Reach.IF_OURS if granted else Reach.NO)


def test_the_queue_is_that_of_the_setting() -> None:
    """§8.6: a worker with ORG_ID polls the queue of the organisation of that name."""
    assert load_settings({"ORG_ID": "acme-1"}).task_queue == queue_of("acme-1")
    assert ACME.queue == "kai-acme-queue"
    assert NOTHING.queue is None


@pytest.mark.parametrize(
    ("grant", "fits"),
    [
        (NOTHING._replace(sessions=frozenset({"s1"}), lifetime=300.0), True),
        (ACME._replace(sessions=frozenset({"s1"}), lifetime=1.0), True),
        (NOTHING._replace(sessions=frozenset({"s1"}), lifetime=300.1), False),
        (NOTHING._replace(sessions=frozenset({"s1"}), lifetime=-1.0), False),
        (NOTHING._replace(sessions=frozenset({"s1"}), lifetime=None), False),
        (NOTHING._replace(sessions=frozenset({"s1", "s2"}), lifetime=1.0), False),
        (NOTHING._replace(lifetime=1.0), False),
        (NOTHING._replace(sessions=frozenset({"s1"}), prefixes=("s",), lifetime=1.0), False),
        (
            NOTHING._replace(
                sessions=frozenset({"s1"}), conversations=frozenset({"c"}), lifetime=1.0
            ),
            False,
        ),
        (ACME._replace(everything=True, lifetime=1.0), False),
    ],
)
def test_what_may_stand_in_a_url(grant: Grant, fits: bool) -> None:
    """§8.6: a short life, and one session."""
    assert grant.fits_in_a_url is fits
