"""Two organisations on one bridge: nothing of one is visible to the other, by any route."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

import httpx
import pytest
from temporalio.client import Client

from kai_flow.access.grant import queue_of
from kai_flow.bridge import hub
from kai_flow.settings import Settings
from kai_flow.web.server import running_bridge
from tests.integration.stage import Play, stage_worker
from tests.integration.subscriber import subscribed
from tests.issuing import KEYS, token

ORGANISATIONS: Final = ("acme", "bolt")


class Tenants(NamedTuple):
    """A session of each organisation, on one bridge."""

    bridge: str
    acme: Play
    bolt: Play

    def stream(self, session_id: str) -> str:
        """Its URL."""
        return f"{self.bridge}/stream/{session_id}"


@pytest.fixture(scope="module")
async def shared(client: Client) -> AsyncIterator[str]:
    """The bridge of both."""
    async with running_bridge(Settings(bridge_port=0, token_keys=KEYS), client) as url:
        yield url


@pytest.fixture
async def tenants(client: Client, shared: str, session_id: str) -> AsyncIterator[Tenants]:
    """Each organisation has a worker and a session."""
    plays = []
    async with (
        stage_worker(client, queue_of("acme")),
        stage_worker(client, queue_of("bolt")),
    ):
        for name in ORGANISATIONS:
            handle = await client.start_workflow(
                "Stage", id=f"{name}-{session_id}", task_queue=queue_of(name)
            )
            plays.append(Play(client, handle, shared))
        yield Tenants(shared, *plays)
        for play in plays:
            await play.clear()


def of(organisation: str, **more: Any) -> dict[str, str]:
    """The header of somebody of this organisation."""
    return {"Authorization": f"Bearer {token(org=organisation, **more)}"}


def told(answer: httpx.Response, session_id: str) -> tuple[object, ...]:
    """All that an answer tells, but for the session id that was asked for, and the time."""
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, answer.text.replace(session_id, "?"), sorted(headers.items())


async def test_each_organisation_reads_its_own_sessions(
    tenants: Tenants, http: httpx.AsyncClient
) -> None:
    """§8.6: live, from the history and after the end; with a prefix only what is theirs."""
    await tenants.acme.act()
    await tenants.acme.post(http, [1, 2])
    url = tenants.stream(tenants.acme.id)
    for more in ({}, {"prefixes": [tenants.acme.id[:6]]}):
        async with subscribed(url, headers=of("acme", **more)) as reader:
            await reader.until(lambda: reader.ids == ["1.1.1", "1.1.2"])
    await tenants.acme.end(result=1)
    async with subscribed(url, headers=of("acme")) as reader:
        await reader.saw("done")


async def test_a_session_of_others_is_not_there(tenants: Tenants, http: httpx.AsyncClient) -> None:
    """§8.6: whatever is asked, however it is cursed, the answer is that for an unknown id."""
    await tenants.bolt.act()
    await tenants.bolt.post(http, [1, 2])
    others, missing = tenants.bolt.id, f"none{tenants.bolt.id[4:]}"
    here = tenants.bolt.incarnation
    for more in ({}, {"prefixes": [others[:4], missing[:4]]}):
        for params in (
            {"wait": "false"},
            {"wait": "false", "event": "message"},
            {"wait": "false", "last_event_id": f"1.1.1@{here}"},
            {"wait": "false", "last_event_id": f"1.1.99@{here}"},
            {"wait": "false", "last_event_id": f"end@{here}"},
            {"wait": "false", "last_event_id": "nonsense"},
            {"wait": "nonsense"},
        ):
            answers = [
                told(await http.get(tenants.stream(one), params=params, headers=of("acme", **more)),
                     one)
                for one in (others, missing)
            ]  # fmt: skip
            assert answers[0] == answers[1]
            assert answers[0][0] in {404, 400}


async def test_a_stream_of_others_waits_for_ever(tenants: Tenants, http: httpx.AsyncClient) -> None:
    """§8.6: while it is live, and after it has ended, a reader of another organisation gets
    nothing.
    """
    others, missing = tenants.bolt.id, f"none{tenants.bolt.id[4:]}"
    async with (
        subscribed(tenants.stream(others), headers=of("bolt")) as own,
        subscribed(tenants.stream(others), headers=of("acme")) as foreign,
        subscribed(tenants.stream(missing), headers=of("acme")) as nothing,
    ):
        await tenants.bolt.act()
        await tenants.bolt.post(http, [1, 2])
        by_hand = {"session_id": missing, "event": {"type": "note"}}
        answer = await http.post(
            f"{tenants.bridge}/events/{missing}", json=by_hand,
            headers={"Authorization": f"Bearer {token(missing, rights=['publish'])}"},
        )  # fmt: skip
        assert answer.status_code == 200
        await tenants.bolt.end(result=1)
        await own.saw("done")
        await asyncio.sleep(0.3)
        for reader in (foreign, nothing):
            assert (reader.statuses, reader.seen, reader.id_only) == ([200], [], [])
            assert not reader.ended_at
        assert foreign.headers.keys() == nothing.headers.keys()
        assert foreign.retry == nothing.retry == 1000
    async with subscribed(tenants.stream(others), headers=of("acme"), cursor=own.cursor) as late:
        await late.until(lambda: late.id_only)  # a reader of an unknown id gets its cursor back
        assert (late.statuses, late.seen) == ([200], [])


async def test_a_full_bridge_does_not_tell_whom_it_serves(
    tenants: Tenants, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§8.6: it has room for readers of sessions that it holds, and says so to nobody else."""
    async with subscribed(tenants.stream(tenants.bolt.id), headers=of("bolt")) as held:
        await held.until(lambda: held.retry)
        monkeypatch.setattr(hub, "MAX_CHANNELS", 1)
        answers = []
        for session_id in (tenants.bolt.id, f"none{tenants.bolt.id[4:]}"):
            answer = await http.get(tenants.stream(session_id), headers=of("acme"))
            answers.append(told(answer, session_id))
        assert answers[0] == answers[1]
        assert "sessions; try again later" in str(answers[0][1])
        async with subscribed(tenants.stream(tenants.bolt.id), headers=of("bolt")) as own:
            await own.until(lambda: own.retry)
            assert not own.ended_at


async def test_a_session_may_be_granted_to_another_organisation(
    tenants: Tenants, http: httpx.AsyncClient
) -> None:
    """§8.6: one by one, whoever's it is."""
    await tenants.bolt.signal([1])
    headers = of("acme", sessions=[tenants.bolt.id])
    async with subscribed(tenants.stream(tenants.bolt.id), headers=headers) as reader:
        await reader.until(lambda: reader.ids == ["1.1.1"])


async def test_time_does_not_tell_what_others_have(
    tenants: Tenants, http: httpx.AsyncClient
) -> None:
    """§8.6: a session that the bridge holds, one that it does not hold, and none, take equally
    long.
    """
    ids: dict[str, Callable[[int], str]] = {
        "held": lambda _: tenants.bolt.id,
        "not held": lambda _: tenants.acme.id,
        "missing": lambda number: f"none{number}{tenants.bolt.id[4:]}",
    }
    medians = {}
    headers = of("cord")
    async with subscribed(tenants.stream(tenants.bolt.id), headers=of("bolt")):
        for name, session_id in ids.items():
            times = []
            for number in range(7):
                began = time.perf_counter()
                url = tenants.stream(session_id(number))
                await http.get(url, params={"wait": "false"}, headers=headers)
                times.append(time.perf_counter() - began)
            medians[name] = statistics.median(times)
    assert max(medians.values()) - min(medians.values()) < 0.05
    assert min(medians.values()) >= 0.25


async def test_nobody_publishes_for_an_organisation(
    tenants: Tenants, http: httpx.AsyncClient
) -> None:
    """§8.6: an id without a workflow is of no organisation, and the answer is the same for all."""
    answers = set()
    for session_id in (tenants.bolt.id, tenants.acme.id, f"none{tenants.bolt.id[4:]}"):
        body = {"session_id": session_id, "event": {"type": "note"}}
        answer = await http.post(
            f"{tenants.bridge}/events/{session_id}",
            json=body,
            headers=of("acme", rights=["read", "publish"]),
        )
        answers.add((answer.status_code, answer.text.replace(session_id, "?")))
    [(status, _)] = answers
    assert status == 403


async def test_health_names_nobody(tenants: Tenants, http: httpx.AsyncClient) -> None:
    """§8.3: what needs no token has no session in it."""
    for path in ("healthz", "readyz"):
        text = (await http.get(f"{tenants.bridge}/{path}")).text
        assert tenants.acme.id not in text
        assert tenants.bolt.id not in text
