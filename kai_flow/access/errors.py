"""What is refused, and why; the messages are for the log of the program that checks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kai_flow.access.grant import Grant


class AccessError(Exception):
    """Root of what is refused here."""


class TokenRefused(AccessError):
    """A token is not accepted. The message says why, for the log: a client is not told."""


class TokenExpired(TokenRefused):
    """A token whose time is over, and with which nothing else is wrong."""

    def __init__(self, grant: "Grant") -> None:
        super().__init__("it has expired")
        self.grant = grant


class UnknownKey(TokenRefused):
    """No key of that id is known. The issuer may have published one since."""


class KeysUnreachable(AccessError):
    """The issuer's keys cannot be fetched; try again later."""


class InvalidKeySet(AccessError):
    """It is not a JSON Web Key Set."""
