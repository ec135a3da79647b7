"""`kai --help` and what `kai` says about arguments that it does not take."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from kai_flow.cli import main
from kai_flow.cli.app import app


def commands(of: App, *chain: str) -> Iterator[tuple[str, App]]:
    """Every command below one, by the words that call it."""
    for name in of:
        if not name.startswith("-"):
            yield " ".join((*chain, name)), of[name]
            yield from commands(of[name], *chain, name)


COMMANDS = dict(commands(app))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_described(name: str) -> None:
    """No command, argument or option stands in the help without a sentence."""
    command = COMMANDS[name]
    assert command.help.strip()
    if command.default_command is not None:
        for each in command.assemble_argument_collection(parse_docstring=True):
            assert (each.parameter.help or "").strip().endswith("."), each.name


def test_the_reference_lists_every_command_and_option() -> None:
    """The page of commands names each command and each option in code."""
    page = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text()
    code = " ".join(re.findall(r"`([^`]+)`", page))
    for name, command in COMMANDS.items():
        if command.default_command is None:
            continue
        assert f"kai {name}" in code
        for each in command.assemble_argument_collection():
            for option in each.names:
                assert not option.startswith("-") or option in code.split(), f"{name} {option}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("ask x --colour", "unknown option: --colour (see `kai ask --help`)"),
        ("up --ui-port abc", "--ui-port needs a whole number, not 'abc' (see `kai up --help`)"),
        ("aks x", 'unknown command "aks". Did you mean "ask"? (see `kai --help`)'),
        ("ask x -c", "-c needs a value (see `kai ask --help`)"),
        ("connection test", "NAME is missing (see `kai connection test --help`)"),
        (
            "connection create duckdb:///x",
            "--alias is missing (see `kai connection create --help`)",
        ),
        ("schema show shop more", "unexpected argument 'more' (see `kai schema show --help`)"),
        (
            "status postgresql://me:secret@h/db",
            "unexpected argument '***' (see `kai status --help`)",
        ),
    ],
)
def test_a_wrong_argument_is_one_line(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is wrong and whose help to read, without a URI, and ends with exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(arguments.split())
    assert (end.value.code, capsys.readouterr().err) == (2, f"kai: {says}\n")


@pytest.mark.parametrize("module", ["api", "kai_flow.web", "kai_flow.worker"])
def test_a_program_without_options_refuses_them(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m …` explains itself with --help, and refuses every other argument in one line."""
    for argument, code in (("--help", 0), ("--port", 2)):
        monkeypatch.setattr(sys, "argv", [module, argument])
        monkeypatch.delitem(sys.modules, f"{module}.__main__", raising=False)
        with pytest.raises(SystemExit) as end:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        assert end.value.code == code
    out, errors = capsys.readouterr()
    assert "TEMPORAL_ADDRESS (default localhost:7233)" in " ".join(out.split())
    says = f"unrecognized arguments: --port (see `python -m {module} --help`)"
    assert errors == f"kai: {says}\n"


@pytest.mark.parametrize(
    "program",
    [
        ("api",),
        ("kai_flow.web",),
        ("kai_flow.worker",),
        ("kai_flow.cli", "bridge"),
        ("kai_flow.cli", "worker"),
        ("kai_flow.cli", "up"),
    ],
)
def test_a_wrong_setting_is_one_line(program: tuple[str, ...]) -> None:
    """Every program names the variable and ends with exit code 2, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", *program],
        env={**os.environ, "KAI_SIGNAL_INTERVAL": "9"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("kai: KAI_SIGNAL_INTERVAL='9' is refused: ")
    assert done.stderr.count("\n") == 1
