"""What a reader sends with each request: whatever gives the token, and nothing that breaks it."""

from typing import Any

import pytest

from kai_flow.stream.reader_headers import ReaderHeaders


async def test_a_token_may_come_from_anywhere() -> None:
    """A string, a function, a coroutine function; each request asks for it anew."""
    calls = iter("abc")

    async def coroutine() -> str:
        return next(calls)

    assert await ReaderHeaders(None, None).fields() == {}
    fixed = ReaderHeaders({"X-Site": "a"}, "t.o.k")
    assert await fixed.fields() == {"X-Site": "a", "Authorization": "Bearer t.o.k"}
    assert not fixed.renewable
    function = ReaderHeaders(None, lambda: next(calls))
    assert [await function.fields() for _ in range(2)] == [
        {"Authorization": "Bearer a"},
        {"Authorization": "Bearer b"},
    ]
    assert function.renewable
    assert await ReaderHeaders(None, coroutine).fields() == {"Authorization": "Bearer c"}


@pytest.mark.parametrize("wrong", ["", " ", "a b", "a\r\nX: y", "é", "\0", 5, None, b"x"])
async def test_what_is_no_token_is_refused_and_not_repeated(wrong: Any) -> None:
    """Otherwise the request would be broken, or another one, and would be repeated for ever."""
    if isinstance(wrong, str):
        with pytest.raises(ValueError, match="token must be"):
            ReaderHeaders(None, wrong)
    with pytest.raises(ValueError, match="token must be") as refusal:
        await ReaderHeaders(None, lambda: wrong).fields()
    assert not str(wrong).strip() or f"{wrong}" not in str(refusal.value)


@pytest.mark.parametrize("headers", [{"X y": "a"}, {"": "a"}, {"X": "a\r\nY: b"}, {"X": "é"}])
def test_what_is_no_header_is_refused(headers: dict[str, str]) -> None:
    """Names and values that no request can carry."""
    with pytest.raises(ValueError, match="character that none may have"):
        ReaderHeaders(headers, None)
