"""A connection reads files of allowed folders, and nothing else, whatever its path looks like."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from kai_flow.analyst.engines import Engine, engine_for
from kai_flow.analyst.errors import DatabaseUnavailable, EngineError
from kai_flow.connections import file_access
from kai_flow.connections.database import FILE
from kai_flow.connections.file_access import FileAccess, FileRefused
from kai_flow.connections.keys import KEY_FILE
from kai_flow.connections.model import DEMO_ALIAS, BadConnection
from kai_flow.connections.sealing import seal
from kai_flow.connections.service import BadInput, Data
from kai_flow.connections.store import ConnectionStore
from kai_flow.settings import Settings

SCHEMES = ("sqlite", "duckdb", "csv", "parquet")
CANARY = "canary"


@dataclass
class Machine:
    """A worker's machine: its home with the keys, an allowed folder, and files of others."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def allowed(self) -> Path:
        return self.root / "allowed"

    @property
    def other(self) -> Path:
        return self.root / "other"

    @property
    def access(self) -> FileAccess:
        return self.store._files

    @property
    def store(self) -> ConnectionStore:
        """The store as a worker has it."""
        return ConnectionStore(self.home, folders=(self.allowed,))

    def engine(self, scheme: str, path: object) -> Engine:
        return engine_for(f"{scheme}://{quote(str(path))}", self.access)

    def key(self) -> str:
        return (self.home / KEY_FILE).read_text().strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine to copy: its files take longer to make than most tests do."""
    found = Machine(tmp_path_factory.mktemp("machine").resolve())
    for folder in (found.home, found.allowed, found.other):
        folder.mkdir()
    found.store.add("1", "postgresql://u:p@db.example/x", "first")
    for folder in (found.allowed, found.other):
        for scheme in SCHEMES:
            make(scheme, folder / f"x.{scheme}", "allowed" if folder == found.allowed else CANARY)
    return found


@pytest.fixture
def machine(made: Machine, tmp_path: Path) -> Machine:
    """A machine of the test's own."""
    return Machine(shutil.copytree(made.root, tmp_path.resolve(), dirs_exist_ok=True))


def make(scheme: str, path: Path, word: str) -> None:
    """A file of one table with one word in it."""
    if scheme == "csv":
        path.write_text(f"word\n{word}\n{word}\n")
    elif scheme == "sqlite":
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("CREATE TABLE x AS SELECT ? AS word", (word,))
    elif scheme == "duckdb":
        with duckdb.connect(str(path)) as duck:
            duck.execute(f"CREATE TABLE x AS SELECT '{word}' AS word")
    else:
        with duckdb.connect() as duck:
            duck.execute(f"COPY (SELECT '{word}' AS word) TO '{path}' (FORMAT parquet)")


async def shown(engine: Engine) -> str:
    """All that somebody can get out of a database."""
    said = [(await engine.check()).message]
    for look in (engine.scan(), engine.run("SELECT * FROM x")):
        try:
            said.append(repr(await look))
        except EngineError as error:
            said.append(str(error))
    return "\n".join(said)


def refused(machine: Machine, scheme: str, path: object) -> str:
    """What the store says to this path; nothing must have been stored."""
    before = machine.store.all()
    with pytest.raises(BadConnection) as caught:
        machine.store.add("2", f"{scheme}://{quote(str(path))}", "second")
    assert machine.store.all() == before
    return str(caught.value)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_file_of_an_allowed_folder_is_read(machine: Machine, scheme: str) -> None:
    """What the setting allows can be stored and asked, a link within the folder included."""
    (machine.allowed / "link").symlink_to(machine.allowed / f"x.{scheme}")
    for name in (f"x.{scheme}", "link", f"../allowed/x.{scheme}"):
        path = machine.allowed / name
        connection = machine.store.add("2", f"{scheme}://{path}", "second")
        engine = engine_for(connection.uri, machine.store.files(connection))
        assert (await engine.check()).ok
        (table,) = (await engine.scan()).tables
        assert (await engine.run(f'SELECT word FROM "{table}"')).data[0] == ("allowed",)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", [KEY_FILE, FILE, f"{FILE}-wal", "", "missing", f"sub/{KEY_FILE}"])
async def test_nothing_in_the_home_is_read(machine: Machine, scheme: str, name: str) -> None:
    """Neither key nor store, nor anything else, though the folder above the home is allowed."""
    store = ConnectionStore(machine.home, folders=(machine.root, machine.home))
    (machine.home / "sub").mkdir()
    path = machine.home / name
    with pytest.raises(BadConnection, match="in KAI_HOME") as caught:
        store.add("2", f"{scheme}://{path}", "second")
    assert str(machine.root) not in str(caught.value)
    said = await shown(engine_for(f"{scheme}://{path}", store._files))
    assert said.count("in KAI_HOME") == 3
    assert machine.key() not in said


WAYS: dict[str, Callable[[Machine, Path], object]] = {
    "plainly": lambda _, target: target,
    "upwards": lambda machine, target: machine.allowed / ".." / target.parent.name / target.name,
    "by a link": lambda machine, target: _link(machine.allowed / "link", target),
    "by a chain": lambda machine, target: _link(
        machine.allowed / "chain", _link(machine.allowed / "link", target)
    ),
    "by a linked folder": lambda machine, target: (
        _link(machine.allowed / "sub", target.parent) / target.name
    ),
    "by a relative link": lambda machine, target: _link(
        machine.allowed / "rel", Path("..", target.parent.name, target.name)
    ),
    "by a hard link": lambda machine, target: _hard(machine.allowed / "hard", target),
    "with two slashes": lambda _, target: f"/{target}",
    "with a dot": lambda _, target: f"{target.parent}/./{target.name}",
    "through proc": lambda _, target: f"/proc/self/root{target}",
    "with a query": lambda _, target: f"{target}?mode=rw",
    "with a fragment": lambda _, target: f"{target}#x",
}


def _link(path: Path, target: Path) -> Path:
    path.symlink_to(target)
    return path


def _hard(path: Path, target: Path) -> Path:
    path.hardlink_to(target)
    return path


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("way", WAYS)
async def test_no_way_leads_into_the_home(machine: Machine, scheme: str, way: str) -> None:
    """However a path is written, and whatever it goes through, the key stays where it is."""
    path = WAYS[way](machine, machine.home / KEY_FILE)
    assert machine.key() not in refused(machine, scheme, path)
    assert machine.key() not in await shown(machine.engine(scheme, path))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("way", sorted(set(WAYS) - {"by a hard link"}))
async def test_no_way_leads_out_of_the_allowed_folders(
    machine: Machine, scheme: str, way: str
) -> None:
    """A path that ends outside is refused with the remedy, when stored and when opened."""
    path = WAYS[way](machine, machine.other / f"x.{scheme}")
    said = refused(machine, scheme, path)
    assert "KAI_FILE_FOLDERS" in said
    assert str(machine.root) not in said
    found = await shown(machine.engine(scheme, path))
    assert found.count("KAI_FILE_FOLDERS") == 3
    assert CANARY not in found


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_key_that_is_kept_elsewhere_is_not_read(machine: Machine, scheme: str) -> None:
    """Where the key file is a link out of the home, what it leads to is as private."""
    key, kept = machine.home / KEY_FILE, machine.allowed / "mounted"
    text = machine.key()
    key.rename(kept)
    key.symlink_to(kept)
    assert "in KAI_HOME" in refused(machine, scheme, kept)
    assert text not in await shown(machine.engine(scheme, kept))


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_whether_a_file_exists_outside_is_not_said(machine: Machine, scheme: str) -> None:
    """The refusal of a file that is there is that of one that is not."""
    there, missing = machine.other / f"x.{scheme}", machine.other / "missing"
    assert refused(machine, scheme, there) == refused(machine, scheme, missing)
    assert await shown(machine.engine(scheme, there)) == await shown(
        machine.engine(scheme, missing)
    )


@pytest.mark.parametrize("scheme", ["csv", "parquet"])
@pytest.mark.parametrize(
    "pattern",
    [
        "{root}/*/x.{scheme}",
        "{root}/o*/x.{scheme}",
        "/*/../{root}/other/*",
        "{allowed}/*/../../other/x.{scheme}",
        "{allowed}/l*",
        "{allowed}/**",
        "{allowed}/**/*",
        "{allowed}/sub/x*",
        "{allowed}/s[u]b/x.{scheme}",
        "{home}/*",
        "{allowed}/[kh]*",
        "/proc/self/envir*",
        "/etc/pass*",
    ],
)
async def test_a_pattern_stays_in_the_allowed_folders(
    machine: Machine, scheme: str, pattern: str
) -> None:
    """Each file that a pattern matches is judged where it is; one outside refuses the whole."""
    _link(machine.allowed / "link", machine.other / f"x.{scheme}")
    _link(machine.allowed / "sub", machine.other)
    _hard(machine.allowed / "key", machine.home / KEY_FILE)
    path = pattern.format(
        root=machine.root, allowed=machine.allowed, home=machine.home, scheme=scheme
    )
    with suppress(BadConnection):  # what a pattern matches is known only when it is opened
        machine.store.add("2", f"{scheme}://{quote(path)}", "second")
    said = await shown(machine.engine(scheme, path))
    assert CANARY not in said
    assert machine.key() not in said
    assert "root:" not in said
    reasons = ("KAI_FILE_FOLDERS", "KAI_HOME", ".. after", "to a file on a disk")
    assert any(reason in said for reason in reasons)


@pytest.mark.parametrize("scheme", ["csv", "parquet"])
async def test_a_name_with_signs_of_a_pattern_is_a_name(machine: Machine, scheme: str) -> None:
    """A file called `x[1].csv` is itself, and not the pattern for `x1.csv`."""
    make(scheme, machine.allowed / "x[1]", "itself")
    make(scheme, machine.allowed / "x1", CANARY)
    said = await shown(machine.engine(scheme, machine.allowed / "x[1]"))
    assert "itself" in said
    assert CANARY not in said


async def test_a_pattern_of_folders_finds_all_files(machine: Machine) -> None:
    """`**` at the end of a pattern stands for every file below."""
    for name in ("a", "a/b"):
        (machine.allowed / "deep" / name).mkdir(parents=True)
        make("csv", machine.allowed / "deep" / name / "x.csv", name)
    rows = await machine.engine("csv", machine.allowed / "deep/**").run("SELECT * FROM deep")
    assert sorted(str(row[0]) for row in rows.data) == ["a", "a", "a/b", "a/b"]


async def test_a_pattern_has_a_bound(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that matches more than the allowed number is refused with the remedy."""
    monkeypatch.setattr(file_access, "MAX_FILES", 3)
    said = await shown(machine.engine("csv", machine.allowed / "*"))
    assert "more than 3 names" in said


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("what", ["fifo", "folder", "device"])
async def test_only_plain_files_are_read(machine: Machine, scheme: str, what: str) -> None:
    """A pipe, a folder and a device are no databases, and nobody waits for them."""
    path = machine.allowed / what
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    engine = engine_for(f"{scheme}://{path}", FileAccess((machine.allowed, Path("/dev"))))
    assert (await shown(engine)).count("does not exist") == 3


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["x" * 300, f"{'x' * 300}/*", "loop", "a**", "deep/" * 700 + "x"])
async def test_a_name_that_cannot_be_is_said(machine: Machine, scheme: str, name: str) -> None:
    """A name too long, a link to itself or a pattern of nothing ends in a sentence."""
    _link(machine.allowed / "loop", machine.allowed / "loop")
    said = (await shown(machine.engine(scheme, machine.allowed / name))).splitlines()
    assert len(said) == 3
    assert all("check the connection's URI" in line for line in said)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_link_that_is_changed_later_is_not_followed(machine: Machine, scheme: str) -> None:
    """A connection that was stored in order is judged again when it is opened."""
    link = _link(machine.allowed / "link", machine.allowed / f"x.{scheme}")
    machine.store.add("2", f"{scheme}://{link}", "second")
    link.unlink()
    link.symlink_to(machine.other / f"x.{scheme}")
    said = await shown(machine.engine(scheme, link))
    assert said.count("KAI_FILE_FOLDERS") == 3
    assert CANARY not in said


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_folder_swapped_while_the_file_is_opened_shows_nothing(
    machine: Machine, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the judgement and the opening a folder becomes a link: the file is not shown."""
    folder = machine.allowed / "sub"
    folder.mkdir()
    make(scheme, folder / f"x.{scheme}", "allowed")
    judge = FileAccess.locate

    def swap(self: FileAccess, path: Path) -> file_access.Located:
        found = judge(self, path)
        if not folder.is_symlink():
            folder.rename(machine.root / "gone")
            folder.symlink_to(machine.other)
        return found

    monkeypatch.setattr(FileAccess, "locate", swap)
    with pytest.raises(DatabaseUnavailable, match="replaced by another one"):
        await machine.engine(scheme, folder / f"x.{scheme}").run("SELECT * FROM x")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_without_folders_there_are_no_files(machine: Machine, scheme: str) -> None:
    """A worker that was told nothing reads no file, and neither does a bare engine."""
    store = ConnectionStore.of(Settings(home=machine.home))
    uri = f"{scheme}://{machine.allowed}/x.{scheme}"
    with pytest.raises(BadInput, match="KAI_FILE_FOLDERS"):
        await Data(store).store_connection("2", uri, "second")
    with pytest.raises(BadInput, match="KAI_FILE_FOLDERS"):
        await Data(store).store_connection("2", seal(uri, store.public_key()), "second")
    assert [each.alias for each in store.all()] == ["first"]
    assert (await shown(engine_for(uri))).count("KAI_FILE_FOLDERS") == 3


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_what_was_stored_at_the_terminal_works_for_a_worker(
    machine: Machine, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's connection in the current folder is read by workers that allow no folder."""
    monkeypatch.chdir(machine.allowed)
    mine = ConnectionStore.at_the_terminal(Settings(home=machine.home))
    mine.add("2", f"{scheme}://{machine.allowed}/x.{scheme}", "second")
    with pytest.raises(BadConnection, match="KAI_FILE_FOLDERS"):
        mine.add("3", f"{scheme}://{machine.other}/x.{scheme}", "third")
    worker = ConnectionStore.of(Settings(home=machine.home))
    assert (await Data(worker).test_connection("second"))["status"] == "ok"
    assert (await Data(worker).scan_schema("second"))["scanned_count"] == 1
    with pytest.raises(BadInput, match="KAI_FILE_FOLDERS"):  # an activity gets nothing from it
        await Data(worker).store_connection(
            "2", f"{scheme}://{machine.allowed}/x.{scheme}", "second"
        )
    (machine.root / "allowed").rename(machine.root / "gone")
    (machine.root / "allowed").symlink_to(machine.other)
    swapped = await Data(worker).scan_schema("second")
    assert "KAI_FILE_FOLDERS" in swapped["message"]


async def test_a_stored_folder_cannot_be_written_without_the_key(machine: Machine) -> None:
    """The folder is encrypted with the URI: a row copied to another id does not open."""
    mine = ConnectionStore(machine.home, folders=(machine.allowed,), remember_folder=True)
    mine.add("2", f"csv://{machine.allowed}/x.csv", "second")
    with closing(sqlite3.connect(machine.home / FILE)) as db, db:
        text = str(db.execute("SELECT * FROM connections").fetchall())
    assert "allowed" not in text
    assert mine.resolve("second").folder == machine.allowed
    assert mine.resolve("first").folder is None


def test_a_folder_with_any_name_is_remembered(machine: Machine) -> None:
    """Line breaks, signs and bytes that are no UTF-8 in a folder's name come back as they were."""
    folder = machine.root / os.fsdecode(b"a\nb%20\xff c")
    folder.mkdir()
    (machine.allowed / "way").symlink_to(folder)
    store = ConnectionStore(machine.home, folders=(folder,), remember_folder=True)
    store.add("2", f"csv://{machine.allowed}/way/x.csv", "second")
    assert store.resolve("second").folder == folder
    assert store.resolve("second").uri == f"csv://{machine.allowed}/way/x.csv"


@pytest.mark.parametrize("alias", ["own", DEMO_ALIAS])
async def test_the_demo_is_the_one_file_of_the_home(machine: Machine, alias: str) -> None:
    """The demo works without any folder, and can be stored under another name."""
    store = ConnectionStore.of(Settings(home=machine.home))
    uri = store.resolve(DEMO_ALIAS).uri
    if alias != DEMO_ALIAS:
        store.add("2", uri, alias)
    assert (await Data(store).test_connection(alias))["status"] == "ok"
    beside = machine.home / f"{DEMO_ALIAS}.sqlite.old"
    with pytest.raises(FileRefused, match="KAI_HOME"):
        store._files.locate(beside)
    (machine.home / f"{DEMO_ALIAS}.sqlite").unlink()
    (machine.home / f"{DEMO_ALIAS}.sqlite").symlink_to(machine.home / KEY_FILE)
    said = await shown(engine_for(uri.replace("sqlite", "csv", 1), store._files))
    assert machine.key() not in said
    assert "KAI_HOME" in said


def test_the_root_of_all_files_allows_no_process(machine: Machine) -> None:
    """Whatever folder is allowed: what a process was started with can hold the key."""
    with pytest.raises(FileRefused, match="does not lead to a file on a disk"):
        FileAccess((Path("/"),), machine.home).locate(Path("/proc/self/environ"))
