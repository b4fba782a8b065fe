//! The last state: what the index confirmed of each product.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, DataType, IdxCa, IntoLazy, LazyFrame, PolarsResult, StringChunked, col};

use super::{
    super::digest::{Digest, ProductDigest, key_of},
    keys::KeyTable,
};

/// What every row of a state has, to be compared.
pub const COMPARED: [&str; 5] = ["namespace", "id", "digest_a", "digest_b", "hash_version"];
/// What is asked of the rows that changed.
pub const ASKED: [&str; 5] = ["content_hash", "index_hash", "text_hash", "fields", "digests"];

/// The state of all products.
pub struct State {
    keys: KeyTable,
    digests: Vec<ProductDigest>,
    /// Whether the digests can be compared with today's.
    comparable: Vec<bool>,
    /// Where the row lies.
    places: Vec<Place>,
    /// Whether the product is gone since the rows of `base` were written.
    gone: Vec<bool>,
    base: Rows,
    since: Rows,
}

/// A row of the base, or of what changed since.
#[derive(Clone, Copy, Debug)]
enum Place {
    Base(u32),
    Since(u32),
}

/// Rows of a state: the columns that are compared in memory, the others where they lie.
struct Rows {
    frame: LazyFrame,
    namespaces: StringChunked,
    ids: StringChunked,
}

/// What the index confirmed of one product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The hash of the product.
    pub content_hash: String,
    /// The hash of what was written.
    pub index_hash: String,
    /// The hash of the text whose vector is there.
    pub text_hash: String,
    /// The digests of its fields.
    pub fields: BTreeMap<String, Digest>,
}

impl State {
    /// The state that `base` and the rows that changed `since` make together. A row of `since` with `deleted` takes its
    /// product away. Where all products are of one `namespace`, others' rows are of no concern.
    ///
    /// # Errors
    /// When a frame cannot be read or lacks a column.
    pub fn read(
        base: Vec<LazyFrame>,
        since: Option<LazyFrame>,
        hash_version: i64,
        namespace: Option<&str>,
    ) -> PolarsResult<Self> {
        let (base, base_rows) = Rows::read(concatenated(base)?, false)?;
        let (since, since_rows) = Rows::read(since.unwrap_or_else(empty), true)?;
        let count = base.ids.len() + since.ids.len();
        let mut state = Self {
            keys: KeyTable::with_capacity(count),
            digests: Vec::with_capacity(count),
            comparable: Vec::with_capacity(count),
            places: Vec::with_capacity(count),
            gone: Vec::with_capacity(count),
            base,
            since,
        };
        state.fill(&base_rows, hash_version, namespace, Place::Base)?;
        state.fill(&since_rows, hash_version, namespace, Place::Since)?;
        Ok(state)
    }

    fn fill(
        &mut self,
        rows: &DataFrame,
        hash_version: i64,
        of: Option<&str>,
        place: fn(u32) -> Place,
    ) -> PolarsResult<()> {
        let (namespaces, ids) = (rows.column("namespace")?.str()?, rows.column("id")?.str()?);
        let (a, b) = (rows.column("digest_a")?.i64()?, rows.column("digest_b")?.i64()?);
        let versions = rows.column("hash_version")?.i64()?;
        let deleted = rows.column("deleted")?.i64()?;
        let cells =
            namespaces.iter().zip(ids.iter()).zip(a.iter().zip(b.iter())).zip(versions.iter().zip(deleted.iter()));
        for (row, (((namespace, id), (a, b)), (version, deleted))) in cells.enumerate() {
            let (Some(namespace), Some(id)) = (namespace, id) else { continue };
            if of.is_some_and(|of| of != namespace) {
                continue;
            }
            let lane = |cell: Option<i64>| cell.unwrap_or_default().cast_unsigned();
            let digest = ProductDigest(lane(a), lane(b));
            let (number, is_new) = self.keys.insert(key_of(namespace, id));
            if is_new {
                self.digests.push(digest);
                self.comparable.push(false);
                self.places.push(Place::Base(0));
                self.gone.push(false);
            }
            let at = place(u32::try_from(row).unwrap_or(u32::MAX));
            set(&mut self.digests, number, digest);
            set(&mut self.comparable, number, version == Some(hash_version));
            set(&mut self.places, number, at);
            set(&mut self.gone, number, deleted.unwrap_or_default() != 0);
        }
        Ok(())
    }

    /// How many numbers there are, products that are gone among them.
    pub fn numbers(&self) -> usize {
        self.places.len()
    }

    /// The number of a product that the index has.
    pub fn find(&self, key: u128) -> Option<usize> {
        self.keys.find(key).filter(|number| self.is_there(*number))
    }

    /// Whether the index has the product.
    pub fn is_there(&self, number: usize) -> bool {
        self.gone.get(number) == Some(&false)
    }

    /// How a product stands beside today's digest: `None` if it is the same.
    pub fn difference(&self, number: usize, today: ProductDigest) -> Option<Difference> {
        if self.comparable.get(number) != Some(&true) {
            return Some(Difference::OtherHash);
        }
        (self.digests.get(number) != Some(&today)).then_some(Difference::Content)
    }

    /// Namespace and id of a product.
    pub fn name(&self, number: usize) -> (&str, &str) {
        let (rows, row) = match self.places.get(number) {
            Some(Place::Base(row)) => (&self.base, *row),
            Some(Place::Since(row)) => (&self.since, *row),
            None => (&self.base, u32::MAX),
        };
        (rows.namespaces.get(row as usize).unwrap_or_default(), rows.ids.get(row as usize).unwrap_or_default())
    }

    /// What is known of products, in the order in which they are asked for.
    ///
    /// # Errors
    /// When the columns cannot be read.
    pub fn known(&self, numbers: &[usize]) -> PolarsResult<Vec<Known>> {
        let mut known = vec![Known::default(); numbers.len()];
        for (rows, of) in [(&self.base, true), (&self.since, false)] {
            let mut asked: Vec<(usize, u32)> = Vec::new();
            for (place, number) in numbers.iter().enumerate() {
                match self.places.get(*number) {
                    Some(Place::Base(row)) if of => asked.push((place, *row)),
                    Some(Place::Since(row)) if !of => asked.push((place, *row)),
                    _ => {}
                }
            }
            for ((place, _), found) in asked.iter().zip(rows.known(&asked)?) {
                set(&mut known, *place, found);
            }
        }
        Ok(known)
    }
}

/// How a product is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It changed.
    Content,
    /// It was hashed in another way: whether it changed cannot be told.
    OtherHash,
}

fn set<T>(cells: &mut [T], place: usize, value: T) {
    if let Some(cell) = cells.get_mut(place) {
        *cell = value;
    }
}

impl Rows {
    /// Reads the columns that are compared. The rows of what changed since may say that a product is gone.
    fn read(frame: LazyFrame, may_be_gone: bool) -> PolarsResult<(Self, DataFrame)> {
        let mut compared: Vec<_> = COMPARED.iter().map(|name| col(*name)).collect();
        let mut named = frame.clone();
        let has_deleted = may_be_gone && named.collect_schema()?.contains("deleted");
        compared.push(match has_deleted {
            true => col("deleted").cast(DataType::Int64),
            false => polars::prelude::lit(0_i64).alias("deleted"),
        });
        let mut rows = frame.clone().select(compared).collect()?;
        rows.rechunk_mut();
        for name in ["namespace", "id"] {
            rows.apply(name, |column| column.cast(&DataType::String).unwrap_or_else(|_| column.clone()))?;
        }
        for name in ["digest_a", "digest_b", "hash_version", "deleted"] {
            rows.apply(name, |column| column.cast(&DataType::Int64).unwrap_or_else(|_| column.clone()))?;
        }
        let (namespaces, ids) = (rows.column("namespace")?.str()?.clone(), rows.column("id")?.str()?.clone());
        Ok((Self { frame, namespaces, ids }, rows))
    }

    /// What is known of rows, by their place in the frame.
    fn known(&self, asked: &[(usize, u32)]) -> PolarsResult<Vec<Known>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.frame.clone().select(ASKED.map(col)).collect()?;
        let places = IdxCa::from_vec("".into(), asked.iter().map(|(_, row)| *row).collect());
        let rows = rows.take(&places)?;
        let text = |name: &str| -> PolarsResult<StringChunked> {
            Ok(rows.column(name)?.cast(&DataType::String)?.str()?.clone())
        };
        let (content, index, texts) = (text("content_hash")?, text("index_hash")?, text("text_hash")?);
        let (fields, digests) = (text("fields")?, digest_bytes(rows.column("digests")?)?);
        let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let known = (0..rows.height()).map(|row| Known {
            content_hash: own(content.get(row)),
            index_hash: own(index.get(row)),
            text_hash: own(texts.get(row)),
            fields: unpacked(fields.get(row).unwrap_or_default(), digests.get(row).map_or(&[], Vec::as_slice)),
        });
        Ok(known.collect())
    }
}

/// The digests as bytes, whether they are written as such or in hexadecimal digits.
fn digest_bytes(column: &Column) -> PolarsResult<Vec<Vec<u8>>> {
    if let Ok(bytes) = column.binary() {
        return Ok(bytes.iter().map(|bytes| bytes.unwrap_or_default().to_vec()).collect());
    }
    let texts = column.cast(&DataType::String)?;
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
    let of = |text: Option<&str>| text.unwrap_or_default().as_bytes().chunks(2).map(byte).collect();
    Ok(texts.str()?.iter().map(of).collect())
}

/// Names joined by line ends, and eight bytes a field.
pub fn packed(fields: &[(&str, Digest)]) -> (String, Vec<u8>) {
    let names: Vec<String> = fields.iter().map(|(name, _)| name.replace('\n', " ")).collect();
    (names.join("\n"), fields.iter().flat_map(|(_, digest)| digest.to_le_bytes()).collect())
}

/// The fields of a row.
pub fn unpacked(names: &str, digests: &[u8]) -> BTreeMap<String, Digest> {
    let each = names.split('\n').zip(digests.chunks_exact(8));
    each.filter_map(|(name, bytes)| Some((name.to_owned(), Digest::from_le_bytes(bytes.try_into().ok()?)))).collect()
}

/// A state without rows.
fn empty() -> LazyFrame {
    let text = |name: &str| Column::new_empty(name.into(), &DataType::String);
    let number = |name: &str| Column::new_empty(name.into(), &DataType::Int64);
    let columns = vec![
        text("namespace"),
        text("id"),
        number("digest_a"),
        number("digest_b"),
        number("hash_version"),
        text("content_hash"),
        text("index_hash"),
        text("text_hash"),
        text("fields"),
        text("digests"),
    ];
    DataFrame::new(0, columns).unwrap_or_default().lazy()
}

fn concatenated(mut frames: Vec<LazyFrame>) -> PolarsResult<LazyFrame> {
    match frames.len() {
        0 => Ok(empty()),
        1 => Ok(frames.remove(0)),
        _ => polars::prelude::concat(frames, polars::prelude::UnionArgs::default()),
    }
}
