"""The certificate with which the bridge serves https, read once at its start."""

import ssl

from kai_flow.settings import Settings, StartError


def certificate(settings: Settings) -> ssl.SSLContext | None:
    """What the settings name; None: the bridge serves http. Raises StartError."""
    if settings.tls_cert is None:
        if settings.tls_key is not None:
            raise StartError("KAI_TLS_KEY is set without KAI_TLS_CERT: set that to the certificate")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        # without the password it would ask for one at the terminal
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except OSError as wrong:  # ssl's errors are of this kind
        no_pair = isinstance(wrong, ssl.SSLError)
        why = "it is no certificate with its key" if no_pair else wrong.strerror
        files = f"KAI_TLS_CERT={settings.tls_cert}"
        if settings.tls_key is not None:
            files += f" with KAI_TLS_KEY={settings.tls_key}"
        raise StartError(
            f"{files} cannot be used ({why}): name PEM files with the chain and its unencrypted key"
        ) from None
    return context
