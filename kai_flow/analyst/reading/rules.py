"""The rules of all kinds, as the chart needs them."""

from typing import Final

from kai_flow.analyst.kinds.registry import RULES
from kai_flow.analyst.reading.growing import by_heads
from kai_flow.analyst.reading.onward import ByHeads

BY_HEADS: Final[ByHeads] = by_heads(RULES)
"""By their first two elements; made once, as there are hundreds."""
