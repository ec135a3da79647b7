CREATE TABLE airports (airport_id INTEGER PRIMARY KEY, airport_name TEXT NOT NULL UNIQUE, country TEXT NOT NULL);
CREATE TABLE pilots (
    pilot_id INTEGER PRIMARY KEY, pilot_name TEXT NOT NULL UNIQUE, base TEXT NOT NULL, salary REAL NOT NULL,
    birth_date TEXT NOT NULL, hire_date TEXT NOT NULL
);
CREATE TABLE flights (
    flight_id INTEGER PRIMARY KEY, origin_id INTEGER NOT NULL REFERENCES airports (airport_id),
    destination_id INTEGER NOT NULL REFERENCES airports (airport_id), pilot_id INTEGER NOT NULL REFERENCES pilots (pilot_id),
    departure_date TEXT NOT NULL, passengers INTEGER NOT NULL, delay_minutes INTEGER NOT NULL, max_speed REAL NOT NULL, min_speed REAL NOT NULL
);
INSERT INTO airports VALUES (1, 'Soekarno', 'Indonesia'), (2, 'Changi', 'Singapore'), (3, 'Haneda', 'Japan'), (4, 'Paris', 'France');
INSERT INTO pilots VALUES
    (1, 'Ana', 'Paris', 100, '1980-01-01', '2010-05-05'), (2, 'Ben', 'Tokyo', 120, '1975-02-02', '2005-06-06'),
    (3, 'Cid', 'Tokyo', 90, '1990-03-03', '2018-07-07'), (4, 'Dea', 'Paris', 150, '1970-04-04', '1999-08-08');
INSERT INTO flights VALUES
    (1, 1, 2, 1, '2023-01-05', 150, 0, 900, 300), (2, 2, 3, 2, '2023-08-09', 200, 15, 850, 310), (3, 3, 1, 3, '2024-02-02', 90, 5, 880, 280),
    (4, 1, 4, 4, '2024-09-09', 210, 60, 910, 320), (5, 4, 1, 1, '2024-12-31', 130, 10, 870, 290);
