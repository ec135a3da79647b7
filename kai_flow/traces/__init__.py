"""Traces of sessions with OpenTelemetry, where the standard variables (OTEL_…) ask for them."""
