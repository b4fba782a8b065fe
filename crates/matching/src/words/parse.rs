//! Records as lists of numbers, block by block on all cores; the numbers do not depend on the blocks' order of work.

use rayon::prelude::*;

use super::{
    code::{Found, codes},
    fold::fold,
    grams::{grams, hash},
    lists::{Lists, sort_distinct},
    token::tokens,
    vocabulary::Vocabulary,
};
use crate::record::Record;

const BLOCK_ROWS: usize = 4096;
/// Words of a title, and of a description, that are looked at.
const TITLE_WORDS: usize = 128;
const DESCRIPTION_WORDS: usize = 256;

/// The vocabularies of both catalogs.
#[derive(Debug, Default)]
pub struct Vocabularies {
    pub words: Vocabulary,
    pub codes: Vocabulary,
}

/// A catalog whose texts are numbers.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Words of the title and of the description, in their order.
    pub titles: Lists<u32>,
    pub descriptions: Lists<u32>,
    /// Codes of title and code column, sorted, each once.
    pub codes: Lists<u32>,
    /// Hashes of neighbouring chunks written as one code.
    pub joined: Lists<u64>,
    pub grams: Lists<u16>,
    /// Words of the brand column.
    pub brands: Lists<u32>,
}

#[derive(Default)]
struct Block {
    vocabularies: Vocabularies,
    parsed: Parsed,
}

/// Numbers of a block's own vocabulary as those of the whole.
fn renumber(own: &Vocabulary, whole: &mut Vocabulary) -> Vec<u32> {
    own.texts().map(|text| whole.number(text)).collect()
}

/// Parses the records at the places `order`, in that order; words that are new join the vocabularies.
pub fn parse(records: &[Record], order: &[u32], known: &mut Vocabularies) -> Parsed {
    let mut whole = Parsed::default();
    // Some blocks at a time, so that their own vocabularies are not all in memory at once.
    for blocks in order.chunks(BLOCK_ROWS * 64) {
        let blocks: Vec<Block> = blocks.par_chunks(BLOCK_ROWS).map(|rows| parse_block(records, rows)).collect();
        for mut block in blocks {
            let words = renumber(&block.vocabularies.words, &mut known.words);
            let codes = renumber(&block.vocabularies.codes, &mut known.codes);
            for lists in [&mut block.parsed.titles, &mut block.parsed.descriptions, &mut block.parsed.brands] {
                lists.values_mut().iter_mut().for_each(|number| *number = words[*number as usize]);
            }
            block.parsed.codes.values_mut().iter_mut().for_each(|number| *number = codes[*number as usize]);
            whole.titles.append(&block.parsed.titles);
            whole.descriptions.append(&block.parsed.descriptions);
            whole.brands.append(&block.parsed.brands);
            whole.codes.append(&block.parsed.codes);
            whole.joined.append(&block.parsed.joined);
            whole.grams.append(&block.parsed.grams);
        }
    }
    let mut sorted = Lists::default();
    for row in 0..whole.codes.len() {
        let mut list = whole.codes.row(row).to_vec();
        sort_distinct(&mut list);
        sorted.push(list);
    }
    whole.codes = sorted;
    whole
}

fn parse_block(records: &[Record], rows: &[u32]) -> Block {
    let mut block = Block::default();
    let [mut title, mut code, mut brand, mut description] = [const { String::new() }; 4];
    let (mut list, mut found, mut joins, mut runs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let record = &records[*row as usize];
        fold(record.title, &mut title);
        fold(record.code, &mut code);
        fold(record.brand, &mut brand);
        fold(record.description, &mut description);
        let Block { vocabularies, parsed } = &mut block;
        let mut words_of = |text: &str, most: usize, lists: &mut Lists<u32>| {
            list.clear();
            tokens(text, most, |word| list.push(vocabularies.words.number(word)));
            lists.push(list.iter().copied());
        };
        words_of(&title, TITLE_WORDS, &mut parsed.titles);
        words_of(&description, DESCRIPTION_WORDS, &mut parsed.descriptions);
        words_of(&brand, TITLE_WORDS, &mut parsed.brands);
        found.clear();
        joins.clear();
        for text in [&title, &code] {
            codes(text, |code, how| match how {
                Found::Chunk => found.push(vocabularies.codes.number(code)),
                Found::Joined => joins.push(hash(code.as_bytes())),
            });
        }
        sort_distinct(&mut joins);
        parsed.codes.push(found.iter().copied());
        parsed.joined.push(joins.iter().copied());
        grams(&[&title, &code, &brand], &mut runs);
        parsed.grams.push(runs.iter().copied());
    }
    block
}
