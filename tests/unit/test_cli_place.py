"""Where a session of the command line runs, and where it must not."""

import pytest

from kai_flow.cli.place import place_for
from kai_flow.settings import StartError, load_settings


@pytest.mark.parametrize(
    "given",
    [
        {"KAI_TOKEN": "aaa.bbb.ccc"},
        {"KAI_TOKEN_KEYS": "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="},
    ],
)
async def test_a_token_is_not_sent_in_clear(given: dict[str, str]) -> None:
    """Beyond this machine a bridge has to be called by https; the sentence has no token."""
    said: list[str] = []
    place = place_for(load_settings(given), said.append, bridge="http://kai.invalid:8092")
    with pytest.raises(StartError, match=r"^http://kai.invalid:8092 is not https, .* token") as no:
        async with place:
            raise AssertionError("it was called")
    assert not any(value in str(no.value) for value in given.values())
    assert said == []
