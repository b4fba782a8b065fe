//! Parsing JSON text, with the shapes that a catalog file may have.

use std::borrow::Cow;

use super::value::{Text, Value};

/// How deep arrays and objects may lie in each other.
const DEEPEST: u32 = 128;

/// Keys under which an object may hold the array of products, in the order in which they are looked for.
const CONTAINERS: [&str; 4] = ["products", "items", "catalog", "data"];

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {problem}")]
pub struct Malformed {
    /// Bytes before the place.
    pub at: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

/// Parses one value that is all of the text.
///
/// # Errors
/// Where the text is no JSON.
pub fn parse(text: &str) -> Result<Value<'_>, Malformed> {
    let mut parser = Parser::new(text);
    let value = parser.value(0)?;
    parser.end()?;
    Ok(value)
}

/// The texts of the products of a catalog: the elements of an array, or of the array under the first of the keys
/// `products`, `items`, `catalog`, `data` that holds one. Elements are not parsed, only told apart.
///
/// # Errors
/// Where the text is no JSON as far as that was looked at, or has another shape.
pub fn products_in(text: &str) -> Result<Vec<&str>, Malformed> {
    let mut parser = Parser::new(text);
    parser.space();
    match parser.peek() {
        Some(b'[') => {
            let products = parser.elements()?;
            parser.end()?;
            Ok(products)
        }
        Some(b'{') => parser.container(),
        None => Err(parser.wrong("the text is empty")),
        _ => Err(parser.wrong("a catalog is an array of products, or an object with one under 'products'")),
    }
}

/// The texts of the records of a file with a JSON value a line; empty lines are left out.
pub fn records_in(text: &str) -> Vec<&str> {
    text.split('\n').map(|line| line.trim_matches([' ', '\t', '\r'])).filter(|line| !line.is_empty()).collect()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn wrong(&self, problem: &'static str) -> Malformed {
        let at = self.at.min(self.text.len());
        Malformed { at, problem: if at == self.text.len() && at > 0 { "the text ends too early" } else { problem } }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Malformed> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.wrong("something follows the value")) }
    }

    fn expect(&mut self, byte: u8, problem: &'static str) -> Result<(), Malformed> {
        self.space();
        if self.peek() != Some(byte) {
            return Err(self.wrong(problem));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether the next thing is this byte; it is taken then.
    fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: u32) -> Result<Value<'a>, Malformed> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Malformed> {
        if self.bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.wrong("no value begins so"))
    }

    fn number(&mut self) -> Result<Value<'a>, Malformed> {
        let start = self.at;
        for word in ["NaN", "Infinity", "-Infinity"] {
            if self.bytes().get(start..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
                self.at += word.len();
                return Ok(Value::Number(Cow::Borrowed(word)));
            }
        }
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.digits();
        let leading_zero = whole > 1 && self.bytes().get(self.at - whole) == Some(&b'0');
        if whole == 0 || leading_zero {
            return Err(self.wrong("no value begins so"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.wrong("a fraction has digits"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(self.wrong("an exponent has digits"));
            }
        }
        Ok(Value::Number(Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default())))
    }

    fn digits(&mut self) -> usize {
        let rest = self.bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// A string; the quote is next.
    fn string(&mut self) -> Result<Text<'a>, Malformed> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes().get(self.at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(self.wrong("a string has no end"));
            };
            self.at += found;
            if rest.get(found) == Some(&b'"') {
                break;
            }
            escaped = true;
            self.escape()?;
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        if raw.bytes().any(|byte| byte < b' ') {
            return Err(self.wrong("a string has a control character"));
        }
        self.at += 1;
        Ok(if escaped { Text::Escaped(raw) } else { Text::Plain(Cow::Borrowed(raw)) })
    }

    /// Passes an escape; the backslash is next.
    fn escape(&mut self) -> Result<(), Malformed> {
        let kind = self.bytes().get(self.at + 1).copied();
        let length = match kind {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => 6,
            _ => return Err(self.wrong("no escape is written so")),
        };
        let digits = self.bytes().get(self.at + 2..self.at + length).unwrap_or_default();
        if digits.len() + 2 != length || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.wrong("an escape has four hexadecimal digits"));
        }
        self.at += length;
        Ok(())
    }

    fn deeper(&self, depth: u32) -> Result<u32, Malformed> {
        if depth < DEEPEST { Ok(depth + 1) } else { Err(self.wrong("arrays and objects lie too deep in each other")) }
    }

    fn list(&mut self, depth: u32) -> Result<Value<'a>, Malformed> {
        let depth = self.deeper(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            if !self.takes(b',') {
                break;
            }
        }
        self.expect(b']', "an array goes on with a comma or ends")?;
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: u32) -> Result<Value<'a>, Malformed> {
        let depth = self.deeper(depth)?;
        self.at += 1;
        let mut entries = Vec::with_capacity(if depth == 1 { 24 } else { 4 });
        if self.takes(b'}') {
            return Ok(Value::Map(entries));
        }
        loop {
            let key = self.key()?;
            entries.push((key, self.value(depth)?));
            if !self.takes(b',') {
                break;
            }
        }
        self.expect(b'}', "an object goes on with a comma or ends")?;
        Ok(Value::Map(entries))
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Text<'a>, Malformed> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.wrong("a key is a string"));
        }
        let key = self.string()?;
        self.expect(b':', "a key is followed by a colon")?;
        Ok(key)
    }

    /// The texts of the elements of an array; its bracket is next.
    fn elements(&mut self) -> Result<Vec<&'a str>, Malformed> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.takes(b']') {
            return Ok(elements);
        }
        loop {
            self.space();
            let start = self.at;
            self.skip()?;
            elements.push(self.text.get(start..self.at).unwrap_or_default());
            if !self.takes(b',') {
                break;
            }
        }
        self.expect(b']', "an array goes on with a comma or ends")?;
        Ok(elements)
    }

    /// Passes a value by its brackets and quotes alone.
    fn skip(&mut self) -> Result<(), Malformed> {
        let mut depth = 0_u32;
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => drop(self.string()?),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth = depth.checked_sub(1).ok_or_else(|| self.wrong("no value begins so"))?;
                    self.at += 1;
                }
                Some(b',' | b':') if depth > 0 => self.at += 1,
                Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => self.at += 1,
                _ => return Err(self.wrong("no value begins so")),
            }
            let goes_on = matches!(self.peek(), Some(byte) if byte.is_ascii_alphanumeric() || b"-+.".contains(&byte));
            if depth == 0 && !goes_on {
                return Ok(());
            }
        }
    }

    /// The products of an object that holds them under a key.
    fn container(&mut self) -> Result<Vec<&'a str>, Malformed> {
        self.at += 1;
        let mut found: [Option<Vec<&'a str>>; 4] = [const { None }; 4];
        if !self.takes(b'}') {
            loop {
                let key = self.key()?;
                self.space();
                let place = CONTAINERS.iter().position(|name| key.is(name));
                match (place.and_then(|place| found.get_mut(place)), self.peek()) {
                    (Some(slot), Some(b'[')) => *slot = Some(self.elements()?),
                    (Some(slot), _) => {
                        *slot = None;
                        self.skip()?;
                    }
                    (None, _) => self.skip()?,
                }
                if !self.takes(b',') {
                    break;
                }
            }
            self.expect(b'}', "an object goes on with a comma or ends")?;
        }
        self.end()?;
        let first = found.into_iter().flatten().next();
        first.ok_or(Malformed {
            at: 0,
            problem: "the object has no array under 'products', 'items', 'catalog' or 'data'; a lone product is no catalog",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_keys_are_looked_for_in_their_order_and_only_arrays_count() {
        assert_eq!(products_in(r#" [ {"id": 1} , 2 ] "#).unwrap(), [r#"{"id": 1}"#, "2"]);
        assert_eq!(products_in(r#"{"data": [3], "items": [1, [2]], "products": {}}"#).unwrap(), ["1", "[2]"]);
        assert_eq!(products_in(r#"{"catalog": []}"#).unwrap(), Vec::<&str>::new());
        for refused in [r#"{"id": "A"}"#, "7", "", "null", r#"{"products": 1}"#] {
            assert!(products_in(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_text_that_ends_too_early_or_goes_on_is_refused_at_its_place() {
        for text in ["[{\"id\": 1}", "[{\"id\": 1", "[{\"id\": \"1", "[1,", "[1] 2", "{\"products\": [1]", "[1}"] {
            let parsed = products_in(text).and_then(|all| all.into_iter().map(parse).collect::<Result<Vec<_>, _>>());
            assert!(parsed.is_err(), "{text}");
        }
        assert_eq!(parse("[1, 01]").unwrap_err().at, 6);
        for text in ["[1,]", "{\"a\" 1}", "\"\\x\"", "\"\\u12\"", "\"\u{1}\"", "1.", "1e", "-", "tru", "{1: 2}", "'a'"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(200)).is_err());
    }

    #[test]
    fn numbers_keep_their_digits_and_strings_their_characters() {
        let value =
            parse(r#"{"a": 10.0, "b": 123456789012345678901, "c": "é\u00e9\ud83d\ude00\n\ud800", "a": 1E5}"#).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Number("1E5".into())));
        assert_eq!(value.get("b"), Some(&Value::Number("123456789012345678901".into())));
        assert_eq!(value.get("c").unwrap().as_text().unwrap(), "éé😀\n\u{fffd}");
        assert_eq!(records_in("{}\r\n\n [1] \n{"), ["{}", "[1]", "{"]);
    }
}
