"""The rules of all kinds, as the chart needs them."""

from typing import Final

from kai_flow.analyst.kinds.registry import RULES
from kai_flow.analyst.reading.chart import ByFirst, by_first

BY_FIRST: Final[ByFirst] = by_first(RULES)
"""By their first element; made once, as there are hundreds."""
