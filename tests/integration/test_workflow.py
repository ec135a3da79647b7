"""`KaiChatWorkflow` on the real server and worker, with an agent that does what the test says."""

from tests.integration.conftest import Ask
from tests.integration.subscriber import read_all


async def test_a_session_streams_what_its_agent_yields(
    ask: Ask, bridge: str, session_id: str
) -> None:
    """A subscriber sees `started`, every event of the agent, and `done` with the result."""
    handle = await ask({"say": {"type": "thinking", "content": "…"}}, {"tokens": 3, "pause": 0.01})
    reader = await read_all(f"{bridge}/stream/{session_id}")
    result = await handle.result()
    assert [seen.event for seen in reader.seen] == [
        {"type": "started", "producer": 1, "attempt": 1},
        {"type": "thinking", "content": "…"},
        *({"type": "token", "content": f"t{n} "} for n in range(3)),
        {"type": "done", "result": result},
    ]
    assert reader.ids == ["1.1.1", "1.1.2", "1.1.3", "1.1.4", "1.1.5", "end"]
    assert result["final_answer"] == "t0 t1 t2 "
