//! Words that the other catalog writes in another way: two words as one, and typing errors.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{
    code::within,
    grams::hash,
    lists::{Lists, sort_distinct},
    parse::Parsed,
    token::Kind,
    vocabulary::Vocabulary,
};

/// Letters of the shortest word that is mended.
const SHORTEST_MENDED: usize = 6;

/// How many rows of a catalog have each word, in title or description.
pub fn rows_with(parsed: &Parsed, words: usize) -> Vec<u32> {
    let mut counts = vec![0; words];
    let mut list = Vec::new();
    for (title, description) in parsed.titles.iter().zip(parsed.descriptions.iter()) {
        list.clear();
        list.extend_from_slice(title);
        list.extend_from_slice(description);
        sort_distinct(&mut list);
        list.iter().for_each(|word| counts[*word as usize] += 1);
    }
    counts
}

/// Writes the words of both catalogs in one way. `kinds` has the kind of each word.
pub fn unify(sides: &mut [Parsed; 2], words: &Vocabulary, kinds: &[Kind]) {
    let counts = [rows_with(&sides[0], words.len()), rows_with(&sides[1], words.len())];
    for side in 0..2 {
        let (own, other) = (&counts[side], &counts[1 - side]);
        let mended = mend(words, kinds, own, other);
        for lists in [&mut sides[side].titles, &mut sides[side].descriptions] {
            *lists = rewrite(lists, words, kinds, other, &mended);
        }
    }
}

/// For each word that this catalog alone has, the commoner word of the other that is one edit away.
fn mend(words: &Vocabulary, kinds: &[Kind], own: &[u32], other: &[u32]) -> Vec<u32> {
    let long = |word: u32| kinds[word as usize] == Kind::Word && words.text(word).len() >= SHORTEST_MENDED;
    let mut targets: HashMap<u64, Vec<u32>> = HashMap::new();
    for word in (0..words.len() as u32).filter(|word| other[*word as usize] >= 2 && long(*word)) {
        for key in deletions(words.text(word)) {
            targets.entry(key).or_default().push(word);
        }
    }
    let best = |word: u32| {
        let mut found: Vec<u32> =
            deletions(words.text(word)).into_iter().filter_map(|key| targets.get(&key)).flatten().copied().collect();
        sort_distinct(&mut found);
        found
            .into_iter()
            .filter(|target| other[*target as usize] > own[word as usize])
            .filter(|target| one_edit(words.text(word).as_bytes(), words.text(*target).as_bytes()))
            .max_by_key(|target| (other[*target as usize], std::cmp::Reverse(words.text(*target))))
            .unwrap_or(word)
    };
    (0..words.len() as u32)
        .into_par_iter()
        .map(|word| {
            let alone = own[word as usize] > 0 && other[word as usize] == 0;
            if alone && long(word) { best(word) } else { word }
        })
        .collect()
}

/// Hashes of a word and of all words that lack one of its bytes: two words one edit apart share one of them.
fn deletions(word: &str) -> Vec<u64> {
    let mut shorter = Vec::with_capacity(word.len());
    let mut keys = vec![hash(word.as_bytes())];
    for skip in 0..word.len() {
        shorter.clear();
        shorter.extend(word.bytes().enumerate().filter(|(at, _)| *at != skip).map(|(_, byte)| byte));
        keys.push(hash(&shorter));
    }
    keys
}

/// One letter more, less or another, or two neighbours swapped.
fn one_edit(a: &[u8], b: &[u8]) -> bool {
    if within(a, b, 1) {
        return true;
    }
    let differ: Vec<usize> = (0..a.len().min(b.len())).filter(|at| a[*at] != b[*at]).collect();
    matches!(differ[..], [x, y] if a.len() == b.len() && y == x + 1 && a[x] == b[y] && a[y] == b[x])
}

fn rewrite(lists: &Lists<u32>, words: &Vocabulary, kinds: &[Kind], other: &[u32], mended: &[u32]) -> Lists<u32> {
    let blocks: Vec<Lists<u32>> = (0..lists.len())
        .collect::<Vec<_>>()
        .par_chunks(4096)
        .map(|rows| {
            let mut block = Lists::default();
            let mut joined = String::new();
            for row in rows {
                let list = lists.row(*row);
                let mut out = Vec::with_capacity(list.len());
                let mut at = 0;
                while at < list.len() {
                    let pair = list.get(at + 1).and_then(|next| {
                        joins([kinds[list[at] as usize], kinds[*next as usize]]).then_some(())?;
                        joined.clear();
                        joined.push_str(words.text(list[at]));
                        joined.push_str(words.text(*next));
                        words.find(&joined).filter(|word| other[*word as usize] > 0)
                    });
                    out.push(pair.unwrap_or(mended[list[at] as usize]));
                    at += 1 + usize::from(pair.is_some());
                }
                block.push(out);
            }
            block
        })
        .collect();
    let mut whole = Lists::default();
    blocks.iter().for_each(|block| whole.append(block));
    whole
}

/// Two words that may be written as one: not two numbers, and no quantity.
fn joins(kinds: [Kind; 2]) -> bool {
    !kinds.contains(&Kind::Quantity) && kinds != [Kind::Number; 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        record::Record,
        words::{
            parse::{Vocabularies, parse},
            token::kind,
        },
    };

    fn unified(left: &[&str], right: &[&str]) -> [Vec<String>; 2] {
        let mut known = Vocabularies::default();
        let mut of = |titles: &[&str]| {
            let records: Vec<Record> = titles.iter().map(|title| Record { title, ..Record::default() }).collect();
            let order: Vec<u32> = (0..records.len() as u32).collect();
            parse(&records, &order, &mut known)
        };
        let mut sides = [of(left), of(right)];
        let kinds: Vec<Kind> = known.words.texts().map(kind).collect();
        unify(&mut sides, &known.words, &kinds);
        sides.map(|side| {
            side.titles
                .iter()
                .map(|row| row.iter().map(|word| known.words.text(*word)).collect::<Vec<_>>().join(" "))
                .collect()
        })
    }

    #[test]
    fn two_words_become_the_one_that_the_other_side_writes() {
        let [left, right] = unified(&["sony play station 3", "wifi box"], &["sony playstation", "wi-fi box"]);
        assert_eq!(left, ["sony playstation 3", "wifi box"]);
        assert_eq!(right, ["sony playstation", "wifi box"]);
    }

    #[test]
    fn a_typing_error_becomes_the_commoner_word() {
        let [left, right] = unified(&["red turntabel", "speker"], &["blue turntable", "black turntable", "spokes"]);
        assert_eq!(left, ["red turntable", "speker"]);
        assert_eq!(right, ["blue turntable", "black turntable", "spoke"]);
    }
}
