-- What an index in PostgreSQL tells of itself before there is one.
CREATE TABLE products_state (namespace TEXT, id TEXT, digest_a INTEGER, digest_b INTEGER, hash_version INTEGER,
  content_hash TEXT, index_hash TEXT, text_hash TEXT, fields TEXT, digests TEXT);
