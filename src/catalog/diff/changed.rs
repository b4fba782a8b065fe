//! Products that changed, as columns, and what of them changed.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{
    BinaryChunkedBuilder, ChunkedBuilder, DataFrame, Int64Type, IntoColumn, NamedFrom, NewChunkedArray, PolarsResult,
    PrimitiveChunkedBuilder, Series, StringChunked, StringChunkedBuilder,
};

use super::{
    super::{
        digest::{Digest, ProductDigest},
        fields::Class,
    },
    state::{Known, State, packed, unpacked},
};

/// How a product of today differs from the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The state lacks it.
    Added,
    /// It changed.
    Modified,
    /// The state hashed it in another way.
    Rehashed,
    /// It is the same, and all are asked for.
    Unchanged,
}

impl Kind {
    /// The word in datasets.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Rehashed => "rehashed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A product that changed.
pub struct ChangedProduct<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its id.
    pub id: &'a str,
    /// How it differs.
    pub kind: Kind,
    /// Its number in the state.
    pub number: Option<usize>,
    /// The hash of the product.
    pub content_hash: &'a str,
    /// Its canonical text.
    pub product: &'a str,
    /// What it is compared by.
    pub digest: ProductDigest,
    /// Its fields, sorted by name.
    pub fields: &'a [(&'a str, Digest)],
    /// Whether it counts as launched, if it is new.
    pub is_launch: bool,
}

/// Products that changed, as columns.
pub struct ChangedColumns {
    namespaces: StringChunkedBuilder,
    ids: StringChunkedBuilder,
    content_hashes: StringChunkedBuilder,
    products: StringChunkedBuilder,
    digests_a: PrimitiveChunkedBuilder<Int64Type>,
    digests_b: PrimitiveChunkedBuilder<Int64Type>,
    fields: StringChunkedBuilder,
    digests: BinaryChunkedBuilder,
    kinds: Vec<(Kind, bool, Option<usize>)>,
}

impl Default for ChangedColumns {
    fn default() -> Self {
        let text = |name: &str| StringChunkedBuilder::new(name.into(), 0);
        let number = |name: &str| PrimitiveChunkedBuilder::new(name.into(), 0);
        Self {
            namespaces: text("namespace"),
            ids: text("id"),
            content_hashes: text("content_hash"),
            products: text("product"),
            digests_a: number("digest_a"),
            digests_b: number("digest_b"),
            fields: text("fields"),
            digests: BinaryChunkedBuilder::new("digests".into(), 0),
            kinds: Vec::new(),
        }
    }
}

/// What of the products changed, beside the products themselves.
pub struct Changes {
    /// A row a product: `namespace`, `id`, `change`, `content_hash`, `product`, the state's columns, `known_index`,
    /// `known_text`.
    pub products: DataFrame,
    /// Of each of these rows the class, the changed fields and the hash before.
    pub judged: Vec<(Kind, Class, Vec<String>, String)>,
}

impl ChangedColumns {
    /// Adds a product.
    pub fn push(&mut self, changed: &ChangedProduct<'_>) {
        self.namespaces.append_value(changed.namespace);
        self.ids.append_value(changed.id);
        self.content_hashes.append_value(changed.content_hash);
        self.products.append_value(changed.product);
        self.digests_a.append_value(changed.digest.0.cast_signed());
        self.digests_b.append_value(changed.digest.1.cast_signed());
        let (names, bytes) = packed(changed.fields);
        self.fields.append_value(&names);
        self.digests.append_value(&bytes);
        self.kinds.push((changed.kind, changed.is_launch, changed.number));
    }

    /// Looks up what the state knows of the products, and tells what of them changed. Of a narrowed priority only
    /// deletions and changes of the field `price` are urgent.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn finish(self, state: &State, hash_version: i64, narrowed: Narrowed) -> PolarsResult<Changes> {
        let numbers: Vec<usize> = self.kinds.iter().filter_map(|(_, _, number)| *number).collect();
        let mut known = state.known(&numbers)?.into_iter();
        let (fields, digests) = (self.fields.finish(), self.digests.finish());
        let height = self.kinds.len();
        let mut judged = Vec::with_capacity(height);
        let (mut known_index, mut known_text) = (Vec::with_capacity(height), Vec::with_capacity(height));
        for (row, (kind, is_launch, number)) in self.kinds.iter().enumerate() {
            let known = number.and_then(|_| known.next()).unwrap_or_default();
            let changed = match kind {
                Kind::Modified => {
                    let now = unpacked(fields.get(row).unwrap_or_default(), digests.get(row).unwrap_or_default());
                    changed_fields(&known.fields, &now)
                }
                Kind::Added | Kind::Rehashed | Kind::Unchanged => Vec::new(),
            };
            let class = class_of(*kind, *is_launch, &changed, narrowed);
            let Known { content_hash, index_hash, text_hash, .. } = known;
            known_index.push(index_hash);
            known_text.push(text_hash);
            judged.push((*kind, class, changed, content_hash));
        }
        let words: Vec<&str> = self.kinds.iter().map(|(kind, ..)| kind.word()).collect();
        let columns = vec![
            self.namespaces.finish().into_column(),
            self.ids.finish().into_column(),
            StringChunked::from_slice("change".into(), &words).into_column(),
            self.content_hashes.finish().into_column(),
            self.products.finish().into_column(),
            self.digests_a.finish().into_column(),
            self.digests_b.finish().into_column(),
            Series::new("hash_version".into(), vec![hash_version; height]).into_column(),
            fields.into_column(),
            digests.into_column(),
            Series::new("known_index".into(), known_index).into_column(),
            Series::new("known_text".into(), known_text).into_column(),
        ];
        Ok(Changes { products: DataFrame::new(height, columns)?, judged })
    }
}

/// Which changes are urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrowed {
    /// Those of all classes but the last.
    No,
    /// Deletions and changes of the field `price`.
    ToPrice,
}

fn class_of(kind: Kind, is_launch: bool, changed: &[String], narrowed: Narrowed) -> Class {
    let names = || changed.iter().map(String::as_str);
    let class = match kind {
        Kind::Added if is_launch => Class::Launch,
        Kind::Added => Class::Normal,
        Kind::Modified | Kind::Rehashed | Kind::Unchanged => Class::of_fields(names()),
    };
    match narrowed {
        Narrowed::No => class,
        Narrowed::ToPrice => class.narrowed(names()),
    }
}

/// The names of the fields whose digests differ, sorted; of nested fields the outer one too.
fn changed_fields(before: &BTreeMap<String, Digest>, now: &BTreeMap<String, Digest>) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_came_went_or_differ_are_named_in_order() {
        let of =
            |fields: &[(&str, Digest)]| fields.iter().map(|(name, digest)| ((*name).to_owned(), *digest)).collect();
        let (before, now) =
            (of(&[("a", 1), ("s", 2), ("s.w", 3), ("z", 9)]), of(&[("b", 1), ("s", 4), ("s.w", 5), ("z", 9)]));
        assert_eq!(changed_fields(&before, &now), ["a", "b", "s", "s.w"]);
        assert_eq!(
            unpacked(&packed(&[("a", 1), ("b", u64::MAX)]).0, &packed(&[("a", 1), ("b", u64::MAX)]).1),
            of(&[("a", 1), ("b", u64::MAX)])
        );
        assert!(unpacked("", &[]).is_empty());
    }
}
