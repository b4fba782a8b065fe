//! What a comparison came to, as datasets; a namespace that looks damaged has no changes.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, PolarsResult, Series, SortMultipleOptions, StringChunked};

use super::{
    super::fields::Class,
    changed::{Changes, Kind, Narrowed},
    comparison::{Comparison, Tally},
    state::State,
};
use crate::operator::{ColumnKind, Frames, OutputPort, StageError};

/// Whether deletions beyond the limits go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// They are refused.
    On,
    /// They go through.
    Off,
}

/// What a night may lose.
pub struct Limits {
    /// Deletions up to this number always go through.
    pub deletions: u64,
    /// The share of products that may be deleted beyond it.
    pub deleted_share: f64,
    /// The share of products that may be unusable.
    pub quarantined_share: f64,
    /// Whether deletions are limited.
    pub guard: Guard,
}

impl Limits {
    /// Why the changes of a namespace are not to be believed.
    #[expect(clippy::cast_precision_loss, reason = "numbers of products")]
    fn refusal(&self, tally: &Tally, deleted: u64) -> Option<String> {
        let read = tally.products + tally.quarantined;
        if tally.quarantined as f64 > self.quarantined_share * read as f64 && tally.quarantined > 0 {
            return Some(format!(
                "{} of {read} products cannot be used; see the quarantine, or raise most_quarantined_share",
                tally.quarantined
            ));
        }
        if self.guard == Guard::Off || deleted == 0 {
            return None;
        }
        if tally.products == 0 {
            return Some(format!(
                "the catalog has no product, and the index has {}; mass deletion blocked",
                tally.previous
            ));
        }
        let most = (self.deletions as f64).max(self.deleted_share * tally.previous as f64);
        (deleted as f64 > most).then(|| {
            format!(
                "{deleted} of {} products would be deleted; mass deletion blocked, set allow_mass_delete = true if it is meant",
                tally.previous
            )
        })
    }
}

/// The output ports.
pub fn ports() -> Vec<OutputPort> {
    use ColumnKind::{Any, Int, Text};
    vec![
        OutputPort::new(
            "changes",
            "What changed, the most urgent first; fields are sorted and joined by a comma.",
            &[
                ("namespace", Text),
                ("id", Text),
                ("change", Text),
                ("class", Text),
                ("order", Int),
                ("fields", Text),
                ("old_hash", Text),
                ("new_hash", Text),
            ],
        ),
        OutputPort::new(
            "products",
            "The products that were added or changed, with what the index is to remember of them.",
            &[
                ("namespace", Text),
                ("id", Text),
                ("change", Text),
                ("content_hash", Text),
                ("product", Text),
                ("digest_a", Int),
                ("digest_b", Int),
                ("hash_version", Int),
                ("fields", Text),
                ("digests", Any),
                ("known_index", Text),
                ("known_text", Text),
            ],
        ),
        OutputPort::new(
            "quarantine",
            "Products that cannot be used, with the reason; of products with one id all but the first.",
            &[("namespace", Text), ("file", Text), ("number", Int), ("id", Text), ("reason", Text), ("product", Text)],
        ),
        OutputPort::new(
            "refusals",
            "Namespaces whose catalog looks damaged: they have no changes.",
            &[("namespace", Text), ("reason", Text), ("previous", Int), ("products", Int), ("deleted", Int)],
        ),
        OutputPort::new(
            "summary",
            "How many products of each namespace were read and what became of them.",
            &[
                ("namespace", Text),
                ("products", Int),
                ("previous", Int),
                ("added", Int),
                ("modified", Int),
                ("deleted", Int),
                ("unchanged", Int),
                ("rehashed", Int),
                ("duplicates", Int),
                ("quarantined", Int),
            ],
        ),
    ]
}

/// The datasets of a comparison.
///
/// # Errors
/// When a frame cannot be made.
pub fn outputs(
    comparison: Comparison<'_>,
    state: &State,
    hash_version: i64,
    narrowed: Narrowed,
    limits: &Limits,
) -> Result<Frames, StageError> {
    let mut gone: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for number in comparison.missing() {
        let (namespace, _) = state.name(number);
        match gone.get_mut(namespace) {
            Some(numbers) => numbers.push(number),
            None => drop(gone.insert(namespace.to_owned(), vec![number])),
        }
    }
    let deleted = |namespace: &str| gone.get(namespace).map_or(0, |numbers| numbers.len() as u64);
    let refused: BTreeMap<&String, String> = (comparison.tallies.iter())
        .filter_map(|(namespace, tally)| Some((namespace, limits.refusal(tally, deleted(namespace))?)))
        .collect();
    let (summary, refusals) =
        (summary(&comparison.tallies, &deleted)?, refusals(&comparison.tallies, &refused, &deleted)?);
    gone.retain(|namespace, _| !refused.contains_key(namespace));
    let is_refused = |namespace: &str| refused.keys().any(|refused| *refused == namespace);
    let changes = comparison.changed.finish(state, hash_version, narrowed)?;
    let kept: Vec<bool> =
        changes.products.column("namespace")?.str()?.iter().map(|name| !is_refused(name.unwrap_or_default())).collect();
    let rows = change_rows(&changes, &kept, state, gone.into_values().flatten().collect())?;
    let products = changes.products.filter(&kept.into_iter().collect())?;
    let products = products.sort(["namespace", "id"], SortMultipleOptions::default())?;
    Ok(Frames::new()
        .with("changes", rows)
        .with("products", products)
        .with("quarantine", comparison.quarantine.into_frame()?)
        .with("refusals", refusals)
        .with("summary", summary))
}

/// A change as a row.
struct ChangeRow<'a> {
    namespace: &'a str,
    id: &'a str,
    change: &'static str,
    class: Class,
    fields: String,
    old_hash: Option<&'a str>,
    new_hash: Option<&'a str>,
}

fn change_rows(changes: &Changes, kept: &[bool], state: &State, gone: Vec<usize>) -> PolarsResult<DataFrame> {
    let text = |name: &str| changes.products.column(name).and_then(|column| column.str().cloned());
    let (namespaces, ids, hashes) = (text("namespace")?, text("id")?, text("content_hash")?);
    let known = state.known(&gone)?;
    let mut rows = Vec::with_capacity(changes.judged.len() + gone.len());
    for (row, (kind, class, fields, old_hash)) in changes.judged.iter().enumerate() {
        if !matches!(kind, Kind::Added | Kind::Modified) || kept.get(row) != Some(&true) {
            continue;
        }
        rows.push(ChangeRow {
            namespace: namespaces.get(row).unwrap_or_default(),
            id: ids.get(row).unwrap_or_default(),
            change: kind.word(),
            class: *class,
            fields: fields.join(","),
            old_hash: Some(old_hash.as_str()).filter(|hash| !hash.is_empty()),
            new_hash: hashes.get(row),
        });
    }
    for (number, known) in gone.iter().zip(&known) {
        let (namespace, id) = state.name(*number);
        rows.push(ChangeRow {
            namespace,
            id,
            change: "deleted",
            class: Class::Deletion,
            fields: String::new(),
            old_hash: Some(known.content_hash.as_str()).filter(|hash| !hash.is_empty()),
            new_hash: None,
        });
    }
    rows.sort_unstable_by(|a, b| (a.class, a.namespace, a.id).cmp(&(b.class, b.namespace, b.id)));
    let column = |name: &str, of: &dyn Fn(&ChangeRow<'_>) -> Option<String>| {
        rows.iter().map(of).collect::<StringChunked>().with_name(name.into()).into_column()
    };
    let own = |text: &str| Some(text.to_owned());
    let columns = vec![
        column("namespace", &|row| own(row.namespace)),
        column("id", &|row| own(row.id)),
        column("change", &|row| own(row.change)),
        column("class", &|row| own(row.class.word())),
        Series::new("order".into(), rows.iter().map(|row| row.class.order()).collect::<Vec<_>>()).into_column(),
        column("fields", &|row| own(&row.fields)),
        column("old_hash", &|row| row.old_hash.map(ToOwned::to_owned)),
        column("new_hash", &|row| row.new_hash.map(ToOwned::to_owned)),
    ];
    DataFrame::new(rows.len(), columns)
}

fn summary(tallies: &BTreeMap<String, Tally>, deleted: &dyn Fn(&str) -> u64) -> PolarsResult<DataFrame> {
    let count = |name: &str, of: &dyn Fn(&String, &Tally) -> u64| {
        let counts: Vec<i64> =
            tallies.iter().map(|(namespace, tally)| i64::try_from(of(namespace, tally)).unwrap_or(i64::MAX)).collect();
        Series::new(name.into(), counts).into_column()
    };
    let names: Vec<&str> = tallies.keys().map(String::as_str).collect();
    let columns = vec![
        Series::new("namespace".into(), names).into_column(),
        count("products", &|_, tally| tally.products),
        count("previous", &|_, tally| tally.previous),
        count("added", &|_, tally| tally.added),
        count("modified", &|_, tally| tally.modified),
        count("deleted", &|namespace, _| deleted(namespace)),
        count("unchanged", &|_, tally| tally.unchanged),
        count("rehashed", &|_, tally| tally.rehashed),
        count("duplicates", &|_, tally| tally.duplicates),
        count("quarantined", &|_, tally| tally.quarantined),
    ];
    DataFrame::new(tallies.len(), columns)
}

fn refusals(
    tallies: &BTreeMap<String, Tally>,
    refused: &BTreeMap<&String, String>,
    deleted: &dyn Fn(&str) -> u64,
) -> PolarsResult<DataFrame> {
    let count = |name: &str, of: &dyn Fn(&Tally) -> u64| {
        let each = refused.keys().filter_map(|namespace| tallies.get(*namespace));
        let counts: Vec<i64> = each.map(|tally| i64::try_from(of(tally)).unwrap_or(i64::MAX)).collect();
        Series::new(name.into(), counts).into_column()
    };
    let gone: Vec<i64> = refused.keys().map(|name| i64::try_from(deleted(name)).unwrap_or(i64::MAX)).collect();
    let columns = vec![
        Series::new("namespace".into(), refused.keys().map(|name| name.as_str()).collect::<Vec<_>>()).into_column(),
        Series::new("reason".into(), refused.values().map(String::as_str).collect::<Vec<_>>()).into_column(),
        count("previous", &|tally| tally.previous),
        count("products", &|tally| tally.products),
        Series::new("deleted".into(), gone).into_column(),
    ];
    DataFrame::new(refused.len(), columns)
}
