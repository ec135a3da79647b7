"""Whether traces are asked for, and where they go: by OpenTelemetry's own variables.

The SDK reads these and all others (sampler, resource, queue) by itself. What is read here is what
it would ignore in silence. A blank variable counts as unset, as everywhere in KAI Flow.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from kai_flow.settings import SettingsError
from kai_flow.settings.parsers import shown

EXPORTER: Final = "OTEL_TRACES_EXPORTER"
OFF: Final = f"set {EXPORTER}=none to have no traces"

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"
_SAMPLER_ARG: Final = "OTEL_TRACES_SAMPLER_ARG"
_BY_RATIO: Final = ("traceidratio", "parentbased_traceidratio")
_SAMPLERS: Final = (
    *("always_on", "always_off", "parentbased_always_on", "parentbased_always_off"),
    *_BY_RATIO,
)


class Asked(NamedTuple):
    """Traces are asked for."""

    exporter: str
    """`otlp` or `console`."""
    by: str
    """The variable that asks for them."""


def asked(environ: Mapping[str, str]) -> Asked | None:
    """What the variables ask for; None: no traces. Raises SettingsError for a wrong one."""
    given = {name: value.strip() for name, value in environ.items() if name.startswith("OTEL_")}
    if given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    endpoint = next((name for name in _ENDPOINTS if given.get(name)), None)
    exporter = given.get(EXPORTER, "").lower() or ("otlp" if endpoint else "none")
    if exporter not in ("otlp", "console", "none"):
        raise _refused(EXPORTER, given, "it must be otlp, console or none, for example otlp")
    if exporter == "none":
        return None
    _check_sampler(given)
    if exporter == "otlp":
        _check_otlp(given, endpoint)
    by = EXPORTER if given.get(EXPORTER) or endpoint is None else endpoint
    return Asked(exporter, by)


def _check_otlp(given: Mapping[str, str], endpoint: str | None) -> None:
    protocol = next((name for name in _PROTOCOLS if given.get(name)), None)
    if protocol is not None and given[protocol] != "http/protobuf":
        raise _refused(
            protocol,
            given,
            "traces are sent by http/protobuf only; set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="
            "http/protobuf and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to a receiver of it, usually at "
            f"port 4318, or {OFF}",
        )
    if endpoint is None:
        return
    try:
        url = urlsplit(given[endpoint])
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable:  # it may have a password in it, so it is not repeated
        raise SettingsError(
            f"{endpoint} is refused: it must be an http or https URL, for example "
            f"http://localhost:4318; or {OFF}"
        )


def _check_sampler(given: Mapping[str, str]) -> None:
    sampler = given.get(_SAMPLER, "").lower()
    if sampler and sampler not in _SAMPLERS:
        raise _refused(_SAMPLER, given, f"it must be one of {', '.join(_SAMPLERS)}")
    if sampler in _BY_RATIO:
        try:
            ratio = float(given.get(_SAMPLER_ARG, "") or 1)
        except ValueError:
            ratio = -1.0
        if not 0 <= ratio <= 1:
            raise _refused(_SAMPLER_ARG, given, "it must be from 0 to 1, for example 0.1")


def _refused(variable: str, given: Mapping[str, str], why: str) -> SettingsError:
    return SettingsError(f"{variable}={shown(given.get(variable, ''))} is refused: {why}")
