"""Programs: what the code of a simulated workflow does, step by step."""

from typing import NamedTuple


class Act(NamedTuple):
    """Run an activity that streams, unless it is silent."""

    policy: str = "wait"
    """What a cancellation does: `wait` until the activity has ended, `try` to cancel it and go on
    at once, or `abandon` it."""
    cancel_after: float | None = None
    """Seconds after which the workflow cancels it; 0: before the server is told of it; None: never.
    """
    silent: bool = False
    """It sends no event."""


class Together(NamedTuple):
    """Run activities at the same time, and wait for all of them."""

    acts: tuple[Act, ...]


class Speak(NamedTuple):
    """Publish events of the workflow's own, in one call."""

    events: int


class GoOn(NamedTuple):
    """Continue as new, with the steps that are left."""


class Apart(NamedTuple):
    """Begin an activity, and wait for it only at the end of the run."""

    act: Act


Step = Together | Speak | GoOn | Apart
Program = tuple[Step, ...]


def one_after_the_other(activities: int) -> Program:
    """So many activities, each after the one before."""
    return (Together((Act(),)),) * activities


def acts_of(program: Program) -> int:
    """How many activities a program runs."""
    return sum(
        len(step.acts) if isinstance(step, Together) else isinstance(step, Apart)
        for step in program
    )
