"""Each planted mistake in a bridge's log is found by a property."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.planting import Mutation
from tests.property import (
    finding,
    log_mutants,
    test_attempt_window,
    test_producer_windows,
    test_session_log,
)

SCHEDULES = 600  # a mistake that needs more to be found is not found


def some_schedule_fails() -> None:
    """More schedules than the property plays: finding a mistake ends them early."""
    for seed in range(SCHEDULES):
        test_session_log.play(seed)


FINDS: list[tuple[Any, list[Callable[[], Mutation]]]] = [
    (
        some_schedule_fails,
        [
            log_mutants.forget_unbegun,
            log_mutants.no_sync,
            log_mutants.never_close,
            log_mutants.believe,
            log_mutants.beside_of_the_present_run_only,
            log_mutants.end_not_told,
            log_mutants.nothing_taken_back,
            log_mutants.lost_silently,
            log_mutants.superseded_stays,
            log_mutants.base_stays,
            log_mutants.log_never_shrinks,
            log_mutants.synced_too_early,
            log_mutants.cursor_of_another,
            log_mutants.whole_run_is_not_left,
            log_mutants.shown_past_a_hole,
            log_mutants.live_only_is_signalled,
            log_mutants.fallen_reader_loses_an_entry,
            log_mutants.fallen_reader_gets_all_again,
            log_mutants.closed_readers_stay_live,
        ],
    ),
    (
        test_producer_windows.WindowsAgainstModel,
        [
            log_mutants.base_ignored,
            log_mutants.base_is_proof,
            log_mutants.received_higher_than_held,
            log_mutants.stale_attempt_not_refused,
            log_mutants.hole_in_the_window,
            log_mutants.undurable_leaves_memory,
            log_mutants.full_is_taken,
        ],
    ),
    (
        test_attempt_window.test_a_lying_base_takes_nothing_away,
        [log_mutants.base_is_proof, log_mutants.signalled_past_a_hole],
    ),
    (
        test_attempt_window.test_what_is_live_only_does_not_fill_a_bridge,
        [log_mutants.live_only_stays_in_memory],
    ),
    (
        test_attempt_window.test_only_behind_what_is_stored_the_oldest_left_comes_next,
        [log_mutants.live_only_waits_for_what_is_gone],
    ),
]


@pytest.mark.parametrize(
    ("plant", "found_by"),
    [
        pytest.param(plant, found_by, id=f"{plant.__name__}-{found_by.__name__}")
        for found_by, plants in FINDS
        for plant in plants
    ],
)
def test_a_mutant_of_the_log_is_found(
    plant: Callable[[], Mutation], found_by: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With this mistake in the log, this property fails."""
    with plant(), pytest.raises((AssertionError, pytest.fail.Exception)):
        finding.run(found_by, monkeypatch)
