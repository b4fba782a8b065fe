//! What `aggregate-patterns` makes of small histories.
