"""What the SDK says of servers that cannot be used, and what we make of it."""

from typing import Final

import pytest
from temporalio.service import TLSConfig

from kai_flow.temporal.refused import refusal

FIRST_CALL: Final = "Failed client connect: `get_system_info` call error after connection: Status "
CONNECTION: Final = (
    "Failed client connect: Server connection error: tonic::transport::Error(Transport, "
)
ENDS: Final = "ends each connection: if it asks for a certificate of the client, set TEMPORAL_TLS_"
NO_TEMPORAL: Final = "does not answer like a Temporal server"
CERTIFICATE: Final = TLSConfig(client_cert=b"mine", client_private_key=b"s3cret")


def reset(what: str) -> str:
    """A connection that the server has ended after TLS."""
    return f"{FIRST_CALL}{{ code: Unknown, source: Some(tonic::transport::Error({what})) }}"


@pytest.mark.parametrize(
    ("said", "tls", "says"),
    [
        (reset('Transport, hyper::Error(Canceled, "connection closed")'), True, ENDS),
        (reset("Transport, hyper::Error(Io, Kind(ConnectionReset))"), True, ENDS),
        (reset("Transport, hyper::Error(Io, Custom { kind: UnexpectedEof })"), True, ENDS),
        (reset("Transport, hyper::Error(Io, Kind(BrokenPipe))"), True, ENDS),
        (
            reset("Transport, hyper::Error(Io, Kind(BrokenPipe))"),
            CERTIFICATE,
            "not accept the cert",
        ),
        (reset("Transport, hyper::Error(Io, Kind(BrokenPipe))"), False, "set TEMPORAL_TLS=true"),
        (f'{CONNECTION}ConnectError("tls handshake eof"))', True, ENDS),
        (f"{CONNECTION}received fatal alert: CertificateRequired)", CERTIFICATE, ENDS),
        (
            f"{CONNECTION}received fatal alert: UnknownCa)",
            CERTIFICATE,
            "not accept the certificate",
        ),
        (f"{CONNECTION}InvalidCertificate(Expired))", True, "is not valid (Expired): renew it"),
        (
            f"{CONNECTION}InvalidCertificate(ExpiredContext {{ time: 1 }}))",
            True,
            "is not valid (ExpiredContext)",
        ),
        (
            f"{CONNECTION}InvalidCertificate(UnknownIssuer))",
            True,
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
        ),
        (f"{CONNECTION}InvalidCertificate(NotValidForName))", True, "for other names (none)"),
        (f"{CONNECTION}H2NotNegotiated)", True, "ALPN h2"),
        (f"{FIRST_CALL}{{ code: Unauthenticated, message: x }}", True, "asks for an API key"),
        (
            f"{FIRST_CALL}{{ code: PermissionDenied, message: x }}",
            True,
            "into the namespace 'default': set TEMPORAL_NAMESPACE",
        ),
        (
            f"{FIRST_CALL}{{ code: Internal, message: with status: 404 Not Found }}",
            True,
            NO_TEMPORAL,
        ),
    ],
)
def test_each_has_a_sentence(said: str, tls: bool | TLSConfig, says: str) -> None:
    """It names the server, and neither a secret nor the SDK's own words."""
    sentence = refusal(said, "temporal.example.com:7233", {"tls": tls})
    assert sentence is not None
    assert says in sentence
    assert "temporal.example.com:7233" in sentence
    assert "tonic" not in sentence
    assert "s3cret" not in sentence


@pytest.mark.parametrize("what", ["ConnectionRefused", "dns error", "deadline has elapsed"])
def test_what_may_be_over_in_a_moment_has_none(what: str) -> None:
    """A server that is not there yet is waited for."""
    assert refusal(f"{CONNECTION}ConnectError({what}))", "a.example:1", {}) is None
