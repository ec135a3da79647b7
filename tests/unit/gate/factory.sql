CREATE TABLE plants (plant_id INTEGER PRIMARY KEY, plant_name TEXT NOT NULL, floors INTEGER);
CREATE TABLE workers (
    worker_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, trade TEXT NOT NULL,
    hourly_wage REAL NOT NULL, plant_id INTEGER NOT NULL REFERENCES plants (plant_id),
    union_member INTEGER NOT NULL
);
CREATE TABLE payments (
    payment_id INTEGER PRIMARY KEY, worker_id INTEGER NOT NULL REFERENCES workers (worker_id),
    paid_on DATE NOT NULL, paid_amount REAL NOT NULL, status TEXT
);
CREATE TABLE production_runs (
    run_id INTEGER PRIMARY KEY, worker_id INTEGER NOT NULL REFERENCES workers (worker_id),
    inspector_id INTEGER REFERENCES workers (worker_id), started_at TEXT NOT NULL,
    finished_at TEXT, floor INTEGER NOT NULL, grade TEXT NOT NULL, good_units INTEGER NOT NULL,
    setup_min INTEGER
);
INSERT INTO plants VALUES (1, 'Leeds Works', 2), (2, 'Hull Works', 3);
INSERT INTO workers VALUES
    (1, 'Ann Frost', 'welder', 21.5, 1, 1), (2, 'Bo Lund', 'inspector', 24, 1, 0),
    (3, 'Cy Marsh', 'welder', 19, 2, 1), (4, 'Di Novak', 'inspector', 26, 2, 1);
INSERT INTO payments VALUES
    (1, 1, '2023-03-01', 500, 'paid'), (2, 1, '2024-03-01', 700, 'paid'),
    (3, 2, '2024-05-01', 650, 'open'), (4, 3, '2024-07-01', 400, NULL),
    (5, 4, '2025-01-10', 800, 'open');
INSERT INTO production_runs VALUES
    (1, 1, 2, '2023-02-01 08:00:00', '2023-02-01 10:00:00', 1, 'A', 90, 15),
    (2, 1, 4, '2024-01-15 08:00:00', '2024-01-15 09:30:00', 1, 'B', 80, 20),
    (3, 3, 2, '2024-02-20 08:00:00', NULL, 2, 'A', 70, NULL),
    (4, 3, NULL, '2024-08-03 08:00:00', '2024-08-03 12:00:00', 2, 'C', 60, 30),
    (5, 1, 2, '2025-03-09 08:00:00', NULL, 3, 'A', 95, 10),
    (6, 3, 1, '2025-04-02 08:00:00', '2025-04-02 11:00:00', 3, 'B', 40, 25);
