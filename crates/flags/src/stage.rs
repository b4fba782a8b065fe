//! The flags that a stage is given: those that its operator declares, with their values for the workspace and its shops.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{
    flag::{Flag, FlagValue},
    overrides::Overrides,
};

/// The values of declared flags. One that is not declared has its default: nothing that is not an ingredient decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageFlags(BTreeMap<&'static str, Values>);

#[derive(Clone, Debug, PartialEq)]
struct Values {
    workspace: FlagValue,
    /// The shops of which the value is another one.
    shops: BTreeMap<String, FlagValue>,
}

#[allow(dead_code, reason = "operators read them; see operator::StageContext")]
impl StageFlags {
    /// The values of flags, given what is set of all.
    pub fn new(declared: &[&'static Flag], overrides: &Overrides) -> Self {
        let values = |flag: &&'static Flag| {
            let workspace = overrides.value(None, flag);
            let shops = overrides.shops().map(|shop| (shop.to_owned(), overrides.value(Some(shop), flag)));
            let shops = shops.filter(|(_, value)| *value != workspace).collect();
            (flag.key, Values { workspace, shops })
        };
        Self(declared.iter().map(values).collect())
    }

    /// A flag's value in the workspace, or for a shop.
    pub fn value(&self, shop: Option<&str>, flag: &'static Flag) -> &FlagValue {
        let Some(values) = self.0.get(flag.key) else { return &flag.default };
        shop.and_then(|shop| values.shops.get(shop)).unwrap_or(&values.workspace)
    }

    /// Whether a switch is on; false of what is no switch.
    pub fn is_on(&self, shop: Option<&str>, flag: &'static Flag) -> bool {
        matches!(self.value(shop, flag), FlagValue::Switch(true))
    }

    /// A whole number; 0 of what is none.
    pub fn int(&self, shop: Option<&str>, flag: &'static Flag) -> i64 {
        if let FlagValue::Int(number) = self.value(shop, flag) { *number } else { 0 }
    }

    /// A number, whole or not; 0 of what is none.
    pub fn float(&self, shop: Option<&str>, flag: &'static Flag) -> f64 {
        match self.value(shop, flag) {
            FlagValue::Float(number) => *number,
            #[expect(clippy::cast_precision_loss, reason = "flags are small numbers")]
            FlagValue::Int(number) => *number as f64,
            _ => 0.0,
        }
    }

    /// Whole numbers; none of what is no list.
    pub fn ints(&self, shop: Option<&str>, flag: &'static Flag) -> &[i64] {
        if let FlagValue::Ints(numbers) = self.value(shop, flag) { numbers } else { &[] }
    }

    /// The values as an ingredient: by key, and of a shop by `key of shop 'name'`.
    pub fn ingredient(&self) -> BTreeMap<String, Json> {
        let mut ingredient = BTreeMap::new();
        for (key, values) in &self.0 {
            ingredient.insert((*key).to_owned(), values.workspace.to_json());
            for (shop, value) in &values.shops {
                ingredient.insert(format!("{key} of shop '{shop}'"), json!(value.to_json()));
            }
        }
        ingredient
    }
}

#[cfg(test)]
mod tests {
    use super::{super::table::flag, *};

    const PAIR: &Flag = flag("bundling.max_per_pair");
    const ENABLED: &Flag = flag("bundling.enabled");
    const WAVES: &Flag = flag("bundling.staged_thresholds");
    const LIFT: &Flag = flag("bundling.relaxed_min_lift");

    #[test]
    fn a_stage_sees_what_it_declares_and_of_the_rest_the_defaults() {
        let set = json!({
            "bundling.max_per_pair": 3,
            "bundling.staged_thresholds": [1],
            "shops": { "a": { "bundling.max_per_pair": 5, "bundling.relaxed_min_lift": 2 } },
        });
        let overrides = Overrides::from_json(&set).unwrap();
        let flags = StageFlags::new(&[PAIR, LIFT, ENABLED], &overrides);
        assert_eq!([None, Some("a"), Some("b")].map(|shop| flags.int(shop, PAIR)), [3, 5, 3]);
        assert_eq!((flags.float(Some("a"), LIFT), flags.float(None, LIFT)), (2.0, 1.1));
        assert!(flags.is_on(Some("a"), ENABLED));
        assert_eq!(flags.ints(None, WAVES), [3, 5, 10, 20, 40], "not declared");
        let ingredient = json!({
            "bundling.max_per_pair": 3,
            "bundling.max_per_pair of shop 'a'": 5,
            "bundling.relaxed_min_lift": 1.1,
            "bundling.relaxed_min_lift of shop 'a'": 2.0,
            "bundling.enabled": true,
        });
        assert_eq!(json!(flags.ingredient()), ingredient);
    }

    #[test]
    fn a_shop_that_says_what_the_workspace_says_changes_nothing() {
        let set = json!({ "shops": { "a": { "bundling.max_per_pair": 2 } } });
        let overrides = Overrides::from_json(&set).unwrap();
        assert_eq!(StageFlags::new(&[PAIR], &overrides), StageFlags::new(&[PAIR], &Overrides::default()));
    }
}
