//! Words of a query that no product has, and what was meant by them: words of titles a letter or two away, or two words
//! that were written as one.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension, params};
use strsim::osa_distance;

use super::{
    super::IoError,
    extension::open_index,
    schema,
    words::{match_part, match_phrase, parts, plain_words, scoped},
};

const PATIENCE: Duration = Duration::from_secs(10);
/// Words of at most so many letters may differ by one letter, longer ones by two.
const SHORT: usize = 5;
/// Words that may stand for one of the query's.
const MOST_MENDS: usize = 3;
/// The nearest words of which it is asked how many products have them.
const MOST_ASKED: usize = 12;
/// Words longer than that are no words.
const LONGEST: usize = 32;
/// More products than that are as good as all.
const MOST_COUNTED: i64 = 1_000;

/// What stands beside parts of a query that no product has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mends(BTreeMap<String, Vec<String>>);

impl Mends {
    /// Words that stand for a part, the likeliest first.
    pub fn of(&self, part: &str) -> &[String] {
        self.0.get(part).map_or(&[], Vec::as_slice)
    }

    /// The parts that are mended, each with what stands for it.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(part, words)| (part.as_str(), words.as_slice()))
    }

    /// The query with the likeliest word in each place.
    pub fn applied(&self, query: &str) -> String {
        let word = |part| self.of(part).first().map_or(part, String::as_str);
        parts(query).map(word).collect::<Vec<_>>().join(" ")
    }
}

/// What was meant by the words of a query that no product (of a namespace) has.
///
/// # Errors
/// When the index is not there or cannot be read.
pub fn mends(index: &Path, query: &str, namespace: Option<&str>) -> Result<Mends, IoError> {
    let connection = open_index(index, PATIENCE)?;
    let refused = |error| IoError::sqlite(index, "cannot search", PATIENCE, error);
    Mending { connection: &connection, namespace }.query(query).map_err(refused)
}

/// An index whose words are asked.
pub struct Mending<'a> {
    /// The index.
    pub connection: &'a Connection,
    /// Only words of this namespace's products count.
    pub namespace: Option<&'a str>,
}

impl Mending<'_> {
    /// What was meant by the words of a query.
    ///
    /// # Errors
    /// When SQLite refuses to read.
    pub fn query(&self, query: &str) -> rusqlite::Result<Mends> {
        let mut mends = BTreeMap::new();
        // An index that was made by an earlier version has no words of titles until it is written again.
        if schema::columns(self.connection, "title_words")?.is_empty() {
            return Ok(Mends::default());
        }
        for part in parts(query) {
            let words = plain_words(part);
            if mends.contains_key(part) || words.is_empty() || self.is_known(&match_part(part))? {
                continue;
            }
            let instead = self.instead(&words)?;
            if !instead.is_empty() {
                mends.insert(part.to_owned(), instead);
            }
        }
        Ok(Mends(mends))
    }

    fn instead(&self, words: &[String]) -> rusqlite::Result<Vec<String>> {
        let [word] = words else {
            let mut mended = Vec::with_capacity(words.len());
            for word in words {
                let near = if self.is_known(&match_phrase(word))? { None } else { self.near(word)?.into_iter().next() };
                mended.push(near.unwrap_or_else(|| word.clone()));
            }
            let phrase = mended.join(" ");
            return Ok(if mended == words { Vec::new() } else { vec![phrase] });
        };
        match self.apart(word)? {
            Some(two) => Ok(vec![two]),
            None => self.near(word),
        }
    }

    /// The two words that stand side by side in most products, and together are written as this one.
    fn apart(&self, word: &str) -> rusqlite::Result<Option<String>> {
        let mut best = None;
        if word.chars().count() > LONGEST {
            return Ok(best.map(|(_, two)| two));
        }
        for (place, _) in word.char_indices().skip(1) {
            let (first, second) = word.split_at(place);
            let two = format!("{first} {second}");
            let products = self.products(&match_phrase(&two))?;
            if products > best.as_ref().map_or(0, |(most, _)| *most) {
                best = Some((products, two));
            }
        }
        Ok(best.map(|(_, two)| two))
    }

    /// The words of titles that are nearest, those of more products first, then by name. They begin with the word's first
    /// letter or, where that is wrong, its second.
    fn near(&self, word: &str) -> rusqlite::Result<Vec<String>> {
        let letters: Vec<char> = word.chars().collect();
        if !(3..=LONGEST).contains(&letters.len()) || !letters.iter().all(|letter| letter.is_alphabetic()) {
            return Ok(Vec::new());
        }
        let most = if letters.len() <= SHORT { 1 } else { 2 };
        let mut found: Vec<(usize, String)> = Vec::new();
        let mut firsts: Vec<char> = letters.iter().take(2).copied().collect();
        firsts.dedup();
        for first in firsts {
            let near = self.beginning_with(first, letters.len().saturating_sub(most), letters.len() + most)?;
            let distances = near.into_iter().map(|other| (osa_distance(word, &other), other));
            found.extend(distances.filter(|(distance, _)| *distance <= most));
        }
        found.sort();
        let nearest = found.first().map_or(0, |(distance, _)| *distance);
        found.retain(|(distance, _)| *distance == nearest);
        found.truncate(MOST_ASKED);
        let mut counted = Vec::with_capacity(found.len());
        for (_, other) in found {
            counted.push((-self.products(&match_phrase(&other))?, other));
        }
        counted.sort();
        Ok(counted.into_iter().filter(|(count, _)| *count < 0).map(|(_, other)| other).take(MOST_MENDS).collect())
    }

    fn beginning_with(&self, first: char, shortest: usize, longest: usize) -> rusqlite::Result<Vec<String>> {
        let after = char::from_u32(u32::from(first) + 1).unwrap_or(char::MAX);
        let sql = "SELECT word FROM title_words WHERE word >= ?1 AND word < ?2 AND length(word) BETWEEN ?3 AND ?4";
        let mut statement = self.connection.prepare_cached(sql)?;
        let bound = params![
            first.to_string(),
            after.to_string(),
            i64::try_from(shortest).unwrap_or_default(),
            i64::try_from(longest).unwrap_or(i64::MAX)
        ];
        statement.query_map(bound, |row| row.get(0))?.collect()
    }

    fn is_known(&self, query: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT 1 FROM words WHERE words MATCH ?1 LIMIT 1";
        let found: Option<i64> = self
            .connection
            .prepare_cached(sql)?
            .query_row([scoped(query, self.namespace)], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }

    fn products(&self, query: &str) -> rusqlite::Result<i64> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ?1 LIMIT ?2)";
        let bound = params![scoped(query, self.namespace), MOST_COUNTED];
        self.connection.prepare_cached(sql)?.query_row(bound, |row| row.get(0))
    }
}
