"""Listings: rows as they are, in an order."""

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import DIMENSION, MEASURED, NOUN, amount
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import (
    Ask,
    Calendar,
    Clock,
    Column,
    Computed,
    Dimension,
    Measured,
    Rows,
    Sign,
    Sort,
    Which,
)

SORTED = (*NOUN, *MEASURED, Rows, Calendar)


def _sort(
    _sign: Sign, by: "Column | Computed | Measured | Rows | Calendar", way: Sign | None = None
) -> Sort:
    descending = None if way is None else way.name == "descending"
    return Sort(amount(by) if isinstance(by, Computed) else by, descending)


def _then(
    sign: Sign,
    by: "Column | Computed | Measured | Rows | Calendar | Clock",
    way: Sign | None = None,
) -> Sort:
    """The words "And then by name": what comes after another order."""
    of = Calendar(None, by.axis) if isinstance(by, Clock) else by
    return replace(_sort(sign, of, way), then=True)


def _which_number(_in: Sign, of: Dimension, _sign: Sign) -> Which:
    """The words "Pada tahun berapa"."""
    return Which(of)


def _way(way: Sign) -> Sort:
    return Sort(None, way.name == "descending")


def _ordered(most: tuple[str, ...], word: str) -> tuple[str, ...]:
    """What says that the greatest, or the least, come first."""
    sorting = ("", "urutkan ", "urut ", "diurutkan ", "mulai ", "dimulai ", "urutan ", "urutannya ")
    starts = (f"{each}{start}" for each in sorting for start in ("dari", "dari yang"))
    superlatives = [f"{paling}{each}" for each in most for paling in ("ter", "paling ")]
    firsts = ("dulu", "dulu ya", "duluan", "di atas", "lebih dulu", "di urutan pertama")
    return (
        word,
        *(f"{start} {each}" for start in starts for each in superlatives),
        *(
            f"{yang}{each} {first}"
            for yang in ("", "yang ")
            for each in superlatives
            for first in firsts
        ),
    )


KIND = Kind(
    "listing",
    "Rows as they are: list the customers in Bandung.",
    english={
        "show": (
            *("show", "list", "display", "give", "give me", "show me", "list all", "find", "get"),
            *("print", "name", "tell me", "i want to see", "i need", "can you show me", "see"),
            *("could you show me", "show us", "i'd like to see", "return", "view", "a list of"),
            *("list of", "names of", "details of", "i would like to see", "can you list"),
            "sorted",
        ),
        "put in order": (*("sort", "arrange", "order the", "order all", "order our"),),
        "which": ("which", "what", "which ones"),
        "who": ("who", "whom", "by whom", "who are", "who is"),
        "value": ("what is", "what was", "what's", "tell me", "calculate"),
        "what are": ("what are", "what were"),
        "when": ("when", "what date", "on which date", "which date"),
        "catalogue": (
            *("what data", "which data", "what tables", "which tables", "what can i ask"),
            *("what data is there", "what data do you have", "what information", "available data"),
            *("what is in this database", "what tables are there", "what can you answer"),
            *(
                "what columns",
                "list the columns",
                "list columns",
                "which columns",
                "what fields",
                "describe the data",
            ),
            *("what data is available", "which tables are there", "what can i ask you"),
            *("what kind of data", "what kinds of data", "what sort of data", "what type of data"),
            *("what types of data", "what sorts of data", "what kind of information"),
            *("what is in here", "what's in here", "what's in this database", "what's in the data"),
            *("what do you know about", "what can i ask about", "what can i query"),
            *("what questions can i ask", "what kind of questions can i ask", "what do you have"),
            *("list the tables", "list all tables", "show the tables", "show all tables"),
            *("show me the tables", "show me all tables", "list of tables", "what is this data"),
            *("what is this database about", "what does this database contain"),
        ),
        "sorted by": (
            "sorted by",
            "ordered by",
            "order by",
            "sort by",
            "in order of",
            "arranged by",
        ),
        "then by": tuple(
            f"{start}then{by}"
            for start in ("", "and ", ", ", ", and ")
            for by in ("", " by", " by the", " sorted by", " ordered by")
        ),
        "descending": (
            *("descending", "desc", "highest first", "largest first"),
            *("from highest to lowest", "highest to lowest", "from largest to smallest"),
            *("from the highest to the lowest", "from the largest to the smallest"),
            *("largest to smallest", "sorted from highest", "sort from highest", "most first"),
            *("biggest first", "top first", "greatest first"),
            *(
                "biggest to smallest",
                "big to small",
                "high to low",
                "most to least",
            ),
        ),
        "ascending": (
            *("ascending", "asc", "lowest first", "smallest first"),
            *("from lowest to highest", "lowest to highest", "from smallest to largest"),
            *("from the lowest to the highest", "from the smallest to the largest"),
            *("smallest to largest", "sorted from lowest", "least first"),
            *("fewest first", "small to big", "low to high", "least to most"),
            "smallest to biggest",
        ),
    },
    indonesian={
        "show": (
            *("tampilkan", "daftar", "sebutkan", "lihat", "tunjukkan", "perlihatkan", "cari"),
            *("berikan", "beri", "minta", "carikan", "tampilkan daftar", "buat daftar", "apa saja"),
            *("tampilin", "kasih lihat", "list", "cantumkan", "daftarkan", "saya ingin melihat"),
            *("saya mau lihat", "mana saja", "aku mau lihat", "buatkan daftar"),
            *("diurutkan", "dengan urutan", "peringkatkan", "diurutin"),
        ),
        "put in order": ("urutkan", "mengurutkan", "susun", "urutin", "sortir"),
        "which": ("mana", "apa", "manakah", "apakah", "yang mana"),
        "who": ("siapa", "siapakah", "siapa saja", "siapa yang", "siapa saja yang"),
        "value": ("berapa", "berapakah", "brp", "hitung", "hitunglah", "bagaimana"),
        "when": ("kapan", "tanggal berapa", "kapankah"),
        "catalogue": (
            *("data apa saja", "data apa", "tabel apa saja", "ada data apa", "ada data apa saja"),
            *("apa saja yang bisa ditanyakan", "apa yang bisa ditanyakan", "tabel apa", "isi data"),
            *("informasi apa saja", "data apa saja yang ada", "data apa saja yang tersedia"),
            *("data tentang apa saja", "data tentang apa", "data mengenai apa saja", "datanya apa"),
            *("ada data tentang apa saja", "ada data apa saja di sini", "datanya apa saja"),
            *("tanya apa saja", "tanya soal apa saja", "nanya apa saja", "tanya apa", "nanya apa"),
            *("bisa tanya apa saja", "bisa tanya soal apa saja", "bisa nanya apa aja"),
            *("tanya tentang apa saja", "data apa aja", "ada apa saja di sini", "tabel apa aja"),
            *("apa saja isi database ini", "apa isi database ini", "isi database ini apa saja"),
            *("daftar tabel", "tampilkan tabel", "sebutkan tabel", "jenis data apa saja"),
            *("bisa menjawab apa saja", "apa saja yang bisa saya tanyakan", "tabelnya apa saja"),
            *(
                "tabel apa saja yang ada",
                "ada tabel apa saja",
                "kolom apa saja",
                "apa saja kolom",
                "daftar kolom",
                "nama kolom",
                "kolom apa",
            ),
        ),
        "then by": tuple(
            f"{start}{then}{by}"
            for start in ("", "dan ", ", ", ", dan ")
            for then in ("lalu", "kemudian", "setelah itu")
            for by in ("", " berdasarkan", " menurut", " diurutkan menurut")
        ),
        "sorted by": tuple(
            f"{sorted_} {by}".strip()
            for sorted_ in (
                "urutkan",
                "diurutkan",
                "urut",
                "urutan",
                "urutin",
                "diurutin",
                "sortir",
            )
            for by in ("berdasarkan", "menurut", "berdasar", *([""] if sorted_ == "urut" else []))
        ),
        "descending": (
            *_ordered(("besar", "tinggi", "banyak"), "menurun"),
            *(
                f"{start}{each}"
                for start in ("dari ", "urut dari ", "urutkan dari ", "diurutkan dari ", "")
                for each in ("besar ke kecil", "tinggi ke rendah", "banyak ke sedikit")
            ),
        ),
        "ascending": (
            *_ordered(("kecil", "rendah", "sedikit"), "menaik"),
            *(
                f"{start}{each}"
                for start in ("dari ", "urut dari ", "urutkan dari ", "diurutkan dari ", "")
                for each in ("kecil ke besar", "rendah ke tinggi", "sedikit ke banyak")
            ),
        ),
    },
    rules=(
        Rule("show", ("show",), lambda _sign: Ask("list")),
        Rule("put in order", ("put in order",), lambda _sign: Ask("list", in_order=True)),
        Rule("which", ("which",), lambda _sign: Ask("which"), cost=0.1),
        Rule("who", ("who",), lambda _sign: Ask("who"), cost=0.1),
        Rule("which things", ("which", DIMENSION), lambda _sign, of: Which(of), tight=True),
        Rule(
            "in things of which number",
            ("during", DIMENSION, "value"),
            _which_number,
            tight=True,
            plain=True,
        ),
        Rule("things, which", (DIMENSION, "which"), lambda of, _sign: Which(of)),
        Rule("who of them", ("who", DIMENSION), lambda _s, of: Which(of, person=True), tight=True),
        Rule("people, who", (DIMENSION, "who"), lambda of, _s: Which(of, person=True)),
        Rule("value", ("value",), lambda _sign: Ask("value")),
        Rule("values", ("what are",), lambda _sign: Ask("value")),
        Rule("which are", ("what are",), lambda _sign: Ask("which"), cost=0.05),
        Rule("when", ("when",), lambda _sign: Ask("when")),
        Rule("catalogue", ("catalogue",), lambda _sign: Ask("catalogue")),
        Rule("sorted", ("sorted by", SORTED), _sort),
        Rule("sorted in a direction", ("sorted by", SORTED, "descending"), _sort),
        Rule("sorted rising", ("sorted by", SORTED, "ascending"), _sort),
        Rule(
            "sorted by time", ("sorted by", Clock), lambda _s, c: Sort(Calendar(None, c.axis), None)
        ),
        Rule("then by", ("then by", (*SORTED, Clock)), _then, cost=0.1, tight=True),
        *(
            Rule(f"then by, {way}", ("then by", (*SORTED, Clock), way), _then, cost=0.05)
            for way in ("descending", "ascending")
        ),
        Rule("falling", ("descending",), _way),
        Rule("rising", ("ascending",), _way),
    ),
    samples=(
        Sample(
            "en",
            "List the provinces in Jawa",
            "SELECT nama_provinsi FROM provinsi WHERE pulau = 'Jawa'",
        ),
        Sample(
            "id",
            "Tampilkan provinsi di Kalimantan",
            "SELECT nama_provinsi FROM provinsi WHERE pulau = 'Kalimantan'",
        ),
    ),
)
