"""What a machine lacks for a part of the bench."""


class Lacking(Exception):
    """A system cannot be measured here; says why, and what would help."""
