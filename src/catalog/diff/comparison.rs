//! Today's products beside the last state: what is new, what changed, what cannot be used.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use super::{
    super::{
        digest::{ProductDigest, key_of},
        fields,
        json::{Omitted, Value, canonical, sha256_hex},
        parts::{Part, Place},
        validity::flaw,
    },
    changed::{ChangedColumns, ChangedProduct, Kind},
    keys::KeyTable,
    quarantine::{Quarantine, Rejected},
    state::{Difference, State},
};

/// How products are compared.
pub struct Rule {
    /// The namespace of products that name none.
    pub namespace: String,
    /// Fields that are no part of the hash.
    pub omitted: Vec<String>,
    /// Whether products that did not change are given too.
    pub gives_unchanged: bool,
    /// The instant the run is about.
    pub as_of: Timestamp,
}

/// What became of the products of a namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Usable products of today.
    pub products: u64,
    /// Products the index has.
    pub previous: u64,
    /// New ones.
    pub added: u64,
    /// Changed ones.
    pub modified: u64,
    /// Those that are the same.
    pub unchanged: u64,
    /// Those whose hashes had to be made anew.
    pub rehashed: u64,
    /// Later products with an id that an earlier one has.
    pub duplicates: u64,
    /// Those that cannot be used.
    pub quarantined: u64,
}

/// The comparison of one run.
pub struct Comparison<'s> {
    rule: Rule,
    state: &'s State,
    /// Which products of the state are in today's catalog, usable or not.
    seen: Vec<bool>,
    /// The products of today that the state lacks.
    new: KeyTable,
    /// By namespace.
    pub tallies: BTreeMap<String, Tally>,
    /// What changed.
    pub changed: ChangedColumns,
    /// What cannot be used.
    pub quarantine: Quarantine,
}

/// A product that is not what the state has.
struct Candidate<'p> {
    row: usize,
    id: &'p str,
    namespace: &'p str,
    number: Option<usize>,
    kind: Kind,
}

/// What a candidate came to.
struct Judged {
    content_hash: String,
    product: String,
    is_launch: bool,
}

impl<'s> Comparison<'s> {
    /// Nothing compared yet.
    pub fn new(rule: Rule, state: &'s State) -> Self {
        let mut tallies = BTreeMap::<String, Tally>::new();
        for number in (0..state.numbers()).filter(|number| state.is_there(*number)) {
            let (namespace, _) = state.name(number);
            match tallies.get_mut(namespace) {
                Some(tally) => tally.previous += 1,
                None => drop(tallies.insert(namespace.to_owned(), Tally { previous: 1, ..Tally::default() })),
            }
        }
        tallies.entry(rule.namespace.clone()).or_default();
        Self {
            rule,
            state,
            seen: vec![false; state.numbers()],
            new: KeyTable::with_capacity(1 << 10),
            tallies,
            changed: ChangedColumns::default(),
            quarantine: Quarantine::default(),
        }
    }

    /// The products of the state that today's catalog lacks.
    pub fn missing(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.state.numbers())
            .filter(|number| self.state.is_there(*number) && self.seen.get(*number) == Some(&false))
    }

    /// Compares a part. Of products with one id the first counts.
    pub fn add(&mut self, part: &Part<'_>, place: Place<'_>) {
        let mut candidates = Vec::new();
        let fallback = self.rule.namespace.clone();
        let mut counted = Counted { namespace: &fallback, tally: Tally::default() };
        for (row, id) in part.ids.iter().enumerate() {
            let namespace = match &part.namespaces {
                None => fallback.as_str(),
                Some(all) => all.get(row).and_then(Option::as_deref).unwrap_or(&fallback),
            };
            if namespace != counted.namespace {
                counted.settle(&mut self.tallies);
                counted.namespace = namespace;
            }
            let id = match id {
                Ok(id) => id.as_str(),
                Err(reason) => {
                    counted.tally.quarantined += 1;
                    let product = part.product(row);
                    self.quarantine.push(Rejected {
                        namespace,
                        place,
                        row,
                        id: "",
                        reason: reason.reason(),
                        product: &product,
                    });
                    continue;
                }
            };
            let digest = part.digests.get(row).copied().unwrap_or_default();
            match self.judge(namespace, id, digest) {
                Standing::Repeated => {
                    counted.tally.duplicates += 1;
                    let product = part.product(row);
                    self.quarantine.push(Rejected {
                        namespace,
                        place,
                        row,
                        id,
                        reason: "duplicate id",
                        product: &product,
                    });
                }
                Standing::Same => {
                    counted.tally.unchanged += 1;
                    counted.tally.products += 1;
                }
                Standing::Candidate(kind, number) => candidates.push(Candidate { row, id, namespace, number, kind }),
            }
        }
        counted.settle(&mut self.tallies);
        self.take(part, place, &candidates);
    }

    fn judge(&mut self, namespace: &str, id: &str, digest: ProductDigest) -> Standing {
        let key = key_of(namespace, id);
        let Some(number) = self.state.find(key) else {
            let (_, is_first) = self.new.insert(key);
            return if is_first { Standing::Candidate(Kind::Added, None) } else { Standing::Repeated };
        };
        if let Some(seen) = self.seen.get_mut(number)
            && std::mem::replace(seen, true)
        {
            return Standing::Repeated;
        }
        match self.state.difference(number, digest) {
            Some(Difference::Content) => Standing::Candidate(Kind::Modified, Some(number)),
            Some(Difference::OtherHash) => Standing::Candidate(Kind::Rehashed, Some(number)),
            None if self.rule.gives_unchanged => Standing::Candidate(Kind::Unchanged, Some(number)),
            None => Standing::Same,
        }
    }

    /// Takes the candidates that can be used.
    fn take(&mut self, part: &Part<'_>, place: Place<'_>, candidates: &[Candidate<'_>]) {
        let judged: Vec<Result<Judged, String>> = (0..candidates.len())
            .into_par_iter()
            .map(|at| match candidates.get(at) {
                Some(candidate) => self.judged(&part.product(candidate.row)),
                None => Err(String::new()),
            })
            .collect();
        for (candidate, judged) in candidates.iter().zip(judged) {
            let &Candidate { row, id, namespace, number, kind } = candidate;
            if !self.tallies.contains_key(namespace) {
                self.tallies.insert(namespace.to_owned(), Tally::default());
            }
            let Some(tally) = self.tallies.get_mut(namespace) else { continue };
            let judged = match judged {
                Ok(judged) => judged,
                Err(reason) => {
                    tally.quarantined += 1;
                    let product = part.product(row);
                    self.quarantine.push(Rejected { namespace, place, row, id, reason: &reason, product: &product });
                    continue;
                }
            };
            tally.products += 1;
            match kind {
                Kind::Added => tally.added += 1,
                Kind::Modified => tally.modified += 1,
                Kind::Rehashed => tally.rehashed += 1,
                Kind::Unchanged => tally.unchanged += 1,
            }
            self.changed.push(&ChangedProduct {
                namespace,
                id,
                kind,
                number,
                content_hash: &judged.content_hash,
                product: &judged.product,
                digest: part.digests.get(row).copied().unwrap_or_default(),
                fields: &part.fields.of_row(row),
                is_launch: judged.is_launch,
            });
        }
    }

    fn judged(&self, product: &Value<'_>) -> Result<Judged, String> {
        if let Some(flaw) = flaw(product) {
            return Err(flaw);
        }
        let hashed = canonical(product, Omitted(&self.rule.omitted));
        Ok(Judged {
            content_hash: sha256_hex(&hashed),
            product: if self.rule.omitted.is_empty() { hashed } else { canonical(product, Omitted::default()) },
            is_launch: is_launch(product, self.rule.as_of),
        })
    }
}

/// How a product of today stands beside the state.
enum Standing {
    /// An earlier one of today has its id.
    Repeated,
    /// It is the same.
    Same,
    /// It must be looked at.
    Candidate(Kind, Option<usize>),
}

/// Counts of neighbours of one namespace.
struct Counted<'n> {
    namespace: &'n str,
    tally: Tally,
}

impl Counted<'_> {
    fn settle(&mut self, tallies: &mut BTreeMap<String, Tally>) {
        let counted = std::mem::take(&mut self.tally);
        if counted == Tally::default() {
            return;
        }
        let tally = tallies.entry(self.namespace.to_owned()).or_default();
        tally.products += counted.products;
        tally.unchanged += counted.unchanged;
        tally.duplicates += counted.duplicates;
        tally.quarantined += counted.quarantined;
    }
}

/// Whether an added product is a launch: it has no date of its launch, or one within thirty days.
fn is_launch(product: &Value<'_>, as_of: Timestamp) -> bool {
    let Some(written) = fields::LAUNCHED.iter().find_map(|key| product.get(key).filter(|value| value.is_truthy()))
    else {
        return true;
    };
    let day = match written {
        Value::Text(text) => text.text().get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok()),
        _ => None,
    };
    let Some(day) = day else { return true };
    let today = as_of.to_zoned(jiff::tz::TimeZone::UTC).date();
    today.since(day).is_ok_and(|span| i64::from(span.get_days()) <= fields::LAUNCH_DAYS)
}
