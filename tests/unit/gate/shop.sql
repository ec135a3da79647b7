CREATE TABLE customers (
    customer_id INTEGER PRIMARY KEY, customer_name TEXT NOT NULL UNIQUE, city TEXT NOT NULL, segment TEXT NOT NULL
);
CREATE TABLE products (
    product_id INTEGER PRIMARY KEY, product_name TEXT NOT NULL UNIQUE, category TEXT NOT NULL, unit_price REAL NOT NULL
);
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (customer_id),
    order_date TEXT NOT NULL, status TEXT NOT NULL, shipping_fee REAL NOT NULL
);
CREATE TABLE order_items (
    item_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (order_id),
    product_id INTEGER NOT NULL REFERENCES products (product_id), quantity INTEGER NOT NULL, line_total REAL NOT NULL
);
INSERT INTO customers VALUES
    (1, 'Ann Lee', 'Jakarta', 'Retail'), (2, 'Bob Ray', 'Bandung', 'Retail'), (3, 'Cleo Sun', 'Jakarta', 'Wholesale'),
    (4, 'Dan Fox', 'Surabaya', 'Wholesale'), (5, 'Eve 5', 'New Town', 'Online'), (6, 'Shop 10', 'Bandung', 'Online');
INSERT INTO products VALUES
    (1, 'Red Chair', 'Furniture', 40), (2, 'Blue Chair', 'Furniture', 55.5), (3, 'Desk Lamp', 'Lighting', 20),
    (4, 'Floor Lamp', 'Lighting', 75), (5, 'Model 7', 'Toys', 12);
INSERT INTO orders VALUES
    (1, 1, '2022-03-01', 'Shipped', 5), (2, 1, '2022-11-15', 'Cancelled', 7), (3, 2, '2023-03-20', 'Shipped', 3),
    (4, 3, '2023-07-04', 'Pending', 9), (5, 4, '2024-01-09', 'Shipped', 4), (6, 5, '2024-03-31', 'Shipped', 6),
    (7, 6, '2024-12-24', 'Pending', 8), (8, 2, '2024-02-29', 'Shipped', 2);
INSERT INTO order_items VALUES
    (1, 1, 1, 2, 80), (2, 1, 3, 1, 20), (3, 2, 2, 1, 55.5), (4, 3, 4, 3, 225), (5, 4, 1, 1, 40), (6, 4, 5, 10, 120),
    (7, 5, 2, 4, 222), (8, 6, 3, 5, 100), (9, 7, 5, 2, 24), (10, 8, 4, 1, 75), (11, 8, 1, 1, 40);
