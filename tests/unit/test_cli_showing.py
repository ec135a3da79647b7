"""`kai_flow.cli.showing`: a session from its first event to its outcome."""

import io

from rich.console import Console

from kai_flow.cli.render import Event
from kai_flow.cli.showing import Outcome, Screen

REFUSAL = "I cannot find “March” in this database"


def shown(*events: Event, result: Event) -> str:
    """What a person sees of these events and this result."""
    file = io.StringIO()
    screen = Screen(Console(file=file, width=120), "chat-1")
    for number, event in enumerate(events, start=1):
        screen.event(f"1.1.{number}", event)
    done: Event = {"type": "done", "result": result}
    screen.event("1.1.99", done)
    screen.finish(Outcome.of(done), 1.0, None)
    return file.getvalue()


def test_a_refusal_is_shown_once() -> None:
    """An error that is event, answer and result of a session is one line."""
    result = {"status": "failed", "final_answer": REFUSAL, "error": REFUSAL}
    assert shown({"type": "error", "error": REFUSAL}, result=result).count(REFUSAL) == 1


def test_an_error_of_the_result_alone_is_shown() -> None:
    """An error that no event has shown, or only one of an earlier attempt, is shown at the end."""
    result = {"status": "failed", "error": REFUSAL}
    assert f"✗ {REFUSAL}" in shown(result=result)
    retried = shown({"type": "error", "error": REFUSAL}, {"type": "started"}, result=result)
    assert retried.count(REFUSAL) == 2


def test_an_answer_is_shown_once() -> None:
    """Tokens are not repeated by the answer, and an answer without tokens is shown."""
    result = {"status": "completed", "final_answer": "It is Bali.", "error": None}
    assert shown({"type": "token", "content": "It is Bali."}, result=result).count("Bali") == 1
    assert shown(result=result).count("Bali") == 1


def test_what_is_asked_back_can_be_chosen() -> None:
    """The choices are shown with their whole questions, kept, and not repeated by the answer."""
    choices = [{"label": "city", "prompt": "total by city"}, {"label": "x"}, "y"]
    clarify: Event = {"type": "clarify", "question": "Which one?", "choices": choices}
    result = {"status": "needs_clarification", "final_answer": "Which one?\n1. city"}
    output = shown(clarify, result=result)
    assert output.count("Which one?") == output.count("1. city (total by city)") == 1
    assert "? needs_clarification · 1 events" in output
    screen = Screen(Console(file=io.StringIO()), "chat-1")
    screen.event("1.1.1", clarify)
    assert list(screen.choices) == ["total by city"]
    screen.event("1.2.1", {"type": "started", "attempt": 2})
    assert not screen.choices
