"""Who or what stands below another row of the same table: subordinates, parts of a category."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import Column, Compared, Narrowed, Rows, Sign, Values
from kai_flow.analyst.reading.resolving import ABOVE


def _below(*parts: Sign | Values) -> Narrowed | None:
    """The rows that point to the named one."""
    values = next(part for part in parts if isinstance(part, Values))
    if values.column.role is not None:
        return None
    above = Column(values.column.ref, ABOVE)
    test = Compared(above, Operator.EQUAL, values.values)
    return Narrowed(Rows(values.column.ref.table), test)


KIND = Kind(
    "hierarchies",
    "Rows below another one: the subordinates of a manager.",
    english={
        "below one": (
            *("subordinates", "subordinate", "subordinates of", "direct subordinates of"),
            *("direct reports", "direct report", "direct reports of", "reports to", "report to"),
            *("reporting to", "reporting directly to", "report directly to", "reports directly to"),
            *("works under", "work under", "working under", "works for", "work for"),
            *("managed by", "supervised by", "led by", "headed by", "under", "below"),
            *("working for", "underlings of", "team members of", "people under", "overseen by"),
        ),
    },
    indonesian={
        "below one": (
            *("bawahan", "bawahan langsung", "bawahan dari", "bawahan langsung dari", "anak buah"),
            *("anak buah dari", "dipimpin", "dipimpin oleh", "dibawahi", "dibawahi oleh"),
            *("melapor ke", "melapor kepada", "lapor ke", "melapor pada", "di bawah", "dibawah"),
            *("bertanggung jawab kepada", "bertanggung jawab ke", "di bawah pimpinan"),
            *("bawahannya", "anak buahnya", "berada di bawah", "bekerja di bawah"),
            *("bekerja untuk", "diawasi oleh", "disupervisi oleh"),
        ),
    },
    rules=(
        Rule("below one", ("below one", Values), _below),
        Rule("one's own", (Values, "below one"), _below, cost=0.05),
    ),
    samples=(
        Sample(
            "en",
            "Who are the subordinates of Desi Ratnasari?",
            """SELECT s.nama_pegawai FROM pegawai s
            JOIN pegawai m ON m.pegawai_id = s.atasan_id
            WHERE m.nama_pegawai = 'Desi Ratnasari'""",
            schema="logistics",
        ),
        Sample(
            "id",
            "Siapa saja bawahan Desi Ratnasari?",
            """SELECT s.nama_pegawai FROM pegawai s
            JOIN pegawai m ON m.pegawai_id = s.atasan_id
            WHERE m.nama_pegawai = 'Desi Ratnasari'""",
            schema="logistics",
        ),
    ),
)
