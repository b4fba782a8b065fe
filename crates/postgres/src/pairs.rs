//! What stands in a connection string, a service file or the environment: keys with their values.

use std::collections::BTreeMap;

/// Settings by key.
pub(crate) type Pairs = BTreeMap<String, String>;
