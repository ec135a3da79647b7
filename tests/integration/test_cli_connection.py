"""`kai connection`, `kai schema` and `kai mdl`, run as a user runs them."""

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from kai_flow.cli import main
from kai_flow.connections.sealing import Keyring
from kai_flow.connections.store import ConnectionStore

CANARY = "s3cretCanary"
FAR = f"postgresql://me:{CANARY}@127.0.0.1:1/shop"


@dataclass
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass
class Kai:
    """The command in one home, in this process; nothing it prints may hold the canary."""

    home: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, stdin: str = "") -> Outcome:
        """Run it."""
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", _Stdin(stdin))
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        out, err = self.capsys.readouterr()
        assert CANARY not in out + err
        assert "Traceback" not in err
        return Outcome(int(ended.value.code or 0), out, err)

    def refused(self, *arguments: str, stdin: str = "") -> str:
        """The one sentence with which it refuses."""
        outcome = self(*arguments, stdin=stdin)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("kai: ")
        assert outcome.err.count("\n") == 1, outcome.err
        return outcome.err


class _Stdin:
    def __init__(self, content: str) -> None:
        self._content = content

    def isatty(self) -> bool:
        return False

    def read(self, size: int = -1) -> str:
        return self._content[: None if size < 0 else size]


@pytest.fixture
def kai(
    tmp_path: Path,
    own_logging: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Kai:
    """The command with a fresh home and nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith("KAI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KAI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    # pytest's capturing streams cannot be reconfigured
    monkeypatch.setattr(sys.stdout, "reconfigure", lambda **_: None, raising=False)
    monkeypatch.setattr(sys.stderr, "reconfigure", lambda **_: None, raising=False)
    return Kai(tmp_path / "home", capsys, monkeypatch)


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """The URI of a small database with a name that would move a terminal."""
    db = sqlite3.connect(tmp_path / "shop.db")
    db.executescript(
        'CREATE TABLE customer (id INTEGER PRIMARY KEY, "ci\x1b[31mty" TEXT);'
        "CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer,"
        " net_amount REAL);"
        "INSERT INTO customer VALUES (1, 'Bandung'); INSERT INTO purchase VALUES (1, 1, 5);"
    )
    db.close()
    return f"sqlite://{tmp_path}/shop.db"


def test_a_connection_from_creation_to_deletion(kai: Kai, shop: str) -> None:
    """Create, list, show, test, delete: each says what it did."""
    assert "stored shop" in kai("connection", "create", shop, "-a", "shop").out
    assert kai("connection", "create", "-", "--alias", "far", stdin=f"{FAR}\n").code == 0
    listed = kai("connection", "list").out
    for word in ("shop", "far", "koperasi", "postgresql://***@127.0.0.1:1/shop"):
        assert word in listed
    assert "not scanned yet" in kai("connection", "show", "far").out
    assert kai("connection", "test", "shop").out.startswith("✔ SQLite")
    far = kai("connection", "test", "far")
    assert (far.code, far.out[0]) == (1, "✘")
    assert "deleted shop" in kai("connection", "delete", "shop").out
    assert "no connection 'shop'" in kai.refused("connection", "test", "shop")


def test_programs_get_json(kai: Kai, shop: str) -> None:
    """With --json each command prints one JSON value."""
    created = json.loads(kai("connection", "create", shop, "-a", "s", "--id", "7", "--json").out)
    assert created == {"connection_id": "7", "alias": "s", "uri": shop}
    assert [each["alias"] for each in json.loads(kai("connection", "list", "--json").out)] == [
        "koperasi",
        "s",
    ]
    assert json.loads(kai("connection", "test", "7", "--json").out)["status"] == "ok"
    assert json.loads(kai("schema", "scan", "s", "--json").out)["scanned_count"] == 2
    shown = json.loads(kai("connection", "show", "s", "--json").out)
    assert (shown["tables"], shown["synced"]["mdl"]) == (2, 0)
    one = json.loads(kai("schema", "show", "s", "-t", "purchase", "--json").out)
    assert [table["name"] for table in one["tables"]] == ["purchase"]


def test_files_of_the_current_folder_can_be_stored(
    kai: Kai, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere the command is refused with the remedy; once stored it works from any folder."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said = kai.refused("connection", "create", shop, "-a", "shop")
    assert "in the file's folder" in said
    assert "KAI_FILE_FOLDERS" in said
    monkeypatch.setenv("KAI_FILE_FOLDERS", str(tmp_path))
    assert kai("connection", "create", shop, "-a", "first").code == 0
    monkeypatch.delenv("KAI_FILE_FOLDERS")
    monkeypatch.chdir(tmp_path)
    assert kai("connection", "create", shop, "-a", "second").code == 0
    monkeypatch.chdir(tmp_path / "elsewhere")
    for alias in ("first", "second"):
        assert kai("connection", "test", alias).code == 0
        assert kai("schema", "scan", alias).code == 0
    assert "in KAI_HOME" in kai.refused(
        "connection", "create", f"csv://{kai.home}/encrypt.key", "-a", "spy"
    )


def test_a_file_that_is_missing_leaves_a_warning(
    kai: Kai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection to a missing file is stored with a warning, any other one without."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.csv").write_text("a\n1\n")
    for name, missing in (("here", False), ("gone", True), ("*", False), ("g*", True)):
        stored = kai("connection", "create", f"csv://{tmp_path}/{name}.csv", "-a", f"c {name}")
        assert (stored.code, "no file" in stored.err) == (0, missing), stored
    assert kai("connection", "create", FAR, "-a", "far").err == ""


def test_what_was_encrypted_elsewhere_can_be_stored_here(kai: Kai) -> None:
    """The public key goes out, the encrypted URI comes back, and only this home can read it."""
    key = kai("connection", "key").out.strip()
    sealed = kai("connection", "encrypt", "--key", key, stdin=FAR).out.strip()
    assert kai("connection", "create", "-", "-a", "far", stdin=sealed).code == 0
    assert ConnectionStore(kai.home).resolve("far").uri == FAR
    own = kai("connection", "encrypt", FAR).out.strip()
    assert kai("connection", "create", own, "-a", "far2").code == 0
    foreign = Keyring([b"2" * 32]).public_key
    other = kai("connection", "encrypt", "--key", foreign, stdin=FAR).out.strip()
    assert "KAI_ENCRYPT_KEY" in kai.refused("connection", "create", other, "-a", "far3")


def test_encrypting_for_another_needs_no_home(kai: Kai) -> None:
    """A control plane that holds the public key alone leaves no key behind."""
    foreign = Keyring([b"2" * 32]).public_key
    assert kai("connection", "encrypt", "--key", foreign, stdin=FAR).code == 0
    assert not kai.home.exists()


def test_the_schema_can_be_looked_at(kai: Kai, shop: str) -> None:
    """A scan prints tables, and columns of those that are named; names cannot move a terminal."""
    kai("connection", "create", shop, "-a", "shop")
    assert "not been scanned" in kai.refused("schema", "show", "shop")
    assert "purchase" in kai("schema", "scan", "shop").out
    shown = kai("schema", "show", "shop", "--table", "purchase", "--table", "customer").out
    assert re.search(r"customer +INTEGER +→ customer.id", shown)
    assert "\x1b" not in shown
    assert "no table 'nope'" in kai.refused("schema", "show", "shop", "-t", "nope")
    failed = kai("schema", "scan", "shop", "-t", "nope")
    assert (failed.code, "'nope'" in failed.err) == (1, True)


def test_a_data_model_is_printed_edited_and_given_back(kai: Kai, shop: str, tmp_path: Path) -> None:
    """What was written into the model is kept, and is there in the next one."""
    kai("connection", "create", shop, "-a", "shop")
    model = kai("mdl", "shop").out
    assert "- `purchase`.`customer` → `customer`.`id`" in model
    assert "\x1b" not in model
    edited = model.replace("| `net_amount` | REAL |  |  |", "| `net_amount` | REAL |  | omzet |")
    (tmp_path / "shop.md").write_text(edited)
    stored = kai("mdl", "shop", "--sync", str(tmp_path / "shop.md")).out
    assert re.fullmatch(r"shop has a data model of [0-9,]+ bytes\n", stored)
    assert "| `net_amount` | REAL |  | omzet |" in kai("mdl", "shop", "-t", "purchase").out
    assert kai("mdl", "shop", "--sync", "-", stdin="").code == 0
    assert "omzet" not in kai("mdl", "shop").out
    assert "cannot be read" in kai.refused("mdl", "shop", "--sync", str(tmp_path / "nowhere"))


def test_a_file_teaches_words_and_says_what_has_no_effect(
    kai: Kai, shop: str, tmp_path: Path
) -> None:
    """Its parts are stored, and printed again; a mistake names its line, and changes nothing."""
    kai("connection", "create", shop, "-a", "shop")
    file = tmp_path / "shop.md"
    file.write_text("# Glossary\n- omzet = net_amount\n\n## `orders`\nAlso called: sales\n")
    stored = kai("mdl", "shop", "--sync", str(file))
    assert (stored.code, "shop has 1 glossary term, a data model" in stored.out) == (0, True)
    assert "Without effect:\n- line 5: The data model describes the table “orders”" in stored.out
    assert "# Glossary\n\n- omzet = net_amount\n" in kai("mdl", "shop").out
    said = kai.refused("mdl", "shop", "--sync", "-", stdin="# Skills\n- review\n")
    assert "line 2: ':' is missing" in said
    assert "- omzet = net_amount" in kai("mdl", "shop").out
    shop_file = Path(shop.removeprefix("sqlite://"))
    shop_file.rename(tmp_path / "away.db")
    unchecked = kai("mdl", "shop", "--sync", "-", stdin="# Instructions\n- be kind\n")
    assert (unchecked.code, "Nothing was checked" in unchecked.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["connection", "create", f"oracle://me:{CANARY}@h/d", "-a", "x"], "unknown scheme"),
        (["connection", "create", f"postgresql://me:{CANARY}#@h/d", "-a", "x"], "malformed"),
        (["connection", "create", "", "-a", "x"], "is empty"),
        (["connection", "create", "-", "-a", "x"], "is empty"),
        (["connection", "create", FAR], "alias"),
        (["connection", "create", "x", FAR, "-a", "x"], "***"),
        (["connection", FAR], "***"),
        (["connection", "list", f"--x={FAR}"], "--x"),
        (["connection", "create", FAR, "-a", ""], "printable"),
        (["connection", "create", FAR, "-a", "x" * 201], "printable"),
        (["connection", "create", FAR, "-a", "koperasi"], "demo"),
        (["connection", "create", FAR, "-a", "taken"], "delete that one first"),
        (["connection", "create", FAR, "-a", "new", "--id", "taken"], "delete that one first"),
        (["connection", "encrypt", "nothing"], "unknown scheme"),
        (["connection", "encrypt", FAR, "--key", "nothing"], "kai connection key"),
        (["connection", "delete", "koperasi"], "demo"),
        (["connection", "delete", "nope"], "no connection"),
        (["connection", "show", "nope"], "no connection"),
        (["schema", "scan", "nope"], "no connection"),
        (["mdl", "nope"], "no connection"),
    ],
)
def test_mistakes_are_one_sentence(kai: Kai, arguments: list[str], says: str) -> None:
    """Exit code 2 and what to do; never the URI."""
    ConnectionStore(kai.home).add("1", FAR, "taken")
    assert says in kai.refused(*arguments)


def test_a_wrong_key_is_one_sentence(kai: Kai) -> None:
    """With another KAI_ENCRYPT_KEY the list still works, using a connection says what is wrong."""
    kai("connection", "create", FAR, "-a", "far")
    (kai.home / "encrypt.key").unlink()
    assert "encrypt.key is missing" in kai.refused("connection", "test", "far")
    kai.monkeypatch.setenv("KAI_ENCRYPT_KEY", "MjIy" * 10 + "MjI=")
    assert "key that is not here" in kai("connection", "list").out
    assert "KAI_ENCRYPT_KEY" in kai.refused("connection", "test", "far")
    kai.monkeypatch.setenv("KAI_ENCRYPT_KEY", CANARY)
    assert "openssl rand -base64 32" in kai.refused("connection", "list")


def test_a_damaged_store_is_one_sentence(kai: Kai) -> None:
    """So is a store that cannot be used."""
    kai.home.mkdir()
    (kai.home / "connections.db").write_bytes(b"nonsense" * 1000)
    assert "damaged" in kai.refused("connection", "list")


@contextmanager
def prompting(home: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`kai connection create -` at a terminal that asks for the URI; the terminal's other end."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kai_flow.cli", "connection", "create", "-", "-a", "far"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "KAI_HOME": str(home), "TERM": "dumb"},
    )
    os.close(terminal)
    try:
        read_until(controller, b"not shown")
        yield process, controller
    finally:
        process.kill()
        process.wait()
        os.close(controller)


def read_until(controller: int, end: bytes) -> bytes:
    """What the terminal shows, up to a text."""
    said = b""
    while end not in said:
        said += os.read(controller, 4096)
    return said


def test_a_terminal_does_not_echo_the_uri(tmp_path: Path) -> None:
    """At a terminal `-` asks for the URI and does not show it."""
    with prompting(tmp_path / "home") as (process, controller):
        os.write(controller, f"{FAR}\n".encode())
        assert CANARY.encode() not in read_until(controller, b"stored far")
        assert process.wait(timeout=30) == 0
    assert ConnectionStore(tmp_path / "home").resolve("far").uri == FAR


def test_ctrl_c_ends_the_prompt_for_the_uri(tmp_path: Path) -> None:
    """The first Ctrl-C at the prompt ends the command, with 130 and without a traceback."""
    with prompting(tmp_path / "home") as (process, controller):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        with suppress(OSError):  # nothing more to read, and nobody to write it
            assert os.read(controller, 4096).strip() == b""


def test_ctrl_d_at_the_prompt_is_an_empty_uri(tmp_path: Path) -> None:
    """The end of the input is a URI that is missing, said in one sentence."""
    with prompting(tmp_path / "home") as (process, controller):
        os.write(controller, b"\x04")
        assert b"Traceback" not in read_until(controller, b"is empty")
        assert process.wait(timeout=30) == 2
