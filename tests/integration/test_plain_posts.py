"""A plain POST and one that goes through Litestar get the same answer."""

import json
import logging
from typing import Any

import httpx
import pytest

from tests.integration.log_records import records_of
from tests.integration.stage import Play
from tests.integration.test_bridge_refusals import STRANGE

PLAIN = {"Content-Type": "application/json"}
SPECIAL = {"Content-Type": "application/json; charset=utf-8"}


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("nothing wrong", {}),
    *(row[:2] for row in STRANGE),
    ("no events", {"events": None}),
    ("no base", {"base": "x"}),
    ("no session id", {"session_id": 1}),
]


@pytest.mark.parametrize("fields", [fields for _, fields in WRONG], ids=[name for name, _ in WRONG])
async def test_both_ways_give_the_same_answer(
    play: Play, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, fields: dict[str, Any]
) -> None:
    """Status, headers, body and log are those of the other way, byte for byte."""
    caplog.set_level(logging.INFO, "kai_flow.web.refusal_log")
    await play.post(http, [1, 2])
    await play.until_durable(http, "1.1.2")
    body = json.dumps(play.body([1]) | fields)
    answers = []
    for headers in (PLAIN, SPECIAL):
        answer = await http.post(play.events_url, content=body, headers=headers)
        told = [(one.lower(), value) for one, value in answer.headers.raw if one.lower() != b"date"]
        answers.append((answer.status_code, told, answer.content))
    assert answers[0] == answers[1]
    lines = [r for r in records_of(caplog, play.id) if r.name == "kai_flow.web.refusal_log"]
    assert len(lines) == (answers[0][0] != 200), "one, for both: the second is the same"
