"""What is asked back when a question can be read in more than one way, or lacks a part."""

from typing import Final

from kai_flow.analyst.answer.message import Message

WHICH: Final = Message(
    "Mana yang Anda maksud: {choices}?",
    "Which do you mean: {choices}?",
)
OR: Final = Message(
    "Atau yang Anda maksud: {choices}?",
    "Or do you mean: {choices}?",
)
RANKED_BY: Final = Message(
    "Menurut apa {table} diurutkan? Sebutkan ukurannya, misalnya: {choices}.",
    "What should {table} be ranked by? Name a measure, for example {choices}.",
)
COMPARED_WITH: Final = Message(
    "Dibandingkan dengan apa? Sebutkan dua nilai atau dua periode.",
    "Compared with what? Name two values or two periods.",
)
ROWS_OR_TOTALS: Final = Message(
    "Apakah batas itu berlaku untuk setiap baris, atau untuk jumlah setiap kelompok? Sebutkan, "
    "misalnya “kota dengan total penjualan di atas 1 juta”.",
    "Does that limit apply to each row, or to the total of each group? Say which, for example "
    "“cities with total sales above 1 million”.",
)
ONLY_EVER: Final = Message(
    "Siapa yang melakukan itu saja dan tidak pernah yang lain, tidak dapat dihitung. Tanyakan "
    "tanpa “hanya”.",
    "Who did only that and never anything else cannot be told. Ask without “only”.",
)
OTHER_UNIT: Final = Message(
    "Data tidak menyebut bahwa angka ini dalam satuan itu. Tanyakan tanpa satuan.",
    "The data does not say that this number is in that unit. Ask without the unit.",
)
NOT_OVER_TIME: Final = Message(
    "Data tidak mencatat {measures} dari waktu ke waktu. Mana yang Anda maksud: {choices}?",
    "The data does not record the {measures} over time. Which do you mean: {choices}?",
)
