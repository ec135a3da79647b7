"""The interceptor of a worker: what it puts outside of the sandbox."""

from types import SimpleNamespace
from typing import Any

import pytest

from kai_flow.stream.interceptor import StreamInterceptor
from kai_flow.stream.run_stream import LIVENESS_CHECK
from kai_flow.stream.workflow_interceptor import WorkflowInterceptor


@pytest.mark.parametrize("check", [None, lambda *_: None])
def test_a_workflow_gets_the_liveness_check(check: Any) -> None:
    """As a function outside of its sandbox, when the worker has one."""
    outside: Any = SimpleNamespace(unsafe_extern_functions={})
    chosen = StreamInterceptor(check_liveness=check).workflow_interceptor_class(outside)
    assert chosen is WorkflowInterceptor
    assert outside.unsafe_extern_functions == ({} if check is None else {LIVENESS_CHECK: check})
