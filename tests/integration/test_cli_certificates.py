"""`SSL_CERT_FILE` and `SSL_CERT_DIR` that name nothing usable: no program starts with them."""

from pathlib import Path

import pytest

from tests.integration.command import kai_in


@pytest.mark.parametrize(
    "command",
    [
        ("up",),
        ("bridge",),
        ("worker",),
        ("ask", "3"),
        ("ask", "3", "--bridge", "https://kai.example.com"),
        ("chat",),
        ("chat", "--bridge", "https://kai.example.com"),
    ],
)
def test_a_wrong_path_is_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    """It names variable, path and remedy; the exit code is 2, and nothing was started."""
    kai = kai_in(tmp_path / "home")
    missing = str(tmp_path / "missing.pem")
    done = kai.run(*command, SSL_CERT_FILE=missing)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"kai: SSL_CERT_FILE={missing} cannot be used (No such file or directory): name a file "
        "with the certificates to trust, in PEM, or unset it\n"
    )
    assert not kai.home.exists()
