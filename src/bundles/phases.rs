//! The phases of making bundles, as those who watch see them, and the switch of all of them.

use crate::{
    flags::{Flag, flag},
    operator::Phase,
};

/// Without it no bundles are made; those of before stay.
pub const ENABLED: &Flag = flag("bundling.enabled");

/// Products are flagged.
pub const ENRICHMENT: Phase = Phase { name: "enrichment", from: 0, to: 10 };
/// Candidates are made.
pub const CANDIDATE_GENERATION: Phase = Phase { name: "candidate_generation", from: 10, to: 40 };
/// They get prices.
pub const SCORING: Phase = Phase { name: "scoring", from: 40, to: 50 };
/// They are ranked.
pub const RANKING: Phase = Phase { name: "ranking", from: 50, to: 65 };
/// Portfolios are judged.
pub const OPTIMIZATION: Phase = Phase { name: "ranking", from: 65, to: 75 };
/// Equal bundles become one.
pub const DEDUPLICATION: Phase = Phase { name: "deduplication", from: 75, to: 80 };
/// They are explained.
pub const EXPLAINABILITY: Phase = Phase { name: "explainability", from: 80, to: 90 };
/// They are published.
pub const FINALIZATION: Phase = Phase { name: "finalization", from: 90, to: 100 };
