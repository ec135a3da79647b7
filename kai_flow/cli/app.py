"""The commands, their options and their help. What a command does is imported when it runs."""

from typing import Annotated

from cyclopts import App, Parameter

from kai_flow import __version__
from kai_flow.cli import ask_app, data_app
from kai_flow.cli.running import run

app = App(
    name="kai",
    help=(
        "Ask questions about your databases, and watch each answer while KAI works on it.\n\n"
        "Try the demo database first:\n\n"
        '- `kai ask "Show the top 5 provinces by average founding capital of cooperatives"`'
    ),
    help_format="markdown",
    help_epilogue=(
        "Exit codes: 0 success, 1 the session failed or its stream was lost, 2 wrong usage or the"
        " program could not start, 130 interrupted by Ctrl-C, 143 stopped by SIGTERM. Programs that"
        " run until Ctrl-C end with 0 if they were ready.\n\n"
        "Settings are environment variables, such as KAI_HOME (default ~/.kai), KAI_BRIDGE_PORT"
        " and TEMPORAL_ADDRESS."
    ),
    group_parameters=data_app.OPTIONS,
    version=__version__,
)
app["--help"].help = "Show this help and exit."
app["--version"].help = "Show the version and exit."
app.command(ask_app.ask, sort_key=0, help_epilogue=data_app.NO_EPILOGUE, usage=ask_app.USAGE)
app.command(ask_app.chat, sort_key=1, help_epilogue=data_app.NO_EPILOGUE)
app.command(data_app.connection)
app.command(data_app.schema)
app.command(data_app.mdl, sort_key=6, help_epilogue=data_app.NO_EPILOGUE)


@app.command(sort_key=2, help_epilogue=data_app.NO_EPILOGUE)
def up(
    *,
    ui: Annotated[bool, Parameter(name="--ui", negative="", show_default=False)] = False,
    ui_port: Annotated[int | None, Parameter(name="--ui-port", metavar="PORT")] = None,
) -> int:
    """Run Temporal, the worker and the bridge until Ctrl-C.

    Sessions and connections are kept in KAI_HOME (default ~/.kai). If a Temporal server listens at
    TEMPORAL_ADDRESS (default localhost:7233), it is used. Otherwise an embedded server is started
    at that address.

    Port 0 takes any free port, in KAI_BRIDGE_PORT (default 8092), KAI_HEALTH_PORT (default 8091)
    and TEMPORAL_ADDRESS.

    The exit code is 0 when it is stopped after it was ready. While it starts, it is 130 after
    Ctrl-C and 143 after SIGTERM.

    For example:

    - `kai up`
    - `KAI_BRIDGE_PORT=9092 KAI_HEALTH_PORT=9091 kai up --ui`

    Parameters
    ----------
    ui
        Serve the web UI of the embedded Temporal server. It asks for no password and answers to
        any host name, so a web page you visit meanwhile could use it if the page's host name
        points to your machine.
    ui_port
        Serve that web UI on this port; 0 takes any free port. Default: Temporal's port + 1000.
    """
    from kai_flow.cli.up import up as run_stack

    return run(run_stack(ui=ui, ui_port=ui_port))


@app.command(sort_key=7, help_epilogue=data_app.NO_EPILOGUE)
def bridge() -> int:
    """Run only the bridge until Ctrl-C.

    The bridge receives events at POST /events/{session_id} and serves them to any number of
    readers at GET /stream/{session_id}. It connects to the Temporal server at TEMPORAL_ADDRESS
    (default localhost:7233) and listens on KAI_BRIDGE_PORT (default 8092). To make events durable
    it sends at most KAI_SIGNALS_PER_SECOND signals (default 25), of all sessions together.

    For example:

    - `TEMPORAL_ADDRESS=temporal.internal:7233 kai bridge`
    """
    from kai_flow.web.__main__ import main

    return main()


@app.command(sort_key=8, help_epilogue=data_app.NO_EPILOGUE)
def worker() -> int:
    """Run only the worker until Ctrl-C.

    The worker answers the questions in the task queue TEMPORAL_TASK_QUEUE (default
    kai-agent-queue) of the Temporal server at TEMPORAL_ADDRESS (default localhost:7233). Run it
    where it can reach your databases. Its health is at /readyz on KAI_HEALTH_PORT (default 8091).

    For example:

    - `TEMPORAL_ADDRESS=temporal.internal:7233 kai worker`
    """
    from kai_flow.worker.__main__ import main

    return main()


@app.command(sort_key=9, help_epilogue=data_app.NO_EPILOGUE)
def codec_server() -> int:
    """Run a codec server until Ctrl-C, for the `temporal` command and the Temporal UI.

    It decrypts what Temporal stores, for whoever has its token: set KAI_CODEC_TOKEN, and
    KAI_DATA_CONVERTER and KAI_CODEC_KEYS as for the workers. It listens on this machine only, on
    KAI_CODEC_PORT (default 8093). KAI_CODEC_ORIGINS lists the addresses of the Temporal UI whose
    pages may use it.

    For example:

    - `KAI_CODEC_ORIGINS=http://localhost:8233 kai codec-server`
    """
    from kai_flow.temporal.codec_main import main

    return main()


@app.command(sort_key=3, help_epilogue=data_app.NO_EPILOGUE)
def status() -> int:
    """Show whether `kai up` is running, and the addresses of its parts.

    The exit code is 0 when the `kai up` of this KAI_HOME (default ~/.kai) runs and all its parts
    are ready, and 1 otherwise.

    For example:

    - `kai status`
    """
    from kai_flow.cli.status import status as look

    return run(look())


@app.command(
    sort_key=10, help_epilogue=data_app.NO_EPILOGUE, usage="Usage: kai token [OPTIONS] SESSION..."
)
def token(
    *session: str,
    prefix: Annotated[
        list[str] | None, Parameter(name="--prefix", negative="", metavar="TEXT")
    ] = None,
    conversation: Annotated[
        list[str] | None, Parameter(name="--conversation", negative="", metavar="ID")
    ] = None,
    org: Annotated[str | None, Parameter(name="--org", metavar="ORG")] = None,
    rights: Annotated[str, Parameter(name="--rights", metavar="RIGHTS")] = "read",
    lifetime: Annotated[str, Parameter(name="--for", metavar="DURATION")] = "5m",
) -> int:
    """Print a token with which a program may read sessions from a bridge.

    It is signed with the first key in KAI_TOKEN_KEYS, for the audience KAI_TOKEN_AUDIENCE (default
    kai-bridge). Each bridge that has this key accepts it.

    For example:

    - `kai token provinces`
    - `kai token --conversation monday --for 1h`
    - `kai token --org acme --for 8h`
    - `curl -N -H "Authorization: Bearer $(kai token provinces)" localhost:8092/stream/provinces`

    Parameters
    ----------
    session
        Ids of the sessions.
    prefix
        Grant the sessions whose id begins with this; with --org, only those of the organisation.
        Repeat the option for more.
    conversation
        Grant the sessions of this conversation, whose ids are ID, a dot and a part without a
        dot; with --org, only those of the organisation. Repeat the option for more.
    org
        Grant the sessions on the task queue kai-ORG-queue, if nothing else says which.
    rights
        What the token allows: read, publish (send events by hand), or both with a comma.
    lifetime
        How long the token is valid, from 1s to 365d; in a URL, 5m at most.
    """
    from kai_flow.cli.token import token as make

    return make(session, prefix or (), conversation or (), org, rights, lifetime)


@app.command(sort_key=3, help_epilogue=data_app.NO_EPILOGUE)
def sessions(
    *,
    stuck: Annotated[bool, Parameter(name="--stuck", negative="", show_default=False)] = False,
    silent_for: Annotated[str | None, Parameter(name="--silent-for", metavar="DURATION")] = None,
    workflow_type: Annotated[str, Parameter(name="--type", metavar="NAME")] = "KaiChatWorkflow",
    queue: Annotated[str | None, Parameter(name="--queue", metavar="NAME")] = None,
    limit: Annotated[int, Parameter(name="--limit", metavar="N")] = 1_000,
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """List the running sessions, and what each is doing.

    It asks the Temporal server, and so finds sessions without a worker as well. A session is stuck
    if no worker takes its work, if its workflow fails, if its worker has sent no heartbeat for some
    time, or while it waits for another attempt.

    For example:

    - `kai sessions --stuck`
    - `kai sessions --stuck --silent-for 5m --json`
    - `kai sessions --type Report --queue reports`

    Parameters
    ----------
    stuck
        Only those that are stuck.
    silent_for
        How old the last heartbeat of a worker may be, such as 30s or 5m. Default: the limit after
        which readers of the stream get `waiting`, 20s for KAI's workers.
    workflow_type
        The type of the workflows; an empty one means all types.
    queue
        Only sessions of this task queue. Default: those of all queues.
    limit
        How many sessions are looked at, the newest first.
    json
        Print them as a JSON list.
    """
    from kai_flow.cli.sessions import Wish
    from kai_flow.cli.sessions import sessions as work

    wish = Wish(stuck, silent_for, workflow_type, queue, limit)
    return run(work(wish, as_json=json))
