"""What the analyst says when it cannot go on, in the language of the question."""

from kai_flow.analyst.language import Language

__all__ = ["say"]

_MESSAGES: dict[str, tuple[str, str]] = {
    "read_only": (
        "Saya hanya membaca data dan tidak mengubahnya; ajukan pertanyaan tentang isinya.",
        "I only read data and never change it; ask a question about what it holds.",
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
            "I do not find “{word}” in this database; check the spelling or use the name of a"
            " table, column or value that exists."
        ),
    ),
    "ranked_by_what": (
        "Peringkat “{table}” menurut apa? Sebutkan angka yang menjadi ukurannya.",
        "A ranking of “{table}” by what? Name the number it should go by.",
    ),
    "unconnected": (
        "Tabel “{table}” dan “{other}” tidak terhubung oleh kunci asing; tanyakan satu per satu.",
        "No foreign key connects the tables “{table}” and “{other}”; ask about one at a time.",
    ),
    "no_time": (
        "Tidak ada kolom tahun atau tanggal untuk “{table}”; tanyakan tanpa tahun.",
        "There is no year or date column for “{table}”; ask without a year.",
    ),
    "nothing_known": (
        "Saya tidak mengenali satu pun tabel, kolom, atau nilai dalam pertanyaan ini.",
        "I recognise no table, column or value in this question.",
    ),
    "not_understood": (
        (
            "Saya tidak memahami “{words}” dalam pertanyaan ini, jadi saya tidak menjawabnya;"
            " ajukan tanpa kata itu atau dengan cara lain."
        ),
        (
            "I did not understand “{words}” in this question, so I do not answer it; ask without"
            " it or in other words."
        ),
    ),
    "count_what": (
        "Saya tidak tahu apa yang harus dihitung; sebutkan tabelnya, misalnya “{table}”.",
        "I cannot tell what is to be counted; name the table, for example “{table}”.",
    ),
    "misleading": (
        (
            "Saya memahami kata-katanya, tetapi hubungannya dapat berarti lebih dari satu hal;"
            " tanyakan satu hal saja, dengan satu syarat."
        ),
        (
            "I understood the words, but together they can mean more than one thing; ask for one"
            " thing, with one condition."
        ),
    ),
    "too_long": (
        "Pertanyaan ini terdiri dari {words} kata; paling banyak {most}, jadi persingkatlah.",
        "The question has {words} words; at most {most} can be understood, so make it shorter.",
    ),
    "sampled": (
        (
            "Nilai tabel {tables} hanya dilihat dari {rows} baris pertamanya; nilai yang lain"
            " mungkin tidak saya kenali."
        ),
        ("I looked for values in the first {rows} rows of {tables} only; I may not know others."),
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
    """The sentence for ``key``."""
    indonesian, english = _MESSAGES[key]
    return (english if language == "en" else indonesian).format(**values)
