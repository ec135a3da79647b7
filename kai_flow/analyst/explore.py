"""Continues from an answer: asks the questions that it suggests, and adds their answers."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

__all__ = ["FOLLOW_UPS", "explore"]

FOLLOW_UPS: Final = 3
"""Suggested questions that are asked at most: each costs a scan and a query."""

Result = dict[str, Any]


async def explore(first: Result, answer: Callable[[str], Awaitable[Result]]) -> Result:
    """The first result, with the results of its suggested questions added to each part.

    A follow-up that fails, or repeats a query, is left out, so it cannot spoil the first answer.
    """
    if first["status"] == "failed":
        return first
    whole = {**first}
    pending = list(dict.fromkeys(first["suggested_questions"]))
    asked, further = pending[:FOLLOW_UPS], pending[FOLLOW_UPS:]
    for question in asked:
        found = await answer(question)
        if found["status"] == "failed" or set(found["sql_queries"]) <= set(whole["sql_queries"]):
            continue
        whole["final_answer"] += f"\n\n{question}\n{found['final_answer']}"
        for part in ("sql_queries", "charts", "insights"):
            whole[part] = [*whole[part], *found[part]]
        further += found["suggested_questions"]
    whole["suggested_questions"] = [each for each in dict.fromkeys(further) if each not in asked][
        :5
    ]
    return whole
