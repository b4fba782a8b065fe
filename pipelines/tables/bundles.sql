-- What pipelines read of tables that a database lacks before its first bundles, and before anybody decided of one.

CREATE TABLE bundle_recommendations (
    id TEXT,
    shop_id TEXT
);

CREATE TABLE bundle_decisions (
    shop_id TEXT NOT NULL,
    dedupe_hash TEXT NOT NULL,
    decision TEXT NOT NULL
);
