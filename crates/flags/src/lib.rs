//! Feature flags: switches and numbers of a workspace and its shops that decide what stages do.
//!
//! Keys and defaults are those of the table; what differs from them is set in the workspace or for a shop. A stage is given
//! the values of the flags that its operator declares, and they are ingredients of its fingerprint, like parameters.

mod flag;
mod overrides;
mod stage;
mod switches;
mod table;

pub use flag::{Flag, FlagValue};
pub use overrides::{FlagError, Overrides};
pub use stage::StageFlags;
#[allow(unused_imports, reason = "operators name their flags by it")]
pub use table::flag;
pub use table::{FLAGS, find};
