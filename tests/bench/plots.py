"""Results as bars in SVG."""

import re
import sys
from typing import Any, Final

from tests.bench.figures import COLUMNS, Results, Workload
from tests.bench.stack import BROADCAST, CALLBACK, KAI, NCHAN, SIGNED, STREAMS, STREAMS_20

COLOURS: Final = {
    KAI: "#1f77b4",
    SIGNED: "#aec7e8",
    STREAMS: "#ff7f0e",
    STREAMS_20: "#ffbb78",
    CALLBACK: "#2ca02c",
    NCHAN: "#9467bd",
    BROADCAST: "#8c8c8c",
}


def file_name(workload: Workload, key: str) -> str:
    """The name of a plot's file."""
    return f"{workload.name}-{key.replace('_', '-')}.svg"


def _pygal() -> Any:
    """The library, without the finder of plugins that it adds.

    Python 3.11 warns of that one's form at every later import.
    """
    import pygal

    sys.meta_path[:] = [
        one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)
    ]
    return pygal


def plot(results: Results, workload: Workload, key: str) -> bytes:
    """One figure of every system in every case; what does not count is left out."""
    rows = [row for row in results.of(workload.name) if row.counts]
    systems = [name for name in COLOURS if any(row.system == name for row in rows)]
    cases = list(dict.fromkeys(row.case for row in results.of(workload.name)))
    column = COLUMNS[key]
    pygal = _pygal()
    chart = pygal.Bar(
        logarithmic=True,
        title=f"{workload.name}: {column.title}, {column.unit} (logarithmic, less is better)",
        style=pygal.style.Style(
            background="white",
            plot_background="white",
            colors=tuple(COLOURS[name] for name in systems),
            font_family="sans-serif",
            title_font_size=16,
            value_font_size=10,
        ),
        js=(),  # none of another host
        width=960,
        height=420,
        explicit_size=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        truncate_legend=-1,
        x_labels=cases,
        truncate_label=-1,
        show_minor_y_labels=False,
    )
    chart.uuid = file_name(workload, key)  # the same in every run
    for name in systems:
        figures = {row.case: row.figure(key) for row in rows if row.system == name}
        chart.add(name, [figures.get(case) for case in cases])
    # what an image cannot run
    return re.sub(rb"<script.*?</script>", b"", chart.render(), flags=re.DOTALL)
