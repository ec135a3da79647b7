"""The page about storing connections does what it says."""

from tests.docs.pages import ROOT
from tests.docs.reader import Reader


def test_every_block(newcomer: Reader) -> None:
    """Every command runs, and every output is what the reader sees."""
    newcomer.follow(ROOT / "docs/how-to/store-connections.md")
