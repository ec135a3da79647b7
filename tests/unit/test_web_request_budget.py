"""The budget that requests share: within its limit as far as giving up the oldest allows."""

from contextlib import ExitStack
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.web.request_budget import RequestBudget, Share

LIMIT = 100


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=40))
def test_what_is_kept_is_within_the_limit(steps: list[tuple[int, int]]) -> None:
    """Over the limit requests are given up, each once, until the rest is within it."""
    budget = RequestBudget()
    ended: list[int] = []
    with ExitStack() as stack:
        shares: list[Share] = [
            stack.enter_context(budget.share(partial(ended.append, number))) for number in range(6)
        ]
        for number, size in steps:
            budget.grow(shares[number], size, LIMIT)
            kept = sum(share.bytes for share in shares if not share.given_up)
            assert kept <= LIMIT or all(s.given_up or not s.bytes for s in shares[:-1])
        assert sorted(ended) == [n for n, share in enumerate(shares) if share.given_up]
        assert 5 not in ended


def test_a_request_is_given_up_once_and_only_when_it_must() -> None:
    """A request that has yet to notice its end counts as gone: the next one stays."""
    budget = RequestBudget()
    ended: list[str] = []
    with (
        budget.share(lambda: ended.append("old")) as old,
        budget.share(lambda: ended.append("middle")) as middle,
        budget.share(lambda: ended.append("new")) as new,
    ):
        budget.grow(old, 60, LIMIT)
        budget.grow(middle, 40, LIMIT)
        assert ended == []
        budget.grow(new, 50, LIMIT)
        budget.grow(new, 10, LIMIT)
        assert ended == ["old"]


def test_what_is_done_counts_no_more() -> None:
    """A request that has ended takes its bytes off, whatever it grew to."""
    budget = RequestBudget()
    ended: list[str] = []
    with budget.share(lambda: ended.append("first")) as first:
        with budget.share(lambda: ended.append("gone")) as gone:
            budget.grow(gone, 90, LIMIT)
        budget.grow(first, 90, LIMIT)
        with budget.share(lambda: ended.append("last")) as last:
            budget.grow(last, 10, LIMIT)
    assert ended == []
