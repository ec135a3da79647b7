"""The settings of KAI's programs, read from environment variables.

The rule: every setting is read, checked and converted here, once, at the start. The rest of the
code gets a frozen `Settings` and never reads the environment. A wrong value is refused with the
variable's name, the value, the allowed range and an example (`kai_flow.settings.parsers`). A
variable that is blank counts as not set.

The connection to Temporal is not here: it has its own variables and profiles
(`kai_flow.temporal.target`).

    StartError            a program cannot start; its message is one sentence for the user
    └── SettingsError     a variable of the environment has a wrong value
"""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from kai_flow.settings import access_parsers, parsers
from kai_flow.settings.access_parsers import TokenKeys
from kai_flow.settings.callback_allow import AllowList, read_allow_list
from kai_flow.settings.parsers import KIB, LOOPBACK, Keys, Token
from kai_flow.stream.signing_keys import SigningSecrets

__all__ = [
    "LOOPBACK",
    "Settings",
    "SettingsError",
    "StartError",
    "load_settings",
    "unknown_settings",
]


class StartError(Exception):
    """A program cannot start. Its message is one sentence: what is wrong and what to do."""


class SettingsError(StartError):
    """A variable of the environment has a value that is not allowed."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The checked settings: durations in seconds, sizes in bytes, the documented defaults."""

    bridge_host: str = "127.0.0.1"  # another than loopback only with signatures and tokens
    bridge_port: int = 8092  # 0: any free port
    bridge_url: str | None = None  # how others reach the bridge; None: see `reach_bridge`
    more_bridge_urls: tuple[str, ...] = ()  # how else they may reach it
    health_port: int = 8091  # of the worker; 0: any free port
    signal_interval: float = 0.25
    signals_per_second: int = 25  # of all sessions of a bridge together
    buffer_events: int = 2_000
    buffer_bytes: int = 512 * KIB
    stream_idle_timeout: float = 300.0
    heartbeat_timeout: float = 60.0
    cors_origins: tuple[str, ...] = ()  # more origins (scheme://host[:port]) than its own
    signing_keys: SigningSecrets = SigningSecrets()  # of POSTs and answers; none: nothing is signed
    callback_allow: AllowList = AllowList()  # whom a worker may call
    log_level: str = "info"
    log_format: str = "plain"  # or json
    metrics_port: int | None = None  # 0: any free port; None: no metrics are served
    metrics_host: str = "127.0.0.1"  # beyond loopback only with a token
    metrics_token: Token | None = None  # what a reader of the metrics has to show
    trace_content: bool = False  # spans may have the text of SQL and of errors
    home: Path = msgspec.field(default_factory=lambda: Path.home() / ".kai")
    task_queue: str = "kai-agent-queue"
    agent: str | None = None  # "package.module:factory"; None: the built-in analyst
    file_folders: tuple[Path, ...] = ()  # whose files connections may name; none: no file at all
    encrypt_keys: Keys = Keys()  # for the stored connections; none: the key file in the home
    data_converter: str | None = None  # "package.module:name"; None: Temporal's own
    codec_keys: Keys = Keys()  # of the payload codec that KAI Flow ships; none: it is not used
    codec_port: int = 8093  # of the codec server; 0: any free port
    codec_token: Token | None = None  # what a caller of the codec server has to show
    codec_urls: tuple[str, ...] = ()  # how others reach the codec server, through a proxy
    codec_origins: tuple[str, ...] = ()  # web origins of the Temporal UI, whose pages may call it
    token_keys: TokenKeys = TokenKeys()  # shared with the issuer of tokens, the newest first
    token_jwks_url: str | None = None  # where an issuer publishes its keys
    token_audience: str = "kai-bridge"  # noqa: S105  what tokens have to say
    token_issuer: str | None = None  # None: any
    token_cookie: str = "kai_token"  # noqa: S105  its name
    reader_token: Token | None = None  # with which `kai ask` and `kai chat` read from a bridge
    client_requests: int = 50  # per second of one client
    client_streams: int = 100  # open streams of one client
    trusted_proxies: tuple[str, ...] = ()  # networks whose forwarded headers are believed
    tls_cert: Path | None = None  # with it the bridge serves https
    tls_key: Path | None = None  # None: it is in the file of the certificate

    @property
    def needs_tokens(self) -> bool:
        """Whether the bridge asks its readers for a token."""
        return bool(self.token_keys) or self.token_jwks_url is not None

    def reach_bridge(self, bound_port: int) -> str:
        """The base URL (no slash at its end) of a bridge on `bound_port`, as others reach it."""
        if self.bridge_url is not None:
            return self.bridge_url
        here = ("127.0.0.1", "0.0.0.0", "::")  # noqa: S104  where it listens, and not what for
        host = "localhost" if self.bridge_host in here else self.bridge_host
        scheme = "http" if self.tls_cert is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{bound_port}"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting; raises `SettingsError` for the first wrong one."""
    found: dict[str, object] = {}
    for variable, (attribute, parse) in _VARIABLES.items():
        value = environ.get(variable, "").strip()
        if not value:
            continue
        try:
            found[attribute] = parse(value)
        except ValueError as wrong:
            shown = "***" if variable in _SECRETS else parsers.shown(value)
            raise SettingsError(f"{variable}={shown} is refused: {wrong}") from None
    urls: Any = found.pop("bridge_url", ())
    if urls:
        found |= {"bridge_url": urls[0], "more_bridge_urls": urls[1:]}
    settings = msgspec.structs.replace(Settings(), **found)
    _require_credentials(settings)
    return settings


def _require_credentials(settings: Settings) -> None:
    """Refuse what others could reach, and where nobody would have to say who they are."""
    if settings.metrics_token is None and not parsers.is_loopback(settings.metrics_host):
        raise SettingsError(
            f"KAI_METRICS_HOST={settings.metrics_host} is refused: beyond loopback the metrics "
            "need a token, so set KAI_METRICS_TOKEN as well, for example to the output of "
            "`openssl rand -hex 32`"
        )
    missing = []
    if not settings.signing_keys:
        missing.append("KAI_SIGNING_KEYS")
    if not settings.needs_tokens:
        missing.append("KAI_TOKEN_KEYS (or KAI_TOKEN_JWKS_URL)")
    if missing and not parsers.is_loopback(settings.bridge_host):
        raise SettingsError(
            f"KAI_BRIDGE_HOST={parsers.shown(settings.bridge_host)} is refused: beyond loopback a "
            "bridge has to know producers by signatures and readers by tokens, so set "
            f"{' and '.join(missing)} as well (see docs/how-to/secure-a-bridge.md), or a loopback "
            "address, for example 127.0.0.1"
        )


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each variable named `KAI_…` that is not a setting: probably misspelt."""
    sentences = []
    for name in sorted(environ):
        if name.startswith("KAI_") and name not in _VARIABLES:
            near = difflib.get_close_matches(name, _VARIABLES, n=1)
            remedy = f"; did you mean {near[0]}?" if near else ""
            sentences.append(f"the variable {parsers.shown(name)} is not a setting{remedy}")
    return sentences


_SECRETS: Final = (  # never shown, not even when wrong
    "KAI_CODEC_KEYS",
    "KAI_CODEC_TOKEN",
    "KAI_ENCRYPT_KEY",
    "KAI_METRICS_TOKEN",
    "KAI_SIGNING_KEYS",
    "KAI_TOKEN",
    "KAI_TOKEN_KEYS",
)

# variable → (attribute, parser). ORG_ID stands before TEMPORAL_TASK_QUEUE, which overrides it.
_VARIABLES: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "KAI_BRIDGE_HOST": ("bridge_host", access_parsers.bridge_host),
    "KAI_BRIDGE_PORT": ("bridge_port", parsers.port("8092")),
    "KAI_BRIDGE_URL": ("bridge_url", parsers.base_urls),
    "KAI_HEALTH_PORT": ("health_port", parsers.port("8091")),
    # below 50 ms the server's own 7 ms a signal become a load; 5 s is the producer's stall rule
    "KAI_SIGNAL_INTERVAL": ("signal_interval", parsers.duration("50ms", "5s", "250ms")),
    # a session alone sends 20 at the shortest interval; more than 1,000 no server has taken here
    "KAI_SIGNALS_PER_SECOND": ("signals_per_second", parsers.whole(5, 1_000, "25")),
    "KAI_BUFFER_EVENTS": ("buffer_events", parsers.whole(100, 20_000, "2000")),
    # at least one event of the largest size (256 KiB); at most what one query can carry (pages of
    # 1 MiB) with its ids and still stay under Temporal's 2 MiB
    "KAI_BUFFER_BYTES": ("buffer_bytes", parsers.size("256KiB", "1MiB", "512KiB")),
    "KAI_STREAM_IDLE_TIMEOUT": ("stream_idle_timeout", parsers.duration("1s", "1d", "300s")),
    "KAI_HEARTBEAT_TIMEOUT": ("heartbeat_timeout", parsers.duration("5s", "10m", "60s")),
    "KAI_CORS_ORIGINS": ("cors_origins", parsers.origins),
    "KAI_SIGNING_KEYS": ("signing_keys", parsers.signing_keys),
    "KAI_CALLBACK_ALLOW": ("callback_allow", read_allow_list),
    "KAI_LOG_LEVEL": ("log_level", parsers.log_level),
    "KAI_LOG_FORMAT": ("log_format", parsers.log_format),
    "KAI_METRICS_PORT": ("metrics_port", parsers.port("9464")),
    "KAI_METRICS_HOST": ("metrics_host", parsers.address),
    "KAI_METRICS_TOKEN": ("metrics_token", parsers.token),
    "KAI_TRACE_CONTENT": ("trace_content", parsers.switch("on")),
    "KAI_HOME": ("home", parsers.home),
    "ORG_ID": ("task_queue", parsers.queue_of_organisation),
    "TEMPORAL_TASK_QUEUE": ("task_queue", parsers.queue),
    "KAI_AGENT": ("agent", parsers.factory),
    "KAI_FILE_FOLDERS": ("file_folders", parsers.folders),
    "KAI_ENCRYPT_KEY": ("encrypt_keys", parsers.keys),
    "KAI_DATA_CONVERTER": ("data_converter", parsers.converter),
    "KAI_CODEC_KEYS": ("codec_keys", parsers.keys),
    "KAI_CODEC_PORT": ("codec_port", parsers.port("8093")),
    "KAI_CODEC_TOKEN": ("codec_token", parsers.token),
    "KAI_CODEC_URL": ("codec_urls", parsers.codec_urls),
    "KAI_CODEC_ORIGINS": ("codec_origins", parsers.origins),
    "KAI_TOKEN": ("reader_token", access_parsers.reader_token),
    "KAI_TOKEN_KEYS": ("token_keys", access_parsers.token_keys),
    "KAI_TOKEN_JWKS_URL": ("token_jwks_url", access_parsers.jwks_url),
    "KAI_TOKEN_AUDIENCE": ("token_audience", access_parsers.claim("kai-bridge")),
    "KAI_TOKEN_ISSUER": ("token_issuer", access_parsers.claim("https://login.example.com/")),
    "KAI_TOKEN_COOKIE": ("token_cookie", access_parsers.cookie_name),
    "KAI_CLIENT_REQUESTS": ("client_requests", parsers.whole(1, 10_000, "50")),
    "KAI_CLIENT_STREAMS": ("client_streams", parsers.whole(1, 20_000, "100")),
    "KAI_TRUSTED_PROXIES": ("trusted_proxies", access_parsers.networks),
    "KAI_TLS_CERT": ("tls_cert", access_parsers.file),
    "KAI_TLS_KEY": ("tls_key", access_parsers.file),
}
