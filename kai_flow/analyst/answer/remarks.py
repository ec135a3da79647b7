"""What is stated beside an answer: assumptions of the reading, and limits of the data."""

from typing import Final

from kai_flow.analyst.answer.message import Message

ANCHOR: Final = Message(
    "Waktu relatif dihitung dari {day}, hari terakhir pada {axis}.",
    "Relative times are counted from {day}, the last day of the {axis}.",
)
OUTSIDE: Final = Message(
    "{axis} dalam data hanya mencakup {first} sampai {last}.",
    "The {axis} in the data only covers {first} to {last}.",
)
INCOMPLETE: Final = Message(
    "Data berakhir pada {day}, jadi {period} mungkin belum lengkap.",
    "The data ends on {day}, so {period} may be incomplete.",
)
DERIVED: Final = Message(
    "{name} dihitung sebagai {formula}, karena tidak ada kolom yang memuatnya.",
    "No column holds the {name}; it is computed as {formula}.",
)
BEFORE: Final = Message(
    "Belum dikurangi {columns}: tidak jelas apakah itu persen atau jumlah.",
    "It is before {columns}: nothing tells whether that is a percentage or an amount.",
)
TAUGHT: Final = Message(
    "Dari glosarium: {name} = {formula}.",
    "From the glossary: {name} = {formula}.",
)
GLOSSARY: Final = Message(
    "Dari glosarium: {pairs}.",
    "From the glossary: {pairs}.",
)
JOIN_GUESSED: Final = Message(
    "{table} dan {other} dihubungkan melalui {columns}, karena nama dan nilainya cocok; basis data"
    " tidak menyatakan kunci asingnya.",
    "{table} and {other} are joined on {columns}, because names and values match; the database"
    " declares no foreign key.",
)
SAMPLED: Final = Message(
    "Dari {tables} hanya {rows} baris pertama yang dipindai; nilai yang baru muncul setelah itu"
    " mungkin tidak dikenali.",
    "Only the first {rows} rows of {tables} were scanned; values that occur only after them may not"
    " be recognised.",
)
SET_ASIDE: Final = Message(
    "Dikesampingkan, karena hanya menjelaskan latar pertanyaan: “{words}”.",
    "Set aside, because it only says why you ask: “{words}”.",
)
CAN_ASK: Final = Message(
    "Yang dapat ditanyakan: {things}.",
    "You can ask about: {things}.",
)
