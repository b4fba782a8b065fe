//! The same bundle once (section 10.1 and 10.2): hashes, merging, near duplicates, and how many of a kind.

mod hash;
mod merge;
mod near;
mod quotas;

pub use hash::{BundleHash, effective_skus};
pub use merge::merge_equal;
pub use near::{NearDuplicate, near_duplicates};
pub use quotas::Quotas;
