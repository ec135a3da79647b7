"""How long something took: the time from one date of a row to another."""

from kai_flow.analyst.kinds.duration_rules import rules
from kai_flow.analyst.kinds.kind import Kind, Sample

KIND = Kind(
    "durations",
    "How long something took: hours from order to delivery, orders that took more than 2 days.",
    english={
        "duration": (
            *("duration", "durations", "time", "time taken", "elapsed time", "lead time", "delay"),
            *("turnaround time", "turnaround", "length", "interval", "time difference", "gap"),
            *("how long", "how much time", "time span", "difference", "cycle time"),
        ),
        "took": (
            *("took", "take", "takes", "taking", "taken", "lasted", "lasting", "last", "needed"),
            *("takes time", "was", "were"),
        ),
        "longer": ("longer than", "more than", "later than"),
        "shorter": ("shorter than", "less than", "faster than", "quicker than", "in under"),
        "within": ("within", "in less than", "in under", "in at most"),
        "longest": ("longest", "slowest", "greatest"),
        "quickest": ("shortest", "fastest", "quickest"),
        "time from": ("from", "between", "since", "after", "starting from"),
        "time to": ("to", "and", "until", "till", "through", "up to", "before", "-"),
        "minutes": ("minutes", "mins", "minute"),
        "hours": ("hours", "hrs", "hour"),
        "days": ("days", "day", "number of days"),
        "weeks": ("weeks", "week"),
        "months": ("months", "month"),
        "years": ("years", "year"),
        "in minutes": ("in minutes", "how many minutes", "number of minutes"),
        "in hours": ("in hours", "how many hours", "number of hours"),
        "in days": ("in days", "how many days", "number of days"),
        "in weeks": ("in weeks", "how many weeks", "number of weeks"),
        "in months": ("in months", "how many months", "number of months"),
        "in years": ("in years", "how many years", "number of years"),
    },
    indonesian={
        "duration": (
            *("durasi", "lama", "lamanya", "waktu", "waktunya", "selisih", "selisih waktu"),
            *("berapa lama", "seberapa lama", "jangka waktu", "jeda", "jarak waktu", "tenggang"),
            *("lama waktu", "waktu tempuh", "waktu proses", "selang waktu", "rentang waktu"),
            *("jeda waktu", "lama proses", "durasinya"),
        ),
        "took": (
            *("memakan waktu", "makan waktu", "butuh waktu", "membutuhkan waktu", "butuh"),
            *("membutuhkan", "memerlukan", "memerlukan waktu", "perlu waktu", "berlangsung"),
            *("memakan", "menghabiskan", "menghabiskan waktu", "dibutuhkan", "diperlukan"),
            "selama",
        ),
        "longer": ("lebih lama dari", "lebih lama daripada", "lamanya lebih dari"),
        "shorter": (
            *("lebih cepat dari", "lebih cepat daripada", "lebih singkat dari"),
            *("lebih singkat daripada", "lamanya kurang dari"),
        ),
        "within": ("dalam", "dalam waktu", "dalam waktu kurang dari", "dalam kurang dari"),
        "longest": ("terlama", "paling lama", "terpanjang", "paling lambat"),
        "quickest": ("tersingkat", "paling singkat", "tercepat", "paling cepat", "terpendek"),
        "time from": ("dari", "antara", "sejak", "mulai", "mulai dari", "setelah"),
        "time to": ("sampai", "hingga", "ke", "dan", "s/d", "sd", "sampai dengan", "untuk", "-"),
        "minutes": ("menit",),
        "hours": ("jam",),
        "days": ("hari",),
        "weeks": ("minggu", "pekan"),
        "months": ("bulan",),
        "years": ("tahun",),
        "in minutes": ("dalam menit", "berapa menit", "jumlah menit"),
        "in hours": ("dalam jam", "berapa jam", "jumlah jam"),
        "in days": ("dalam hari", "berapa hari", "jumlah hari"),
        "in weeks": ("dalam minggu", "berapa minggu"),
        "in months": ("dalam bulan", "berapa bulan"),
        "in years": ("dalam tahun", "berapa tahun"),
    },
    rules=tuple(rules()),
    samples=(
        Sample(
            "en",
            "Average time in hours from sending to arrival, by service",
            """SELECT layanan, AVG((JULIANDAY(waktu_tiba) - JULIANDAY(waktu_kirim)) * 24)
            FROM pengiriman GROUP BY 1""",
            schema="logistics",
        ),
        Sample(
            "id",
            "Rata-rata waktu tempuh pengiriman dalam hari dari kirim sampai tiba",
            """SELECT AVG(JULIANDAY(waktu_tiba) - JULIANDAY(waktu_kirim)) FROM pengiriman""",
            schema="logistics",
        ),
    ),
)
