//! What a source file says of other files: the modules it has, the names it imports and defines, the paths it takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
};

pub type Path = Vec<String>;

/// One source file without its tests.
#[derive(Default, Debug)]
pub struct Source {
    /// Modules that lie in files of their own: `mod name;`
    pub modules: BTreeSet<String>,
    /// Names that `use` brings in, and the path of each.
    pub imports: BTreeMap<String, Path>,
    /// Modules of which all names are brought in: `use super::*`
    pub globs: BTreeSet<Path>,
    /// Names of items.
    pub defined: BTreeSet<String>,
    /// Paths that the code takes. `pub use` is none: it gives a name a second address.
    pub used: BTreeSet<Path>,
}

impl Source {
    pub fn parse(text: &str) -> Source {
        let tokens = without_tests(tokens(text));
        let mut source = Source::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1).map_or("", String::as_str);
            match token.as_str() {
                "use" => {
                    let public = tokens[..at]
                        .iter()
                        .rev()
                        .find(|token| !matches!(token.as_str(), "(" | ")" | "crate" | "super"));
                    let is_public = public.is_some_and(|token| token == "pub");
                    let length = tokens[at..].iter().position(|token| token == ";").unwrap_or(tokens.len() - at);
                    let mut tree = tokens[at + 1..at + length].iter().map(String::as_str).peekable();
                    source.import(&mut tree, &[], is_public);
                    at += length;
                }
                "mod" if tokens.get(at + 2).is_some_and(|token| token == ";") => {
                    source.modules.insert(next.to_owned());
                    at += 2;
                }
                "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" if is_name(next) => {
                    source.defined.insert(next.to_owned());
                    at += 1;
                }
                name if is_name(name) => {
                    let mut path = vec![name.to_owned()];
                    while tokens.get(at + 1).is_some_and(|token| token == "::")
                        && tokens.get(at + 2).is_some_and(|token| is_name(token))
                    {
                        path.push(tokens[at + 2].clone());
                        at += 2;
                    }
                    source.used.insert(path);
                }
                _ => {}
            }
            at += 1;
        }
        source
    }

    /// Takes in one branch of a `use` tree, up to the comma or brace that ends it.
    fn import<'a>(&mut self, tree: &mut Peekable<impl Iterator<Item = &'a str>>, above: &[String], is_public: bool) {
        let mut path = above.to_vec();
        let mut name = None;
        while let Some(&token) = tree.peek() {
            if matches!(token, "," | "}") {
                break;
            }
            tree.next();
            match token {
                "{" => {
                    while tree.peek().is_some_and(|&token| token != "}") {
                        self.import(tree, &path, is_public);
                        tree.next_if_eq(&",");
                    }
                    tree.next();
                    return;
                }
                "*" => {
                    self.globs.insert(path);
                    return;
                }
                "as" => name = tree.next().map(str::to_owned),
                "self" if !path.is_empty() => {}
                "::" => {}
                segment => path.push(segment.to_owned()),
            }
        }
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            if !is_public {
                self.used.insert(vec![name.clone()]);
            }
            self.imports.insert(name, path);
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::` and single signs; comments, strings and letters are left out.
fn tokens(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        at += match rest {
            ['/', '/', ..] => rest.iter().position(|&letter| letter == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => rest.windows(2).position(|pair| pair == ['*', '/']).map_or(rest.len(), |end| end + 2),
            ['"', ..] => 1 + string_length(&rest[1..]),
            ['r' | 'b' | 'c', ..] if raw_string_length(rest).is_some() => raw_string_length(rest).unwrap(),
            ['\'', '\\', _, ..] => 3 + rest[3..].iter().position(|&letter| letter == '\'').map_or(0, |end| end + 1),
            ['\'', _, '\'', ..] => 3,
            [':', ':', ..] => {
                tokens.push("::".to_owned());
                2
            }
            [letter, ..] if is_part(*letter) => {
                let length = rest.iter().position(|&letter| !is_part(letter)).unwrap_or(rest.len());
                tokens.push(rest[..length].iter().collect());
                length
            }
            [letter, ..] => {
                if !letter.is_whitespace() {
                    tokens.push(letter.to_string());
                }
                1
            }
            [] => 1,
        };
    }
    tokens
}

/// The letters of a string after its opening quote, the closing one among them.
fn string_length(rest: &[char]) -> usize {
    let mut at = 0;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of `r"…"`, `r#"…"#`, `br"…"`, `b"…"`, if `rest` begins with one.
fn raw_string_length(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take_while(|letter| matches!(letter, 'r' | 'b' | 'c')).count();
    let hashes = rest[prefix..].iter().take_while(|&&letter| letter == '#').count();
    let start = prefix + hashes + 1;
    if rest.get(start - 1) != Some(&'"') {
        return None;
    }
    if !rest[..prefix].contains(&'r') {
        return Some(start + string_length(&rest[start..]));
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    Some(start + rest[start..].windows(end.len()).position(|window| window == end)? + end.len())
}

/// Leaves out every item that is compiled for tests alone.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().take(7).eq(&["#", "[", "cfg", "(", "test", ")", "]"]) {
            at += 7;
            let mut depth = 0;
            while at < tokens.len() {
                match tokens[at].as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 && matches!(tokens[at - 1].as_str(), "}" | ";") {
                    break;
                }
            }
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

#[test]
fn paths_are_read_from_imports_and_code_and_not_from_tests_texts_or_second_addresses() {
    let source = Source::parse(
        r##"
        //! use crate::comment;
        mod part;
        pub use part::Shown;
        use super::{a::{self, B as C}, d::*};
        fn f() { crate::e::g("crate::text", r#"crate::raw"#, 'c', b'"', '\''); C::new(); }
        #[cfg(test)]
        mod tests { use crate::test; fn g() { crate::h(); } }
        "##,
    );
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Path>();
    assert_eq!(source.modules.iter().collect::<Vec<_>>(), ["part"]);
    assert_eq!(source.imports["Shown"], path("part::Shown"));
    assert_eq!(source.imports["a"], path("super::a"));
    assert_eq!(source.imports["C"], path("super::a::B"));
    assert!(source.globs.contains(&path("super::d")));
    assert!(source.defined.contains("f") && !source.defined.contains("g"));
    assert!(source.used.contains(&path("crate::e::g")) && source.used.contains(&path("C::new")));
    for absent in ["Shown", "crate::comment", "crate::text", "crate::raw", "crate::test", "crate::h"] {
        assert!(!source.used.contains(&path(absent)), "{absent}");
    }
}
