"""Concepts of people: who does something, and whom rows are about."""

from typing import Final

__all__ = ["PEOPLE", "PERSONS"]

PEOPLE: Final = frozenset(
    [
        *("customer", "bank_customer", "member", "management", "employee", "civil_servant"),
        *("manager", "supervisor", "head", "subordinate", "director", "salesperson"),
        *("seller", "trader", "reseller", "retailer", "middleman", "supplier", "producer"),
        *("distributor", "partner", "owner", "shareholder", "user", "subscriber", "contact"),
        *("agent", "officer", "tour_guide", "cashier", "courier", "driver", "technician"),
        *("farmer", "fisherman", "breeder", "student", "university_student", "teacher"),
        *("lecturer", "parent", "alumnus", "participant", "winner", "applicant", "patient"),
        *("doctor", "nurse", "midwife", "guest", "tourist", "passenger", "tenant"),
        *("borrower", "donor", "volunteer", "voter", "author", "publisher", "artist"),
        *("player", "coach", "beneficiary", "sender", "receiver", "creator", "person"),
        *("child", "spouse"),
    ]
)
"""Concepts of people, and of firms that do what people do."""

PERSONS: Final = frozenset(
    [
        *("customer", "member", "employee", "civil_servant", "user", "subscriber", "patient"),
        *("student", "university_student", "participant", "passenger", "guest", "tourist"),
        *("applicant", "alumnus", "volunteer", "voter", "player", "teacher", "lecturer"),
    ]
)
"""Concepts of those whom rows may be about: "how many people" are the rows of such a table."""
