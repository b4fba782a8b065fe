//! What makes two bundles the same: type, objective and SKUs.

use std::{collections::HashMap, fmt};

use sha2::{Digest, Sha256};

use crate::bundles::{bundle_type::BundleType, objective::Objective};

/// The SHA-256 of a bundle's type, objective and sorted SKUs (section 10.1, D15).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleHash([u8; 32]);

impl BundleHash {
    /// Of a bundle with these SKUs, in any order.
    pub fn of(bundle_type: BundleType, objective: Objective, skus: &[&str]) -> Self {
        let mut sorted = skus.to_vec();
        sorted.sort_unstable();
        let text = format!("{}:{}:{}", bundle_type.name(), objective.name(), sorted.join(","));
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

impl fmt::Display for BundleHash {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for BundleHash {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What stands for each variant in a hash: its SKU, or where that is empty or shared the id.
pub fn effective_skus<'a>(skus: &[Option<&'a str>], ids: &[&'a str]) -> Vec<&'a str> {
    let mut uses: HashMap<&str, u32> = HashMap::new();
    for sku in skus.iter().flatten() {
        *uses.entry(sku).or_default() += 1;
    }
    let effective = |(sku, id): (&Option<&'a str>, &&'a str)| {
        sku.filter(|sku| !sku.is_empty() && uses.get(sku) == Some(&1)).unwrap_or(id)
    };
    skus.iter().zip(ids).map(effective).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_hashes() {
        let hash = |objective, skus: &[&str]| BundleHash::of(BundleType::Fbt, objective, skus).to_string();
        assert_eq!(
            hash(Objective::IncreaseAov, &["SKU-001", "SKU-002"]),
            "590bcf4ad3e81d0e1f18994448645c4f6db5dc66025f19bc8c87865c649ff135"
        );
        assert_eq!(
            hash(Objective::ClearSlowMovers, &["SKU-002", "SKU-001"]),
            "6f22e270230bfc0c2f3b59a94a6338f74062dc6cc87a884d58d847eb7817e5f4"
        );
    }

    #[test]
    fn a_shared_or_missing_sku_gives_way_to_the_id() {
        let skus = [Some("A"), Some("B"), Some("A"), None, Some("")];
        assert_eq!(effective_skus(&skus, &["1", "2", "3", "4", "5"]), ["1", "B", "3", "4", "5"]);
    }
}
