//! The brand of a record: what its column says, or the known brand that its title begins with.

use std::collections::HashMap;

use super::{lists::Lists, parse::Parsed, token::Kind};

/// No brand is known.
pub const NONE: u32 = u32::MAX;
/// Words at the beginning of a title among which a brand is looked for.
const FIRST_WORDS: usize = 4;
/// Titles that a word must begin to be taken for a brand where no column says any.
const LEAST_TITLES: usize = 3;

/// Brands as lists of words, and which of them each row has.
#[derive(Debug, Default)]
pub struct Brands {
    pub words: Lists<u32>,
    pub of: [Vec<u32>; 2],
}

/// The brands of both catalogs. A brand is told by its first word, since `Sony` and `Sony Electronics` are one.
pub fn brands(sides: &[Parsed; 2], kinds: &[Kind]) -> Brands {
    let mut known: HashMap<u32, Vec<u32>> = HashMap::new();
    for side in sides {
        for brand in side.brands.iter().filter(|brand| !brand.is_empty()) {
            let shortest = known.entry(brand[0]).or_insert_with(|| brand.to_vec());
            if (brand.len(), brand) < (shortest.len(), shortest) {
                *shortest = brand.to_vec();
            }
        }
    }
    let column = !known.is_empty();
    if !column {
        let mut begins: HashMap<u32, usize> = HashMap::new();
        for title in sides.iter().flat_map(|side| side.titles.iter()) {
            if let Some(first) = title.first().filter(|word| kinds[**word as usize] == Kind::Word) {
                *begins.entry(*first).or_default() += 1;
            }
        }
        known = begins.into_iter().filter(|(_, titles)| *titles >= LEAST_TITLES).map(|(w, _)| (w, vec![w])).collect();
    }
    let mut first_words: Vec<u32> = known.keys().copied().collect();
    first_words.sort_unstable();
    let numbers: HashMap<u32, u32> = first_words.iter().zip(0..).map(|(word, number)| (*word, number)).collect();
    let mut words = Lists::default();
    first_words.iter().for_each(|word| words.push(known[word].iter().copied()));
    let look = if column { FIRST_WORDS } else { 1 };
    let of = [0, 1].map(|side: usize| {
        let parsed: &Parsed = &sides[side];
        parsed
            .brands
            .iter()
            .zip(parsed.titles.iter())
            .map(|(brand, title)| {
                let begin = brand.first().into_iter().chain(title.iter().take(if brand.is_empty() { look } else { 0 }));
                begin.filter_map(|word| numbers.get(word)).next().copied().unwrap_or(NONE)
            })
            .collect()
    });
    Brands { words, of }
}
