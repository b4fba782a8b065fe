//! A JSON value that remembers how it was written: numbers keep their digits, strings their escapes.

use std::borrow::Cow;

/// A value. Equal keys of a map stand in it as often as they were written; the last one counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number by its text; `NaN`, `Infinity` and `-Infinity` are numbers too.
    Number(Cow<'a, str>),
    /// A string.
    Text(Text<'a>),
    /// An array.
    List(Vec<Value<'a>>),
    /// An object, in the order of its keys.
    Map(Vec<(Text<'a>, Value<'a>)>),
}

/// A string.
#[derive(Clone, Debug, PartialEq)]
pub enum Text<'a> {
    /// Its characters.
    Plain(Cow<'a, str>),
    /// What stood between the quotes, with at least one escape.
    Escaped(&'a str),
}

impl<'a> Text<'a> {
    /// A string of these characters.
    pub fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Plain(text.into())
    }

    /// The characters; half of a surrogate pair becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Escaped(raw) => Cow::Owned(decoded(raw)),
        }
    }

    /// Whether the characters are these.
    pub fn is(&self, other: &str) -> bool {
        match self {
            Self::Plain(text) => text == other,
            Self::Escaped(raw) => decoded(raw) == other,
        }
    }
}

impl<'a> Value<'a> {
    /// The value under a key of a map; `None` for other values and where there is none.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        match self {
            Self::Map(entries) => entries.iter().rfind(|(name, _)| name.is(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The characters of a string.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(text.text()),
            _ => None,
        }
    }

    /// Whether it counts as there: not null, false, zero, or empty.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(text) => text.parse::<f64>().ok() != Some(0.0),
            Self::Text(text) => !text.is(""),
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
        }
    }
}

/// The code unit of the four digits of a `\u` escape.
pub(super) fn code_unit(digits: &str) -> Option<u16> {
    digits.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok())
}

/// The characters of the raw body of a string.
fn decoded(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, escape) = rest.split_at(at);
        if !before.is_empty() {
            flush(&mut units, &mut out);
            out.push_str(before);
        }
        let kind = escape.as_bytes().get(1).copied().unwrap_or(b'\\');
        if kind == b'u' {
            units.extend(escape.get(2..).and_then(code_unit));
            rest = escape.get(6..).unwrap_or_default();
            continue;
        }
        flush(&mut units, &mut out);
        out.push(match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            other => char::from(other),
        });
        rest = escape.get(2..).unwrap_or_default();
    }
    flush(&mut units, &mut out);
    out.push_str(rest);
    out
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
}
