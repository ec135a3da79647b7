"""Small databases about which questions claim much: a shop, unions of cooperatives, and sales."""

from tests.unit.analyst.scanned import model_of

__all__ = ["SALES", "SHOP", "UNIONS"]

SHOP = model_of(
    """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, customer_name TEXT, city TEXT, joined_on TEXT);
    CREATE TABLE categories (id INTEGER PRIMARY KEY, category_name TEXT);
    CREATE TABLE products (id INTEGER PRIMARY KEY, product_name TEXT, category_id INTEGER
      REFERENCES categories(id), price INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
      order_date TEXT, ship_city TEXT, payment_method TEXT, amount INTEGER);
    CREATE TABLE order_items (order_id INTEGER REFERENCES orders(id), product_id INTEGER
      REFERENCES products(id), quantity INTEGER, unit_price INTEGER,
      PRIMARY KEY (order_id, product_id));
    CREATE TABLE returns (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id),
      product_id INTEGER REFERENCES products(id), return_date TEXT, quantity INTEGER);
    INSERT INTO customers VALUES (1, 'Tono', 'London', '2022-01-01'),
      (2, 'Wati', 'Leeds', '2022-02-01'), (3, 'Umar', 'Leeds', '2023-02-01');
    INSERT INTO categories VALUES (1, 'Toys'), (2, 'Books');
    INSERT INTO products VALUES (1, 'Kite', 1, 9), (2, 'Train', 1, 30), (3, 'Atlas', 2, 40);
    INSERT INTO orders VALUES (1, 1, '2023-01-02', 'Leeds', 'card', 18),
      (2, 2, '2024-03-04', 'London', 'card', 30), (3, 2, '2024-04-04', 'Leeds', 'cash', 40);
    INSERT INTO order_items VALUES (1, 1, 2, 9), (2, 2, 1, 30), (3, 3, 1, 40);
    INSERT INTO returns VALUES (1, 1, 1, '2023-02-02', 1);
    """
)
UNIONS = model_of(
    """
    CREATE TABLE provinces (id INTEGER PRIMARY KEY, province_name TEXT, island TEXT);
    CREATE TABLE cooperatives (id INTEGER PRIMARY KEY, cooperative_name TEXT, province_id INTEGER
      REFERENCES provinces(id), member_count INTEGER);
    CREATE TABLE reports (id INTEGER PRIMARY KEY, cooperative_id INTEGER REFERENCES
      cooperatives(id), financial_year INTEGER, revenue INTEGER, surplus INTEGER);
    INSERT INTO provinces VALUES (1, 'Bali', 'Bali'), (2, 'Banten', 'Java'),
      (3, 'Jawa Barat', 'Java');
    INSERT INTO cooperatives VALUES (1, 'Maju', 1, 20), (2, 'Jaya', 2, 30);
    INSERT INTO reports VALUES (1, 1, 2022, 100, -5), (2, 1, 2023, 120, 7), (3, 2, 2022, 90, 3),
      (4, 2, 2023, 95, -2);
    """
)
SALES = model_of(
    """
    CREATE TABLE stores (id INTEGER PRIMARY KEY, store_name TEXT, city TEXT, store_type TEXT);
    CREATE TABLE sales (id INTEGER PRIMARY KEY, store_id INTEGER REFERENCES stores(id),
      sale_date TEXT, sales_amount INTEGER, quantity INTEGER);
    CREATE TABLE returns (id INTEGER PRIMARY KEY, store_id INTEGER REFERENCES stores(id),
      return_date TEXT, quantity INTEGER);
    INSERT INTO stores VALUES (1, 'Kuta', 'Denpasar', 'Mall'), (2, 'Dago', 'Bandung', 'Street');
    INSERT INTO sales VALUES (1, 1, '2023-02-01', 500, 2), (2, 2, '2024-03-02', 700, 1),
      (3, 1, '2025-03-02', 900, 3);
    INSERT INTO returns VALUES (1, 1, '2024-05-05', 1);
    """
)
