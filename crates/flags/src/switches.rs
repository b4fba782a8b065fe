//! What the kill switches hold off.

use super::flag::{Flag, FlagValue};

/// Whether a flag of this key is held.
type Holds = fn(&str) -> bool;

/// The kill switches, and which other flags each holds off.
const SWITCHES: [(&str, Holds); 5] = [
    ("emergency.disable_all_bundling", |key| key == "bundling.enabled"),
    ("emergency.disable_ml_optimization", |key| {
        matches!(key, "phase.ml_optimization" | "phase.enterprise_optimization" | "advanced.pareto_optimization")
    }),
    ("emergency.disable_enterprise_features", |key| key.starts_with("advanced.") || key.starts_with("experimental.")),
    ("emergency.disable_analytics", |key| key.starts_with("analytics.")),
    ("emergency.force_fallback_mode", |key| {
        let stays = key.starts_with("bundling.") || key.starts_with("data_mapping.");
        !stays && !matches!(key, "phase.csv_validation" | "phase.data_mapping" | "api.bundle_recommendations")
    }),
];

/// The kill switch that holds a flag off, of those that are thrown; numbers are not held.
pub fn held_by(flag: &Flag, is_thrown: impl Fn(&str) -> bool) -> Option<&'static str> {
    if !matches!(flag.default, FlagValue::Switch(_)) || is_kill_switch(flag) {
        return None;
    }
    SWITCHES.iter().find(|(switch, holds)| holds(flag.key) && is_thrown(switch)).map(|(switch, _)| *switch)
}

/// Whether a flag is a kill switch. They are thrown for a shop where they are for the workspace.
pub fn is_kill_switch(flag: &Flag) -> bool {
    flag.key.starts_with("emergency.")
}

#[cfg(test)]
mod tests {
    use super::{
        super::table::{FLAGS, find},
        *,
    };

    fn held(switch: &str) -> Vec<&'static str> {
        FLAGS.iter().filter(|flag| held_by(flag, |key| key == switch) == Some(switch)).map(|flag| flag.key).collect()
    }

    #[test]
    fn each_kill_switch_holds_its_own() {
        assert_eq!(held("emergency.disable_all_bundling"), ["bundling.enabled"]);
        assert_eq!(held("emergency.disable_ml_optimization").len(), 3);
        assert_eq!(held("emergency.disable_enterprise_features").len(), 10);
        assert_eq!(held("emergency.disable_analytics").len(), 4);
        let fallback = held("emergency.force_fallback_mode");
        assert!(!fallback.contains(&"bundling.enabled") && !fallback.contains(&"api.bundle_recommendations"));
        assert!(fallback.contains(&"phase.explainability") && fallback.contains(&"api.diagnostics"));
        assert!(SWITCHES.iter().all(|(switch, _)| find(switch).is_some_and(is_kill_switch)));
        assert!(!fallback.contains(&"safety.max_bundle_size"), "a number is not held");
    }
}
