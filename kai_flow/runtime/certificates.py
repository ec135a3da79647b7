"""Refuses to start a program that could trust no certificate."""

import os

from kai_flow.settings import StartError


def require_certificates() -> None:
    """Raise `StartError` when `SSL_CERT_FILE` or `SSL_CERT_DIR` names nothing that can be used.

    Otherwise each session would find out by itself.
    """
    if not (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        return
    from kai_flow.stream.trusted import BadCertificates, trusted  # noqa: PLC0415  (it takes httpx)

    try:
        trusted()
    except BadCertificates as wrong:
        raise StartError(str(wrong)) from None
