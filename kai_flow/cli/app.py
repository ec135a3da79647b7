"""The commands, their options and their help. What they do is imported when they run."""

from typing import Annotated

from cyclopts import App, Parameter

from kai_flow import __version__
from kai_flow.cli import data_app
from kai_flow.cli.running import run

app = App(
    name="kai",
    help=(
        "KAI answers questions about your databases, and streams the answer while it works.\n\n"
        'Try `kai ask "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi"`.'
    ),
    help_format="markdown",
    help_epilogue=(
        "Exit codes: 0 all went well, 1 the session failed or its stream was lost, 2 wrong usage "
        "or it could not start, 130 interrupted, 143 terminated. Settings are variables of the "
        "environment (KAI_HOME, KAI_BRIDGE_PORT, TEMPORAL_ADDRESS, …)."
    ),
    version=__version__,
)
app.command(data_app.connection)
app.command(data_app.schema)
app.command(data_app.mdl)


@app.command
def up(
    *,
    ui_port: Annotated[int | None, Parameter(name="--ui-port")] = None,
    ui: Annotated[bool, Parameter(name="--ui")] = False,
) -> int:
    """Run the whole stack until Ctrl-C: Temporal, worker and bridge.

    Keeps its state under KAI_HOME (default ~/.kai). A Temporal that already listens at
    TEMPORAL_ADDRESS (default localhost:7233) is used; otherwise an embedded one is started there.
    Port 0 means any free port, for example KAI_BRIDGE_PORT=0 or TEMPORAL_ADDRESS=127.0.0.1:0.

    Examples:

        kai up

        KAI_BRIDGE_PORT=9092 KAI_HEALTH_PORT=9091 kai up --ui

    Parameters
    ----------
    ui_port
        Port of the embedded server's web UI, which it turns on; default: Temporal's port + 1000.
    ui
        Whether the embedded server shows its web UI. It has no password and answers to any host
        name: a web page that you visit meanwhile, and whose name leads to your machine, can use it.
    """
    from kai_flow.cli.up import up as run_stack  # noqa: PLC0415

    return run(run_stack(ui=ui, ui_port=ui_port))


@app.command
def ask(
    *question: str,
    connection: Annotated[str, Parameter(name=["--connection", "-c"])] = "koperasi",
    session_id: Annotated[str | None, Parameter(name=["--session-id", "-s"])] = None,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    plain: Annotated[bool, Parameter(name="--plain", negative="")] = False,
) -> int:
    """Ask a question and watch the answer come: steps, SQL, table, text.

    Uses the stack of a running `kai up` with the same KAI_HOME, or starts one for this question.
    Ctrl-C cancels the session.

    Examples:

        kai ask "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi"

        kai ask "How many members do active cooperatives have?" --json

    Parameters
    ----------
    question
        The question, in Indonesian or English.
    connection
        Alias or id of the database connection; `koperasi` is the demo.
    session_id
        Name of the session (Temporal's workflow id); default: a new one.
    json
        Print one JSON object per event, `{"id": …, "event": {…}}`, and nothing else.
    plain
        No colours.
    """
    from kai_flow.cli import ask as asking  # noqa: PLC0415

    return run(
        asking.ask(
            asking.Question(" ".join(question), connection, session_id, as_json=json, plain=plain)
        )
    )


@app.command
def bridge() -> int:
    """Run the bridge alone until Ctrl-C, on the Temporal that TEMPORAL_ADDRESS names.

    It receives events at /events/{session_id} and serves streams at /stream/{session_id}.

    Examples:

        TEMPORAL_ADDRESS=temporal.internal:7233 kai bridge
    """
    from kai_flow.web.__main__ import main  # noqa: PLC0415

    return main()


@app.command
def worker() -> int:
    """Run the worker alone until Ctrl-C, on the Temporal that TEMPORAL_ADDRESS names.

    It polls the task queue TEMPORAL_TASK_QUEUE, next to the databases that it asks.

    Examples:

        TEMPORAL_ADDRESS=temporal.internal:7233 TEMPORAL_TASK_QUEUE=kai-agent-queue kai worker
    """
    from kai_flow.worker.__main__ import main  # noqa: PLC0415

    return main()


@app.command
def status() -> int:
    """Say whether a `kai up` runs for this KAI_HOME, and where its parts are.

    Exit code 0 when it runs and answers, 1 when it does not.
    """
    from kai_flow.cli.status import status as look  # noqa: PLC0415

    return run(look())
