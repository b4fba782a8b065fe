//! Bundles in words: why each was chosen, and what the shop says of it (sections 10.3 and 10.4).

mod bands;
mod copy;
mod slots;
mod summary;
mod written;

pub use copy::{BundleCopy, CopyInput, breaks_policy};
pub use slots::{Evidence, Explanation, explain};
pub use summary::summarised;
