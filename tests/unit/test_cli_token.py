"""`kai token`: what it prints, and what it refuses."""

import time

import jwt
import pytest

from kai_flow.access.key_ring import KeyRing, Secret
from kai_flow.access.tokens import Expected, verify
from kai_flow.cli import main
from kai_flow.cli.own_token import may_read, own_tokens
from kai_flow.settings import Settings
from tests.issuing import KEY, KEYS

IN_BASE64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the bridge is in the environment, with an id."""
    for name in ("KAI_TOKEN_AUDIENCE", "KAI_TOKEN_ISSUER", "KAI_TOKEN_JWKS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAI_TOKEN_KEYS", f"2026:{IN_BASE64}")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and what was printed."""
    with pytest.raises(SystemExit) as end:
        main(["token", *arguments])
    printed = capsys.readouterr()
    assert not (printed.out and printed.err)
    return int(end.value.code or 0), (printed.out or printed.err).strip()


def test_a_token_counts_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """For the sessions named, to read, and for five minutes: it may stand in a URL."""
    code, text = run(capsys, "s1")
    assert code == 0
    grant = verify(text, KeyRing((Secret("2026", KEY),)), Expected("kai-bridge"), time.time())
    assert (grant.subject, set(grant.sessions), set(grant.rights)) == ("kai", {"s1"}, {"read"})
    assert grant.lifetime == 300
    assert grant.fits_in_a_url
    assert jwt.get_unverified_header(text)["kid"] == "2026"


def test_every_option_is_in_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions, prefixes, organisation, rights, and what the settings ask for."""
    monkeypatch.setenv("KAI_TOKEN_AUDIENCE", "us")
    monkeypatch.setenv("KAI_TOKEN_ISSUER", "https://id/")
    options = ["--prefix", "a-", "--prefix", "b-", "--org", "acme", "--rights", "read, publish"]
    options += ["--conversation", "monday"]
    _, text = run(capsys, "s1", "s2", *options, "--for", "8h")
    says = jwt.decode(text, KEY, algorithms=["HS256"], audience="us", issuer="https://id/")
    assert says.pop("exp") - says.pop("iat") == 8 * 3600
    assert says == {
        "sub": "kai",
        "aud": "us",
        "iss": "https://id/",
        "org": "acme",
        "sessions": ["s1", "s2"],
        "prefixes": ["a-", "b-"],
        "conversations": ["monday"],
        "rights": ["read", "publish"],
    }
    _, text = run(capsys, "--org", "acme")
    says = jwt.decode(text, KEY, algorithms=["HS256"], audience="us")
    assert not {"sessions", "prefixes", "conversations"} & says.keys()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "would grant nothing"),
        (["a/b"], "no '/'"),
        ([""], "1 to 1,000 printable"),
        (["s", "--prefix", "\x07"], "1 to 1,000 printable"),
        (["--conversation", ""], "1 to 1,000 printable"),
        (["s", "--rights", "write"], "one or more of read, publish"),
        (["s", "--rights", ","], "one or more of read, publish"),
        (["s", "--for", "5"], "with its unit"),
        (["s", "--for", "366d"], "from 1s to 365d"),
        (["--org", "../x"], "letters, digits"),
    ],
)
def test_what_cannot_be_granted_is_refused(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with exit code 2."""
    code, text = run(capsys, *arguments)
    assert code == 2
    assert text.startswith("kai: ")
    assert says in text
    assert "\n" not in text


def test_without_a_key_it_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where tokens are made by an issuer."""
    monkeypatch.delenv("KAI_TOKEN_KEYS")
    monkeypatch.setenv("KAI_TOKEN_JWKS_URL", "https://login.example.com/keys")
    code, text = run(capsys, "s1")
    assert code == 2
    assert "KAI_TOKEN_KEYS is not set" in text
    assert "openssl rand -base64 32" in text


def test_a_command_makes_its_own_tokens() -> None:
    """`kai ask` gets in where it knows a key, and needs none where nobody does."""
    assert own_tokens(Settings(), "s1") is None
    assert may_read(Settings())
    assert not may_read(Settings(token_jwks_url="https://login.example.com/keys"))
    given = own_tokens(Settings(token_keys=KEYS), "s1")
    assert callable(given)
    made = given()
    assert isinstance(made, str)
    grant = verify(made, KeyRing((Secret(None, KEY),)), Expected("kai-bridge"), time.time())
    assert grant.sessions == {"s1"}
