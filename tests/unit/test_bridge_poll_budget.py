"""The budget of long polls: no more than so many are open at once."""

from contextlib import ExitStack

from kai_flow.bridge.poll_budget import PollBudget


def test_no_more_long_polls_are_open_than_the_budget_allows() -> None:
    """Beyond the limit the answer is no; each that ends makes room for another."""
    budget = PollBudget(2)
    with ExitStack() as stack:
        assert [stack.enter_context(budget.one()) for _ in range(4)] == [True, True, False, False]
    with budget.one() as first, budget.one() as second, budget.one() as third:
        assert (first, second, third) == (True, True, False)


def test_a_poll_that_breaks_gives_its_place_back() -> None:
    """An error in the block does not use the budget up."""
    budget = PollBudget(1)
    for _ in range(3):
        try:
            with budget.one() as allowed:
                assert allowed
                raise ConnectionError
        except ConnectionError:
            pass
