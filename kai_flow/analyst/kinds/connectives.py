"""The words between: conjunctions, prepositions, and what may be stepped over."""

from kai_flow.analyst.kinds.kind import Kind, Sample

_OF_DATA = ("", " of the data", " of our data", " of the records")
_THROUGHOUT = (
    *(
        f"from the {begin}{data} {until} the {end}"
        for begin in ("start", "beginning")
        for data in _OF_DATA
        for until in ("to", "until", "till")
        for end in ("end", "latest", "very end")
    ),
    *("from the start until now", "from the beginning until now", "from beginning to end"),
    *(
        "from start to finish",
        "from start to end",
        "from first to last",
        "for all time",
        "all told",
    ),
    *("since records began", "since the start of the data", "since the beginning of the data"),
    *("over all time", "of all time", "across all time", "all the way through"),
)
"""The whole time of the data, which is no filter."""

_SELAMANYA = (
    *(
        f"{dari} awal{data} {sampai} {akhir}"
        for dari in ("dari", "sejak", "mulai dari")
        for data in ("", " data", " pencatatan", " periode")
        for sampai in ("sampai", "hingga", "ke")
        for akhir in (
            *("akhir", "terakhir", "yang terakhir", "akhir data", "sekarang", "kini"),
            *("data terakhir", "data terbaru", "data paling akhir"),
        )
    ),
    *("sejak awal data", "dari awal data", "sejak awal pencatatan", "sepanjang masa"),
    *("sepanjang waktu", "sepanjang data yang ada", "selama data yang ada", "sampai detik ini"),
)
"""The same in Indonesian."""

_KALAU = (
    *("kalau di", "kalau pada", "kalau untuk", "kalau yang", "kalau dari", "kalau khusus"),
    *("kalau dilihat", "kalau dilihat dari", "kalau dihitung", "kalau dirinci", "kalau dipecah"),
    *("kalau soal", "jika dilihat", "jika dilihat dari", "jika dihitung", "bila dilihat"),
    *("kalau dibagi", "jika dirinci", "untuk yang", "misalnya di", "misalnya untuk"),
)
"""Words after which a question says of which rows it is: no condition of what is not so."""

KIND = Kind(
    "connectives",
    "Words that connect others.",
    english={
        "and": (
            "and",
            ",",
            "&",
            "plus",
            "+",
            "as well as",
            ", and",
            "but",
            "but also",
            ", but",
            "yet",
        ),
        "or": ("or", ", or"),
        "versus": (
            *("vs", "versus", "against", "compared to", "compared with", "with", "as against"),
            *("as compared to", "as compared with", "stack up against", "compare to", "next to"),
            *("compare with", "exceed", "exceeds", "exceed that of", "exceeds that of", "beat"),
            *("in comparison to", "in comparison with", "as opposed to", "relative to", "v"),
            *("than that of", "than those of", "than for", "than in"),
            *(
                f"than {one} {of}"
                for one in ("that", "those", "the one", "the ones", "the figure", "the number")
                for of in ("for", "in", "from", "of", "on", "at")
                if (one, of) not in {("that", "of"), ("those", "of")}
            ),
            *(
                f"{doing} {than}"
                for doing in ("do", "does", "did", "doing", "fare", "fared", "perform", "performed")
                for than in ("against", "versus", "vs", "compared to", "compared with", "next to")
            ),
            *("measure up against", "measure up to", "compare against", "hold up against"),
        ),
        "than": ("than",),
        "to": ("to", "and", "by", "over"),
        "glue": (
            *("the", "a", "an", "of", "in", "at", "on", "for", "from", "with", "is", "are", "was"),
            *("were", "be", "been", "there", "that", "which", "who", "have", "has", "had", "do"),
            *("does", "did", "our", "we", "their", "its", "it", "all", "me", "please", "by", "to"),
            *(
                *(
                    "in the data",
                    "in the database",
                    "in this database",
                    "in the database",
                    "in chronological order",
                    "inclusive",
                    "ranked",
                    "chronologically",
                    *("look after", "looks after", "looked after", "take care of", "takes care of"),
                    "in order",
                    "table",
                    "ever",
                    "any",
                    "single",
                ),
                *("have since", "has since", "had since"),
                *(
                    "altogether",
                    "how has",
                    "how have",
                    "how did",
                    "how does",
                    "how do",
                    "here",
                    "overall",
                    "whole",
                ),
                "too",
                "entire",
                "whose",
                "having",
                "as",
                "either",
                "so",
                "them",
                "i",
                "at all",
                "at least once",
                *("by all", "by all the", "by all our", "across all", "across all the"),
                *("across all our", "across all of the", "across all of our", "over all the"),
                *("in this file", "in the file", "in this data", "in this dataset", "in here"),
                *("ended up", "end up", "turned out", "turns out", "would you say", "do you think"),
                *("on record", "on file", "on the books", "in the system", "in our system"),
                *("in the records", "in our records", "in our database", "in our data"),
                *("how heavy", "how high", "how low", "how expensive", "how cheap", "how big"),
                *("how large", "how far", "how tall", "as of yet", "as yet", "in question"),
                *("find out", "work out", "figure out", "found out", "in our company"),
                *(
                    "in the company",
                    "at our company",
                    "at the company",
                    "in our shop",
                    "in our store",
                ),
                *("over the whole period", "in the whole period", "over the entire period"),
                *("in the entire period", "during the whole period", "during the entire period"),
                *(
                    "throughout the data",
                    "over the period of the data",
                    "in the period of the data",
                ),
                *("over the period covered by the data", "in the period covered by the data"),
                *("during the period covered by the data", "over the period covered", "currently"),
                *("throughout the period", "across the whole period", "over all the data"),
                *("break down", "broken down", "split up", "pull up", "look up", "sum up"),
                *("so far", "to date", "until now", "up to now", "these days", "at the moment"),
                *("right now", "at present", "as of now", "as of today", "at this time"),
                "in total",
                *_THROUGHOUT,
                *("my", "us", "they", "he", "she", "his", "her", "him", "these", "those"),
                "far",
                "being",
                ",",
            ),
        ),
    },
    indonesian={
        "and": (
            *("dan", "sama", ",", "serta", "&", ", dan", "beserta", "tapi", "tetapi", "namun"),
            *(", tapi", ", tetapi", ", namun", "dan juga", "sekaligus", "ditambah", "plus"),
        ),
        "or": ("atau", "ataupun", ", atau", "maupun"),
        "versus": (
            *(
                "vs",
                "versus",
                "lawan",
                "dibanding",
                "dibandingkan",
                "dengan",
                "terhadap",
                "melawan",
            ),
            *("dibandingkan dengan", "dibanding dengan", "daripada", "ketimbang"),
            *(
                "dibandingin",
                "dibandingin sama",
                "banding",
                "jika dibandingkan dengan",
                "dari pada",
            ),
        ),
        "to": ("terhadap", "thd", "trhdp", "dan", "dengan", "per", "dibanding"),
        "glue": (
            "pas",
            *("di", "ke", "dari", "pada", "untuk", "yang", "dengan", "adalah", "ada", "itu", "ini"),
            *("para", "oleh", "dalam", "nya", "memiliki", "mempunyai", "punya", "semua", "seluruh"),
            *("kami", "kita", "saya", "sudah", "telah", "saja", "sih", "dong", "ya", "terdapat"),
            *(
                *(
                    "semuanya",
                    "seluruhnya",
                    "keseluruhannya",
                    "pernah",
                    "dalam data",
                    "tabel",
                    "di tabel",
                    "nih",
                ),
                *("terhadap", "total keseluruhan", "apa saja", "nilai", "ada di"),
                "berada",
                "berasal",
                "terletak",
                *("sama sekali", "apa pun", "satu pun"),
                *("minimal sekali", "setidaknya sekali", "paling tidak sekali"),
                *("oleh semua", "oleh seluruh"),
                *("di file ini", "di data ini", "dalam file ini", "dalam data ini"),
                "di sini",
                "di file ini",
                "di data ini",
                "dalam file ini",
                *("di perusahaan kita", "di perusahaan ini", "di perusahaan kami", "di perusahaan"),
                *(
                    "di toko kita",
                    "di toko kami",
                    "di toko ini",
                    "di kantor kita",
                    "di kantor kami",
                ),
                *("di sistem", "dalam sistem", "di database", "dalam database", "di catatan"),
                *("dalam catatan", "di sistem kami", "dalam basis data", "di basis data"),
                *("seberapa besar", "seberapa berat", "seberapa tinggi", "seberapa mahal"),
                *("seberapa jauh", "seberapa luas"),
                *("sejauh ini", "saat ini", "hingga saat ini", "sampai saat ini", "hingga kini"),
                *("hingga sekarang", "sampai sekarang", "sampai kini", "selama ini", "sejauh ini"),
                *("sedang", "tengah", "selama periode data ini", "selama periode data"),
                *("sepanjang periode data", "sepanjang periode data ini", "sepanjang data"),
                *("dalam periode data ini", "dalam periode data", "selama seluruh periode"),
                *("sepanjang seluruh periode", "di seluruh periode", "pada seluruh periode"),
                *_SELAMANYA,
                *_KALAU,
                *("selama periode yang ada", "selama periode yang tercatat", "selama masa data"),
                "milik",
                "secara",
                "sebagai",
                "tolong",
                "coba",
                ",",
            ),
        ),
    },
    samples=(
        Sample(
            "en",
            "Total assets by type and status",
            """SELECT jenis_koperasi, status_koperasi, SUM(total_aset)
            FROM koperasi GROUP BY 1, 2""",
        ),
        Sample(
            "id",
            "Berapa koperasi di Bali atau Banten?",
            """SELECT COUNT(*) FROM koperasi k JOIN provinsi p ON p.provinsi_id = k.provinsi_id
            WHERE p.nama_provinsi IN ('Bali', 'Banten')""",
        ),
    ),
)
