//! The canonical text of a JSON value, and its hashes.
//!
//! Keys sorted by code point, `, ` and `: ` between parts, ASCII only, floats with the fewest digits that read back the
//! same: the text that Python's `json.dumps(value, sort_keys=True)` gives.

use std::borrow::Cow;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::value::{Text, Value, code_unit};

/// Paths that are left out: a key of the outermost object, or `key.key` of an object in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Omitted<'a>(pub &'a [String]);

impl Omitted<'_> {
    /// Whether `path` is left out.
    pub fn has(&self, path: &str) -> bool {
        self.0.iter().any(|omitted| omitted == path)
    }

    /// Whether something below the key is left out.
    fn has_below(&self, key: &str) -> bool {
        self.0.iter().any(|omitted| omitted.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
    }
}

/// The canonical text.
pub fn canonical(value: &Value<'_>, omitted: Omitted<'_>) -> String {
    let mut out = String::with_capacity(1 << 10);
    match value {
        Value::Map(entries) => write_map(entries, &|key| omitted.has(key), &mut out, &|key, value, out| match value {
            Value::Map(inner) if omitted.has_below(key) => {
                write_map(inner, &|below| omitted.has(&format!("{key}.{below}")), out, &|_, value, out| {
                    write(value, out);
                });
            }
            value => write(value, out),
        }),
        value => write(value, &mut out),
    }
    out
}

/// SHA-256 in lower-case hexadecimal digits.
pub fn sha256_hex(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// MD5 in lower-case hexadecimal digits; names, not secrets.
pub fn md5_hex(text: &str) -> String {
    hexadecimal(&Md5::digest(text.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn write(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => write_number(text, out),
        Value::Text(text) => write_text(text, out),
        Value::List(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => write_map(entries, &|_| false, out, &|_, value, out| write(value, out)),
    }
}

fn write_map<'v, 'a>(
    entries: &'v [(Text<'a>, Value<'a>)],
    is_omitted: &dyn Fn(&str) -> bool,
    out: &mut String,
    write_value: &dyn Fn(&str, &'v Value<'a>, &mut String),
) {
    let mut sorted: Vec<(Cow<'_, str>, &Text<'_>, &Value<'_>)> =
        entries.iter().map(|(key, value)| (key.text(), key, value)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    out.push('{');
    let mut is_first = true;
    for (place, (name, key, value)) in sorted.iter().enumerate() {
        // Of equal keys the last one written counts; the sort keeps their order.
        let is_last = sorted.get(place + 1).is_none_or(|(next, ..)| next != name);
        if !is_last || is_omitted(name) {
            continue;
        }
        out.push_str(if is_first { "" } else { ", " });
        is_first = false;
        write_text(key, out);
        out.push_str(": ");
        write_value(name, value, out);
    }
    out.push('}');
}

fn write_text(text: &Text<'_>, out: &mut String) {
    out.push('"');
    match text {
        Text::Plain(text) => write_plain(text, out),
        Text::Escaped(raw) => write_escaped(raw, out),
    }
    out.push('"');
}

fn write_plain(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !(b' '..=b'~').contains(&byte) || matches!(byte, b'"' | b'\\')) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut chars = after.chars();
        if let Some(found) = chars.next() {
            let mut units = [0; 2];
            for unit in found.encode_utf16(&mut units) {
                write_unit(*unit, out);
            }
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Writes the raw body of a string anew, so that halves of surrogate pairs stay what they are.
fn write_escaped(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, escape) = rest.split_at(at);
        write_plain(before, out);
        let kind = escape.as_bytes().get(1).copied().unwrap_or(b'\\');
        if kind == b'u' {
            write_unit(escape.get(2..).and_then(code_unit).unwrap_or_default(), out);
            rest = escape.get(6..).unwrap_or_default();
            continue;
        }
        write_unit(
            match kind {
                b'b' => 8,
                b'f' => 12,
                b'n' => 10,
                b'r' => 13,
                b't' => 9,
                other => u16::from(other),
            },
            out,
        );
        rest = escape.get(2..).unwrap_or_default();
    }
    write_plain(rest, out);
}

fn write_unit(unit: u16, out: &mut String) {
    match unit {
        8 => out.push_str("\\b"),
        12 => out.push_str("\\f"),
        10 => out.push_str("\\n"),
        13 => out.push_str("\\r"),
        9 => out.push_str("\\t"),
        0x22 => out.push_str("\\\""),
        0x5c => out.push_str("\\\\"),
        0x20..=0x7e => out.extend(char::from_u32(u32::from(unit))),
        _ => out.push_str(&format!("\\u{unit:04x}")),
    }
}

fn write_number(text: &str, out: &mut String) {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        out.push_str(if text == "-0" { "0" } else { text });
    } else {
        write_float(text.parse().unwrap_or(f64::NAN), out);
    }
}

/// A float with the fewest digits that read back the same: positional with a fraction where its decimal exponent lies in
/// -4..16, else with an exponent of at least two digits.
fn write_float(number: f64, out: &mut String) {
    if !number.is_finite() {
        let word = if number.is_nan() { "NaN" } else { "Infinity" };
        out.push_str(if number < 0.0 { "-" } else { "" });
        out.push_str(word);
        return;
    }
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        out.push_str(&format!("{number:?}"));
        return;
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("{mantissa}e{sign}{:02}", exponent.abs()));
}

#[cfg(test)]
mod tests {
    use super::{super::parse::parse, *};

    fn text(json: &str) -> String {
        canonical(&parse(json).unwrap(), Omitted::default())
    }

    #[test]
    fn the_golden_products_have_their_hashes() {
        for (json, hash) in [
            ("{}", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
            (r#"{"id":"A","price":1}"#, "6a638bf906d9a8517da659393ed6b1bb603e5f913e88f639a53614fca08eb757"),
            (r#"{"price":2,"id":"B"}"#, "7adc528f00cd9e2b73c605be11fb1335ee38f755dec455729a535d850da38922"),
            (
                r#"{"id":"A","name":"Café ☕ 😀","price":10}"#,
                "6942fcc72cc793a158197f082b3cabcc68f27977e6899e066ad488a6555d9be3",
            ),
            (
                r#"{"id":"A","price":10.0,"ok":true,"n":null,"l":[1,2.5,1e16,1e-7,0.1],"z":{"b":1,"a":2}}"#,
                "18a30e25666d16c27f16b638df853f4241a22052d0780e83906644c46e09ba1b",
            ),
        ] {
            assert_eq!(sha256_hex(&text(json)), hash, "{json}");
        }
        assert_eq!(md5_hex("Specialized:Tarmac").get(..12), Some("89dbeb1ee5ab"));
        assert_eq!(md5_hex(":Tarmac").get(..12), Some("cab9c2cd3364"));
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (written, expected) in [
            ("1E5", "100000.0"),
            ("1e16", "1e+16"),
            ("9999999999999998.0", "9999999999999998.0"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.5e-7", "1.5e-07"),
            ("-0.0", "-0.0"),
            ("-0", "0"),
            ("1e400", "Infinity"),
            ("-Infinity", "-Infinity"),
            ("NaN", "NaN"),
            ("5e-324", "5e-324"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ] {
            assert_eq!(text(written), expected, "{written}");
        }
    }

    #[test]
    fn strings_are_ascii_and_equal_however_they_were_escaped() {
        assert_eq!(text(r#""é\u00E9\u007f\/\"\\\t\u0041\ud800""#), r#""\u00e9\u00e9\u007f/\"\\\tA\ud800""#);
        assert_eq!(text("\"😀\""), r#""\ud83d\ude00""#);
        assert_eq!(text("\"\u{7f}\""), r#""\u007f""#);
    }

    #[test]
    fn of_equal_keys_the_last_counts_and_omitted_paths_are_left_out() {
        assert_eq!(text(r#"{"b":1,"a":1,"\u0062":2}"#), r#"{"a": 1, "b": 2}"#);
        let omitted = ["updated".to_owned(), "m.at".to_owned()];
        let value = parse(r#"{"updated":1,"m":{"at":1,"x":{"at":2}},"z":{"updated":3}}"#).unwrap();
        assert_eq!(canonical(&value, Omitted(&omitted)), r#"{"m": {"x": {"at": 2}}, "z": {"updated": 3}}"#);
    }
}
