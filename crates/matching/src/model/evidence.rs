//! What speaks for and against a pair: cosines, shares in common, codes, numbers, price, brand.

use rayon::prelude::*;

use crate::{
    candidates::{Candidates, norm},
    catalog::{Catalogs, Side},
    words::{brand, code::near, token::Kind},
};

/// Continuous evidence, in the order of [`SCORES`].
pub const SCORE_COUNT: usize = 9;
/// Discrete evidence, in the order of [`LEVELS`].
pub const LEVEL_COUNT: usize = 5;

/// Names of the continuous evidence.
pub const SCORES: [&str; SCORE_COUNT] = [
    "terms",
    "title",
    "letters",
    "description",
    "title found",
    "other title found",
    "words in common",
    "title found anywhere",
    "other title found anywhere",
];

/// A kind of discrete evidence. Level 0 is "cannot be told".
#[derive(Clone, Copy, Debug)]
pub struct LevelKind {
    pub name: &'static str,
    /// What the levels say, from 0.
    pub levels: &'static [&'static str],
}

/// The kinds of discrete evidence.
pub const LEVELS: [LevelKind; LEVEL_COUNT] = [
    LevelKind {
        name: "code",
        levels: &[
            "no code",
            "other code",
            "near code",
            "code within code",
            "common code",
            "shared code",
            "rare code",
            "rarest code",
        ],
    },
    LevelKind {
        name: "numbers",
        levels: &[
            "no numbers",
            "none equal, some differ",
            "none equal",
            "one equal, some differ",
            "one equal",
            "more equal, some differ",
            "more equal",
        ],
    },
    LevelKind {
        name: "price",
        levels: &[
            "no price",
            "price over 80 % apart",
            "price within 80 %",
            "price within 35 %",
            "price within 12 %",
            "price within 3 %",
        ],
    },
    LevelKind { name: "brand", levels: &["brand unknown", "other brand", "brand in title", "same brand"] },
    LevelKind {
        name: "quantities",
        levels: &["no quantities of one unit", "quantities differ", "some quantities differ", "quantities equal"],
    },
];

/// Evidence of all pairs.
#[derive(Debug, Default)]
pub struct Evidence {
    pub scores: Vec<[f32; SCORE_COUNT]>,
    pub levels: Vec<[u8; LEVEL_COUNT]>,
}

/// Place of the description's cosine; it is NaN where a row has no description.
pub const DESCRIPTION: usize = 3;

/// Weights of the rows of one side, computed once.
struct Norms {
    terms: Vec<f32>,
    titles: Vec<f32>,
    grams: Vec<f32>,
    descriptions: Vec<f32>,
    /// Sum of the weights of the title's words.
    sums: Vec<f32>,
}

impl Norms {
    fn new(catalogs: &Catalogs, side: &Side) -> Self {
        let rows = 0..side.len();
        let word = &catalogs.word_idf;
        Self {
            terms: rows.clone().into_par_iter().map(|row| norm(side.terms.row(row), &catalogs.term_idf)).collect(),
            titles: rows.clone().into_par_iter().map(|row| norm(side.titles.row(row), word)).collect(),
            grams: rows
                .clone()
                .into_par_iter()
                .map(|row| {
                    let squares = side.grams.row(row).iter().map(|gram| catalogs.gram_idf[*gram as usize].powi(2));
                    squares.sum::<f32>().sqrt()
                })
                .collect(),
            descriptions: rows.clone().into_par_iter().map(|row| norm(side.descriptions.row(row), word)).collect(),
            sums: rows
                .into_par_iter()
                .map(|row| side.titles.row(row).iter().map(|w| word[*w as usize]).sum())
                .collect(),
        }
    }
}

/// The evidence of all candidate pairs.
pub fn weigh(catalogs: &Catalogs, candidates: &Candidates) -> Evidence {
    let norms = [0, 1].map(|side: usize| Norms::new(catalogs, &catalogs.sides[side]));
    let weigher = Weigher { catalogs, norms: &norms };
    let (scores, levels) = (0..candidates.len())
        .into_par_iter()
        .with_min_len(4096)
        .map(|pair| weigher.pair(candidates.left_of[pair] as usize, candidates.right_of(pair) as usize))
        .unzip();
    Evidence { scores, levels }
}

struct Weigher<'a> {
    catalogs: &'a Catalogs,
    norms: &'a [Norms; 2],
}

/// Sum of `weight` over the values that both sorted lists have.
fn common<T: Copy + Ord>(a: &[T], b: &[T], mut weight: impl FnMut(T) -> f32) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            sum += weight(a[i]);
            i += 1;
            j += 1;
        } else if a[i] < b[j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    sum
}

fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl Weigher<'_> {
    fn pair(&self, l: usize, r: usize) -> ([f32; SCORE_COUNT], [u8; LEVEL_COUNT]) {
        let [left, right] = &self.catalogs.sides;
        let [ln, rn] = self.norms;
        let word = |w: u32| self.catalogs.word_idf[w as usize];
        let squared = |idf: &[f32], at: usize| idf[at] * idf[at];
        let (lt, rt) = (left.titles.row(l), right.titles.row(r));
        let (ld, rd) = (left.descriptions.row(l), right.descriptions.row(r));
        let terms = common(left.terms.row(l), right.terms.row(r), |t| squared(&self.catalogs.term_idf, t as usize));
        let title = common(lt, rt, |w| word(w) * word(w));
        let grams = common(left.grams.row(l), right.grams.row(r), |g| squared(&self.catalogs.gram_idf, g as usize));
        let description = if ld.is_empty() || rd.is_empty() {
            f32::NAN
        } else {
            ratio(common(ld, rd, |w| word(w) * word(w)), ln.descriptions[l] * rn.descriptions[r])
        };
        let shared = common(lt, rt, word);
        let code_level = self.codes(left.codes.row(l), right.codes.row(r));
        let quantity_level = self.quantities(lt, rt);
        let scores = [
            ratio(terms, ln.terms[l] * rn.terms[r]),
            ratio(title, ln.titles[l] * rn.titles[r]),
            ratio(grams, ln.grams[l] * rn.grams[r]),
            description,
            ratio(shared, ln.sums[l]),
            ratio(shared, rn.sums[r]),
            ratio(shared, ln.sums[l] + rn.sums[r] - shared),
            ratio(self.anywhere(lt, rt, rd), ln.sums[l]),
            ratio(self.anywhere(rt, lt, ld), rn.sums[r]),
        ];
        let levels = [
            code_level,
            self.numbers(lt, rt),
            price_level(left.prices[l], right.prices[r]),
            self.brand(l, r),
            quantity_level,
        ];
        (scores, levels)
    }

    /// Weight of the words of `title` that are in the other's title or description.
    fn anywhere(&self, title: &[u32], other: &[u32], description: &[u32]) -> f32 {
        let found = |w: &&u32| other.binary_search(w).is_ok() || description.binary_search(w).is_ok();
        title.iter().filter(found).map(|w| self.catalogs.word_idf[*w as usize]).sum()
    }

    /// Level of the codes: how rare the best equal one is, or how alike they are.
    fn codes(&self, left: &[u32], right: &[u32]) -> u8 {
        let text = |code: u32| self.catalogs.vocabularies.codes.text(code);
        let most = (1.0 + self.catalogs.rows).ln().max(1.0);
        let mut rarity = 0.0f32;
        common(left, right, |code| {
            let length = (text(code).len() as f32 / 6.0).min(1.0);
            rarity = rarity.max(self.catalogs.code_idf[code as usize] / most * length);
            0.0
        });
        if rarity > 0.0 {
            let level = [0.45, 0.6, 0.75].iter().filter(|step| rarity >= **step).count();
            return 4 + level as u8;
        }
        let strong = |codes: &[u32]| -> Vec<u32> {
            codes.iter().copied().filter(|code| self.catalogs.strong[*code as usize]).collect()
        };
        let (left, right) = (strong(left), strong(right));
        let mut level = u8::from(!left.is_empty() && !right.is_empty());
        for (a, b) in left.iter().flat_map(|a| right.iter().map(|b| (text(*a), text(*b)))) {
            if a.contains(b) || b.contains(a) {
                level = 3;
            } else if level < 2 && near(a, b) {
                level = 2;
            }
        }
        level
    }

    fn numbers(&self, left: &[u32], right: &[u32]) -> u8 {
        let numbers = |list: &[u32]| list.iter().filter(|w| self.catalogs.kinds[**w as usize] == Kind::Number).count();
        let (l, r) = (numbers(left), numbers(right));
        if l == 0 || r == 0 {
            return 0;
        }
        let equal =
            common(left, right, |w| f32::from(u8::from(self.catalogs.kinds[w as usize] == Kind::Number))) as usize;
        let differ = l > equal && r > equal;
        1 + 2 * equal.min(2) as u8 + u8::from(!differ)
    }

    fn brand(&self, l: usize, r: usize) -> u8 {
        let [left, right] = &self.catalogs.sides;
        let (a, b) = (left.brands[l], right.brands[r]);
        if a != brand::NONE && a == b {
            return 3;
        }
        let inside = |brand: u32, title: &[u32]| {
            brand != brand::NONE
                && self.catalogs.brand_words.row(brand as usize).iter().all(|w| title.binary_search(w).is_ok())
        };
        if inside(a, right.titles.row(r)) || inside(b, left.titles.row(l)) {
            2
        } else {
            u8::from(a != brand::NONE && b != brand::NONE)
        }
    }

    /// Whether quantities of one unit agree.
    fn quantities(&self, left: &[u32], right: &[u32]) -> u8 {
        let of = |list: &[u32]| -> Vec<u32> {
            list.iter().copied().filter(|w| self.catalogs.kinds[*w as usize] == Kind::Quantity).collect()
        };
        let (left, right) = (of(left), of(right));
        let unit = |w: u32| {
            self.catalogs.vocabularies.words.text(w).trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
        };
        let comparable = left.iter().filter(|a| right.iter().any(|b| unit(**a) == unit(*b))).count();
        if comparable == 0 {
            return 0;
        }
        let equal = left.iter().filter(|a| right.contains(a)).count();
        if equal == comparable { 3 } else { u8::from(equal > 0) + 1 }
    }
}

fn price_level(left: i64, right: i64) -> u8 {
    if left <= 0 || right <= 0 {
        return 0;
    }
    let (low, high) = (left.min(right) as f64, left.max(right) as f64);
    let apart = high / low - 1.0;
    1 + [0.80, 0.35, 0.12, 0.03].iter().filter(|step| apart <= **step + 1e-9).count() as u8
}
