//! Both catalogs as lists of numbers, with how rare each word, code and run of letters is.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    record::Record,
    words::{
        brand::{self, Brands},
        canonical,
        code::is_strong,
        grams::{BUCKETS, hash},
        lists::{Lists, sort_distinct},
        parse::{Parsed, Vocabularies, parse},
        token::{Kind, kind},
    },
};

/// Rows of the other catalog that may have a word for it to tell that a row has to do with that catalog at all.
const RARE_ROWS: u32 = 20;
/// Letters of the shortest beginning of a code that is looked up, and how many letters may be missing at its end.
const SHORTEST_PREFIX: usize = 5;
const PREFIX_CUT: usize = 3;

/// One catalog.
#[derive(Debug, Default)]
pub struct Side {
    /// Words of the title, and of the description: sorted, each once.
    pub titles: Lists<u32>,
    pub descriptions: Lists<u32>,
    pub codes: Lists<u32>,
    pub grams: Lists<u16>,
    /// Terms of the index: words, codes, joined codes, beginnings of codes, brands; sorted, each once.
    pub terms: Lists<u32>,
    /// Number of the brand, or [`brand::NONE`].
    pub brands: Vec<u32>,
    /// Price, or 0 where none is known.
    pub prices: Vec<i64>,
    /// Whether the row shares a rare term with the other catalog. Others say nothing of how rare a word is.
    pub related: Vec<bool>,
}

impl Side {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.titles.len()
    }
}

/// Both catalogs and the rarity of what is in them.
pub struct Catalogs {
    pub vocabularies: Vocabularies,
    pub kinds: Vec<Kind>,
    /// Whether a code is likely to name one article.
    pub strong: Vec<bool>,
    pub brand_words: Lists<u32>,
    pub sides: [Side; 2],
    /// Related rows of both catalogs.
    pub rows: f32,
    /// Inverse document frequencies: ln((1 + rows) / (½ + rows with it)).
    pub word_idf: Vec<f32>,
    pub code_idf: Vec<f32>,
    pub gram_idf: Vec<f32>,
    pub term_idf: Vec<f32>,
}

/// Reads both catalogs, each in the order given.
pub fn read(records: [&[Record]; 2], orders: [&[u32]; 2]) -> Catalogs {
    let mut vocabularies = Vocabularies::default();
    let mut parsed = [0, 1].map(|side: usize| parse(records[side], orders[side], &mut vocabularies));
    let kinds: Vec<Kind> = vocabularies.words.texts().map(kind).collect();
    let brands = brand::brands(&parsed, &kinds);
    canonical::unify(&mut parsed, &vocabularies.words, &kinds);
    let strong: Vec<bool> = vocabularies.codes.texts().map(is_strong).collect();
    let terms = Terms::new(&parsed, &vocabularies, brands.words.len());
    let Brands { words: brand_words, of } = brands;
    let [of_left, of_right] = of;
    let mut brands = [of_left, of_right];
    let mut sides = [0, 1].map(|side: usize| {
        let parsed = std::mem::take(&mut parsed[side]);
        let brands = std::mem::take(&mut brands[side]);
        let prices =
            orders[side].iter().map(|row| records[side][*row as usize].price.map_or(0, |p| p.max(0))).collect();
        let terms = terms.of(&parsed, &brands);
        Side {
            titles: distinct(&parsed.titles),
            descriptions: distinct(&parsed.descriptions),
            codes: parsed.codes,
            grams: parsed.grams,
            terms,
            brands,
            prices,
            related: Vec::new(),
        }
    });
    relate(&mut sides, terms.len());
    let rows = sides.iter().flat_map(|side| &side.related).filter(|related| **related).count() as f32;
    let idf = |counts: Vec<u32>| counts.into_iter().map(|n| ((1.0 + rows) / (0.5 + n as f32)).ln().max(0.05)).collect();
    let count = |get: fn(&Side) -> &Lists<u32>, size: usize| {
        let mut counts = vec![0; size];
        sides.iter().for_each(|side| count_related(get(side), &side.related, &mut counts));
        counts
    };
    let mut gram_counts = vec![0; BUCKETS];
    sides.iter().for_each(|side| count_related(&side.grams, &side.related, &mut gram_counts));
    Catalogs {
        word_idf: idf(count(|side| &side.titles, kinds.len())),
        code_idf: idf(count(|side| &side.codes, strong.len())),
        gram_idf: idf(gram_counts),
        term_idf: idf(count(|side| &side.terms, terms.len())),
        vocabularies,
        kinds,
        strong,
        brand_words,
        rows,
        sides,
    }
}

fn distinct(lists: &Lists<u32>) -> Lists<u32> {
    let mut out = Lists::default();
    let mut list = Vec::new();
    for row in lists.iter() {
        list.clear();
        list.extend_from_slice(row);
        sort_distinct(&mut list);
        out.push(list.iter().copied());
    }
    out
}

fn count_related<T: Copy + Into<u32>>(lists: &Lists<T>, related: &[bool], counts: &mut [u32]) {
    for (list, _) in lists.iter().zip(related).filter(|(_, related)| **related) {
        list.iter().for_each(|value| counts[Into::<u32>::into(*value) as usize] += 1);
    }
}

/// Notes which rows share a rare term with the other catalog; all of them where none does.
fn relate(sides: &mut [Side; 2], terms: usize) {
    let counts = [0, 1].map(|side: usize| {
        let mut counts = vec![0; terms];
        let all = vec![true; sides[side].len()];
        count_related(&sides[side].terms, &all, &mut counts);
        counts
    });
    for (side, other) in sides.iter_mut().zip([&counts[1], &counts[0]]) {
        let rare = |term: &u32| (1..=RARE_ROWS).contains(&other[*term as usize]);
        side.related = side.terms.iter().map(|list| list.iter().any(rare)).collect();
    }
    if sides.iter().all(|side| side.related.iter().all(|related| !related)) {
        sides.iter_mut().for_each(|side| side.related.fill(true));
    }
}

/// The numbers of terms: words, then codes, brands, and last what only both catalogs together make a term, joined codes and
/// beginnings of codes.
struct Terms {
    words: u32,
    codes: u32,
    brands: u32,
    /// Numbers of joined codes and of beginnings of codes that both catalogs have.
    shared: HashMap<u64, u32>,
    prefixes: Lists<u32>,
}

impl Terms {
    fn new(parsed: &[Parsed; 2], known: &Vocabularies, brands: usize) -> Self {
        let (words, codes) = (known.words.len() as u32, known.codes.len() as u32);
        let keys: Vec<Vec<u64>> = known.codes.texts().map(prefix_keys).collect();
        let of_side = |side: &Parsed| {
            let mut found: Vec<u64> = side.joined.values().to_vec();
            let mut seen = vec![false; keys.len()];
            for code in side.codes.values() {
                if !std::mem::replace(&mut seen[*code as usize], true) {
                    found.extend_from_slice(&keys[*code as usize]);
                    found.push(hash(known.codes.text(*code).as_bytes()));
                }
            }
            found.par_sort_unstable();
            found.dedup();
            found
        };
        let [left, right] = [of_side(&parsed[0]), of_side(&parsed[1])];
        let first = words + codes + brands as u32;
        let both = left.into_iter().filter(|key| right.binary_search(key).is_ok());
        let shared: HashMap<u64, u32> = both.zip(first..).collect();
        let mut prefixes = Lists::default();
        keys.iter().for_each(|keys| prefixes.push(keys.iter().filter_map(|key| shared.get(key)).copied()));
        Self { words, codes, brands: brands as u32, shared, prefixes }
    }

    fn len(&self) -> usize {
        (self.words + self.codes + self.brands) as usize + self.shared.len()
    }

    fn of(&self, parsed: &Parsed, brands: &[u32]) -> Lists<u32> {
        let mut lists = Lists::default();
        let mut list = Vec::new();
        for (row, brand) in brands.iter().enumerate() {
            list.clear();
            list.extend_from_slice(parsed.titles.row(row));
            for code in parsed.codes.row(row) {
                list.push(self.words + code);
                list.extend_from_slice(self.prefixes.row(*code as usize));
            }
            if *brand != brand::NONE {
                list.push(self.words + self.codes + brand);
            }
            list.extend(parsed.joined.row(row).iter().filter_map(|key| self.shared.get(key)));
            sort_distinct(&mut list);
            lists.push(list.iter().copied());
        }
        lists
    }
}

/// Keys of the beginnings of a code: all of it and up to three letters less. They differ from keys of whole codes.
fn prefix_keys(code: &str) -> Vec<u64> {
    let letters: Vec<usize> = code.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let shortest = letters.len().saturating_sub(PREFIX_CUT).max(SHORTEST_PREFIX);
    (shortest..=letters.len()).map(|length| hash(&code.as_bytes()[..letters[length - 1]]).rotate_left(17)).collect()
}
