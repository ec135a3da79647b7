"""Each planted mistake in the core is found by a property of the CI profile."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.planting import Mutation
from tests.property import (
    finding,
    mutants,
    shared_mutants,
    stored_mutants,
    test_batches,
    test_bridge_pace,
    test_buffer,
    test_cadence,
    test_delivery,
    test_events,
    test_fold,
    test_ids,
    test_list_form,
    test_ordering,
    test_outbox,
    test_pages,
    test_place,
    test_progress,
    test_sharing,
    test_storage,
)

FINDS: list[tuple[Any, list[Callable[[], Mutation]]]] = [
    (
        test_place.test_a_place_covers_what_was_seen,
        [
            stored_mutants.unbegun_are_forgotten,
            stored_mutants.the_workflow_is_forgotten,
        ],
    ),
    (
        test_place.test_a_place_is_as_small_as_what_runs_at_once,
        [stored_mutants.everything_stays_listed],
    ),
    (test_place.test_only_the_next_event_follows, [stored_mutants.anything_follows]),
    (
        test_place.test_places_are_ordered_as_the_sets_of_what_was_seen,
        [stored_mutants.the_newest_producer_decides],
    ),
    (
        test_place.test_a_withdrawal_takes_back_the_end_of_one_producer,
        [stored_mutants.withdrawn_is_kept],
    ),
    (test_place.test_a_cursor_is_read_strictly, [stored_mutants.parts_in_any_order]),
    (
        test_fold.test_the_fold_is_what_was_sent_however_it_came,
        [stored_mutants.skip_dedup, stored_mutants.ignore_supersession],
    ),
    (
        test_fold.test_the_fold_agrees_with_plain_rules_on_any_history,
        [
            stored_mutants.run_id_not_checked,
            stored_mutants.marks_not_needed,
            stored_mutants.marks_close_nothing,
            stored_mutants.a_number_counts_twice,
        ],
    ),
    (test_fold.test_the_workflow_arrives_at_the_stream_of_the_history, [stored_mutants.ends_close]),
    (test_fold.test_a_hole_is_reported_with_its_ends, [stored_mutants.hole_not_recorded]),
    (
        test_fold.test_what_was_stored_last_is_remembered_until_a_retry,
        [stored_mutants.unstored_outlives_its_attempt],
    ),
    (
        test_progress.test_progress_is_that_of_the_events_that_count,
        [stored_mutants.a_retry_is_counted_on],
    ),
    (
        test_progress.test_liveness_tells_what_no_event_can,
        [
            stored_mutants.liveness_ignored,
            stored_mutants.liveness_is_the_sessions,
            stored_mutants.liveness_reopens_the_session,
            stored_mutants.liveness_outlives_the_question,
            stored_mutants.liveness_forgets_the_tool,
        ],
    ),
    (
        test_buffer.BufferAgainstList,
        [
            stored_mutants.evict_one_too_late,
            stored_mutants.evict_one_too_many,
            stored_mutants.retry_keeps_old_events,
            stored_mutants.gap_not_reported,
            stored_mutants.superseding_is_a_gap,
            stored_mutants.empty_page_forgets_the_cursor,
        ],
    ),
    (test_buffer.test_a_page_costs_what_is_on_it, [stored_mutants.a_page_costs_the_whole_buffer]),
    (
        test_buffer.test_the_buffer_of_a_later_run_lacks_the_earlier_ones,
        [stored_mutants.earlier_runs_are_not_missed],
    ),
    (
        test_buffer.test_a_reader_gets_everything_once_or_is_told_what_is_missing,
        [stored_mutants.gap_not_reported, stored_mutants.page_skips_an_event],
    ),
    (test_pages.test_pages_join_to_the_whole, [stored_mutants.page_skips_an_event]),
    (test_pages.test_a_bad_question_is_refused, [stored_mutants.page_may_be_of_any_size]),
    (
        test_batches.test_a_batch_survives_the_wire,
        [
            stored_mutants.merge_whatever_differs,
            stored_mutants.merge_loses_a_boundary,
            stored_mutants.merge_by_python_equality,
        ],
    ),
    (
        test_batches.test_what_comes_out_of_a_batch_are_the_bytes_that_went_in,
        [stored_mutants.merge_rewrites_numbers],
    ),
    (test_batches.test_a_token_run_is_written_once, [stored_mutants.cuts_in_bytes]),
    (test_batches.test_cuts_must_fit_their_content, [stored_mutants.wrong_cuts_accepted]),
    (
        test_batches.test_the_producers_of_a_signal_share_its_room,
        [stored_mutants.each_producer_has_a_whole_signal],
    ),
    (test_batches.test_records_are_few_and_fit, [stored_mutants.records_of_any_size]),
    (test_events.test_the_size_limit_is_exact, [stored_mutants.size_limit_off_by_one]),
    (
        test_ids.test_what_is_read_is_the_only_way_to_write_it,
        [stored_mutants.ids_with_leading_zeros],
    ),
    (
        test_ordering.test_every_reader_ends_with_exactly_what_the_agents_said,
        [stored_mutants.skip_dedup, mutants.durable_on_received],
    ),
    (test_sharing.test_sessions_take_turns, [shared_mutants.first_come_first_served]),
    (
        test_sharing.test_every_document_departs_once_within_the_limits,
        [shared_mutants.lists_of_any_length, shared_mutants.lists_of_any_size],
    ),
    (
        test_sharing.test_a_post_in_flight_keeps_the_next_one_back_for_a_moment,
        [shared_mutants.waits_for_the_slowest],
    ),
    (
        test_sharing.test_only_the_last_post_keeps_the_next_one_back,
        [shared_mutants.any_end_frees_the_line],
    ),
    (
        test_list_form.test_each_document_gets_its_own_reply,
        [shared_mutants.replies_in_another_order],
    ),
    (
        test_list_form.test_an_answer_of_another_length_answers_nobody,
        [shared_mutants.replies_are_cut_to_fit],
    ),
    (
        test_outbox.OutboxAgainstLists,
        [
            mutants.trim_on_received,
            mutants.rewind_not_honoured,
            mutants.sent_counts_retransmissions,
            mutants.believes_any_acknowledgement,
            mutants.stores_without_end,
            mutants.started_is_live_only,
            mutants.live_only_is_never_done_with,
            mutants.live_only_leaves_before_the_rest_is_durable,
        ],
    ),
    (
        test_cadence.test_a_long_answer_costs_few_signals,
        [mutants.period_does_not_grow, mutants.two_signals_at_once],
    ),
    (
        test_cadence.test_a_session_costs_few_signals_however_many_send_by_themselves,
        [mutants.each_sender_has_the_whole_pace],
    ),
    (
        test_storage.StorageOfARun,
        [
            mutants.reading_forgets_what_waits,
            mutants.reading_takes_back_what_is_stored,
        ],
    ),
    (
        test_storage.test_the_limit_never_moves_before_what_was_stored,
        [mutants.reading_takes_back_what_is_stored],
    ),
    (
        test_storage.test_producers_beside_each_other_stay_below_the_servers_limit,
        [mutants.history_is_never_read_again],
    ),
    (
        test_delivery.test_whatever_the_receiver_does_everything_becomes_durable,
        [
            mutants.durable_on_received,
            mutants.never_signals_for_the_bridge,
            mutants.never_gives_up_on_a_receiver,
            mutants.no_pause_in_vain,
            mutants.ends_before_all_is_durable,
        ],
    ),
    (
        test_delivery.test_beside_a_bridge_that_says_that_it_is_slow_it_does_not,
        [mutants.pace_is_not_added],
    ),
    (
        test_delivery.test_a_bridge_that_dies_while_it_is_slow_is_stood_in_for,
        [mutants.silent_bridge_keeps_its_pace],
    ),
    (test_bridge_pace.test_a_liar_is_believed_for_a_while, [mutants.any_pace_is_believed]),
    (
        test_delivery.test_a_slow_receiver_does_not_hold_up_a_session,
        [
            mutants.waits_for_a_slow_receiver,
            mutants.every_event_waits_its_full_time,
            mutants.given_up_counts_as_sent,
        ],
    ),
    (
        test_delivery.test_a_receiver_that_asks_for_patience_does_not_hold_up_the_end,
        [mutants.waits_for_a_slow_receiver],
    ),
    (
        test_delivery.test_batching_adds_no_delay,
        [mutants.waits_between_posts, mutants.batches_of_two],
    ),
    (test_delivery.test_pauses_grow_and_are_spread, [mutants.no_jitter]),
    (
        test_delivery.test_a_retry_after_is_heeded_up_to_its_limit,
        [mutants.retry_after_ignored, mutants.retry_after_without_limit],
    ),
    (test_delivery.test_a_producer_that_is_told_to_stop_stops, [mutants.goes_on_after_a_410]),
    (
        test_delivery.test_a_bridge_that_forgets_while_the_agent_is_silent_is_told_again,
        [mutants.probe_never_sent],
    ),
    (
        test_delivery.test_what_is_not_stored_is_posted_and_never_signalled,
        [mutants.live_only_is_never_done_with],
    ),
]
"""Each property, and the mistakes that it has to find."""


@pytest.mark.parametrize(
    ("plant", "found_by"),
    [
        pytest.param(plant, found_by, id=f"{plant.__name__}-{found_by.__name__}")
        for found_by, plants in FINDS
        for plant in plants
    ],
)
def test_a_mutant_is_found(
    plant: Callable[[], Mutation], found_by: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With this mistake in the core, this property fails."""
    with plant(), pytest.raises((AssertionError, pytest.fail.Exception)):
        finding.run(found_by, monkeypatch)
