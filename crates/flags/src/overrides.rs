//! What is set of flags: in the workspace, and for shops.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{
    flag::{Flag, FlagValue},
    switches::{held_by, is_kill_switch},
    table::{FLAGS, find},
};

/// Flags that differ from their defaults. A flag is looked up in this order: a kill switch, the shop, the workspace, its
/// default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    workspace: BTreeMap<&'static str, FlagValue>,
    shops: BTreeMap<String, BTreeMap<&'static str, FlagValue>>,
}

/// Why a flag cannot be set.
#[derive(Debug, thiserror::Error)]
#[error("{problem}; {mend}")]
pub struct FlagError {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub mend: String,
}

impl Overrides {
    /// Reads flags as they are written: `{"key": value, "shops": {"a shop": {"key": value}}}`. A part of a key may be a table
    /// of its own: `{"bundling": {"enabled": false}}`.
    ///
    /// # Errors
    /// A key that is no flag, or a value of another type than the flag's.
    pub fn from_json(json: &Json) -> Result<Self, FlagError> {
        let mut overrides = Self::default();
        for (key, value) in json.as_object().into_iter().flatten() {
            if key != "shops" {
                overrides.set_all(None, key, value)?;
                continue;
            }
            let shops = value.as_object().ok_or_else(|| FlagError {
                problem: format!("shops cannot be {value}"),
                mend: "give a table of flags for each shop, by its name".to_owned(),
            })?;
            for (shop, values) in shops {
                for (key, value) in values.as_object().into_iter().flatten() {
                    overrides.set_all(Some(shop), key, value)?;
                }
            }
        }
        Ok(overrides)
    }

    fn set_all(&mut self, shop: Option<&str>, key: &str, value: &Json) -> Result<(), FlagError> {
        let Json::Object(parts) = value else { return self.set(shop, key, value).map(drop) };
        parts.iter().try_for_each(|(part, value)| self.set_all(shop, &format!("{key}.{part}"), value))
    }

    /// The flags as they are written.
    pub fn to_json(&self) -> Json {
        let table = |values: &BTreeMap<&'static str, FlagValue>| -> Map<String, Json> {
            values.iter().map(|(key, value)| ((*key).to_owned(), value.to_json())).collect()
        };
        let mut written = table(&self.workspace);
        if !self.shops.is_empty() {
            let shops = self.shops.iter().map(|(shop, values)| (shop.clone(), Json::Object(table(values)))).collect();
            written.insert("shops".to_owned(), Json::Object(shops));
        }
        Json::Object(written)
    }

    /// Sets a flag of the workspace, or of a shop.
    ///
    /// # Errors
    /// A key that is no flag, or a value of another type than the flag's.
    pub fn set(&mut self, shop: Option<&str>, key: &str, value: &Json) -> Result<&'static Flag, FlagError> {
        let flag = known(key)?;
        let value = flag.default.like_this(value).ok_or_else(|| FlagError {
            problem: format!("{key} cannot be {value}"),
            mend: format!("give {}", flag.default.type_words()),
        })?;
        match shop {
            None => self.workspace.insert(flag.key, value),
            Some(shop) => self.shops.entry(shop.to_owned()).or_default().insert(flag.key, value),
        };
        Ok(flag)
    }

    /// Takes back what is set of a flag in the workspace, or for a shop. Returns whether anything was.
    ///
    /// # Errors
    /// A key that is no flag.
    pub fn reset(&mut self, shop: Option<&str>, key: &str) -> Result<bool, FlagError> {
        let flag = known(key)?;
        let Some(shop) = shop else { return Ok(self.workspace.remove(flag.key).is_some()) };
        let Some(values) = self.shops.get_mut(shop) else { return Ok(false) };
        let was_set = values.remove(flag.key).is_some();
        self.shops.retain(|_, values| !values.is_empty());
        Ok(was_set)
    }

    /// What is set of a flag just there.
    pub fn own(&self, shop: Option<&str>, flag: &Flag) -> Option<&FlagValue> {
        match shop {
            None => self.workspace.get(flag.key),
            Some(shop) => self.shops.get(shop)?.get(flag.key),
        }
    }

    /// The value of a flag in the workspace, or for a shop.
    pub fn value(&self, shop: Option<&str>, flag: &Flag) -> FlagValue {
        if self.held_by(shop, flag).is_some() {
            return FlagValue::Switch(false);
        }
        let workspace = self.own(None, flag);
        let of_shop = shop.and_then(|shop| self.own(Some(shop), flag));
        if is_kill_switch(flag) {
            let is_thrown = [workspace, of_shop].into_iter().flatten().any(|value| *value == FlagValue::Switch(true));
            return FlagValue::Switch(is_thrown);
        }
        of_shop.or(workspace).unwrap_or(&flag.default).clone()
    }

    /// The kill switch that holds a flag off, in the workspace or for a shop.
    pub fn held_by(&self, shop: Option<&str>, flag: &Flag) -> Option<&'static str> {
        held_by(flag, |switch| find(switch).is_some_and(|switch| self.value(shop, switch) == FlagValue::Switch(true)))
    }

    /// The shops for which anything is set.
    pub fn shops(&self) -> impl Iterator<Item = &str> {
        self.shops.keys().map(String::as_str)
    }
}

fn known(key: &str) -> Result<&'static Flag, FlagError> {
    find(key).ok_or_else(|| {
        let distance = |flag: &&Flag| strsim::damerau_levenshtein(flag.key, key);
        let nearest = FLAGS.iter().min_by_key(distance).map_or("", |flag| flag.key);
        FlagError {
            problem: format!("there is no flag '{key}'"),
            mend: format!("did you mean {nearest}? `nightloom flags list` names all"),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shop_comes_before_the_workspace_and_that_before_the_default() {
        let flags = json!({
            "bundling.max_per_pair": 3,
            "shops": { "a": { "bundling.max_per_pair": 5 }, "b": { "bundling.enabled": false } },
        });
        let overrides = Overrides::from_json(&flags).unwrap();
        let pair = find("bundling.max_per_pair").unwrap();
        let values = [None, Some("a"), Some("b"), Some("c")].map(|shop| overrides.value(shop, pair));
        assert_eq!(values, [3, 5, 3, 3].map(FlagValue::Int));
        assert_eq!(overrides.to_json(), flags);
        let parts = json!({
            "bundling": { "max_per_pair": 3 },
            "shops": { "a": { "bundling": { "max_per_pair": 5 } }, "b": { "bundling.enabled": false } },
        });
        assert_eq!(Overrides::from_json(&parts).unwrap(), overrides);
        assert!(Overrides::from_json(&json!({ "shops": 3 })).is_err());
        assert_eq!(Overrides::default().value(Some("a"), pair), FlagValue::Int(2));
    }

    #[test]
    fn a_kill_switch_comes_before_all_and_one_of_the_workspace_is_thrown_for_its_shops() {
        let mut overrides = Overrides::default();
        let enabled = find("bundling.enabled").unwrap();
        overrides.set(Some("a"), "bundling.enabled", &json!(true)).unwrap();
        overrides.set(Some("b"), "emergency.disable_all_bundling", &json!(true)).unwrap();
        let is_on = |overrides: &Overrides| [None, Some("a"), Some("b")].map(|shop| overrides.value(shop, enabled));
        assert_eq!(is_on(&overrides), [true, true, false].map(FlagValue::Switch));
        overrides.set(None, "emergency.disable_all_bundling", &json!(true)).unwrap();
        overrides.set(Some("b"), "emergency.disable_all_bundling", &json!(false)).unwrap();
        assert_eq!(is_on(&overrides), [false; 3].map(FlagValue::Switch));
        assert_eq!(overrides.held_by(Some("a"), enabled), Some("emergency.disable_all_bundling"));
        assert!(overrides.reset(None, "emergency.disable_all_bundling").unwrap());
        assert_eq!(is_on(&overrides), [true; 3].map(FlagValue::Switch));
        assert!(!overrides.reset(Some("c"), "bundling.enabled").unwrap());
    }

    #[test]
    fn a_key_that_is_no_flag_and_a_value_of_another_type_are_refused_with_the_mend() {
        let mut overrides = Overrides::default();
        for (key, value, words) in [
            ("bundling.max_per_pairs", json!(3), "did you mean bundling.max_per_pair?"),
            ("bundling.max_per_pair", json!(2.5), "bundling.max_per_pair cannot be 2.5; give a whole number"),
            ("bundling.enabled", json!("yes"), "cannot be \"yes\"; give true or false"),
            ("bundling.staged_thresholds", json!([3, "5"]), "give a list of whole numbers"),
        ] {
            let error = overrides.set(None, key, &value).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(overrides, Overrides::default());
        overrides.set(None, "bundling.relaxed_min_lift", &json!(2)).unwrap();
        assert_eq!(overrides.value(None, find("bundling.relaxed_min_lift").unwrap()), FlagValue::Float(2.0));
    }
}
