"""Further columns of what is listed: together with their price, and what is the size of each."""

from kai_flow.analyst.kinds.building import MEASURED
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Ask,
    Clock,
    Column,
    Computed,
    Implied,
    Measured,
    Part,
    Rows,
    Shown,
    Sign,
)

THING = (Column, Computed, Clock, Rows, *MEASURED)
"""What can be shown beside what is listed."""

_Thing = Column | Computed | Clock | Rows | Measured


def _shown(*parts: Part) -> Shown:
    """What is named last, besides signs."""
    things = [part for part in parts if not isinstance(part, Sign | Ask)]
    if isinstance(things[-1], Rows) and Sign("count") in parts:
        return Shown((Amount(Function.COUNT, None, things[-1].table),))
    return Shown((things[-1],), person=Sign("who") in parts)  # type: ignore[arg-type]  # the pattern has a thing


def _shown_alone(*parts: Part) -> Shown | None:
    """The words ", ongkirnya total berapa" ask for a total, and show none of each row."""
    added = any(isinstance(part, Amount) and part.function is Function.SUM for part in parts)
    return None if added else _shown(*parts)


def _left_of_each(*parts: Part) -> Shown | None:
    """The words "and how many of each are in stock": a number of the row itself."""
    column = parts[-1]
    return Shown((column,)) if isinstance(column, Column) and column.number else None


def _more(shown: Shown, *rest: Part) -> Shown | None:
    thing = _shown(*rest).things[0]
    return None if thing in shown.things else Shown((*shown.things, thing), shown.person)


_IF_SO = ("", "if so", "if any", "if yes")
_ENGLISH_ONES = (
    *("which ones", "which one", "who are they", "what are they", "which are they", "who is it"),
    *("which ones are they", "what are their names", "name them", "list them", "who are these"),
)
_INDONESIAN_ONES = (
    *("yang mana saja", "yang mana", "mana saja", "apa saja", "siapa saja mereka"),
    *("sebutkan", "tolong sebutkan", "tampilkan", "yang mana saja itu", "apa saja itu"),
)

_ITS_NUMBER = (
    *(
        f"{link} {what}"
        for link in (
            *("and", "with", "along with", "together with", "plus", "including", "include"),
            *("also include", "please include", "and include", "also show", "and show"),
            *("also give", "also list", "also add", "please also show", "please also include"),
            *("show me also", "also tell me", "and also show", "and also give"),
        )
        for what in (
            *("its value", "their values", "the value", "the values", "the amount", "the amounts"),
            *("the count", "the counts", "their counts", "the number of each"),
            *("the number", "the numbers", "the respective numbers", "the corresponding number"),
            *(
                "that number",
                "that quantity",
                "that amount",
                "that total",
                "that figure",
                "that value",
            ),
            *("the total", "the totals", "the figures", "the figure", "the corresponding value"),
        )
    ),
    *(
        f"{link} the {what} {too}"
        for link in ("show", "give", "include", "list", "and show", "and give", "and include")
        for what in (
            "number",
            "numbers",
            "amount",
            "amounts",
            "total",
            "totals",
            "figure",
            "figures",
        )
        for too in ("too", "as well", "also")
    ),
    *(
        f"{link} {me} the {what}{too}"
        for link in ("give", "show", "tell", "and give", "and show", "and tell", "also give")
        for me in ("me", "us")
        for what in ("totals", "total", "numbers", "number", "figures", "amounts", "counts")
        for too in ("", " too", " as well", " also")
    ),
    *(
        f"{link} {me}{what}{too}"
        for link in ("show", "tell", "give", "and show", "and tell", "and give", "also tell")
        for me in ("", "me ", "us ")
        for what in ("how many", "how much", "how many times", "how many each", "how much each")
        for too in ("", " too", " as well", " also", " it is", " there are", " each has")
    ),
    *(
        f"{link} {ask}{whom}"
        for link in ("and", ", and", "and also")
        for ask in ("how many", "how much")
        for whom in (
            *("", " each", " did each", " did each of them", " does each", " does each of them"),
            *(" were there for each", " are there for each", " is it", " was it"),
            *(" did they each", " do they each", " each of them", " each one", " for each"),
            *(" is it for each", " was it for each", " in each", " were there in each"),
        )
    ),
)
_TULIS = (
    *("tulis", "tuliskan", "sertakan", "cantumkan", "tampilkan", "sebutkan", "tunjukkan"),
    *("sebut", "kasih", "masukkan", "ikutkan", "lampirkan", "jangan lupa", "jangan lupa sertakan"),
    *("jangan lupa tulis", "jangan lupa cantumkan", "jangan lupa sebutkan"),
)
_JUGA = (" juga", "", " sekalian", " pula")
_NILAINYA = (
    *(
        f"{link} {what}{masing}"
        for link in (
            *("beserta", "berikut", "serta", "dan", "disertai", "lengkap dengan", "dengan"),
            *("beserta dengan", "sekaligus", "dan berapa", ", dan berapa", "serta berapa"),
            *("sekalian", "sekalian dengan", "sekalian sama", "sekalian berapa", "sama"),
            *(f"sekalian {tulis}" for tulis in _TULIS),
            *(f"{dan}{tulis}{juga}" for dan in ("", "dan ") for tulis in _TULIS for juga in _JUGA),
        )
        for what in (
            *("nilainya", "jumlahnya", "totalnya", "angkanya", "besarnya", "banyaknya"),
            *("berapa kali", "berapa kalinya", "berapa jumlahnya", "berapa totalnya"),
        )
        for masing in ("", " masing-masing", " sekalian", " juga")
    ),
    *("dan berapa masing-masing", "dan masing-masing berapa", "dan berapa masing-masingnya"),
    *("beserta nilai masing-masing", "beserta jumlah masing-masing", "dan nilai masing-masing"),
)

KIND = Kind(
    "further",
    "Further columns of what is listed: products together with their price.",
    english={
        "further": (
            *("together with", "together with their", "together with its", "along with"),
            *("along with their", "along with its", "alongside", "including", "including their"),
            *("including its", "with their", "with its", "with his", "with her", "plus", "incl"),
            *("plus their", "plus its", "and their", "and its", "as well as their", "showing"),
            *("as well as its", "with the corresponding", "with the respective", "and also their"),
            *("accompanied by", "with details of", "each with its", "each with their"),
            *("and the corresponding", "and the respective", "listed with", "complete with"),
            *("include", "include their", "include its", "also include", "please include"),
            *(
                "also show",
                "also give",
                "also list",
                "and include",
                "that includes",
                "that include",
            ),
            *("which includes", "which include", "that shows", "that show", "and show", "and give"),
            *("and show their", "and list their", "and give their", "with columns", "also with"),
            *("together with the", "along with the", "including the", "plus the"),
            *("also show the", "also include the", "also include their", "also show their"),
            *("include the", "please also show", "please also include", "show me also"),
            *("please include the", "please include their", "please also show the"),
        ),
        "with": ("with", "with the"),
        "of each": (
            *("of each", "of each of them", "of each one", "for each", "for each of them", "each"),
            *("for each one", "respectively", "of them", "of these", "of those", "each of them"),
            *("they have", "it has", "each has", "each one has", "each of them has", "have", "has"),
            *("does each belong to", "does each of them belong to", "each belongs to"),
            *("do they belong to", "they belong to", "it belongs to", "it is in", "they are in"),
            *("is each of them", "is each", "are they", "is it", "is each one", "are they in"),
            *("they report to", "he reports to", "she reports to", "each reports to"),
            *("is each in", "is each of them in", "does each have", "does each of them have"),
        ),
        "left over": ("left", "are left", "remain", "still remain", "are remaining", "left over"),
        "which ones": (
            *("if so who", "if so which"),
            *(
                f"{so} {ones}".strip()
                for so in (*_IF_SO, "and", "and if so", ", and")
                for ones in _ENGLISH_ONES
            ),
        ),
        "its number": _ITS_NUMBER,
        "glue": (*_IF_SO[1:], "if there are", "if there is", "if there are any"),
    },
    indonesian={
        "further": (
            *("beserta", "berserta", "berikut", "sekaligus", "sekalian", "sekalian dengan"),
            *("lengkap dengan", "lengkap", "disertai", "disertai dengan", "bersama", "termasuk"),
            *("bersama dengan", "serta", "plus", "sama", "sekalian sama", "dilengkapi"),
            *("dilengkapi dengan", "juga", "dan juga", "tampilkan juga", "sertakan"),
            *("sertakan juga", "lengkap beserta", "berikut dengan", "dengan menyertakan"),
            *("cantumkan juga", "sebutkan juga", "dan sebutkan", "dan tampilkan", "yang memuat"),
            *("yang berisi", "dengan kolom", "dengan informasi", "termasuk informasi", "cantumkan"),
            *("beserta informasi", "beserta data", "dan cantumkan", "sekalian tampilkan"),
            *(f"{tulis}{juga}" for tulis in _TULIS for juga in _JUGA if juga),
            *(f"sekalian {tulis}" for tulis in _TULIS),
            *("tuliskan", "lampirkan", "jangan lupa sertakan", "jangan lupa cantumkan"),
        ),
        "with": ("dengan",),
        "of each": (
            *("masing-masing", "masing masing", "masing-masingnya", "mereka", "tiap-tiapnya"),
            *(
                "masing-masing berapa",
                "masing-masing apa",
                "dari masing-masing",
                "mereka masing-masing",
            ),
            *("untuk masing-masing", "milik mereka", "dari mereka"),
        ),
        "which ones": (
            *(
                f"{so} {ones}".strip()
                for so in ("dan", ", dan", "kalau ada ,", "kalau ada", "jika ada", "jika ada ,")
                for ones in _INDONESIAN_ONES
            ),
        ),
        "its number": _NILAINYA,
        "glue": ("kalau ada", "jika ada", "bila ada", "kalau memang ada", "adakah", "apabila ada"),
    },
    rules=(
        Rule("together with", ("further", THING), _shown),
        Rule("with", ("with", (Column, Clock)), _shown, cost=0.03),
        Rule("together with what is asked", ("further", "value", THING), _shown),
        Rule("together with each", ("further", THING, "of each"), _shown, cost=-0.02),
        *(
            Rule(f"and {ask}", (link, ask, THING), _shown, cost=cost)
            for link, cost in (("and", 0.1), ("further", 0.0))
            for ask in ("value", "which", "who", "when")
        ),
        *(
            Rule(f"and {ask} of each", ("and", ask, THING, "of each"), _shown)
            for ask in ("value", "which", "who", "when", "count")
        ),
        Rule("and how many of each", ("and", "count", "of each", Column), _left_of_each),
        Rule(
            "and how many of each are left",
            ("and", "count", "of each", "left over"),
            lambda *_signs: Shown((Amount(None, Implied("stock")),)),
        ),
        Rule("and a thing, which", ("and", THING, "which"), _shown, cost=0.1),
        Rule("and a thing, how much", ("and", THING, "value"), _shown_alone, cost=0.1),
        Rule("and of each", ("and", THING, "of each"), _shown),
        Rule("and more", (Shown, "and", THING), _more),
        Rule("together with more", (Shown, "further", THING), _more),
        Rule("and more of each", (Shown, "and", THING, "of each"), _more),
        Rule("and what more", (Shown, "and", "value", THING), _more),
        Rule("and which more", (Shown, "and", "which", THING), _more),
        Rule("which ones", ("which ones",), lambda _sign: Ask("list")),
        Rule("and which ones", ("and", "which ones"), lambda *_signs: Ask("list")),
    ),
    samples=(
        Sample(
            "en",
            "List the provinces in Java together with their capital city",
            "SELECT nama_provinsi, ibu_kota FROM provinsi WHERE pulau = 'Jawa'",
        ),
        Sample(
            "id",
            "Daftar koperasi jasa di Riau, beserta modal awal masing-masing",
            "SELECT k.nama_koperasi, k.modal_awal FROM koperasi k"
            " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
            " WHERE p.nama_provinsi = 'Riau' AND k.jenis_koperasi = 'Jasa'",
        ),
    ),
)
