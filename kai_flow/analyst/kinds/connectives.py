"""The words between: conjunctions, prepositions, and what may be stepped over."""

from kai_flow.analyst.kinds.kind import Kind

KIND = Kind(
    "connectives",
    "Words that connect others.",
    english={
        "and": ("and", ",", "&", "plus", "as well as", ", and"),
        "or": ("or", ", or"),
        "versus": ("vs", "versus", "against", "compared to", "compared with", "or"),
        "to": ("to", "and", "by", "over"),
        "glue": (
            *("the", "a", "an", "of", "in", "at", "on", "for", "from", "with", "is", "are", "was"),
            *("were", "be", "been", "there", "that", "which", "who", "have", "has", "had", "do"),
            *("does", "did", "our", "we", "their", "its", "it", "all", "me", "please", "by", "to"),
            *(
                "whose",
                "having",
                "as",
                "either",
                "so",
                "them",
                "i",
                "at all",
                "so far",
                "in total",
                "my",
                "us",
                "far",
                "than",
                "being",
                ",",
            ),
        ),
    },
    indonesian={
        "and": ("dan", ",", "serta", "&", ", dan", "beserta"),
        "or": ("atau", ", atau", "maupun"),
        "versus": ("vs", "versus", "lawan", "dibanding", "dibandingkan", "dengan", "terhadap"),
        "to": ("terhadap", "dan", "dengan", "per", "dibanding"),
        "glue": (
            *("di", "ke", "dari", "pada", "untuk", "yang", "dengan", "adalah", "ada", "itu", "ini"),
            *("para", "oleh", "dalam", "nya", "memiliki", "mempunyai", "punya", "semua", "seluruh"),
            *("kami", "kita", "saya", "sudah", "telah", "saja", "sih", "dong", "ya", "terdapat"),
            *(
                "berada",
                "berasal",
                "terletak",
                "sama sekali",
                "di sini",
                "sejauh ini",
                "milik",
                "secara",
                "sebagai",
                "tolong",
                "coba",
                ",",
            ),
        ),
    },
)
