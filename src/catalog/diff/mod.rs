//! `diff-catalog`: today's catalog beside what the index confirmed: what was added, changed and deleted.

mod changed;
mod comparison;
mod keys;
mod outputs;
mod quarantine;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use polars::prelude::LazyFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use self::{
    changed::Narrowed,
    comparison::{Comparison, Rule},
    outputs::{Guard, Limits, outputs},
    state::State,
};
use super::{
    digest, fields,
    parts::{Reading, for_each_part, is_list_of_files},
};
use crate::operator::{
    Column, ColumnKind, Frames, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

/// Which hash says that a product changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HashKind {
    /// Digests of the fields, without the volatile ones; numbers and prices are compared as what they are.
    #[default]
    Fields,
    /// SHA-256 of the canonical text of the whole product, as the original has it.
    Original,
}

/// Which changes are urgent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PriorityRule {
    /// Deletions, stock, prices and launches.
    #[default]
    Classes,
    /// Deletions and changes of the field price alone, as in the original.
    Original,
}

/// Which products are given with their content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Emit {
    /// Those that were added or changed.
    #[default]
    Changed,
    /// All usable ones, for a full sync.
    All,
}

/// Parameters of `diff-catalog`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiffCatalog {
    /// The namespace of all products, for example the shop's domain.
    pub namespace: String,
    /// The field that holds a product's namespace, where a catalog has several; products without it are of `namespace`.
    pub namespace_field: Option<String>,
    /// The fields that may hold the id, in the order in which they are tried.
    pub id_fields: Vec<String>,
    /// Fields that change without meaning anything: a field, or `field.key` of an object.
    pub volatile: Vec<String>,
    /// Which hash says that a product changed.
    pub hash: HashKind,
    /// Which changes are urgent.
    pub priority: PriorityRule,
    /// Which products are given with their content.
    pub emit: Emit,
    /// Whether deletions beyond the limits go through.
    pub allow_mass_delete: bool,
    /// Deletions of a namespace up to this number always go through.
    pub most_deletions: u64,
    /// The share of a namespace's products that may be deleted beyond that number.
    pub most_deleted_share: f64,
    /// The share of a namespace's products that may be unusable.
    pub most_quarantined_share: f64,
}

impl Default for DiffCatalog {
    fn default() -> Self {
        Self {
            namespace: "products".to_owned(),
            namespace_field: None,
            id_fields: fields::ID.map(ToOwned::to_owned).to_vec(),
            volatile: fields::VOLATILE.map(ToOwned::to_owned).to_vec(),
            hash: HashKind::default(),
            priority: PriorityRule::default(),
            emit: Emit::default(),
            allow_mass_delete: false,
            most_deletions: 50,
            most_deleted_share: 0.2,
            most_quarantined_share: 0.05,
        }
    }
}

/// The ports that may be connected.
const CATALOG: &str = "catalog";
const STATE: &str = "state";
const SINCE: &str = "since";

impl DiffCatalog {
    /// Fields that are no part of the hash.
    fn omitted(&self) -> Vec<String> {
        match self.hash {
            HashKind::Fields => self.volatile.clone(),
            HashKind::Original => Vec::new(),
        }
    }

    /// Digests made in another way have another version.
    fn hash_version(&self) -> i64 {
        let mut omitted = self.omitted();
        omitted.sort();
        let made = format!("{} {:?} {}", digest::VERSION, self.hash, omitted.join(" "));
        xxh3_64(made.as_bytes()).cast_signed()
    }

    fn state(&self, inputs: &mut Frames, context: &StageContext) -> Result<State, StageError> {
        let base = match inputs.take_optional(STATE) {
            None => Vec::new(),
            Some(mut frame) => {
                let names = frame.collect_schema()?;
                let columns = names.iter().map(|(name, kind)| Column::new(name, ColumnKind::of(kind))).collect();
                if is_list_of_files(&columns) { parquet_files(frame, context)? } else { vec![frame] }
            }
        };
        let namespace = self.namespace_field.is_none().then_some(self.namespace.as_str());
        Ok(State::read(base, inputs.take_optional(SINCE), self.hash_version(), namespace)?)
    }
}

fn parquet_files(listed: LazyFrame, context: &StageContext) -> Result<Vec<LazyFrame>, StageError> {
    let listed = listed.collect()?;
    listed.column("path")?.str()?.iter().flatten().map(|path| context.storage.parquet(path)).collect()
}

impl Operator for DiffCatalog {
    const NAME: &'static str = "diff-catalog";
    const SUMMARY: &'static str = "Compares today's catalog with what the index confirmed: added, modified and deleted products with their class.";
    const VERSION: u32 = 1;
    const USES_AS_OF: bool = true;
    const INPUTS: Inputs = Inputs::Any;

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("most_deleted_share", self.most_deleted_share, 0.0, 1.0)?;
        ParamError::unless_between("most_quarantined_share", self.most_quarantined_share, 0.0, 1.0)?;
        if self.namespace.is_empty() {
            return Err(ParamError {
                path: vec!["namespace".to_owned()],
                problem: "a namespace has a name".to_owned(),
                mend: "for example namespace = \"products\"".to_owned(),
            });
        }
        Ok(())
    }

    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        // Asked without inputs, for the names of the ports alone.
        if !inputs.is_empty() && !inputs.contains_key(CATALOG) {
            return Err(StageError::MissingInput { port: CATALOG.to_owned() });
        }
        if let Some(other) = inputs.keys().find(|name| ![CATALOG, STATE, SINCE].contains(&name.as_str())) {
            return Err(StageError::Input {
                port: other.clone(),
                problem: "diff-catalog has no such input".to_owned(),
                mend: "it reads catalog, and may read state and since".to_owned(),
            });
        }
        Ok(outputs::ports())
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut catalog = inputs.take(CATALOG)?;
        let names = catalog.collect_schema()?;
        let columns = names.iter().map(|(name, kind)| Column::new(name, ColumnKind::of(kind))).collect();
        let is_files = is_list_of_files(&columns);
        let state = self.state(&mut inputs, context)?;
        let reading = Reading {
            id_fields: self.id_fields.clone(),
            namespace_field: self.namespace_field.clone(),
            omitted: self.omitted(),
            original_hash: self.hash == HashKind::Original,
        };
        let rule = Rule {
            namespace: self.namespace.clone(),
            omitted: self.omitted(),
            gives_unchanged: self.emit == Emit::All,
            as_of: context.as_of,
        };
        let mut comparison = Comparison::new(rule, &state);
        for_each_part(catalog, is_files, &reading, context, &mut |part, place| {
            comparison.add(part, place);
            Ok(())
        })?;
        let limits = Limits {
            deletions: self.most_deletions,
            deleted_share: self.most_deleted_share,
            quarantined_share: self.most_quarantined_share,
            guard: if self.allow_mass_delete { Guard::Off } else { Guard::On },
        };
        let narrowed = match self.priority {
            PriorityRule::Classes => Narrowed::No,
            PriorityRule::Original => Narrowed::ToPrice,
        };
        outputs(comparison, &state, self.hash_version(), narrowed, &limits)
    }
}
