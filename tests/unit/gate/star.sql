CREATE TABLE dim_date (date_id INTEGER PRIMARY KEY, year INTEGER NOT NULL, month INTEGER NOT NULL, quarter INTEGER NOT NULL);
CREATE TABLE dim_store (store_id INTEGER PRIMARY KEY, store_name TEXT NOT NULL UNIQUE, region TEXT NOT NULL, format TEXT NOT NULL);
CREATE TABLE fact_sales (
    sale_id INTEGER PRIMARY KEY, date_id INTEGER NOT NULL REFERENCES dim_date (date_id),
    store_id INTEGER NOT NULL REFERENCES dim_store (store_id), revenue REAL NOT NULL, discount REAL NOT NULL
);
INSERT INTO dim_date VALUES (1, 2022, 1, 1), (2, 2022, 6, 2), (3, 2023, 1, 1), (4, 2023, 12, 4), (5, 2024, 3, 1);
INSERT INTO dim_store VALUES
    (1, 'Harbour', 'North', 'Kiosk'), (2, 'Hillside', 'North', 'Mall'), (3, 'Station', 'South', 'Kiosk'), (4, 'Market 3', 'West', 'Mall');
INSERT INTO fact_sales VALUES
    (1, 1, 1, 100, 1), (2, 1, 2, 150, 2), (3, 2, 3, 80, 0), (4, 3, 1, 120, 3), (5, 3, 3, 60, 1), (6, 4, 2, 200, 5),
    (7, 4, 4, 90, 0), (8, 5, 1, 130, 2), (9, 5, 4, 75, 4);
