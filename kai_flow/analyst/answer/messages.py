"""Why a question is not answered, or not yet: each message names the reason and the remedy."""

from typing import Final

from kai_flow.analyst.answer.message import Message

# What the analyst never does

WRITE: Final = Message(
    "Saya hanya membaca data dan tidak pernah mengubahnya. Tanyakan apa yang ada di dalam data.",
    "I only read data and never change it. Ask what the data contains.",
)
RAW_SQL: Final = Message(
    "Saya tidak menjalankan SQL yang diketik. Tanyakan hal yang sama dengan kata-kata biasa.",
    "I do not run SQL that is typed in. Ask the same thing in plain words.",
)
REVEAL: Final = Message(
    "Saya hanya menjawab pertanyaan tentang data. Instruksi, kata sandi, dan pengaturan saya tidak"
    " dapat ditampilkan atau diubah di sini.",
    "I only answer questions about the data. My instructions, passwords and settings cannot be"
    " shown or changed here.",
)
FORECAST: Final = Message(
    "Saya tidak membuat ramalan: data hanya memuat apa yang sudah terjadi. Tanyakan tren atau"
    " pertumbuhan sampai sekarang.",
    "I do not make forecasts: the data only holds what has happened. Ask for the trend or the"
    " growth so far.",
)
CAUSE: Final = Message(
    "Data menunjukkan apa yang terjadi, bukan sebabnya. Tanyakan angkanya, misalnya perubahannya"
    " per bulan atau per kategori.",
    "The data shows what happened, not why. Ask for the numbers, such as the change by month or by"
    " category.",
)
ADVICE: Final = Message(
    "Saya tidak memberi saran atau pendapat. Tanyakan angka yang Anda perlukan untuk memutuskan.",
    "I do not give advice or opinions. Ask for the numbers that you need to decide.",
)

# What is no question about data

UNKNOWN_LANGUAGE: Final = Message(
    "Pertanyaan ini tampaknya bukan dalam bahasa Indonesia atau Inggris. Tanyakan dalam salah satu"
    " dari kedua bahasa itu.",
    "This question does not seem to be in English or Indonesian. Ask in one of these two"
    " languages.",
)
TOO_LONG: Final = Message(
    "Pertanyaan ini terdiri dari {words} kata; paling banyak {most} kata. Tanyakan dengan lebih"
    " singkat.",
    "The question has {words} words; at most {most} are allowed. Ask it in fewer words.",
)
TOO_INVOLVED: Final = Message(
    "Kata-kata pertanyaan ini dapat dihubungkan dengan terlalu banyak cara. Tanyakan dengan lebih"
    " singkat, atau satu hal saja.",
    "The words of this question go together in too many ways. Ask it in fewer words, or ask for one"
    " thing at a time.",
)
TOO_SLOW: Final = Message(
    "Pertanyaan ini tidak selesai dibaca dalam {seconds} detik. Tanyakan dengan lebih singkat.",
    "The question could not be read within {seconds} seconds. Ask it in fewer words.",
)

# Words

NOTHING_KNOWN: Final = Message(
    "Tidak ada tabel, kolom, atau nilai yang dikenali dalam pertanyaan ini. Sebutkan paling"
    " sedikit satu.",
    "No table, column or value was recognised in this question. Name at least one.",
)
UNKNOWN_WORD: Final = Message(
    "“{word}” bukan nama tabel, kolom, atau nilai dalam basis data ini. Periksa ejaannya, atau"
    " pakai nama yang ada.",
    "“{word}” is not the name of a table, column or value in this database. Check the spelling, or"
    " use a name that exists.",
)
NOT_UNDERSTOOD: Final = Message(
    "Bagian “{words}” tidak dipahami, jadi pertanyaan ini tidak dijawab. Hilangkan bagian itu, atau"
    " katakan dengan cara lain.",
    "The part “{words}” was not understood, so the question is not answered. Leave it out, or say"
    " it in other words.",
)
NO_CHOICE: Final = Message(
    "Pertanyaan ini tidak punya pilihan nomor {number}. Hapus nomor dalam kurung siku di akhir"
    " pertanyaan.",
    "This question has no choice with the number {number}. Delete the number in square brackets at"
    " its end.",
)
NO_READING: Final = Message(
    "Kata-katanya dikenali, tetapi tidak jelas apa yang ditanyakan bersama-sama. Tanyakan satu hal"
    " saja, misalnya “total X per Y”.",
    "The words are known, but not what they ask for together. Ask for one thing at a time, for"
    " example “total X by Y”.",
)

# Times

PERIOD_REVERSED: Final = Message(
    "Periode “{period}” berakhir sebelum dimulai. Sebutkan awalnya lebih dahulu.",
    "The period “{period}” ends before it begins. Name its beginning first.",
)
NO_TIME: Final = Message(
    "{table} tidak memiliki kolom tanggal atau tahun. Tanyakan tanpa waktu.",
    "{table} has no column with a date or a year. Ask without a time.",
)
TOO_FINE: Final = Message(
    "{axis} hanya dicatat per {finest}, jadi tidak dapat dibagi per {asked}. Tanyakan per"
    " {finest}.",
    "The {axis} is recorded only by {finest}, so it cannot be divided by {asked}. Ask by {finest}.",
)
COARSE: Final = Message(
    "{axis} hanya dicatat per {finest}. Tanyakan per {finest}.",
    "The {axis} is recorded only by {finest}. Ask by {finest}.",
)
NEEDS_TIME: Final = Message(
    "Angka ini memerlukan satuan waktu. Tambahkan misalnya “per bulan” atau “per tahun”.",
    "This number needs a unit of time. Add “by month” or “by year”, for example.",
)

OVERLAPPING: Final = Message(
    "Periode yang dibandingkan saling tumpang tindih. Sebutkan periode yang terpisah.",
    "The periods to compare overlap. Name periods that are apart.",
)

# Numbers

UNDATED: Final = Message(
    "Data tidak mencatat {column} dari waktu ke waktu. Tanyakan tanpa periode.",
    "The data does not record the {column} over time. Ask without a period.",
)
RATE_SUMMED: Final = Message(
    "Menjumlahkan {column} tidak bermakna: itu bukan banyaknya sesuatu, melainkan misalnya harga,"
    " persentase, atau tahun. Tanyakan rata-rata, nilai terendah, atau nilai tertinggi.",
    "Adding up {column} has no meaning: it is no quantity, but a price, a percentage or a year, for"
    " example. Ask for the average, the lowest or the highest.",
)
NOT_A_NUMBER: Final = Message(
    "{column} bukan angka, jadi {function} tidak dapat dihitung. Tanyakan jumlahnya, atau pilih"
    " kolom angka.",
    "{column} is not a number, so the {function} cannot be computed. Ask how many there are, or"
    " choose a column with numbers.",
)
NOT_COMPARABLE: Final = Message(
    "{column} tidak dapat dibandingkan dengan {value}, karena jenisnya berbeda. Bandingkan dengan"
    " nilai yang sejenis.",
    "{column} cannot be compared with {value}: they are of different kinds. Compare it with a value"
    " of its own kind.",
)
LIMIT_ZERO: Final = Message(
    "{limit} baris tidak dapat ditampilkan. Sebutkan jumlah mulai dari 1.",
    "{limit} rows cannot be shown. Name a number from 1 on.",
)

NOT_DIVISIBLE: Final = Message(
    "{measure} tidak dapat dibagi dalam persen, karena bagian-bagiannya bukan satu keseluruhan."
    " Tanyakan persentase dari jumlah atau total.",
    "{measure} cannot be divided into percentages, because its parts make no whole. Ask for the"
    " percentage of a number or of a total.",
)
PERCENT_OF_GROUPS: Final = Message(
    "Persentase memerlukan kelompok yang dibandingkan. Tambahkan misalnya “per …”.",
    "A percentage needs groups to compare. Add “by …”, for example.",
)
EACH_OF_GROUPS: Final = Message(
    "Peringkat “untuk setiap …” memerlukan dua kelompok. Sebutkan keduanya, misalnya “3 produk"
    " teratas untuk setiap wilayah”.",
    "A ranking “for each …” needs two groupings. Name both, such as “top 3 products for each"
    " region”.",
)
NOT_ORDERED: Final = Message(
    "{column} tidak memiliki nilai terendah atau tertinggi. Pilih kolom angka atau tanggal.",
    "{column} has no lowest or highest value. Choose a column with numbers or dates.",
)

# Tables

NO_TABLES: Final = Message(
    "Basis data ini tidak memiliki tabel yang dapat dibaca. Periksa URI koneksi dan hak aksesnya.",
    "This database has no tables that can be read. Check the connection’s URI and its permissions.",
)
UNCONNECTED: Final = Message(
    "{table} dan {other} tidak terhubung oleh kunci apa pun. Tanyakan satu per satu.",
    "No key connects {table} and {other}. Ask about one at a time.",
)

# Formulas that were taught

FORMULA_SYNTAX: Final = Message(
    "Rumus “{formula}” untuk {name} tidak dapat dibaca. Yang diperbolehkan: nama kolom, angka,"
    " + - * / dan tanda kurung.",
    "The formula “{formula}” for {name} cannot be read. Column names, numbers, + - * / and brackets"
    " are allowed.",
)
FORMULA_COLUMN: Final = Message(
    "Rumus untuk {name} menyebut “{column}”, padahal tidak ada kolom dengan nama itu. Perbaiki nama"
    " kolomnya.",
    "The formula for {name} mentions “{column}”, but there is no such column. Correct its name.",
)
FORMULA_AMBIGUOUS: Final = Message(
    "Rumus untuk {name} menyebut “{column}”, yang ada di beberapa tabel: {tables}. Tulis nama"
    " tabelnya di depan.",
    "The formula for {name} mentions “{column}”, which is in several tables: {tables}. Write the"
    " table’s name before it.",
)
FORMULA_NUMBERS: Final = Message(
    "Rumus untuk {name} menghitung dengan “{column}”, padahal isinya bukan angka. Pakai kolom"
    " angka.",
    "The formula for {name} calculates with “{column}”, which holds no numbers. Use a column of"
    " numbers.",
)
FORMULA_ZERO: Final = Message(
    "Rumus untuk {name} selalu membagi dengan nol. Perbaiki rumusnya.",
    "The formula for {name} always divides by zero. Correct the formula.",
)
FORMULA_TABLES: Final = Message(
    "Rumus untuk {name} memakai kolom dari tabel yang tidak terhubung: {tables}. Pakai kolom dari"
    " satu tabel, atau dari tabel yang terhubung.",
    "The formula for {name} uses columns of tables that are not connected: {tables}. Use columns of"
    " one table, or of connected ones.",
)
FORMULA_CYCLE: Final = Message(
    "Rumus untuk {name} merujuk pada dirinya sendiri. Perbaiki rumusnya.",
    "The formula for {name} refers to itself. Correct the formula.",
)
