-- What a shop's catalog showed: a row each time a product was new or had changed.
CREATE TABLE IF NOT EXISTS catalog_products (
    id INTEGER PRIMARY KEY,
    catalog_url TEXT,
    retailer TEXT,
    title TEXT,
    price REAL,
    product_code TEXT,
    image_urls TEXT,
    discovered_date TIMESTAMP,
    linked_product_url TEXT,
    link_confidence REAL,
    link_method TEXT
);
