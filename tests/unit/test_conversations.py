"""What is kept of a conversation, for how long, and for whom."""

import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from kai_flow.agents import Task
from kai_flow.connections import conversations as kept
from kai_flow.connections.conversations import Conversations
from kai_flow.connections.database import StoreUnavailable
from kai_flow.connections.store import ConnectionStore
from kai_flow.connections.turns import BadConversation, Choice, Turn, chosen

TALK, SHOP = "talk-7", "shop"


def turn(session: str, query: str = "{}", question: str = "how many?") -> Turn:
    """A turn of that session."""
    return Turn(session_id=session, question=question, query=query)


def ask(
    home: Conversations, session: str, query: str = "{}", question: str = "how many?"
) -> str | None:
    """Ask in the conversation: the session whose query it builds on."""
    begun = home.begin(TALK, SHOP, session, question)
    home.record(TALK, SHOP, turn(session, query, question))
    return begun.base.session_id if begun.base else None


def _ask_many(arguments: tuple[Path, int]) -> None:
    home, number = arguments
    for each in range(5):
        ask(Conversations(home), f"{number}-{each}")


def test_a_question_builds_on_the_last_one_with_a_query(tmp_path: Path) -> None:
    """The next process finds the query before; a question without one is passed over."""
    assert ask(Conversations(tmp_path), "first") is None
    assert ask(Conversations(tmp_path), "second", query="") == "first"
    assert ask(Conversations(tmp_path), "third") == "first"
    assert ask(Conversations(tmp_path), "fourth") == "third"
    sessions = [each.session_id for each in Conversations(tmp_path).history(TALK, SHOP)]
    assert sessions == ["first", "second", "third", "fourth"]


def test_a_retry_builds_on_what_its_session_began_with(tmp_path: Path) -> None:
    """However far the first attempt came, and whatever was asked meanwhile, the base stays."""
    home = Conversations(tmp_path)
    ask(home, "first")
    begun = home.begin(TALK, SHOP, "second", "and by year?")
    ask(home, "meanwhile")
    assert home.begin(TALK, SHOP, "second", "and by year?") == begun
    home.record(TALK, SHOP, turn("second", '{"a":1}', "and by year?"))
    assert Conversations(tmp_path).begin(TALK, SHOP, "second", "and by year?") == begun
    home.record(TALK, SHOP, turn("second", '{"a":2}', "and by year?"))
    assert [each.session_id for each in home.history(TALK, SHOP)].count("second") == 1


def test_a_session_id_may_be_used_again(tmp_path: Path) -> None:
    """Another question under the same id builds on what was asked last, as any other does."""
    home = Conversations(tmp_path)
    ask(home, "same", '{"a":1}')
    begun = home.begin(TALK, SHOP, "same", "and by year?")
    assert begun.base is not None
    assert begun.base.query == '{"a":1}'


def test_conversations_do_not_mix(tmp_path: Path) -> None:
    """Neither another id nor another connection has anything to do with it."""
    home = Conversations(tmp_path)
    ask(home, "first")
    assert home.begin("talk-8", SHOP, "x", "q").base is None
    assert home.begin(TALK, "bank", "x", "q").base is None
    assert ask(home, "second") == "first"


def test_processes_take_turns(tmp_path: Path) -> None:
    """Turns that several processes add at once are all kept."""
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(_ask_many, [(tmp_path, number) for number in range(3)]))
    assert len({each.session_id for each in Conversations(tmp_path).history(TALK, SHOP)}) == 15


def test_a_damaged_file_costs_one_conversation(tmp_path: Path) -> None:
    """It is set aside and told once; the conversation starts anew, and others are as before."""
    home = Conversations(tmp_path)
    ask(home, "first")
    home.record("other", SHOP, turn("elsewhere"))
    (file,) = [f for f in tmp_path.rglob("*.json") if b'"first"' in f.read_bytes()]
    file.write_bytes(file.read_bytes()[:-9])
    begun = home.begin(TALK, SHOP, "second", "q")
    assert (begun.base, begun.damaged) == (None, True)
    home.record(TALK, SHOP, turn("second", question="q"))
    assert not home.begin(TALK, SHOP, "third", "q").damaged
    assert ask(home, "fourth") == "second"
    assert len(home.history("other", SHOP)) == 1
    assert file.with_suffix(".damaged").exists()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """It is refused with the remedy, and not overwritten."""
    home = Conversations(tmp_path)
    ask(home, "first")
    (file,) = tmp_path.rglob("*.json")
    file.write_text(newer := '{"version": 2, "turns": {}}'.replace("{}", "[]"))
    with pytest.raises(StoreUnavailable, match="update KAI"):
        home.begin(TALK, SHOP, "second", "q")
    assert file.read_text() == newer


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old turns, old conversations and the oldest of too many are deleted; texts are cut."""
    monkeypatch.setattr(kept, "MAX_TURNS", 3)
    monkeypatch.setattr(kept, "MAX_CONVERSATIONS", 2)
    now = [1_000_000.0]
    home = Conversations(tmp_path, lambda: now[0])
    for number in range(5):
        home.record(TALK, SHOP, turn(f"s{number}", "x" * 70_000, question="\ud800" * 5_000))
    turns = home.history(TALK, SHOP)
    assert [each.session_id for each in turns] == ["s2", "s3", "s4"]
    assert {(len(each.question), each.query) for each in turns} == {(4_000, "")}
    for name, age in ((TALK, 50.0), ("b", 20.0)):
        home.record(name, SHOP, turn("s"))
        os.utime(home._file(name, SHOP), (now[0] - age, now[0] - age))
    home.record("c", SHOP, turn("s"))
    os.utime(home._file("c", SHOP), (now[0], now[0]))
    assert [bool(home.history(name, SHOP)) for name in (TALK, "b", "c")] == [False, True, True]
    now[0] += kept.MAX_AGE_S + 1
    assert home.history("c", SHOP) == ()
    home.record("d", "bank", turn("s"))
    assert len(list(tmp_path.rglob("*.json"))) == 1


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Questions may be confidential: files and folders are closed to others."""
    ask(Conversations(tmp_path / "home"), "first")
    for path in (tmp_path / "home" / "conversations").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_deleted_or_replaced_connection_takes_its_conversations_along(tmp_path: Path) -> None:
    """What was asked about one database never builds a query for another one."""
    store = ConnectionStore(tmp_path)
    for end in (
        lambda: store.add(SHOP, "postgresql://db.example/shop", "shop"),
        lambda: store.delete("shop"),
    ):
        store.add(SHOP, "postgresql://db.example/shop", "shop")
        store.conversations.record(TALK, SHOP, turn("first"))
        store.conversations.record(TALK, "bank", turn("first"))
        end()
        assert store.conversations.history(TALK, SHOP) == ()
        assert store.conversations.history(TALK, "bank") != ()


@pytest.mark.parametrize("wrong", ["", "  ", "a\nb", "x" * 201, "\ud800", None, 5])
def test_a_wrong_id_is_refused(tmp_path: Path, wrong: str) -> None:
    """An id is 1 to 200 printable characters."""
    with pytest.raises(BadConversation, match="printable"):
        Conversations(tmp_path).begin(wrong, SHOP, "s", "q")


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    """A home that is no folder is refused with the remedy."""
    (tmp_path / "conversations").write_text("")
    with pytest.raises(StoreUnavailable, match="KAI_HOME"):
        Conversations(tmp_path).begin(TALK, SHOP, "s", "q")


@pytest.mark.parametrize(
    ("said", "prompt"),
    [("1", "total per city"), (" 2. ", "total per year"), ("Year", "total per year"), ("3", None)],
)
def test_what_was_asked_back_is_answered_in_one_word(said: str, prompt: str | None) -> None:
    """The number or the label of a choice stands for its question; anything else does not."""
    choices = (Choice("city", "total per city"), Choice("year", "total per year"))
    last = Turn(session_id="s", question="total?", choices=choices)
    assert chosen(last, said) == prompt
    assert chosen(None, said) is None


def test_a_task_names_its_conversation() -> None:
    """`conversation_id` is the one of the session's input, or None."""
    task = Task("1", "s", "q", SHOP, context={"conversation_id": TALK})
    assert task.conversation_id == TALK
    assert Task("1", "s", "q", SHOP).conversation_id is None
