"""The base of the enums that tables are looked up by."""

from enum import Enum


class TableKey(Enum):
    """An enum that is hashed by identity, as its members are compared.

    The hash of Enum itself is a function in Python, until 3.12. A producer looks into its tables a
    hundred times for each event.
    """

    __hash__ = object.__hash__
