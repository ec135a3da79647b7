"""What is asked back when a question can be read in more than one way, or lacks a part."""

from typing import Final

from kai_flow.analyst.answer.message import Message

WHICH: Final = Message(
    "Mana yang Anda maksud: {choices}?",
    "Which do you mean: {choices}?",
)
WHICH_WORD: Final = Message(
    "“{word}” dapat berarti beberapa hal. Mana yang Anda maksud: {choices}?",
    "“{word}” can mean several things. Which do you mean: {choices}?",
)
RANKED_BY: Final = Message(
    "Menurut apa {table} diurutkan? Sebutkan ukurannya, misalnya: {choices}.",
    "What should {table} be ranked by? Name a measure, for example {choices}.",
)
COUNT_WHAT: Final = Message(
    "Apa yang harus dihitung? Sebutkan namanya, misalnya: {choices}.",
    "What should be counted? Name it, for example {choices}.",
)
EXCEPT_WHAT: Final = Message(
    "Apa yang dikecualikan setelah “{word}”? Sebutkan nilainya, misalnya: {choices}.",
    "What does “{word}” exclude? Name a value, for example {choices}.",
)
PERCENT_OF: Final = Message(
    "Persentase dari apa? Sebutkan keseluruhannya, misalnya: {choices}.",
    "A percentage of what? Name the whole, for example {choices}.",
)
COMPARED_WITH: Final = Message(
    "Dibandingkan dengan apa? Sebutkan dua nilai atau dua periode.",
    "Compared with what? Name two values or two periods.",
)
