"""Fragments over the demo database: what each makes of the question before."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kai_flow.agents import BadTask, Task
from kai_flow.analyst.agent import Analyst
from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.query.stored import stored_query
from kai_flow.connections.store import DEMO_ALIAS, ConnectionStore
from kai_flow.connections.turns import Begun, Choice, Turn

TODAY = date(2026, 1, 1)
PROVINCE = "provinsi_id> provinsi.nama_provinsi"


class Talk:
    """One conversation with the analyst."""

    def __init__(self, home: Path) -> None:
        self.store = ConnectionStore(home)
        self.analyst = Analyst(self.store, today=lambda: TODAY)
        self._asked = 0

    async def ask(self, prompt: str, session: str = "", name: str = "monday") -> dict[str, Any]:
        """Ask; the agent's part of the result."""
        self._asked += 1
        session = session or f"s{self._asked}"
        context = {"conversation_id": name}
        return await self.analyst.execute(
            Task(f"{session}/1", session, prompt, DEMO_ALIAS, context=context)
        )

    async def query(self, *prompts: str) -> str:
        """Ask one after the other: the last query that was run, in short."""
        for prompt in prompts:
            result = await self.ask(prompt)
            assert result["status"] == "completed", (prompt, result["final_answer"])
        last = self.store.conversations.history("monday", DEMO_ALIAS)[-1]
        return printed(stored_query(last.query))


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    """A new conversation about the demo database."""
    return Talk(tmp_path / "home")


@pytest.mark.parametrize(
    ("prompts", "query"),
    [
        (
            ("Total aset koperasi per provinsi", "sekarang hanya untuk Bali"),
            f"sum(total_aset) from koperasi by {PROVINCE} where {PROVINCE} = 'Bali'",
        ),
        (
            ("Total aset koperasi di Bali", "bagaimana dengan Jawa Barat?", "dan tahun 2022?"),
            (
                f"sum(total_aset) from koperasi where ({PROVINCE} = 'Jawa Barat'"
                " and koperasi.tahun_berdiri in [2022-01-01, 2023-01-01))"
            ),
        ),
        (
            ("How many members do cooperatives have?", "by province", "top 3", "top 10 instead"),
            (
                f"sum(jumlah_anggota) from koperasi by {PROVINCE} top 10 order by"
                " sum(jumlah_anggota) descending"
            ),
        ),
        (
            ("How many cooperatives are there per province?", "in percent"),
            f"share(count(*)) from koperasi by {PROVINCE} order by share(count(*)) descending",
        ),
        (
            ("Total assets of cooperatives per type", "and by year?"),
            "sum(total_aset) from koperasi by jenis_koperasi, year of koperasi.tahun_berdiri",
        ),
        (
            ("Total assets of cooperatives in Bali", "what about the average?"),
            f"avg(total_aset) from koperasi where {PROVINCE} = 'Bali'",
        ),
        (
            ("Total assets of cooperatives", "only active cooperatives", "and the members?"),
            "sum(jumlah_anggota) from koperasi where status_koperasi = 'Aktif'",
        ),
        (
            (
                "top 5 provinces by total assets of cooperatives",
                "How many cooperatives are there per type?",
            ),
            "count(*) from koperasi by jenis_koperasi",
        ),
        (
            ("Total assets of cooperatives in Bali", "How many members do cooperatives have?"),
            "sum(jumlah_anggota) from koperasi",
        ),
    ],
)
async def test_a_fragment_changes_the_question_before(
    talk: Talk, prompts: tuple[str, ...], query: str
) -> None:
    """It replaces what it names and keeps the rest; a whole question begins anew."""
    assert (await talk.query(*prompts)).startswith(query)


@pytest.mark.parametrize(
    ("first", "prompt", "says"),
    [
        (None, "and by year?", "There is no answer before that this could change"),
        (None, "sekarang hanya untuk Bali", "Belum ada jawaban yang dapat diubah"),
        ("top 5 provinces by total assets of cooperatives", "and by year?", "is a ranking"),
        ("How many cooperatives are there?", "and the average?", "counts rows"),
        ("How many cooperatives are there?", "in percent", "100 percent"),
        ("How many cooperatives are there?", "and the weather?", "weather"),
    ],
)
async def test_what_cannot_be_changed_is_said(
    talk: Talk, first: str | None, prompt: str, says: str
) -> None:
    """A fragment without a base, or that would mislead, is declined with its reason."""
    if first is not None:
        await talk.query(first)
    result = await talk.ask(prompt)
    assert (result["status"], result["sql_queries"]) == ("failed", [])
    assert says in result["final_answer"]


async def test_a_fragment_is_answered_in_the_language_of_the_conversation(talk: Talk) -> None:
    """Words that both languages have keep the language of the question before."""
    for question, fragment, said in (
        ("How many members do cooperatives have per province?", "top 3", "has the highest"),
        ("Berapa jumlah koperasi per provinsi?", "top 3", "tertinggi"),
    ):
        await talk.query(question)
        assert said in (await talk.ask(fragment))["final_answer"]


async def test_a_retry_does_not_change_twice(talk: Talk) -> None:
    """The second attempt of a session runs the same SQL, although the first one was recorded."""
    await talk.query("Total assets of cooperatives per type")
    first = await talk.ask("by province instead", session="retried")
    again = await talk.ask("by province instead", session="retried")
    assert first["sql_queries"] == again["sql_queries"] != []
    assert len(talk.store.conversations.history("monday", DEMO_ALIAS)) == 2


async def test_a_stored_query_that_no_longer_fits_is_not_used(talk: Talk) -> None:
    """A fragment is declined with the column that is gone; a whole question is answered."""
    await talk.query("Total assets of cooperatives")
    kept = talk.store.conversations
    (turn,) = kept.history("monday", DEMO_ALIAS)
    older = turn.query.replace("total_aset", "assets_before")
    kept.record("monday", DEMO_ALIAS, msgspec.structs.replace(turn, query=older))
    result = await talk.ask("only in Bali")
    assert "koperasi.assets_before, which the database no longer has" in result["final_answer"]
    assert await talk.query("How many cooperatives are there?") == "count(*) from koperasi"


async def test_a_question_back_is_answered_by_its_number(talk: Talk) -> None:
    """What was asked back is kept, and the number of a choice asks its question."""
    choices = (Choice("members", "How many members do cooperatives have?"),)
    turn = Turn(session_id="s0", question="?", choices=choices)
    talk.store.conversations.record("monday", DEMO_ALIAS, turn)
    assert await talk.query("1") == "sum(jumlah_anggota) from koperasi"
    unclear = await talk.ask("Which province has the most?")
    assert unclear["status"] == "needs_clarification"
    begun: Begun = talk.store.conversations.begin("monday", DEMO_ALIAS, "x", "q")
    assert begun.last is not None
    assert len(begun.last.choices) > 1


async def test_a_wrong_conversation_id_is_refused(talk: Talk) -> None:
    """An id that cannot be kept is a mistake that no retry can mend."""
    with pytest.raises(BadTask, match="printable"):
        await talk.ask("How many cooperatives are there?", name="a\nb")
