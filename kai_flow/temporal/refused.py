"""Why a server of Temporal cannot be used: what the SDK says of it, as a sentence with a remedy."""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConnectConfig

_OWN_CERTIFICATE: Final = "TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH"
# With TLS 1.2 a server closes within the handshake. With 1.3 it first takes the connection, so that
# the first call ends with it. A proxy says in HTTP what it wants.
_CLOSED: Final = re.compile(r"handshake eof|get_system_info.*transport::Error|400 Bad Request")
_OTHER_ADDRESS: Final = "or set TEMPORAL_ADDRESS to the address of another server"


def refusal(said: str, address: str, config: "ClientConnectConfig") -> str | None:
    """The sentence for what the SDK has said of a failed connection; None: it may be worth a retry.

    Neither the API key nor a certificate is in it.
    """
    tls = config.get("tls")
    has_key = bool(config.get("api_key"))
    secured = bool(tls) or (has_key and tls is not False)
    has_certificate = bool(getattr(tls, "client_cert", None))
    return (
        _of_its_certificate(said, address)
        or _of_our_certificate(said, address, secured=secured, has_certificate=has_certificate)
        or _of_the_key(said, address, config.get("namespace") or "default", has_key=has_key)
        or _of_the_protocol(said, address, secured=secured)
    )


def _of_its_certificate(said: str, address: str) -> str | None:
    invalid = re.search(r"InvalidCertificate\((\w+)", said)
    if invalid is None:
        return None
    why = invalid[1]
    if why in {"UnknownIssuer", "BadSignature"}:
        return (
            f"the certificate of the server at {address} is signed by no authority that is "
            "trusted here: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the PEM file of its authority"
        )
    if why.startswith("NotValidForName"):
        names = re.findall(r'Name\(\\?"([^"\\]{1,100})', said)
        return (
            f"the certificate of the server at {address} is for other names "
            f"({', '.join(names[:5]) or 'none'}): set TEMPORAL_ADDRESS to one of them, or "
            "TEMPORAL_TLS_SERVER_NAME to the one to expect"
        )
    return (
        f"the certificate of the server at {address} is not valid ({why}): renew it, "
        f"set this machine's clock, {_OTHER_ADDRESS}"
    )


def _of_our_certificate(
    said: str, address: str, *, secured: bool, has_certificate: bool
) -> str | None:
    if "Must have both client cert" in said or "InconsistentKeys" in said:
        return f"{_OWN_CERTIFICATE} have to name a certificate and its own key"
    if not secured:
        return None
    closed = _CLOSED.search(said) is not None
    if "fatal alert: CertificateRequired" in said or (closed and not has_certificate):
        return (
            f"the server at {address} ends each connection: if it asks for a certificate of the "
            f"client, set {_OWN_CERTIFICATE}"
        )
    if closed or re.search(r"fatal alert: \w*(Certificate|UnknownCa|AccessDenied)", said):
        return (
            f"the server at {address} does not accept the certificate of this client: set "
            f"{_OWN_CERTIFICATE} to one that it knows"
        )
    return None


def _of_the_key(said: str, address: str, namespace: str, *, has_key: bool) -> str | None:
    if re.search(r"401 Unauthorized|code: Unauthenticated", said):
        if has_key:
            return (
                f"the server at {address} does not accept the API key: set TEMPORAL_API_KEY to "
                "one that it knows, and that has not expired"
            )
        return f"the server at {address} asks for an API key: set TEMPORAL_API_KEY"
    if re.search(r"403 Forbidden|code: PermissionDenied", said):
        return (
            f"the server at {address} does not let this client into the namespace {namespace!a}: "
            "set TEMPORAL_NAMESPACE, TEMPORAL_API_KEY or the client's certificate to what goes "
            "together, or give the client the permissions that "
            "docs/how-to/connect-to-temporal.md lists"
        )
    return None


def _of_the_protocol(said: str, address: str, *, secured: bool) -> str | None:
    if "InvalidContentType" in said:  # its answer is not one of TLS
        return (
            f"the server at {address} does not use TLS: unset TEMPORAL_TLS and TEMPORAL_API_KEY, "
            "or set TEMPORAL_ADDRESS to the address of a server that does"
        )
    if "H2NotNegotiated" in said:
        return (
            f"the server at {address} does not offer HTTP/2 in TLS (ALPN h2), which Temporal "
            f"needs: let the proxy in front of it do so, {_OTHER_ADDRESS}"
        )
    if "get_system_info" in said:  # connected, but the peer does not speak gRPC
        perhaps = "" if secured else "; if it uses TLS, set TEMPORAL_TLS=true"
        return (
            f"the program at {address} does not answer like a Temporal server: start one with "
            "`kai up` (or `temporal server start-dev`), or set TEMPORAL_ADDRESS to the address of "
            f"your server{perhaps}"
        )
    return None
