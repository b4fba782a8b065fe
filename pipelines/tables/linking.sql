CREATE TABLE IF NOT EXISTS retailer_url_patterns (
    retailer TEXT PRIMARY KEY,
    url_stability_score REAL DEFAULT 0.0,
    last_measured TIMESTAMP,
    sample_size INTEGER DEFAULT 0,
    product_code_stable INTEGER DEFAULT 1,
    path_stable INTEGER DEFAULT 1,
    image_urls_consistent INTEGER DEFAULT 1,
    best_dedup_method TEXT DEFAULT 'url',
    dedup_confidence_threshold REAL DEFAULT 0.85,
    url_changes_detected INTEGER DEFAULT 0,
    code_changes_detected INTEGER DEFAULT 0,
    image_url_changes_detected INTEGER DEFAULT 0,
    notes TEXT
);
