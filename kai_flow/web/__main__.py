"""`python -m kai_flow.web`: the bridge alone, on the Temporal that the environment names."""

from kai_flow.runtime.interrupted import begin_quietly

ABOUT = (
    "Run the bridge until Ctrl-C. It receives events at POST /events/{session_id} and serves them "
    "to any number of readers at GET /stream/{session_id}. It connects to the Temporal server at "
    "TEMPORAL_ADDRESS (default localhost:7233) and listens on KAI_BRIDGE_PORT (default 8092). To "
    "make events durable it sends at most KAI_SIGNALS_PER_SECOND signals (default 25), of all "
    "sessions together."
)


def main(program: str | None = None) -> int:
    """Run the bridge until Ctrl-C or SIGTERM; returns the exit code.

    `program`: as `python -m` names it, whose arguments are read first.
    """
    # imported only now, because a Ctrl-C meanwhile is handled
    from kai_flow.runtime.extras import needs  # noqa: PLC0415  (see above)
    from kai_flow.runtime.imports import importing  # noqa: PLC0415  (see above)
    from kai_flow.runtime.program import read_arguments, run_program  # noqa: PLC0415  (see above)

    if program is not None:
        read_arguments(program, ABOUT)
    with needs("bridge"), importing():
        from kai_flow.temporal.client import connected  # noqa: PLC0415  (see above)
        from kai_flow.web.server import running_bridge  # noqa: PLC0415  (see above)
    return run_program("bridge", connected(running_bridge, "kai-bridge"))


if __name__ == "__main__":
    begin_quietly()
    raise SystemExit(main("kai_flow.web"))
