"""The commands that ask: `kai ask` and `kai chat`, with their options and their help."""

from typing import Annotated, Final

from cyclopts import Parameter

from kai_flow.cli.running import run

USAGE: Final = "Usage: kai ask [OPTIONS] QUESTION"

Connection = Annotated[str, Parameter(name=["--connection", "-c"], metavar="NAME")]
Conversation = Annotated[str | None, Parameter(name="--conversation", metavar="ID")]
Bridge = Annotated[str | None, Parameter(name=["--bridge", "-b"], metavar="URL")]
Plain = Annotated[bool, Parameter(name="--plain", negative="", show_default=False)]


def ask(
    *question: str,
    connection: Connection = "koperasi",
    conversation: Conversation = None,
    session_id: Annotated[str | None, Parameter(name=["--session-id", "-s"], metavar="ID")] = None,
    bridge: Bridge = None,
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
    plain: Plain = False,
) -> int:
    """Ask a question, and watch each step until the answer.

    The session runs on the `kai up` of the same KAI_HOME. If none is running, Temporal, a worker
    and a bridge are started for this question alone, also beside a `kai worker` and a `kai bridge`.
    Ctrl-C cancels the session.

    With --bridge, it runs on workers elsewhere: TEMPORAL_ADDRESS names their Temporal server,
    TEMPORAL_TASK_QUEUE or ORG_ID their task queue, and KAI_TOKEN is a token of the bridge.

    The exit code is 0 when there is an answer, 1 when the session failed or KAI asks what you
    mean, and 130 after Ctrl-C.

    For example:

    - `kai ask "How many members do active cooperatives have?"`
    - `kai ask "total amount per city" -c shop --json`
    - `kai ask "and by year?" -c shop --conversation monday`
    - `kai ask "total amount per city" -c shop --bridge https://kai.example.com`

    Parameters
    ----------
    question
        The question, in English or Indonesian.
    connection
        Alias or id of the database connection; koperasi is the demo database.
    conversation
        Id of a conversation, which may be new. A later question with the same id may be a
        fragment, such as "and by year?", that changes the question before.
    session_id
        Id of the session, which is also Temporal's workflow id. Default: a new id.
    bridge
        Base URL of a bridge that runs elsewhere, as readers and workers reach it.
    json
        Print each event as one line of JSON, `{"id": …, "event": {…}}`, and nothing else.
    plain
        Print without colours.
    """
    from kai_flow.cli.ask import ask as work
    from kai_flow.cli.question import Question

    asked = Question(" ".join(question), connection, session_id, conversation)
    return run(work(asked, bridge, as_json=json, plain=plain))


def chat(
    *,
    connection: Connection = "koperasi",
    conversation: Conversation = None,
    bridge: Bridge = None,
    plain: Plain = False,
) -> int:
    """Ask one question after another, each of which may build on the one before.

    A fragment, such as "only for Bali", "and by year?" or "top 10 instead", changes the question
    before. If KAI asks what you mean, type the number of a choice. The arrow keys bring back what
    you typed earlier. Ctrl-C cancels the answer that is running; Ctrl-D leaves.

    The sessions run on the `kai up` of the same KAI_HOME. If none is running, Temporal, a worker
    and a bridge are started for this chat, also beside a `kai worker` and a `kai bridge`. With
    --bridge, they run elsewhere, as those of `kai ask` do. Without a terminal, each line of
    standard input is a question, and the exit code is 1 if one of them got no answer.

    Commands: `/new` begins a new conversation, `/help` lists the commands, `/quit` leaves.

    For example:

    - `kai chat`
    - `kai chat -c shop --conversation monday`

    Parameters
    ----------
    connection
        Alias or id of the database connection; koperasi is the demo database.
    conversation
        Id of the conversation, to continue an earlier one. Default: a new id.
    bridge
        Base URL of a bridge that runs elsewhere, as readers and workers reach it.
    plain
        Print without colours.
    """
    from kai_flow.cli.chat import chat as work

    return work(connection, conversation, bridge, plain=plain)
