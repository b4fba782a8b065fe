//! JSON texts, a product each, as a part.

use super::{
    super::{
        digest::{Digest, FieldSeed, ProductDigest, of_field},
        fields,
        json::{Malformed, Omitted, Value, parse},
        product_id::product_id,
    },
    columns::FieldColumns,
    part::{Part, Products, Reading},
};

/// Parses products.
///
/// # Errors
/// The first text that is no JSON, by its place.
pub fn part_of_texts<'a>(texts: &[&'a str], reading: &Reading) -> Result<Part<'a>, (usize, Malformed)> {
    let mut products = Vec::with_capacity(texts.len());
    let mut filling = Filling {
        omitted: Omitted(&reading.omitted),
        fields: FieldColumns::new(texts.len()),
        seeds: Vec::new(),
        guesses: Vec::new(),
    };
    let mut digests = Vec::with_capacity(texts.len());
    let mut ids = Vec::with_capacity(texts.len());
    let mut namespaces = reading.namespace_field.as_ref().map(|_| Vec::with_capacity(texts.len()));
    for (row, text) in texts.iter().enumerate() {
        let product = parse(text).map_err(|problem| (row, problem))?;
        digests.push(filling.product(row, &product));
        ids.push(product_id(&product, &reading.id_fields));
        if let (Some(namespaces), Some(field)) = (&mut namespaces, &reading.namespace_field) {
            namespaces.push(product.get(field).and_then(Value::as_text).map(std::borrow::Cow::into_owned));
        }
        products.push(product);
    }
    let mut part = Part { ids, namespaces, digests, fields: filling.fields, products: Products::Parsed(products) };
    if reading.original_hash {
        part.hash_as_original();
    }
    Ok(part)
}

/// Columns being filled, with where each field was found in the product before.
struct Filling<'r> {
    omitted: Omitted<'r>,
    fields: FieldColumns,
    seeds: Vec<Option<FieldSeed>>,
    guesses: Vec<usize>,
}

impl Filling<'_> {
    fn product(&mut self, row: usize, product: &Value<'_>) -> ProductDigest {
        let mut sum = ProductDigest::default();
        let Value::Map(entries) = product else { return sum };
        let has_repeats = has_repeats(entries);
        for (place, (key, value)) in entries.iter().enumerate() {
            let name = key.text();
            let is_last =
                !has_repeats || !entries.get(place + 1..).unwrap_or_default().iter().any(|(k, _)| k.is(&name));
            if !is_last || self.omitted.has(&name) {
                continue;
            }
            let digest = match value {
                Value::Map(inner) => self.nested(row, &name, inner),
                value => of_field(value, fields::is_price(&name)),
            };
            let guess = self.guesses.get(place).copied().unwrap_or(usize::MAX);
            let Some(column) = self.fields.place(&name, guess) else { continue };
            if guess != column {
                self.guesses.resize(self.guesses.len().max(place + 1), usize::MAX);
                if let Some(guess) = self.guesses.get_mut(place) {
                    *guess = column;
                }
            }
            self.fields.set(column, row, digest);
            sum.add(self.seed(column, &name), digest);
        }
        sum
    }

    fn seed(&mut self, column: usize, name: &str) -> FieldSeed {
        if self.seeds.len() <= column {
            self.seeds.resize(column + 1, None);
        }
        match self.seeds.get_mut(column) {
            Some(seed) => *seed.get_or_insert_with(|| FieldSeed::of(name)),
            None => FieldSeed::of(name),
        }
    }

    /// An object in a product: its fields by dotted paths, and its digest as a whole.
    fn nested(&mut self, row: usize, name: &str, inner: &[(super::super::json::Text<'_>, Value<'_>)]) -> Digest {
        let mut counted = Vec::with_capacity(inner.len());
        for (key, value) in inner {
            let path = format!("{name}.{}", key.text());
            if self.omitted.has(&path) {
                continue;
            }
            if let Some(column) = self.fields.place(&path, usize::MAX) {
                self.fields.set(column, row, of_field(value, false));
            }
            counted.push((key.clone(), value.clone()));
        }
        of_field(&Value::Map(counted), fields::is_price(name))
    }
}

/// Whether a key stands twice in an object.
fn has_repeats(entries: &[(super::super::json::Text<'_>, Value<'_>)]) -> bool {
    entries.iter().enumerate().any(|(place, (key, _))| {
        let later = entries.get(place + 1..).unwrap_or_default();
        later.iter().any(|(other, _)| other == key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(omitted: &[&str]) -> Reading {
        Reading {
            id_fields: fields::ID.map(ToOwned::to_owned).to_vec(),
            namespace_field: None,
            omitted: omitted.iter().map(|field| (*field).to_owned()).collect(),
            original_hash: false,
        }
    }

    #[test]
    fn fields_are_columns_and_their_order_and_what_is_left_out_do_not_matter() {
        let texts = [
            r#"{"id": 1, "price": "$5.00", "s": {"w": 1, "at": 3}, "n": null}"#,
            r#"{"s": {"at": 9, "w": 1.0}, "price": 5, "id": 1.0, "x": 1}"#,
            r#"{"s": {"at": 9, "w": 1.0}, "price": 5, "id": 1.0, "x": 2, "x": 1}"#,
            r#"{"price": 5, "s": {"w": 1}, "id": 1, "updated": 7}"#,
            "[1]",
        ];
        let part = part_of_texts(&texts, &reading(&["updated", "s.at"])).unwrap();
        assert_eq!(part.digests[0], part.digests[3]);
        assert_eq!(part.digests[1], part.digests[2]);
        assert_ne!(part.digests[0], part.digests[1]);
        let names = |row| part.fields.of_row(row).iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(0), ["id", "price", "s", "s.w"]);
        assert_eq!(names(1), ["id", "price", "s", "s.w", "x"]);
        assert!(part.ids[4].is_err() && names(4).is_empty());
        assert_eq!(part_of_texts(&["{}", "{"], &reading(&[])).unwrap_err().0, 1);
    }
}
