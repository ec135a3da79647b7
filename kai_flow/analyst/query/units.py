"""The units of numbers that are calculated: euros by hours are euros per hour."""

__all__ = ["per", "same"]


def per(top: str, bottom: str) -> str:
    """The unit of a quotient."""
    if not bottom:
        return top
    return "" if top == bottom or not top else f"{top}/{bottom}"


def same(left: str, right: str) -> str:
    """The unit of a sum or difference."""
    return left if left == right else ""
