//! All flags with their defaults.

use std::borrow::Cow;

use super::flag::{
    Flag,
    FlagValue::{Float, Int, Ints, Switch},
};

/// Every flag.
#[rustfmt::skip]
pub const FLAGS: &[Flag] = &[
    Flag { key: "bundling.enabled", default: Switch(true), about: "Whether bundles are made at all." },
    Flag { key: "bundling.v2_pipeline", default: Switch(true), about: "Whether bundles go through all phases, from flags to publishing." },
    Flag { key: "bundling.staged_publish_enabled", default: Switch(true), about: "Whether bundles are published in waves." },
    Flag { key: "bundling.relaxed_thresholds", default: Switch(true), about: "Whether the relaxed limits hold for rules and itemsets." },
    Flag { key: "bundling.relaxed_min_support", default: Float(0.02), about: "The least support of a candidate under the relaxed limits." },
    Flag { key: "bundling.relaxed_min_confidence", default: Float(0.18), about: "The least confidence of a candidate under the relaxed limits." },
    Flag { key: "bundling.relaxed_min_lift", default: Float(1.1), about: "The least lift of a candidate under the relaxed limits." },
    Flag { key: "bundling.staged_thresholds", default: Ints(Cow::Borrowed(&[3, 5, 10, 20, 40])), about: "How many bundles are published up to each wave." },
    Flag { key: "bundling.staged_hard_cap", default: Int(100), about: "The most bundles that are published." },
    Flag { key: "bundling.staged_prefer_high_score", default: Switch(true), about: "Whether waves go by falling score." },
    Flag { key: "bundling.staged_cycle_interval_seconds", default: Int(0), about: "Seconds between two rounds of waves." },
    Flag { key: "bundling.staged.wave_cooldown_ms", default: Int(0), about: "Milliseconds between two waves." },
    Flag { key: "bundling.staged.soft_guard_seconds", default: Int(45), about: "Seconds left of the time limit at which no further wave is begun." },
    Flag { key: "bundling.staged.wave_batch_size", default: Int(10), about: "The most bundles of a wave." },
    Flag { key: "bundling.staged.auto_shrink_drop_threshold", default: Float(0.6), about: "The share of a wave that was dropped from which the next one shrinks." },
    Flag { key: "bundling.staged.auto_shrink_factor", default: Float(0.5), about: "By what the next wave shrinks." },
    Flag { key: "bundling.staged.backpressure_queue_threshold", default: Int(0), about: "The queue from which waves are held back; 0 for none." },
    Flag { key: "bundling.staged.backpressure_cooldown_waves", default: Int(1), about: "How many waves are held back." },
    Flag { key: "bundling.max_per_bundle_type", default: Int(15), about: "The most bundles of a type." },
    Flag { key: "bundling.max_per_pair", default: Int(2), about: "The most bundles of the same two items." },
    Flag { key: "bundling.fallback_force_top_pairs", default: Switch(true), about: "Whether the most frequent pairs are bundles where there are few others." },
    Flag { key: "bundling.fallback_force_pair_limit", default: Int(12), about: "How many of them at most." },
    Flag { key: "bundling.llm_adaptive_similarity", default: Switch(true), about: "Whether the least similarity of candidates follows the number of items." },
    Flag { key: "bundling.finalize.concurrent_tracks.copy", default: Int(3), about: "How many bundles are finished side by side: copy." },
    Flag { key: "bundling.finalize.concurrent_tracks.pricing", default: Int(2), about: "How many bundles are finished side by side: pricing." },
    Flag { key: "bundling.finalize.concurrent_tracks.inventory", default: Int(3), about: "How many bundles are finished side by side: inventory." },
    Flag { key: "phase.csv_validation", default: Switch(true), about: "Whether files are checked." },
    Flag { key: "phase.data_mapping", default: Switch(true), about: "Whether lines are linked to products." },
    Flag { key: "phase.objective_scoring", default: Switch(true), about: "Whether products and candidates are scored by objective." },
    Flag { key: "phase.candidate_generation", default: Switch(true), about: "Whether candidates are made." },
    Flag { key: "phase.ml_optimization", default: Switch(true), about: "Whether candidates come from models." },
    Flag { key: "phase.enterprise_optimization", default: Switch(true), about: "Whether the portfolio is optimised." },
    Flag { key: "phase.bayesian_pricing", default: Switch(true), about: "Whether discounts follow what was sold before." },
    Flag { key: "phase.weighted_ranking", default: Switch(true), about: "Whether bundles are ranked by weighted features." },
    Flag { key: "phase.deduplication", default: Switch(true), about: "Whether equal bundles are merged." },
    Flag { key: "phase.explainability", default: Switch(true), about: "Whether bundles are explained." },
    Flag { key: "advanced.pareto_optimization", default: Switch(false), about: "Whether the portfolio is chosen by NSGA-II instead of a weighted sum." },
    Flag { key: "advanced.constraint_management", default: Switch(true), about: "Whether the constraints of a portfolio hold." },
    Flag { key: "advanced.performance_monitoring", default: Switch(true), about: "Whether phases are timed." },
    Flag { key: "advanced.cold_start_coverage", default: Switch(true), about: "Whether products without orders get bundles too." },
    Flag { key: "advanced.normalized_ranking", default: Switch(true), about: "Whether features are brought to one scale before they are weighted." },
    Flag { key: "advanced.metadata_similarity", default: Switch(true), about: "Whether brand, category and tags count as similarity." },
    Flag { key: "data_mapping.auto_reenrich_on_csv", default: Switch(true), about: "Whether new files are enriched at once." },
    Flag { key: "data_mapping.cache_ttl_seconds", default: Int(1800), about: "Seconds for which a link is kept." },
    Flag { key: "data_mapping.concurrent_mapping", default: Switch(true), about: "Whether lines are linked side by side." },
    Flag { key: "data_mapping.concurrent_map_limit", default: Int(25), about: "How many are linked side by side." },
    Flag { key: "data_mapping.prefetch_batch_size", default: Int(100), about: "How many are looked up at a time." },
    Flag { key: "data_mapping.reset_cache_on_new_data", default: Switch(true), about: "Whether new files empty what is kept." },
    Flag { key: "data_mapping.enable_run_scope_fallback", default: Switch(true), about: "Whether files of the same run are looked at for what a line lacks." },
    Flag { key: "data_mapping.prefetch_enabled", default: Switch(true), about: "Whether variants are looked up ahead." },
    Flag { key: "data_mapping.vectorized_normalization", default: Switch(true), about: "Whether values are normalised by the column." },
    Flag { key: "data_mapping.log_timings", default: Switch(true), about: "Whether the times of linking are logged." },
    Flag { key: "data_mapping.backfill_order_line_skus", default: Switch(true), about: "Whether a line without a SKU gets that of its variant." },
    Flag { key: "data_mapping.block_on_missing_variant_catalog", default: Switch(true), about: "Whether a shop without variants is not linked." },
    Flag { key: "data_mapping.unresolved_cache_ttl_seconds", default: Int(600), about: "Seconds for which a line without a link is not looked up again." },
    Flag { key: "data_mapping.target_chunk_p95_ms", default: Int(800), about: "Milliseconds that most chunks should take." },
    Flag { key: "analytics.insights_engine", default: Switch(true), about: "Whether insights are made." },
    Flag { key: "analytics.predictive_models", default: Switch(true), about: "Whether forecasts are made." },
    Flag { key: "analytics.business_intelligence", default: Switch(true), about: "Whether key figures are made." },
    Flag { key: "analytics.cohort_analysis", default: Switch(true), about: "Whether cohorts are made." },
    Flag { key: "api.bundle_recommendations", default: Switch(true), about: "Whether recommendations are served." },
    Flag { key: "api.diagnostics", default: Switch(true), about: "Whether diagnostics are served." },
    Flag { key: "api.admin_controls", default: Switch(true), about: "Whether flags can be set by the API." },
    Flag { key: "api.metrics_export", default: Switch(true), about: "Whether metrics are served." },
    Flag { key: "safety.max_bundle_size", default: Int(10), about: "The most items of a bundle." },
    Flag { key: "safety.max_processing_time_ms", default: Int(12000), about: "Milliseconds that a run should take at most." },
    Flag { key: "safety.max_memory_usage_mb", default: Int(512), about: "Megabytes that a run should take at most." },
    Flag { key: "safety.rate_limiting", default: Switch(true), about: "Whether requests are limited." },
    Flag { key: "monitoring.metrics_collection", default: Switch(true), about: "Whether metrics are collected." },
    Flag { key: "monitoring.performance_tracking", default: Switch(true), about: "Whether times are kept." },
    Flag { key: "monitoring.error_reporting", default: Switch(true), about: "Whether errors are reported." },
    Flag { key: "monitoring.real_time_dashboard", default: Switch(true), about: "Whether the dashboard is kept up to date." },
    Flag { key: "experimental.ai_copy_generation", default: Switch(true), about: "Whether texts may come from a model." },
    Flag { key: "experimental.advanced_constraints", default: Switch(true), about: "Whether constraints beyond the usual ones hold." },
    Flag { key: "experimental.dynamic_objectives", default: Switch(false), about: "Whether objectives follow the season." },
    Flag { key: "experimental.multi_tenant_optimization", default: Switch(false), about: "Whether shops learn from each other." },
    Flag { key: "emergency.disable_ml_optimization", default: Switch(false), about: "Kill switch: no models, no portfolio optimisation." },
    Flag { key: "emergency.disable_all_bundling", default: Switch(false), about: "Kill switch: no bundles." },
    Flag { key: "emergency.disable_enterprise_features", default: Switch(false), about: "Kill switch: all of advanced and experimental is off." },
    Flag { key: "emergency.disable_analytics", default: Switch(false), about: "Kill switch: all of analytics is off." },
    Flag { key: "emergency.force_fallback_mode", default: Switch(false), about: "Kill switch: nothing but bundling, validation, mapping and the recommendations stays on." },
];

/// A flag by its key, looked up when the program is compiled: `const LIMIT: &Flag = flag("bundling.max_per_pair");`.
///
/// # Panics
/// When there is none, which keeps the program from being compiled.
#[allow(dead_code, reason = "operators name their flags by it")]
pub const fn flag(key: &str) -> &'static Flag {
    let mut place = 0;
    while place < FLAGS.len() {
        if is_equal(FLAGS[place].key, key) {
            return &FLAGS[place];
        }
        place += 1;
    }
    panic!("there is no flag of that key");
}

#[allow(dead_code, reason = "as above")]
const fn is_equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut place = 0;
    while place < one.len() {
        if one[place] != other[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// A flag by its key.
pub fn find(key: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_are_plain_and_each_is_there_once() {
        let keys: BTreeSet<&str> = FLAGS.iter().map(|flag| flag.key).collect();
        assert_eq!(keys.len(), FLAGS.len());
        let is_plain = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
        assert!(keys.iter().all(|key| is_plain(key) && key.contains('.')));
        assert!(FLAGS.iter().all(|flag| flag.about.ends_with('.')));
    }

    #[test]
    fn defaults_are_those_that_are_documented() {
        const CAP: &Flag = flag("bundling.staged_hard_cap");
        assert_eq!(CAP.default, Int(100));
        assert_eq!(find("bundling.staged_thresholds").unwrap().default, Ints(Cow::Borrowed(&[3, 5, 10, 20, 40])));
        assert_eq!(find("bundling.relaxed_min_confidence").unwrap().default, Float(0.18));
        let off: Vec<&str> = FLAGS.iter().filter(|flag| flag.default == Switch(false)).map(|flag| flag.key).collect();
        let wanted = [
            "advanced.pareto_optimization",
            "experimental.dynamic_objectives",
            "experimental.multi_tenant_optimization",
            "emergency.disable_ml_optimization",
            "emergency.disable_all_bundling",
            "emergency.disable_enterprise_features",
            "emergency.disable_analytics",
            "emergency.force_fallback_mode",
        ];
        assert_eq!(off, wanted);
        assert!(find("bundling.everything").is_none());
    }
}
