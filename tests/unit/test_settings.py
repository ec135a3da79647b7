"""`kai_flow.settings`: what the environment may say."""

import subprocess
import sys
from pathlib import Path

import pytest

from kai_flow.settings import Settings, SettingsError, load_settings, unknown_settings
from kai_flow.settings.callback_allow import (
    OF_BRIDGE,
    THIS_MACHINE,
    AllowList,
    Entry,
    read_allow_list,
)

TOKEN = "a-token-of-twenty-and-more"

KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
SIGNING = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_nothing_set_gives_the_documented_defaults() -> None:
    """An empty environment gives the defaults of the documentation, durations in seconds."""
    settings = load_settings({})
    assert settings == Settings()
    assert (settings.bridge_host, settings.bridge_port) == ("127.0.0.1", 8092)
    assert settings.health_port == 8091
    assert (settings.signal_interval, settings.signals_per_second) == (0.25, 25)
    assert (settings.buffer_events, settings.buffer_bytes) == (2_000, 512 * 1024)
    assert (settings.stream_idle_timeout, settings.heartbeat_timeout) == (300.0, 60.0)
    assert settings.cors_origins == ()
    assert settings.callback_allow == read_allow_list("loopback")
    assert settings.home == Path.home() / ".kai"
    assert settings.task_queue == "kai-agent-queue"
    assert settings.agent is None
    assert settings.file_folders == ()


@pytest.mark.parametrize(
    ("variable", "value", "attribute", "expected"),
    [
        ("KAI_BRIDGE_HOST", "localhost", "bridge_host", "localhost"),
        ("KAI_BRIDGE_HOST", "::1", "bridge_host", "::1"),
        ("KAI_BRIDGE_HOST", "127.0.0.2", "bridge_host", "127.0.0.2"),
        ("KAI_BRIDGE_PORT", "0", "bridge_port", 0),
        ("KAI_BRIDGE_PORT", "65535", "bridge_port", 65_535),
        ("KAI_HEALTH_PORT", " 9091 ", "health_port", 9_091),
        ("KAI_BRIDGE_URL", "https://kai.example.com/b/", "bridge_url", "https://kai.example.com/b"),
        ("KAI_BRIDGE_URL", "http://a/,https://b", "bridge_url", "http://a"),
        ("KAI_BRIDGE_URL", "http://a/, https://b", "more_bridge_urls", ("https://b",)),
        ("KAI_TOKEN_KEYS", KEY, "token_keys", ((None, b"k" * 32),)),
        (
            "KAI_TOKEN_KEYS",
            f"new:{KEY}, {KEY}",
            "token_keys",
            (("new", b"k" * 32), (None, b"k" * 32)),
        ),
        ("KAI_TOKEN_JWKS_URL", "https://a/b?c=d", "token_jwks_url", "https://a/b?c=d"),
        ("KAI_TOKEN_JWKS_URL", "http://[::1]:1/b", "token_jwks_url", "http://[::1]:1/b"),
        ("KAI_TOKEN", "e30.e30.-_8", "reader_token", b"e30.e30.-_8"),
        ("KAI_TOKEN_AUDIENCE", "us", "token_audience", "us"),
        ("KAI_TOKEN_ISSUER", "https://id/", "token_issuer", "https://id/"),
        ("KAI_TOKEN_COOKIE", "__Host-kai", "token_cookie", "__Host-kai"),
        (
            "KAI_TRUSTED_PROXIES",
            "127.0.0.1, 10.0.0.0/8,[::1]",
            "trusted_proxies",
            ("127.0.0.1/32", "10.0.0.0/8", "::1/128"),
        ),
        ("KAI_TLS_CERT", "~/tls.pem", "tls_cert", Path.home() / "tls.pem"),
        ("KAI_SIGNAL_INTERVAL", "50ms", "signal_interval", 0.05),
        ("KAI_SIGNAL_INTERVAL", "0.5s", "signal_interval", 0.5),
        ("KAI_SIGNAL_INTERVAL", "5s", "signal_interval", 5.0),
        ("KAI_SIGNALS_PER_SECOND", "5", "signals_per_second", 5),
        ("KAI_SIGNALS_PER_SECOND", "1000", "signals_per_second", 1_000),
        ("KAI_BUFFER_EVENTS", "100", "buffer_events", 100),
        ("KAI_BUFFER_EVENTS", "20000", "buffer_events", 20_000),
        ("KAI_BUFFER_BYTES", "256KiB", "buffer_bytes", 256 * 1024),
        ("KAI_BUFFER_BYTES", "1MiB", "buffer_bytes", 1024 * 1024),
        ("KAI_BUFFER_BYTES", "300000B", "buffer_bytes", 300_000),
        ("KAI_STREAM_IDLE_TIMEOUT", "5m", "stream_idle_timeout", 300.0),
        ("KAI_STREAM_IDLE_TIMEOUT", "1d", "stream_idle_timeout", 86_400.0),
        ("KAI_HEARTBEAT_TIMEOUT", "10m", "heartbeat_timeout", 600.0),
        (
            "KAI_CORS_ORIGINS",
            "http://A:3000/, https://b",
            "cors_origins",
            ("http://a:3000", "https://b"),
        ),
        (
            "KAI_CALLBACK_ALLOW",
            "Hooks.example.com:8443, loopback",
            "callback_allow",
            AllowList((Entry("hooks.example.com", 8443), Entry(THIS_MACHINE, OF_BRIDGE))),
        ),
        ("KAI_LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("KAI_LOG_FORMAT", "JSON", "log_format", "json"),
        ("KAI_METRICS_PORT", "0", "metrics_port", 0),
        ("KAI_METRICS_HOST", "[::1]", "metrics_host", "::1"),
        ("KAI_METRICS_TOKEN", TOKEN, "metrics_token", TOKEN.encode()),
        ("KAI_HOME", "/data/kai", "home", Path("/data/kai")),
        ("KAI_HOME", "~/kai", "home", Path.home() / "kai"),
        (
            "KAI_FILE_FOLDERS",
            "/srv/a, ~/b,/srv/a",
            "file_folders",
            (Path("/srv/a"), Path.home() / "b"),
        ),
        ("KAI_AGENT", "my_agents.sales:create", "agent", "my_agents.sales:create"),
        (
            "KAI_DATA_CONVERTER",
            "kai_flow.temporal.codec:encrypted",
            "data_converter",
            "kai_flow.temporal.codec:encrypted",
        ),
        ("TEMPORAL_TASK_QUEUE", "mine", "task_queue", "mine"),
        ("ORG_ID", "acme-1", "task_queue", "kai-acme-1-queue"),
    ],
)
def test_a_right_value_is_taken(
    variable: str, value: str, attribute: str, expected: object
) -> None:
    """Each variable sets its attribute, in the attribute's unit, up to the ends of its range."""
    assert getattr(load_settings({variable: value}), attribute) == expected


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("KAI_BRIDGE_HOST", "0.0.0.0", "KAI_SIGNING_KEYS and KAI_TOKEN_KEYS"),
        ("KAI_BRIDGE_HOST", "example.com", "an address of this machine"),
        ("KAI_BRIDGE_PORT", "65536", "from 0 to 65535"),
        ("KAI_BRIDGE_PORT", "http", "whole number"),
        ("KAI_BRIDGE_URL", "localhost:8092", "http://localhost:8092"),
        ("KAI_FILE_FOLDERS", "/", "other than the root"),
        ("KAI_FILE_FOLDERS", "/srv,/srv/..", "other than the root"),
        ("KAI_FILE_FOLDERS", "/etc/passwd", "must be a folder"),
        ("KAI_BRIDGE_URL", "http://u:secret@h/", "user, password"),
        ("KAI_BRIDGE_URL", "http://a,b", "several separated by commas"),
        ("KAI_BRIDGE_URL", ",", "names no URL"),
        ("KAI_TOKEN", "hunter2", "three parts with dots"),
        ("KAI_TOKEN_KEYS", "c2hvcnQ=", "32 or more random bytes"),
        ("KAI_TOKEN_KEYS", "secret-secret-secret!", "openssl rand"),
        ("KAI_TOKEN_KEYS", f"a b:{KEY}", "a key id"),
        ("KAI_TOKEN_KEYS", f":{KEY}", "a key id"),
        ("KAI_TOKEN_KEYS", ",".join([KEY] * 9), "up to 8"),
        ("KAI_TOKEN_JWKS_URL", "http://login.example.com/keys", "without TLS"),
        ("KAI_TOKEN_JWKS_URL", "https://u:p@login.example.com/keys", "user"),
        ("KAI_TOKEN_JWKS_URL", "file:///etc/keys", "https URL"),
        ("KAI_TOKEN_AUDIENCE", "x" * 201, "1 to 200"),
        ("KAI_TOKEN_COOKIE", "a=b", "letters, digits"),
        ("KAI_TRUSTED_PROXIES", "proxy.example.com", "an address or a network"),
        ("KAI_TRUSTED_PROXIES", "10.0.0.1/8", "an address or a network"),
        ("KAI_TRUSTED_PROXIES", "*", "an address or a network"),
        ("KAI_TRUSTED_PROXIES", "0.0.0.0/0", "is everybody"),
        ("KAI_TRUSTED_PROXIES", "::/0", "is everybody"),
        ("KAI_HEALTH_PORT", "-1", "0 takes any free port"),
        ("KAI_SIGNAL_INTERVAL", "250", "for example 250ms"),
        ("KAI_SIGNAL_INTERVAL", "49ms", "from 50ms to 5s"),
        ("KAI_SIGNAL_INTERVAL", "5.1s", "from 50ms to 5s"),
        ("KAI_SIGNAL_INTERVAL", "nan s", "its unit"),
        ("KAI_BUFFER_EVENTS", "99", "from 100 to 20000"),
        ("KAI_BUFFER_EVENTS", "20001", "from 100 to 20000"),
        ("KAI_BUFFER_BYTES", "524288", "for example 512KiB"),
        ("KAI_BUFFER_BYTES", "255KiB", "from 256KiB to 1MiB"),
        ("KAI_BUFFER_BYTES", "1.1MiB", "from 256KiB to 1MiB"),
        ("KAI_STREAM_IDLE_TIMEOUT", "0.5s", "from 1s to 1d"),
        ("KAI_HEARTBEAT_TIMEOUT", "4s", "from 5s to 10m"),
        ("KAI_CORS_ORIGINS", "*", "scheme://host"),
        ("KAI_CORS_ORIGINS", "http://a/path", "path"),
        ("KAI_CORS_ORIGINS", "http://a:port", "origin"),
        ("KAI_CALLBACK_ALLOW", "http://hooks.example.com", "without scheme"),
        ("KAI_LOG_LEVEL", "verbose", "debug, info, warning"),
        ("KAI_LOG_FORMAT", "xml", "plain or json"),
        ("KAI_METRICS_PORT", "65536", "from 0 to 65535"),
        ("KAI_METRICS_HOST", "metrics.example.com", "an address of this machine"),
        ("KAI_METRICS_HOST", "0.0.0.0", "set KAI_METRICS_TOKEN"),
        ("KAI_METRICS_HOST", "192.0.2.1", "set KAI_METRICS_TOKEN"),
        ("KAI_METRICS_TOKEN", "short", "20 to 200"),
        ("KAI_HOME", __file__, "must be a folder"),
        ("KAI_AGENT", "my_agents.sales", "package.module:factory"),
        ("KAI_DATA_CONVERTER", "my.module", "package.module:name"),
        ("TEMPORAL_TASK_QUEUE", "a b", "without spaces"),
        ("ORG_ID", "../x", "letters, digits"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(variable: str, value: str, says: str) -> None:
    """A wrong value is refused with the variable's name, the value, and what is allowed."""
    with pytest.raises(SettingsError) as refused:
        load_settings({variable: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{variable}=")
    assert says in sentence
    assert "for example" in sentence
    assert "\n" not in sentence


def test_metrics_are_open_to_others_with_a_token_alone() -> None:
    """Beyond loopback a token is needed, and neither a refusal nor the settings ever show it."""
    variables = {"KAI_METRICS_HOST": "0.0.0.0", "KAI_METRICS_TOKEN": TOKEN}
    settings = load_settings(variables)
    assert settings.metrics_host == "0.0.0.0"
    assert TOKEN not in f"{settings} {settings!r} {settings.metrics_token}"
    with pytest.raises(SettingsError) as refused:
        load_settings({"KAI_METRICS_TOKEN": f"{TOKEN} {TOKEN}"})
    assert TOKEN not in str(refused.value)


def test_a_password_in_a_refused_url_is_not_repeated() -> None:
    """The message about a URL with a password does not show the password."""
    with pytest.raises(SettingsError) as refused:
        load_settings({"KAI_BRIDGE_URL": "http://user:hunter2@host"})
    assert "hunter2" not in str(refused.value)


def test_a_control_character_in_a_value_is_shown_escaped() -> None:
    """A value with an escape sequence reaches the terminal as printable text."""
    with pytest.raises(SettingsError) as refused:
        load_settings({"KAI_LOG_LEVEL": "\x1b[31mred"})
    assert "\x1b" not in str(refused.value)


def test_the_task_queue_prefers_its_own_variable() -> None:
    """TEMPORAL_TASK_QUEUE wins over ORG_ID, whatever their order."""
    environ = {"TEMPORAL_TASK_QUEUE": "mine", "ORG_ID": "acme"}
    assert load_settings(environ).task_queue == "mine"
    assert load_settings(dict(reversed(environ.items()))).task_queue == "mine"


def test_a_blank_variable_counts_as_not_set() -> None:
    """A variable that is there but blank leaves the default."""
    assert load_settings({"KAI_BRIDGE_PORT": "", "KAI_AGENT": "  "}) == Settings()


def test_the_bridge_is_reached_where_the_setting_says() -> None:
    """Without KAI_BRIDGE_URL others reach the bridge at localhost and the port it got."""
    assert Settings().reach_bridge(4711) == "http://localhost:4711"
    assert Settings(bridge_host="::1").reach_bridge(4711) == "http://[::1]:4711"
    assert Settings(bridge_host="127.0.0.2").reach_bridge(4711) == "http://127.0.0.2:4711"
    assert Settings(bridge_url="http://kai:1").reach_bridge(4711) == "http://kai:1"


def test_a_misspelt_setting_is_named_with_the_right_one() -> None:
    """Only variables that begin like a setting are looked at, and their values are not shown."""
    environ = {"KAI_BRIDGE_PRT": "9099", "KAI_ZZZ": "1", "KAI_BRIDGE_PORT": "9099", "HOME": "/"}
    assert unknown_settings(environ) == [
        "the variable 'KAI_BRIDGE_PRT' is not a setting; did you mean KAI_BRIDGE_PORT?",
        "the variable 'KAI_ZZZ' is not a setting",
    ]


def test_reading_settings_imports_nothing_heavy() -> None:
    """The settings can be read without importing Temporal, HTTP or terminal libraries."""
    heavy = ("temporalio", "httpx", "litestar", "rich", "cyclopts", "google")
    program = f"import sys, kai_flow.settings; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_beyond_loopback_a_bridge_knows_everybody(host: str) -> None:
    """§8.7: with signatures and tokens only; the refusal names what is missing."""
    environ = {"KAI_BRIDGE_HOST": host}
    tokens = [{"KAI_TOKEN_KEYS": KEY}, {"KAI_TOKEN_JWKS_URL": "https://login.example.com/keys"}]
    for more, missing in (
        ({}, "set KAI_SIGNING_KEYS and KAI_TOKEN_KEYS (or KAI_TOKEN_JWKS_URL) as well"),
        ({"KAI_SIGNING_KEYS": SIGNING}, "set KAI_TOKEN_KEYS (or KAI_TOKEN_JWKS_URL) as well"),
        *((one, "set KAI_SIGNING_KEYS as well") for one in tokens),
    ):
        with pytest.raises(SettingsError) as refused:
            load_settings({**environ, **more})
        assert missing in str(refused.value)
        assert "for example 127.0.0.1" in str(refused.value)
    for one in tokens:
        settings = load_settings({**environ, **one, "KAI_SIGNING_KEYS": SIGNING})
        assert settings.bridge_host == host


def test_a_bridge_with_a_certificate_is_reached_by_https() -> None:
    """§8.7: where it listens on every address, this machine reaches it as localhost."""
    cert = Path("/etc/kai/tls.pem")
    assert Settings(tls_cert=cert).reach_bridge(4711) == "https://localhost:4711"
    for host in ("0.0.0.0", "::"):
        assert Settings(bridge_host=host).reach_bridge(4711) == "http://localhost:4711"


def test_a_secret_is_not_in_what_is_printed_of_the_settings() -> None:
    """Neither when they are printed, nor when they are refused."""
    settings = load_settings({"KAI_TOKEN_KEYS": f"new:{KEY}"})
    assert "kkkk" not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        load_settings({"KAI_TOKEN_KEYS": "aHVudGVyMg=="})
    assert "aHVudGVyMg" not in str(refused.value)
