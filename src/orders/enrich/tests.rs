//! Enrichment on shops small enough to work out by hand.
