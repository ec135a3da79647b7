"""The phases of an attempt: each step in each phase, and what no order of steps can do."""

from itertools import product

import pytest

from kai_flow.stream.attempt_phase import NEXT_PHASE, Phase, Step
from tests.tables import cells

WANTED = """
              FINISH    ADD_FINAL_POST  MAKE_FINAL_POST  DROP_FINAL_POST  REFUSE_EVENTS  REFUSE_END
OPEN          FINISHED  FINAL_DUE       .                .                SUPERSEDED     SUPERSEDED
FINISHED      .         FINAL_DUE       .                .                STOPPED        .
FINAL_DUE     .         .               FINAL_POSTED     FINISHED         STOPPED        FINISHED
FINAL_POSTED  .         .               .                FINAL_DONE       STOPPED        FINAL_DONE
FINAL_DONE    .         .               .                .                STOPPED        .
SUPERSEDED    STOPPED   STOPPED         .                .                .              .
STOPPED       .         .               .                .                .              .
"""


@pytest.mark.parametrize(("phase", "step", "result"), cells(WANTED))
def test_each_step_in_each_phase(phase: str, step: str, result: str) -> None:
    """§6.5, §6.9: the result of every step is stated, whatever the phase."""
    assert NEXT_PHASE[Phase[phase]][Step[step]] is Phase[result]


def test_no_row_is_missing() -> None:
    """All phases and steps are in the table of this test and in that of the code."""
    assert {cell[:2] for cell in cells(WANTED)} == {
        (p.name, s.name) for p, s in product(Phase, Step)
    }
    assert NEXT_PHASE.keys() == set(Phase)


@pytest.mark.parametrize(("phase", "step"), list(product(Phase, Step)))
def test_what_has_ended_does_not_begin_again(phase: Phase, step: Step) -> None:
    """A finished or superseded attempt stays so, and a final POST that is done is not due again."""
    result = NEXT_PHASE[phase][step]
    assert result.finished >= phase.finished
    assert result.superseded >= phase.superseded
    assert not (phase.final_posted and not phase.final_post_due and result.final_post_due)
    assert not (result.superseded and result.final_post_due)
