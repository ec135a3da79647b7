"""Whether OpenTelemetry's variables ask for traces, and what is refused of them."""

import pytest

from kai_flow.settings import SettingsError
from kai_flow.traces.asked import Asked, asked

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
URL = {ENDPOINT: "http://localhost:4318"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({ENDPOINT: " "}, None),
        ({"OTEL_SERVICE_NAME": "x"}, None),
        (URL, Asked("otlp", ENDPOINT)),
        (
            {**URL, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c:1/v1/traces"},
            Asked("otlp", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        ),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, Asked("otlp", "OTEL_TRACES_EXPORTER")),
        ({"OTEL_TRACES_EXPORTER": " Console "}, Asked("console", "OTEL_TRACES_EXPORTER")),
        ({**URL, "OTEL_TRACES_EXPORTER": "none"}, None),
        ({**URL, "OTEL_SDK_DISABLED": "True"}, None),
        ({**URL, "OTEL_SDK_DISABLED": "false"}, Asked("otlp", ENDPOINT)),
        (
            {**URL, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
            Asked("otlp", ENDPOINT),
        ),
        # of no interest while there are no traces
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "x"}, None),
    ],
)
def test_what_is_asked_for(environ: dict[str, str], expected: Asked | None) -> None:
    """An endpoint or an exporter turns traces on; `none` and the SDK's switch turn them off."""
    assert asked(environ) == expected


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("OTEL_TRACES_EXPORTER", "jaeger", "otlp, console or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "http/protobuf"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "parentbased_always_on"),
        (ENDPOINT, "collector:4318", "http://localhost:4318"),
        (ENDPOINT, "http://[", "OTEL_TRACES_EXPORTER=none"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://secret@x", "http or https"),
    ],
)
def test_a_wrong_value_is_refused(variable: str, value: str, remedy: str) -> None:
    """The program stops with the variable and a remedy; a URL is not repeated."""
    with pytest.raises(SettingsError) as refused:
        asked({**URL, variable: value})
    assert variable in str(refused.value)
    assert remedy in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("ratio", ["x", "-1", "1.1", "nan"])
def test_a_wrong_ratio_is_refused(ratio: str) -> None:
    """The SDK would trace all sessions instead."""
    with pytest.raises(SettingsError, match="OTEL_TRACES_SAMPLER_ARG"):
        asked(
            {
                **URL,
                "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": ratio,
            }
        )
