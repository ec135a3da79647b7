CREATE TABLE penjualan (
    tanggal TEXT NOT NULL, toko TEXT NOT NULL, kota TEXT NOT NULL, produk TEXT NOT NULL, kategori TEXT NOT NULL,
    terjual INTEGER NOT NULL, harga_satuan REAL NOT NULL, omzet REAL NOT NULL
);
INSERT INTO penjualan VALUES
    ('2024-12-30', 'Toko 5', 'Medan', 'Kopi Hitam', 'Minuman', 3, 10, 30), ('2025-01-02', 'Toko Maju', 'Palu', 'Teh Manis', 'Minuman', 5, 8, 40),
    ('2025-03-01', 'Toko 5', 'Medan', 'Roti Bakar', 'Makanan', 2, 15, 30), ('2025-03-15', 'Warung Baru', 'Palu', 'Kopi Hitam', 'Minuman', 7, 10, 70),
    ('2025-03-28', 'Toko Maju', 'Palu', 'Roti Bakar', 'Makanan', 1, 15, 15), ('2025-06-11', 'Warung Baru', 'Padang', 'Teh Manis', 'Minuman', 9, 8, 72),
    ('2025-11-05', 'Gerai 12', 'Padang', 'Nasi Uduk', 'Makanan', 4, 20, 80);
