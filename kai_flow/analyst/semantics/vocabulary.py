"""Words in the names of columns that tell what a column is for, in both languages."""

from typing import Final

__all__ = [
    "ADDITIVE",
    "CODES",
    "COUNTS",
    "CREATED",
    "DATES",
    "DESCRIPTIONS",
    "FLAGS",
    "GENERIC",
    "IDS",
    "KINDS",
    "LATER",
    "MEMBERS",
    "NAMES",
    "NUMBERS",
    "ORDINALS",
    "PARTS",
    "PERSONAL",
    "PER_UNIT",
    "PLACES",
    "PRICED",
    "RATES",
    "TABLE_PREFIXES",
    "TELLING",
    "TOTALS",
    "UNITS",
    "YEARS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IDS: Final = _words("id ids key sk fk pk uuid guid oid rowid kunci")
"""Last or first word of a key."""

CODES: Final = _words(
    "code kode kd cd zip zipcode postcode postal postalcode pos kodepos phone telephone telepon"
    " telp tel hp handphone mobile whatsapp wa fax nik npwp nip nim nis nisn nidn nrp ktp kk"
    " isbn issn ean upc sku barcode imei iban swift plate plat nopol ssn vin serial seri ref"
    " reference hash token ip mac account rekening norek batch lot"
)
"""A number or text that is compared and never added."""

KINDS: Final = _words(
    "status state type tipe jenis kind category kategori class kelas group grup golongan gender"
    " kelamin stage tahap priority prioritas method metode channel segment segmen"
)
"""As numbers, codes for kinds of things."""

NUMBERS: Final = _words("no nr num number nomor nomer")
"""With another word, mostly a code: ``invoice_no``. ``number_of_rooms`` is a count."""

NAMES: Final = _words(
    "name nama title judul label fullname nm firstname lastname username nickname"
)
DESCRIPTIONS: Final = _words(
    "description deskripsi desc address alamat comment comments komentar note notes catatan"
    " remark remarks keterangan ket url link website email mail body text teks content isi"
    " message pesan path file image photo foto gambar"
)

RATES: Final = _words(
    "price prices harga hrg rate rates rating ratings ratio rasio percent percentage persen"
    " persentase prosentase pct score scores skor grade age umur usia temperature temp suhu"
    " humidity kelembaban kelembapan tarif tariff speed kecepatan latitude longitude lat lon"
    " lng lintang bujur gpa ipk ip bmi index indeks level tingkat margin rank ranking"
    " peringkat density kepadatan probability average avg mean median rata height tinggi width"
    " lebar depth intensity pressure tekanan voltage stars bintang satisfaction kepuasan"
    " hourly nightly elevation altitude yield efficiency efisiensi proportion fraction kurs"
)
"""Averages make sense, sums do not."""

PER_UNIT: Final = _words("unit per each satuan")
"""With another word a rate: ``unit_cost``, ``cost_per_km``, ``biaya_satuan``."""

PRICED: Final = _words(
    "cost costs biaya ongkos price harga revenue pendapatan profit laba fee fees margin tax pajak"
    " expense weight berat discount diskon potongan value nilai"
)
"""With a word for one piece, a rate."""

COUNTS: Final = _words(
    "quantity qty kuantitas kuantiti jumlah jml count cnt banyak banyaknya number units unit"
    " pcs volume sold terjual stock stok"
)
TOTALS: Final = _words("total totals subtotal sum gross net bruto netto grand line jumlah jml")
"""Make a sum of what else would be a rate: ``total_price``."""

ADDITIVE: Final = (
    COUNTS
    | TOTALS
    | _words(
        "amount amt amounts nominal revenue sales turnover omzet omset pendapatan penjualan"
        " income penghasilan profit laba untung keuntungan loss rugi cost costs biaya ongkos"
        " ongkir expense expenses pengeluaran pemasukan payment pembayaran bayar fee fees tax"
        " taxes pajak ppn vat discount diskon potongan salary salaries gaji wage upah bonus"
        " tunjangan budget anggaran target weight berat bobot distance jarak length panjang area"
        " luas duration durasi minutes menit hours jam seconds detik days hari members anggota"
        " employees karyawan pegawai passengers penumpang population penduduk capital modal assets"
        " aset asset debt utang hutang balance saldo deposit simpanan loan pinjaman credit kredit"
        " debit visits kunjungan views clicks klik points poin goals gol seats kursi capacity"
        " kapasitas rooms kamar beds students siswa mahasiswa children anak participants peserta"
        " donation donasi sum nilai value delay cases kasus deaths production produksi harvest"
        " panen consumption pemakaian usage surplus shu votes suara premium premi claim klaim"
    )
)
"""Sums make sense."""

FLAGS: Final = _words(
    "is has was can are flag bendera apakah sudah ada boolean active aktif enabled deleted"
    " valid verified paid lunas returned cancelled canceled approved default"
)

DATES: Final = _words(
    "date dates tanggal tgl tgl. datetime timestamp time waktu at on day hari ts dt dated"
    " when since sejak"
)
CREATED: Final = _words(
    "created updated modified inserted deleted dibuat diubah diperbarui dihapus synced loaded"
    " etl imported change changed"
)
"""When a row was written, not when a thing happened."""
LATER: Final = _words(
    "ship shipped shipping shipment kirim pengiriman dikirim deliver delivered delivery"
    " arrival arrived tiba sampai due tempo deadline required end ended selesai akhir finish"
    " finished closed close ditutup return returned kembali pay paid payment bayar pembayaran"
    " dibayar expiry expired expires kedaluwarsa resolved resolution completed completion"
    " termination terminated terminate exit exited resign resigned resignation berhenti"
    " closure penutupan churned churn refund refunded expire berakhir"
    " discharge discharged keluar cancelled checkout valid last terakhir"
)
"""What follows the event that a row is about."""
PERSONAL: Final = _words(
    "birth birthday born dob lahir hire hired join joined masuk bergabung founded established"
    " berdiri didirikan death died register registered registration daftar terdaftar"
    " pendaftaran termination terminated resign resigned resignation exit berhenti"
    " installed installation dipasang pemasangan built dibangun"
)
"""Times of a person or an organisation."""

PARTS: Final = {
    "year": _words("year years yr tahun thn yyyy fy"),
    "quarter": _words("quarter qtr kuartal triwulan kwartal tw"),
    "month": _words("month mo mon mth bulan bln"),
    "week": _words("week wk minggu pekan"),
    "day": _words("day hari tanggal tgl dom"),
    "weekday": _words("weekday dow dayofweek"),
}
"""Names of the parts of a date. ``day_of_week`` and ``hari_ke`` are read apart."""

YEARS: Final = PARTS["year"] | _words("founded established built season vintage angkatan berdiri")

GENERIC: Final = _words(
    "name nama id key code kode cd date tanggal tgl number nomor no type tipe jenis value"
    " nilai text description total jumlah count amount status at time waktu year tahun month"
    " bulan level"
)
"""Words that alone hardly tell one column from another."""

TABLE_PREFIXES: Final = _words(
    "dim fact fct tbl tb t stg staging vw v mst master ms m ref trx tr lookup lkp dw raw"
    " public dbo data tabel table mv d f"
)
"""Words in front of a table's name that say how it is stored, not what is in it."""

PLACES: Final = frozenset(
    [
        *("city", "town", "country", "province", "region", "district", "state", "island"),
        *("kota", "negara", "provinsi", "wilayah", "kabupaten", "kecamatan", "pulau", "daerah"),
    ]
)
"""Words for places, of which a small table may have each only once."""

ORDINALS: Final = frozenset(
    [
        *("floor", "storey", "aisle", "shelf", "shift", "semester", "round", "wave", "bay"),
        *("gate", "platform", "zone", "track", "lane", "block", "lantai", "lorong", "rak"),
        *("babak", "gelombang", "zona", "angkatan", "lajur", "blok"),
    ]
)
"""Things that are told apart by numbers."""

MEMBERS: Final = frozenset(["member", "members", "anggota"])
"""Words of a number of people that 0 and 1 make a flag: who is a member."""

UNITS: Final = {
    **dict.fromkeys(("kg", "kilogram", "kilograms", "kilo"), "kg"),
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre"), "km"),
    **dict.fromkeys(("rp", "idr", "rupiah"), "Rp"),
    **dict.fromkeys(("usd", "dollar", "dollars", "dolar"), "$"),
    **dict.fromkeys(("eur", "euro", "euros"), "€"),
    **dict.fromkeys(("pct", "percent", "percentage", "persen", "persentase", "prosentase"), "%"),
    **dict.fromkeys(("gr", "gram", "grams"), "g"),
    **dict.fromkeys(("mg", "milligram", "milligrams", "miligram"), "mg"),
    **dict.fromkeys(("ton", "tons", "tonne", "tonnes"), "t"),
    **dict.fromkeys(("liter", "liters", "litre", "litres"), "l"),
    **dict.fromkeys(("cm", "centimeter"), "cm"),
    **dict.fromkeys(("mm", "millimeter"), "mm"),
    **dict.fromkeys(("ml", "milliliter"), "ml"),
    **dict.fromkeys(("ha", "hectare", "hectares", "hektar", "hektare"), "ha"),
    **dict.fromkeys(("m2", "sqm"), "m²"),
    **dict.fromkeys(("minutes", "minute", "mins", "menit"), "min"),
    **dict.fromkeys(("hours", "hour", "jam"), "h"),
    **dict.fromkeys(("seconds", "second", "secs", "detik"), "s"),
    **dict.fromkeys(("celsius", "celcius"), "°C"),
    **dict.fromkeys(("kwh",), "kWh"),
}
"""Units by the words that names of columns have for them."""

TELLING: Final = frozenset().union(
    IDS, CODES, KINDS, NAMES, DESCRIPTIONS, RATES, ADDITIVE, FLAGS, DATES, YEARS, *PARTS.values()
)
"""All words that tell what a column is for."""
