CREATE TABLE IF NOT EXISTS workflow_history (
    workflow_id TEXT PRIMARY KEY,
    nl_input TEXT,
    workflow_template TEXT,
    error_message TEXT,
    error_count INTEGER,
    duration_seconds INTEGER,
    retry_count INTEGER,
    total_tokens INTEGER,
    actual_cost_total REAL,
    start_time TEXT,
    created_at TEXT
);

CREATE TABLE IF NOT EXISTS operation_patterns (
    id INTEGER PRIMARY KEY,
    pattern_signature TEXT UNIQUE,
    pattern_type TEXT,
    occurrence_count INTEGER DEFAULT 1,
    avg_tokens_with_llm INTEGER DEFAULT 0,
    avg_cost_with_llm REAL DEFAULT 0.0,
    avg_tokens_with_tool INTEGER DEFAULT 0,
    avg_cost_with_tool REAL DEFAULT 0.0,
    typical_input_pattern TEXT,
    automation_status TEXT DEFAULT 'detected',
    confidence_score REAL DEFAULT 10.0,
    potential_monthly_savings REAL DEFAULT 0.0,
    created_at TEXT,
    last_seen TEXT
);

CREATE TABLE IF NOT EXISTS pattern_occurrences (
    id INTEGER PRIMARY KEY,
    pattern_id INTEGER REFERENCES operation_patterns (id),
    workflow_id TEXT,
    similarity_score REAL,
    matched_characteristics TEXT,
    detected_at TEXT,
    UNIQUE (pattern_id, workflow_id)
);

-- Which pattern each request was written for; empty where it was written for none. No pipeline needs it.
CREATE TABLE IF NOT EXISTS true_patterns (workflow_id TEXT PRIMARY KEY, label TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS tool_events (
    session_id TEXT,
    timestamp TEXT,
    event_type TEXT,
    tool_name TEXT,
    success TEXT
);
