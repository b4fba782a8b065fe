//! Digests of fields: what a value is, in 64 bits, whatever file it came from.
//!
//! A missing field is the same as null and has no digest. Numbers are compared as numbers (10 is 10.0), prices as cents,
//! nested values as a whole. The digest of a product is a sum over its fields, so that neither their order nor a field
//! without a value matters.

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

use super::{
    json::{Text, Value},
    price::Cents,
};

/// Part of every state: digests of another version cannot be compared.
pub const VERSION: i64 = 1;

/// A value's digest; 0 stands for no value.
pub type Digest = u64;

/// What a value is decides the seed: the text "1", the number 1 and the price 0.01 are three things.
const TEXT: u64 = 1;
const NUMBER: u64 = 2;
const BIG_NUMBER: u64 = 3;
const BOOL: u64 = 4;
const PRICE: u64 = 5;
const LIST: u64 = 6;
const MAP: u64 = 7;
const NULL_INSIDE: u64 = 8;
const NAME: u64 = 9;

/// Odd constants of high entropy: the fraction of the golden ratio and that of the square root of 3.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const ROOT: u64 = 0xbb67_ae85_84ca_a73b;

/// Multiplies to 128 bits and folds the halves.
#[expect(clippy::cast_possible_truncation, reason = "the halves are taken one by one")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Never 0, which stands for no value.
const fn some(digest: u64) -> Digest {
    if digest == 0 { 1 } else { digest }
}

const fn of_bits(bits: u64, kind: u64) -> Digest {
    some(fold(bits ^ GOLDEN.wrapping_mul(kind), ROOT ^ bits.rotate_left(32)))
}

/// A text.
pub fn of_text(text: &str) -> Digest {
    some(xxh3_64_with_seed(text.as_bytes(), TEXT))
}

/// A truth value.
pub const fn of_bool(value: bool) -> Digest {
    of_bits(value as u64, BOOL)
}

/// A float; not-a-number is a value like others.
pub fn of_float(number: f64) -> Digest {
    // Both zeros are equal.
    of_bits((number + 0.0).to_bits(), NUMBER)
}

/// An integer: the float that is equal to it, where there is one.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "compared with what it was")]
pub fn of_int(number: i64) -> Digest {
    let float = number as f64;
    if float as i128 == i128::from(number) { of_float(float) } else { big(&number.to_string()) }
}

fn big(digits: &str) -> Digest {
    some(xxh3_64_with_seed(digits.as_bytes(), BIG_NUMBER))
}

/// A price in cents.
pub const fn of_cents(cents: Cents) -> Digest {
    of_bits(cents.0.cast_unsigned(), PRICE)
}

/// A number by its text.
fn of_number(text: &str) -> Digest {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return of_float(text.parse().unwrap_or(f64::NAN));
    }
    match text.parse::<i64>() {
        Ok(number) => of_int(number),
        Err(_) => match text.parse::<f64>() {
            // A float that is a whole number of this size is written with all its digits.
            Ok(float) if format!("{float:.0}") == text => of_float(float),
            _ => big(text),
        },
    }
}

/// The value of a top-level field; null has none. `as_price` reads numbers and texts as amounts.
pub fn of_field(value: &Value<'_>, as_price: bool) -> Digest {
    if as_price && let Some(cents) = cents_of(value) {
        return of_cents(cents);
    }
    match value {
        Value::Null => 0,
        value => inside(value),
    }
}

/// The amount that a value is as a price: a number, a text, or an object with an amount.
pub fn cents_of(value: &Value<'_>) -> Option<Cents> {
    match value {
        Value::Number(text) => Cents::of_number(text.parse().ok()?),
        Value::Text(text) => Cents::of_text(&text.text()),
        Value::Map(_) => ["amount", "value", "price"].iter().find_map(|key| value.get(key)).and_then(cents_of),
        Value::Null | Value::Bool(_) | Value::List(_) => None,
    }
}

fn inside(value: &Value<'_>) -> Digest {
    match value {
        Value::Null => of_bits(0, NULL_INSIDE),
        Value::Bool(value) => of_bool(*value),
        Value::Number(text) => of_number(text),
        Value::Text(text) => of_text(&text.text()),
        Value::List(items) => {
            let bytes: Vec<u8> = items.iter().flat_map(|item| inside(item).to_le_bytes()).collect();
            some(xxh3_64_with_seed(&bytes, LIST))
        }
        Value::Map(entries) => {
            let counts = |place: usize, key: &Text<'_>| {
                let later = entries.get(place + 1..).unwrap_or_default();
                !later.iter().any(|(other, _)| other == key)
            };
            let each = entries.iter().enumerate().filter(|(place, (key, _))| counts(*place, key));
            let sum = each.fold(0_u64, |sum, (_, (key, value))| {
                sum.wrapping_add(fold(inside(value) ^ GOLDEN, of_text(&key.text()) | 1))
            });
            of_bits(sum, MAP)
        }
    }
}

/// What a field's name adds to the digests of its values.
#[derive(Clone, Copy, Debug)]
pub struct FieldSeed(u64, u64);

impl FieldSeed {
    /// The seed of a field.
    pub fn of(name: &str) -> Self {
        let hash = xxh3_64_with_seed(name.as_bytes(), NAME);
        Self(hash ^ GOLDEN, hash.rotate_left(32) ^ ROOT)
    }
}

/// The digest of a product: the sum of its fields, in two lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProductDigest(pub u64, pub u64);

impl ProductDigest {
    /// Adds a field's value; no value adds nothing.
    pub const fn add(&mut self, seed: FieldSeed, digest: Digest) {
        if digest != 0 {
            self.0 = self.0.wrapping_add(fold(digest ^ seed.0, ROOT));
            self.1 = self.1.wrapping_add(fold(digest ^ seed.1, GOLDEN));
        }
    }
}

/// What a product is found by: its namespace and id in 128 bits.
pub fn key_of(namespace: &str, id: &str) -> u128 {
    let mut bytes = Vec::with_capacity(namespace.len() + id.len() + 1);
    bytes.extend_from_slice(namespace.as_bytes());
    // No text of a namespace has this byte.
    bytes.push(0xff);
    bytes.extend_from_slice(id.as_bytes());
    xxh3_128(&bytes)
}

#[cfg(test)]
mod tests {
    use super::{super::json::parse, *};

    fn field(json: &str) -> Digest {
        of_field(&parse(json).unwrap(), false)
    }

    fn price(json: &str) -> Digest {
        of_field(&parse(json).unwrap(), true)
    }

    #[test]
    fn equal_values_have_equal_digests_however_they_are_written() {
        for (one, other) in [
            ("10", "10.0"),
            ("0", "-0.0"),
            ("1e20", "100000000000000000000"),
            ("[1, {\"a\": 2, \"b\": null}]", "[1.0, {\"b\": null, \"a\": 2.0}]"),
            ("\"é\"", "\"\\u00e9\""),
            ("{\"a\": 1, \"a\": 2}", "{\"a\": 2}"),
        ] {
            assert_eq!(field(one), field(other), "{one} {other}");
        }
        assert_eq!(field("7"), of_int(7));
        assert_eq!(field("2.5"), of_float(2.5));
        assert_eq!(field("\"x\""), of_text("x"));
        assert_eq!(field("null"), 0);
        assert_eq!(price("\"$1,299.00\""), price("1299"));
        assert_eq!(price("10.001"), price("10"));
        assert_eq!(price("{\"amount\": \"10\"}"), price("10.0"));
    }

    #[test]
    fn other_values_have_other_digests() {
        let all = [
            "1",
            "\"1\"",
            "true",
            "false",
            "\"\"",
            "[]",
            "{}",
            "[null]",
            "[[]]",
            "{\"a\": null}",
            "0",
            "9007199254740993",
        ];
        let mut digests: Vec<_> = all.iter().map(|json| field(json)).collect();
        digests.extend([price("1"), price("\"call us\"")]);
        digests.push(field("9007199254740992"));
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), all.len() + 3);
    }

    #[test]
    fn a_product_is_the_sum_of_its_fields_and_which_field_has_a_value_matters() {
        let of = |fields: &[(&str, Digest)]| {
            let mut digest = ProductDigest::default();
            fields.iter().for_each(|(name, value)| digest.add(FieldSeed::of(name), *value));
            digest
        };
        assert_eq!(of(&[("a", 5), ("b", 6)]), of(&[("b", 6), ("c", 0), ("a", 5)]));
        assert_ne!(of(&[("a", 5), ("b", 6)]), of(&[("a", 6), ("b", 5)]));
        assert_ne!(key_of("a", "bc"), key_of("ab", "c"));
    }
}
