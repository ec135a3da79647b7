"""The certificates that clients trust: of `SSL_CERT_FILE`, of `SSL_CERT_DIR`, or certifi's."""

import os
import re
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final

import httpx

FILE: Final = "SSL_CERT_FILE"
FOLDER: Final = "SSL_CERT_DIR"  # counts only without the file

_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")  # the names by which OpenSSL finds certificates


class BadCertificates(OSError):
    """`SSL_CERT_FILE` or `SSL_CERT_DIR` names nothing that could be trusted; the text says why."""


def trusted() -> ssl.SSLContext:
    """The context of a client, which is shared. Raises BadCertificates.

    It is made again when the variables name other certificates, or other versions of them.
    """
    named = (os.environ.get(FILE), os.environ.get(FOLDER))
    return _context(tuple((path, _changed_at(path)) for path in named))


@lru_cache(maxsize=2)
def _context(_trusted: tuple[tuple[str | None, int], ...]) -> ssl.SSLContext:
    """Reading the certificates takes 20 ms, in which no other session goes on."""
    file, folder = _trusted[0][0], _trusted[1][0]
    try:
        if folder and not file:
            _require_hashed(Path(folder))
        return httpx.create_ssl_context(trust_env=True)
    except OSError as wrong:  # ssl's errors are of this kind
        raise BadCertificates(_sentence(file, folder, wrong)) from None


def _require_hashed(folder: Path) -> None:
    """Raise OSError for a folder in which OpenSSL would find nothing, and say nothing."""
    if not any(_HASHED.fullmatch(each.name) for each in folder.iterdir()):
        raise OSError(0, "it has no certificate under the name of its hash: `openssl rehash` it")


def _sentence(file: str | None, folder: str | None, wrong: OSError) -> str:
    what, remedy = f"{FILE}={file}", "a file with the certificates to trust, in PEM"
    if not file:
        what, remedy = f"{FOLDER}={folder}", "a folder with the certificates to trust"
    no_pem = isinstance(wrong, ssl.SSLError)
    why = "it has no certificate in PEM" if no_pem else wrong.strerror or type(wrong).__name__
    return f"{what} cannot be used ({why}): name {remedy}, or unset it"


def _changed_at(path: str | None) -> int:
    """When a file or folder has changed, in nanoseconds; 0: there is none."""
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError:
        return 0
