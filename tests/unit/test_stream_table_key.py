"""Enums that are keys of tables."""

from copy import deepcopy

from kai_flow.stream.table_key import TableKey


class Light(TableKey):
    """Two members, of which one has another name."""

    RED = "stop"
    GREEN = "go"
    HALT = "stop"


def test_a_member_is_found_by_whatever_leads_to_it() -> None:
    """By name, by value, by an alias and as a copy it is the same key, and no other one is."""
    table = {Light.RED: 1, Light.GREEN: 2}
    reds = (Light["RED"], Light("stop"), Light.HALT, deepcopy(Light.RED))
    assert [table[red] for red in reds] == [1, 1, 1, 1]
    assert table[Light.GREEN] == 2


def test_its_hash_is_no_python_code() -> None:
    """That is its purpose: Enum's own hash is a Python function before 3.12."""
    assert not hasattr(type(Light.RED).__hash__, "__code__")
