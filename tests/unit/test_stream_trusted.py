"""Which certificates a client trusts, and what is said where there are none."""

from pathlib import Path

import pytest

from kai_flow.stream.trusted import BadCertificates, trusted
from tests.own_ca import Authority


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def test_certificates_of_ones_own_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file, or a folder with hashed names, which the file hides; the context is kept."""
    authority = Authority(tmp_path / "own")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    assert len(trusted().get_ca_certs()) == 1
    assert trusted() is trusted()
    monkeypatch.delenv("SSL_CERT_FILE")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "0a1b2c3d.0").write_bytes(authority.file.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    trusted()


@pytest.mark.parametrize(
    ("variable", "path", "why"),
    [
        ("SSL_CERT_FILE", "missing.pem", "No such file or directory"),
        ("SSL_CERT_FILE", "empty.pem", "it has no certificate in PEM"),
        ("SSL_CERT_FILE", "text.pem", "it has no certificate in PEM"),
        ("SSL_CERT_FILE", ".", "Is a directory"),
        ("SSL_CERT_DIR", "missing", "No such file or directory"),
        ("SSL_CERT_DIR", "text.pem", "Not a directory"),
        ("SSL_CERT_DIR", ".", "it has no certificate under the name of its hash"),
    ],
)
def test_what_cannot_be_trusted_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, path: str, why: str
) -> None:
    """The sentence has the variable, the path, the reason and what to do."""
    (tmp_path / "empty.pem").touch()
    (tmp_path / "text.pem").write_text("no certificate\n")
    monkeypatch.setenv(variable, str(tmp_path / path))
    with pytest.raises(BadCertificates) as wrong:
        trusted()
    said = str(wrong.value)
    assert said.startswith(f"{variable}={tmp_path / path} cannot be used ({why}")
    assert said.endswith("or unset it")
