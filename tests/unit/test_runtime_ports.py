"""What is said about a port that a program cannot have."""

import pytest

from kai_flow.runtime.ports import PortInUse, free_port, require_free


def test_an_address_of_another_machine_is_the_fault_of_the_host() -> None:
    """The sentence names the setting of the host, and not that of the port."""
    with pytest.raises(PortInUse) as wrong:
        require_free("the bridge", "192.0.2.1", free_port(), "KAI_BRIDGE_PORT")
    assert str(wrong.value) == (
        "192.0.2.1 is no address of this machine, so the bridge cannot listen there: set "
        "KAI_BRIDGE_HOST to one of its addresses, or to 0.0.0.0 for all"
    )
