"""Questions in both languages against reference SQL written by hand for the demo database."""

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from kai_flow.agents import Task
from kai_flow.analyst.agent import Analyst
from kai_flow.connections.store import DEMO_ALIAS, ConnectionStore

P = "FROM koperasi k JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
L = (
    "FROM laporan_tahunan l JOIN koperasi k ON k.koperasi_id = l.koperasi_id"
    " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
)

INDONESIAN = [
    (
        "Tampilkan top 5 provinsi dengan rata-rata modal awal koperasi tertinggi",
        f"SELECT p.nama_provinsi, AVG(k.modal_awal) {P} GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
    ),
    (
        "Berapa jumlah koperasi per provinsi?",
        f"SELECT p.nama_provinsi, COUNT(*) {P} GROUP BY 1 ORDER BY 2 DESC, 1",
    ),
    (
        "Berapa banyak koperasi aktif di Jawa Barat?",
        f"SELECT COUNT(*) {P} WHERE k.status_koperasi = 'Aktif' AND p.nama_provinsi = 'Jawa Barat'",
    ),
    (
        "Berapa total aset koperasi di Bali?",
        f"SELECT SUM(k.total_aset) {P} WHERE p.nama_provinsi = 'Bali'",
    ),
    (
        "Provinsi mana yang memiliki jumlah anggota terbanyak?",
        f"SELECT p.nama_provinsi, SUM(k.jumlah_anggota) {P} GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
    ),
    (
        "Tampilkan 10 koperasi dengan modal awal terbesar",
        "SELECT nama_koperasi, modal_awal FROM koperasi ORDER BY 2 DESC, 1 LIMIT 10",
    ),
    (
        "Bagaimana tren jumlah koperasi per tahun sejak 2010?",
        (
            "SELECT tahun_berdiri, COUNT(*) FROM koperasi WHERE tahun_berdiri >= 2010"
            " GROUP BY 1 ORDER BY 1"
        ),
    ),
    (
        "Rata-rata modal awal per jenis koperasi",
        "SELECT jenis_koperasi, AVG(modal_awal) FROM koperasi GROUP BY 1 ORDER BY 2 DESC",
    ),
    ("Berapa modal awal tertinggi?", "SELECT MAX(modal_awal) FROM koperasi"),
    ("Berapa total aset terendah?", "SELECT MIN(total_aset) FROM koperasi"),
    (
        "Modal awal tertinggi per provinsi",
        f"SELECT p.nama_provinsi, MAX(k.modal_awal) {P} GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "Tampilkan pendapatan rata-rata per tahun",
        "SELECT tahun_buku, AVG(pendapatan) FROM laporan_tahunan GROUP BY 1 ORDER BY 1",
    ),
    (
        "Total pendapatan koperasi per provinsi tahun 2023",
        (
            f"SELECT p.nama_provinsi, SUM(l.pendapatan) {L} WHERE l.tahun_buku = 2023"
            " GROUP BY 1 ORDER BY 2 DESC"
        ),
    ),
    (
        "5 provinsi dengan total pendapatan terendah",
        f"SELECT p.nama_provinsi, SUM(l.pendapatan) {L} GROUP BY 1 ORDER BY 2 LIMIT 5",
    ),
    (
        "Sebutkan jenis koperasi apa saja",
        "SELECT jenis_koperasi, COUNT(*) FROM koperasi GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "Bandingkan jumlah koperasi di Jawa Barat dan Jawa Timur",
        (
            f"SELECT p.nama_provinsi, COUNT(*) {P} WHERE p.nama_provinsi IN ('Jawa Barat',"
            " 'Jawa Timur') GROUP BY 1 ORDER BY 2 DESC"
        ),
    ),
    (
        "Jumlah koperasi per jenis dan status",
        (
            "SELECT jenis_koperasi, status_koperasi, COUNT(*) FROM koperasi GROUP BY 1, 2"
            " ORDER BY 3 DESC, 1, 2"
        ),
    ),
    (
        "Berapa koperasi yang berdiri antara 2000 dan 2010?",
        "SELECT COUNT(*) FROM koperasi WHERE tahun_berdiri BETWEEN 2000 AND 2010",
    ),
    (
        "Provinsi dengan lebih dari 100 koperasi",
        f"SELECT p.nama_provinsi, COUNT(*) {P} GROUP BY 1 HAVING COUNT(*) > 100 ORDER BY 2 DESC",
    ),
    (
        "Berapa koperasi dengan modal awal di atas 1,5 juta kurang dari 20 juta?",
        "SELECT COUNT(*) FROM koperasi WHERE modal_awal > 1500000 AND modal_awal < 20000000",
    ),
    (
        "Jumlah koperasi selain yang aktif",
        "SELECT COUNT(*) FROM koperasi WHERE status_koperasi <> 'Aktif'",
    ),
    (
        "Berapa jumlah koperasi yang tidak aktif di luar Jawa?",
        f"SELECT COUNT(*) {P} WHERE k.status_koperasi = 'Tidak Aktif' AND p.pulau <> 'Jawa'",
    ),
    (
        "rata-rata jumlah anggota koperasi produsen per pulau",
        (
            f"SELECT p.pulau, AVG(k.jumlah_anggota) {P} WHERE k.jenis_koperasi = 'Produsen'"
            " GROUP BY 1 ORDER BY 2 DESC"
        ),
    ),
    (
        "koperasi apa yang memiliki aset terbesar di Sulawesi Selatan",
        (
            f"SELECT k.nama_koperasi, k.total_aset {P} WHERE p.nama_provinsi = 'Sulawesi Selatan'"
            " ORDER BY 2 DESC LIMIT 1"
        ),
    ),
    (
        "top 3 jenis koperasi berdasarkan rata-rata jumlah anggota",
        (
            "SELECT jenis_koperasi, AVG(jumlah_anggota) FROM koperasi GROUP BY 1 ORDER BY 2 DESC"
            " LIMIT 3"
        ),
    ),
    (
        "Tahun berapa koperasi paling banyak berdiri?",
        "SELECT tahun_berdiri, COUNT(*) FROM koperasi GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1",
    ),
    (
        "Tampilkan provinsi dengan rata-rata modal awal di atas 90 juta",
        (
            f"SELECT p.nama_provinsi, AVG(k.modal_awal) {P} GROUP BY 1"
            " HAVING AVG(k.modal_awal) > 90000000 ORDER BY 2 DESC"
        ),
    ),
    ("Berapa banyak jenis koperasi?", "SELECT COUNT(DISTINCT jenis_koperasi) FROM koperasi"),
    (
        "top lima provnsi dengan rata2 modal awal tertingi",
        f"SELECT p.nama_provinsi, AVG(k.modal_awal) {P} GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
    ),
    (
        "Berapa rata-rata pendapatan koperasi aktif di Bali pada tahun 2022?",
        (
            f"SELECT AVG(l.pendapatan) {L} WHERE k.status_koperasi = 'Aktif'"
            " AND p.nama_provinsi = 'Bali' AND l.tahun_buku = 2022"
        ),
    ),
    (
        "provinsi tanpa koperasi",
        (
            "SELECT nama_provinsi, ibu_kota, pulau FROM provinsi WHERE provinsi_id NOT IN"
            " (SELECT provinsi_id FROM koperasi)"
        ),
    ),
    (
        "berapa koperasi tanpa laporan tahunan?",
        (
            "SELECT COUNT(*) FROM koperasi WHERE koperasi_id NOT IN"
            " (SELECT koperasi_id FROM laporan_tahunan)"
        ),
    ),
    (
        'Berapa modal awal "Koperasi Maju Jaya Merauke"?',
        "SELECT SUM(modal_awal) FROM koperasi WHERE nama_koperasi = 'Koperasi Maju Jaya Merauke'",
    ),
]

ENGLISH = [
    (
        "What are the top 5 provinces by average founding capital of cooperatives?",
        f"SELECT p.nama_provinsi, AVG(k.modal_awal) {P} GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
    ),
    (
        "What is the capital of Bali?",
        "SELECT ibu_kota FROM provinsi WHERE nama_provinsi = 'Bali'",
    ),
    (
        "How many active cooperatives are there in West Java?",
        f"SELECT COUNT(*) {P} WHERE k.status_koperasi = 'Aktif' AND p.nama_provinsi = 'Jawa Barat'",
    ),
    (
        "Average total assets by type",
        "SELECT jenis_koperasi, AVG(total_aset) FROM koperasi GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "Which province has the most cooperatives?",
        f"SELECT p.nama_provinsi, COUNT(*) {P} GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
    ),
    (
        "Which provinces have the highest revenue?",
        f"SELECT p.nama_provinsi, SUM(l.pendapatan) {L} GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    ),
    (
        "Show the 10 largest cooperatives by total assets",
        "SELECT nama_koperasi, total_aset FROM koperasi ORDER BY 2 DESC LIMIT 10",
    ),
    (
        "Number of cooperatives founded per year since 2015",
        (
            "SELECT tahun_berdiri, COUNT(*) FROM koperasi WHERE tahun_berdiri >= 2015"
            " GROUP BY 1 ORDER BY 1"
        ),
    ),
    (
        "Total revenue per year",
        "SELECT tahun_buku, SUM(pendapatan) FROM laporan_tahunan GROUP BY 1 ORDER BY 1",
    ),
    (
        "Trend of average surplus over time",
        "SELECT tahun_buku, AVG(sisa_hasil_usaha) FROM laporan_tahunan GROUP BY 1 ORDER BY 1",
    ),
    (
        "Bottom 3 islands by number of members",
        f"SELECT p.pulau, SUM(k.jumlah_anggota) {P} GROUP BY 1 ORDER BY 2 LIMIT 3",
    ),
    (
        "How many cooperatives have more than 500 members?",
        "SELECT COUNT(*) FROM koperasi WHERE jumlah_anggota > 500",
    ),
    (
        "What is the average founding capital of savings and loan cooperatives?",
        "SELECT AVG(modal_awal) FROM koperasi WHERE jenis_koperasi = 'Simpan Pinjam'",
    ),
    (
        "Compare the number of consumer and producer cooperatives",
        (
            "SELECT jenis_koperasi, COUNT(*) FROM koperasi WHERE jenis_koperasi IN ('Konsumen',"
            " 'Produsen') GROUP BY 1 ORDER BY 2 DESC"
        ),
    ),
    (
        "median founding capital",
        (
            "SELECT AVG(modal_awal) FROM (SELECT modal_awal, ROW_NUMBER() OVER (ORDER BY"
            " modal_awal) AS place, COUNT(*) OVER () AS size FROM koperasi)"
            " WHERE place IN ((size + 1) / 2, (size + 2) / 2)"
        ),
    ),
    ("What is the minimum founding capital?", "SELECT MIN(modal_awal) FROM koperasi"),
    (
        "Number of cooperatives by province and status",
        (
            f"SELECT p.nama_provinsi, k.status_koperasi, COUNT(*) {P} GROUP BY 1, 2"
            " ORDER BY 3 DESC, 1, 2"
        ),
    ),
    (
        "provinces with more than 100 cooperatives",
        f"SELECT p.nama_provinsi, COUNT(*) {P} GROUP BY 1 HAVING COUNT(*) > 100 ORDER BY 2 DESC",
    ),
    (
        "average revenue of cooperatives in Java in 2022",
        f"SELECT AVG(l.pendapatan) {L} WHERE p.pulau = 'Jawa' AND l.tahun_buku = 2022",
    ),
    (
        "Which year had the most cooperatives founded?",
        "SELECT tahun_berdiri, COUNT(*) FROM koperasi GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1",
    ),
    (
        "How much founding capital do cooperatives in Bali have in total?",
        f"SELECT SUM(k.modal_awal) {P} WHERE p.nama_provinsi = 'Bali'",
    ),
    (
        "Total founding capital and total assets per island",
        f"SELECT p.pulau, SUM(k.modal_awal), SUM(k.total_aset) {P} GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "Show me the three provinces with the lowest average assets",
        f"SELECT p.nama_provinsi, AVG(k.total_aset) {P} GROUP BY 1 ORDER BY 2 LIMIT 3",
    ),
    (
        "average members per cooperative type in Sumatra",
        (
            f"SELECT k.jenis_koperasi, AVG(k.jumlah_anggota) {P} WHERE p.pulau = 'Sumatra'"
            " GROUP BY 1 ORDER BY 2 DESC"
        ),
    ),
    (
        "How has total revenue developed between 2021 and 2023?",
        (
            "SELECT tahun_buku, SUM(pendapatan) FROM laporan_tahunan"
            " WHERE tahun_buku BETWEEN 2021 AND 2023 GROUP BY 1 ORDER BY 1"
        ),
    ),
    ("number of reports in 2024", "SELECT COUNT(*) FROM laporan_tahunan WHERE tahun_buku = 2024"),
    (
        "which type has the lowest average revenue in 2021",
        (
            f"SELECT k.jenis_koperasi, AVG(l.pendapatan) {L} WHERE l.tahun_buku = 2021"
            " GROUP BY 1 ORDER BY 2 LIMIT 1"
        ),
    ),
    (
        "Show average founding capital per province, top 5",
        f"SELECT p.nama_provinsi, AVG(k.modal_awal) {P} GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
    ),
    (
        "How many types of cooperatives are there?",
        "SELECT COUNT(DISTINCT jenis_koperasi) FROM koperasi",
    ),
    (
        "How many cooperatives were founded before 1970 or in suspended status?",
        (
            "SELECT COUNT(*) FROM koperasi WHERE tahun_berdiri < 1970"
            " OR status_koperasi = 'Dibekukan'"
        ),
    ),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ConnectionStore:
    return ConnectionStore(tmp_path_factory.mktemp("home"))


def reference(store: ConnectionStore, sql: str) -> list[tuple[Any, ...]]:
    path = store.resolve(DEMO_ALIAS).sqlite_path()
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def same(left: Sequence[Sequence[Any]], right: Sequence[Sequence[Any]]) -> bool:
    """Equal, floats within rounding; ties in the ranked number may come in any order."""

    def key(row: Sequence[Any]) -> str:
        return repr([cell for cell in row if isinstance(cell, str)])

    if [len(row) for row in left] != [len(row) for row in right]:
        return False
    return all(
        math.isclose(a, b, rel_tol=1e-12) if isinstance(a, float) else a == b
        for one, other in zip(sorted(left, key=key), sorted(right, key=key), strict=True)
        for a, b in zip(one, other, strict=True)
    ) and [row[-1] for row in left] == pytest.approx([row[-1] for row in right])


async def answer(store: ConnectionStore, question: str) -> list[dict[str, Any]]:
    task = Task("t", "s", question, DEMO_ALIAS)
    return [event async for event in Analyst(store).stream_execute(task)]


async def check(store: ConnectionStore, question: str, sql: str) -> str:
    events = await answer(store, question)
    result = events[-1]["result"]
    assert result["status"] == "completed", result
    [shown] = [event for event in events if event["type"] == "sql_result"]
    assert same(shown["data"], reference(store, sql)), shown
    return str(result["final_answer"])


@pytest.mark.parametrize(("question", "sql"), INDONESIAN)
async def test_an_indonesian_question_gets_the_numbers_of_the_reference(
    store: ConnectionStore, question: str, sql: str
) -> None:
    """The analyst's numbers are those of a query written by hand, told in Indonesian."""
    text = await check(store, question, sql)
    assert not {" the ", " is "} & {f" {word} " for word in text.casefold().split()}


@pytest.mark.parametrize(("question", "sql"), ENGLISH)
async def test_an_english_question_gets_the_numbers_of_the_reference(
    store: ConnectionStore, question: str, sql: str
) -> None:
    """The analyst's numbers are those of a query written by hand, told in English."""
    text = await check(store, question, sql)
    assert not {"adalah", "memiliki", "berikut", "ditemukan"} & set(text.casefold().split())


def test_there_are_enough_questions() -> None:
    """Each language has at least 25 different questions."""
    assert min(len({q for q, _ in each}) for each in (INDONESIAN, ENGLISH)) >= 25


async def test_the_main_question_is_answered_with_its_numbers(store: ConnectionStore) -> None:
    """The answer to the first question of the tour names the province and its average."""
    events = await answer(store, INDONESIAN[0][0])
    (name, average), *_ = reference(store, INDONESIAN[0][1])
    text = events[-1]["result"]["final_answer"]
    assert f"**{name}** memiliki rata-rata modal awal tertinggi" in text
    assert f"{average:,.0f}".replace(",", ".") in text
    [picture] = [event for event in events if event["type"] == "chart_config"]
    assert picture["widget_type"] == "bar"
    assert next(point[picture["x_axis_key"]] for point in picture["widget_data"]) == name


HELP_ID = "Yang dapat ditanyakan: laporan tahunan (tahun buku, pendapatan"
HELP_EN = "You can ask about: annual reports (financial year, revenue"


@pytest.mark.parametrize(
    ("question", "reason", "remedy"),
    [
        ("halo", "Tidak ada tabel, kolom, atau nilai yang dikenali", HELP_ID),
        ("hello", "No table, column or value was recognised", HELP_EN),
        ("What is the weather today?", "“weather”", HELP_EN),
        ("Berapa jumlah koperasi di Atlantis?", "“Atlantis”", HELP_ID),
        ("Berapa rata-rata kebahagiaan provinsi?", "“kebahagiaan”", HELP_ID),
        ("average happiness by province", "“happiness”", HELP_EN),
        ("hapus semua koperasi", "hanya membaca", "Tanyakan apa yang ada di dalam data"),
        ("delete all cooperatives", "only read", "Ask what the data contains"),
        ("koperasi 300", "tidak jelas apa yang ditanyakan", HELP_ID),
        ("jumlah provinsi tahun 2020", "tidak memiliki kolom tanggal", "Tanyakan tanpa waktu"),
        ("?!", "Tidak ada tabel, kolom, atau nilai yang dikenali", HELP_ID),
    ],
)
async def test_what_cannot_be_understood_gets_help_and_no_sql(
    store: ConnectionStore, question: str, reason: str, remedy: str
) -> None:
    """A question beyond the analyst fails with what is wrong and what can be asked, no guess."""
    events = await answer(store, question)
    result = events[-1]["result"]
    assert result["status"] == "failed"
    assert reason in result["error"]
    assert remedy in result["error"]
    assert result["sql_queries"] == []
    assert result["suggested_questions"]
    assert [event["type"] for event in events[-3:]] == ["error", "suggestions", "done"]
    assert events[-2]["content"] == result["suggested_questions"]
    assert "sql_result" not in {event["type"] for event in events}


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        (
            "top 5 provinsi",
            [
                "jumlah koperasi",
                "total modal awal dari koperasi",
                "jumlah total aset dari koperasi",
                "total jumlah anggota dari koperasi",
            ],
        ),
        (
            "persentase koperasi aktif per provinsi",
            [
                (
                    "persentase jumlah koperasi (hanya jika status koperasi adalah “Aktif”)"
                    " terhadap jumlah koperasi"
                ),
                "jumlah koperasi dan persentase dari seluruh jumlah koperasi",
            ],
        ),
    ],
)
async def test_what_has_several_meanings_is_asked_back(
    store: ConnectionStore, question: str, labels: list[str]
) -> None:
    """A question that can mean several things gets one choice for each meaning, and no SQL."""
    events = await answer(store, question)
    result = events[-1]["result"]
    assert result["status"] == "needs_clarification"
    [asked] = [event for event in events if event["type"] == "clarify"]
    assert [choice["label"] for choice in asked["choices"]] == labels
    assert all(label in result["final_answer"] for label in labels)
    assert result["sql_queries"] == []
    assert "sql_result" not in {event["type"] for event in events}


async def test_each_choice_of_a_question_back_is_answered(store: ConnectionStore) -> None:
    """The prompt of each choice, sent as a question, is answered as its label says."""
    [*_, asked, _] = await answer(store, "top 5 provinsi")
    numbers = ("COUNT(*)", "SUM(k.modal_awal)", "SUM(k.total_aset)", "SUM(k.jumlah_anggota)")
    for choice, number in zip(asked["choices"], numbers, strict=True):
        top = f"SELECT p.nama_provinsi, {number} {P} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5"
        await check(store, choice["prompt"], top)


async def test_a_reading_that_finds_nothing_offers_the_others(store: ConnectionStore) -> None:
    """The answer that there is nothing asks back if the question can be read with other filters."""
    question = "Berapa koperasi dengan modal awal di atas 1,5 miliar kurang dari 20 juta?"
    events = await answer(store, question)
    result = events[-1]["result"]
    assert result["status"] == "needs_clarification"
    assert "adalah **0**.\n\nAtau yang Anda maksud: dengan syarat" in result["final_answer"]
    [asked] = [event for event in events if event["type"] == "clarify"]
    read = "modal awal lebih dari Rp 1.500.000.000 dan modal awal kurang dari Rp 20.000.000"
    assert all(read not in choice["label"] for choice in asked["choices"])


async def test_a_choice_without_words_of_its_own_is_picked_by_its_number(
    store: ConnectionStore,
) -> None:
    """A choice that no other question reads as is the question with a number, which is kept to."""
    question = "Berapa koperasi dengan modal awal di atas 1,5 miliar kurang dari 20 juta?"
    [asked] = [event for event in await answer(store, question) if event["type"] == "clarify"]
    assert [choice["prompt"] for choice in asked["choices"]] == [
        f"{question} [{n}]" for n in (2, 3, 4)
    ]
    result = (await answer(store, asked["choices"][0]["prompt"]))[-1]["result"]
    assert result["status"] == "completed"
    assert '"koperasi"."total_aset" > 1500000000' in result["sql_queries"][0]


async def test_a_number_that_no_choice_has_is_refused(store: ConnectionStore) -> None:
    """The number of a choice that was not offered runs nothing, and the answer says so."""
    result = (await answer(store, "Which province is the best? [9]"))[-1]["result"]
    assert result["status"] == "failed"
    assert result["sql_queries"] == []
    assert "no choice with the number 9" in result["final_answer"]


async def test_a_long_list_is_read_whole(store: ConnectionStore) -> None:
    """Each of two dozen names counts."""
    names = [name for (name,) in reference(store, "SELECT nama_provinsi FROM provinsi LIMIT 24")]
    events = await answer(store, f"Berapa jumlah koperasi di {' dan '.join(names)}?")
    listed = ", ".join(f"'{name}'" for name in names)
    [(count,)] = reference(
        store,
        "SELECT COUNT(*) FROM koperasi JOIN provinsi USING (provinsi_id) "
        f"WHERE nama_provinsi IN ({listed})",
    )
    assert f"**{f'{count:,}'.replace(',', '.')}**" in events[-1]["result"]["final_answer"]


async def test_a_question_that_is_too_long_to_be_read_is_not_taken_for_unknown_words(
    store: ConnectionStore,
) -> None:
    """A question that can be read in too many ways is declined, but none of its words is blamed."""
    events = await answer(store, "koperasi " * 79)
    result = events[-1]["result"]
    assert result["status"] == "failed"
    assert "terlalu banyak cara. Tanyakan dengan lebih singkat" in result["error"]


async def test_a_word_without_a_role_is_named(store: ConnectionStore) -> None:
    """A word that the query does not express makes the answer a refusal that names it."""
    events = await answer(store, "How many cooperatives in North Sumatra frobnicate?")
    assert events[-1]["result"]["status"] == "failed"
    assert "“frobnicate” is not the name of" in events[-1]["result"]["final_answer"]
    nearest = events[-1]["result"]["suggested_questions"][0]
    assert nearest == "How many cooperatives in North Sumatra?"


@pytest.mark.parametrize(
    "question",
    [*(q for q, _ in INDONESIAN[:6]), *(q for q, _ in ENGLISH[:6]), "halo", "list the provinces"],
)
async def test_every_suggestion_can_be_answered(store: ConnectionStore, question: str) -> None:
    """A suggested question, asked word for word, is answered in the language it is written in."""
    events = await answer(store, question)
    suggested = events[-1]["result"]["suggested_questions"]
    assert suggested
    for text in suggested:
        [*_, last] = await answer(store, text)
        assert last["result"]["status"] == "completed", (text, last)
        assert last["result"]["final_answer"]
