"""The analyst's refusals and remarks, each in Indonesian and in English."""

from kai_flow.analyst.language import Language

__all__ = ["say"]

_MESSAGES: dict[str, tuple[str, str]] = {
    "read_only": (
        "Saya hanya membaca data dan tidak mengubahnya; ajukan pertanyaan tentang data itu.",
        "I only read data and never change it; ask a question about the data.",
    ),
    "unsupported": (
        (
            "Saya belum bisa menghitung “{word}”; tanyakan jumlah, total, rata-rata, nilai"
            " tertinggi atau terendah, peringkat, atau tren per tahun."
        ),
        (
            "I cannot work out “{word}” yet; ask for a count, total, average, highest or lowest"
            " value, a ranking, or a trend by year."
        ),
    ),
    "no_tables": (
        "Di basis data ini tidak ada tabel; periksa URI koneksinya.",
        "This database has no tables; check the connection's URI.",
    ),
    "denied": (
        "Saya hanya mengerti “{word}” di depan sebuah nilai; sebutkan nilai yang dikecualikan.",
        "I understand “{word}” only in front of a value; name the value to leave out.",
    ),
    "unknown_word": (
        (
            "Saya tidak menemukan “{word}” di basis data ini; periksa ejaannya atau pakai nama"
            " tabel, kolom, atau nilai yang ada."
        ),
        (
            "I cannot find “{word}” in this database; check the spelling, or use the name of a"
            " table, column or value that exists."
        ),
    ),
    "ranked_by_what": (
        "Peringkat “{table}” menurut apa? Sebutkan ukurannya, misalnya total atau rata-rata.",
        "What should “{table}” be ranked by? Name a number, such as a total or an average.",
    ),
    "unconnected": (
        "Tabel “{table}” dan “{other}” tidak terhubung oleh kunci asing; tanyakan satu per satu.",
        "No foreign key connects the tables “{table}” and “{other}”; ask about one at a time.",
    ),
    "no_time": (
        "“{table}” tidak memiliki kolom tahun atau tanggal; tanyakan tanpa tahun.",
        "“{table}” has no column with a year or a date; ask without a year.",
    ),
    "nothing_known": (
        "Saya tidak mengenali tabel, kolom, atau nilai dalam pertanyaan ini; sebutkan satu.",
        "I recognise no table, column or value in this question; name one of them.",
    ),
    "not_understood": (
        (
            "Saya tidak memahami “{words}”, jadi saya tidak dapat menjawab pertanyaan ini;"
            " hilangkan kata itu atau ubah kalimatnya."
        ),
        (
            "I did not understand “{words}”, so I cannot answer this question; leave it out, or"
            " rephrase the question."
        ),
    ),
    "count_what": (
        "Saya tidak tahu apa yang harus dihitung; sebutkan tabelnya, misalnya “{table}”.",
        "I cannot tell what to count; name the table, for example “{table}”.",
    ),
    "misleading": (
        (
            "Saya memahami kata-katanya, tetapi bersama-sama artinya dapat lebih dari satu;"
            " tanyakan satu hal saja, dengan satu syarat."
        ),
        (
            "I understand the words, but together they can mean more than one thing; ask for one"
            " thing at a time, with one condition."
        ),
    ),
    "too_long": (
        "Pertanyaan ini terdiri dari {words} kata; paling banyak {most} kata, jadi persingkatlah.",
        "The question has {words} words, and at most {most} are allowed; make it shorter.",
    ),
    "too_slow": (
        "Pertanyaan ini tidak dapat dipahami dalam {seconds} detik; persingkatlah.",
        "The question could not be understood within {seconds} seconds; make it shorter.",
    ),
    "sampled": (
        (
            "Nilai tabel {tables} hanya saya baca dari {rows} baris pertamanya; nilai yang lain"
            " mungkin tidak saya kenali."
        ),
        (
            "I read values only from the first {rows} rows of {tables}; I may not recognise values"
            " of later rows."
        ),
    ),
    "glossary": (
        "Dari glosarium: {pairs}.",
        "From the glossary: {pairs}.",
    ),
    "can_ask": (
        "Yang dapat ditanyakan: {things}.",
        "You can ask about: {things}.",
    ),
}


def say(language: Language, key: str, **values: str) -> str:
    """The sentence that ``key`` names, in this language, with its gaps filled."""
    indonesian, english = _MESSAGES[key]
    return (english if language == "en" else indonesian).format(**values)
