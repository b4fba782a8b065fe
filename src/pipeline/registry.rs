//! The table of operators that pipeline files can name.

use crate::{catalog, linking, mining, operator::OperatorKind, orders, pipeline::sql_operator::Sql, workflows};

/// All operators, by name.
pub struct Registry(Vec<OperatorKind>);

impl Registry {
    /// The operators of every room.
    pub fn standard() -> Self {
        let mut kinds = linking::operators();
        kinds.extend(workflows::operators());
        kinds.extend(mining::operators());
        kinds.extend(orders::operators());
        kinds.extend(catalog::operators());
        kinds.push(OperatorKind::of::<Sql>());
        kinds.sort_by_key(|kind| kind.name);
        Self(kinds)
    }

    /// The operators with one more.
    #[cfg(test)]
    pub fn with(mut self, kind: OperatorKind) -> Self {
        self.0.push(kind);
        self
    }

    /// An operator by name.
    pub fn get(&self, name: &str) -> Option<&OperatorKind> {
        self.0.iter().find(|kind| kind.name == name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().map(|kind| kind.name)
    }

    /// The operators, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &OperatorKind> {
        self.0.iter()
    }
}
