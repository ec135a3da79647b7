"""The keys of signatures as text: read as they are meant, or refused without a word of them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.errors import InvalidKey
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import KEY_BYTES, MAX_KEYS, read_keys

keys = st.binary(min_size=KEY_BYTES.start, max_size=KEY_BYTES.stop - 1).map(
    lambda key: "whsec_" + base64.b64encode(key).decode()
)


@given(st.lists(keys, max_size=MAX_KEYS))
def test_a_list_and_a_text_are_the_same_keys(listed: list[str]) -> None:
    """Blanks and empty parts between commas are no keys."""
    assert read_keys(listed) == read_keys(" , ".join(listed) + ",") == tuple(listed)


@pytest.mark.parametrize(
    "text",
    [
        "whsec_", "whsec_c2hvcnQ=", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMy",
        "whsec_" + "A" * 92, "whsec_!!!!AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ",".join(f"whsec_{n}AECAwQFBgcICQoLDA0ODxAREhMUFRYX" for n in "ABCDE"),
    ],
    ids=["empty", "short", "no prefix", "long", "no base64", "five"],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    """With the remedy in the message."""
    with pytest.raises(InvalidKey, match="openssl rand"):
        read_keys(text)


@given(st.one_of(st.text(), st.lists(st.text()), st.lists(keys)))
def test_no_text_shows_a_key(given_keys: str | list[str]) -> None:
    """Neither an error nor the `repr` of what was read."""
    try:
        found = read_keys(given_keys)
    except InvalidKey as error:
        shown = str(error)
    else:
        shown = repr(found) + repr(SigningKeys(found))
    assert not any(key in shown for key in given_keys if len(key) > 12)
