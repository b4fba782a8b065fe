//! A table as it is to be made.

use super::names::{qualified, quote};

/// A table that is made where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its columns in order.
    pub columns: Vec<DefinedColumn>,
    /// The columns of its primary key; none if it has none.
    pub primary_key: Vec<String>,
    /// Columns that are unique together.
    pub unique: Vec<Vec<String>>,
}

/// A column of a table that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinedColumn {
    /// Its name.
    pub name: String,
    /// Its type in SQL; `None` for that of the dataset's column.
    pub declared: Option<String>,
    /// Whether it must not be null.
    pub not_null: bool,
    /// Its default, as SQL.
    pub default: Option<String>,
}

impl Definition {
    /// The statement that makes the table; `of_dataset` gives the type of a column that the definition leaves open.
    pub(crate) fn statement(&self, table: &str, of_dataset: &dyn Fn(&str) -> Option<&'static str>) -> String {
        let mut parts: Vec<String> = self.columns.iter().map(|column| column.part(of_dataset)).collect();
        let list = |names: &[String]| names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
        if !self.primary_key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", list(&self.primary_key)));
        }
        parts.extend(self.unique.iter().map(|columns| format!("UNIQUE ({})", list(columns))));
        format!("CREATE TABLE {} ({})", qualified(table), parts.join(", "))
    }
}

impl DefinedColumn {
    fn part(&self, of_dataset: &dyn Fn(&str) -> Option<&'static str>) -> String {
        let declared = self.declared.as_deref().or_else(|| of_dataset(&self.name)).unwrap_or("text");
        let not_null = if self.not_null { " NOT NULL" } else { "" };
        let default = self.default.as_ref().map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
        format!("{} {declared}{default}{not_null}", quote(&self.name))
    }
}
