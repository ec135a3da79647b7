"""The programs that tests start end with them."""

import subprocess
import sys

import psutil
import pytest

from tests.children import bound

# The child prints its process id itself: by then it is bound.
PARENT = """
import subprocess
from tests.children import bound
subprocess.run(bound(["sh", "-c", "echo $$; exec sleep 600"]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_program_ends_with_the_tests_that_started_it() -> None:
    """After a SIGKILL of the tests no server of theirs is left."""
    with subprocess.Popen(
        bound([sys.executable, "-c", PARENT]), stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _, alive = psutil.wait_procs([child], timeout=60)
    assert not alive
