"""Parsers of the settings about who may reach a bridge: tokens, addresses, proxies, TLS."""

import base64
import binascii
import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from kai_flow.settings.parsers import Token, is_loopback, listed, path_of, shown, split_url

MIN_KEY_BYTES: Final = 32  # as long as the digest of HS256
MAX_KEYS: Final = 8


class TokenKeys(tuple[tuple[str | None, bytes], ...]):
    """Keys with their ids, if they have one, the newest first. Its ``repr`` holds no secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        """How many there are."""
        return f"<{len(self)} keys>"


def token_keys(value: str) -> TokenKeys:
    found = []
    for part in listed(value):
        name, colon, text = part.rpartition(":")
        try:
            key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        good = re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name) or not colon
        found.append((name or None, key if good else b""))
    if not 1 <= len(found) <= MAX_KEYS or any(len(key) < MIN_KEY_BYTES for _, key in found):
        raise ValueError(
            f"it must be {MIN_KEY_BYTES} or more random bytes in base64, or up to {MAX_KEYS} such "
            "keys separated by commas, each with a key id and a colon before it if it has one; for "
            "example the output of `openssl rand -base64 32`"
        )
    return TokenKeys(found)


def reader_token(value: str) -> Token:
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}", value):
        raise ValueError(
            "it must be a JSON Web Token, three parts with dots between them, for example the "
            "output of `kai token`"
        )
    return Token(value.encode())


def jwks_url(value: str) -> str:
    try:
        url = split_url(value, query=True)
    except ValueError as wrong:
        raise ValueError(_jwks_form(str(wrong))) from None
    if url.scheme != "https" and not is_loopback(url.hostname or ""):
        raise ValueError(_jwks_form("without TLS anybody in between could give other keys"))
    return value


def _jwks_form(why: str) -> str:
    return (
        f"it must be the https URL of a JSON Web Key Set ({why}), for example "
        "https://login.example.com/.well-known/jwks.json"
    )


def claim(example: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not value.isprintable() or len(value) > 200:
            raise ValueError(f"it must be 1 to 200 printable characters, for example {example}")
        return value

    return parse


def cookie_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", value):
        raise ValueError(
            "it must be 1 to 100 letters, digits, '_', '.' or '-', for example kai_token"
        )
    return value


def bridge_host(value: str) -> str:
    host = value.lower().strip("[]")
    if host != "localhost":
        try:
            host = str(ip_address(host))
        except ValueError:
            raise ValueError(
                "it must be localhost or an address of this machine, for example 127.0.0.1 or "
                "0.0.0.0"
            ) from None
    return host


def networks(value: str) -> tuple[str, ...]:
    found = []
    for part in listed(value):
        try:
            network = ip_network(part.strip("[]"))
        except ValueError:
            raise ValueError(
                f"{shown(part)} must be an address or a network, for example 127.0.0.1,10.0.0.0/8"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(
                f"{shown(part)} is everybody: name the proxies, for example 127.0.0.1,10.0.0.0/8"
            )
        found.append(str(network))
    return tuple(dict.fromkeys(found))


def file(value: str) -> Path:
    return path_of(value, "/etc/kai/tls.pem")
