//! Evidence as one row of numbers a pair: scores, distances to rivals, levels, and what the words say.

use super::{
    evidence::{DESCRIPTION, Evidence, LEVELS, SCORE_COUNT},
    rivals::{self, Tops},
    tokens::{WORD_FEATURES, WordRates},
};
use crate::{candidates::Candidates, catalog::Catalogs};

/// A pair that is looked at as if another one of its row (side 0) or column (side 1) were not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absent {
    pub side: usize,
    pub pair: u32,
}

/// Where the levels begin, behind the scores and the distances to rivals of both sides.
pub const HOT: usize = 3 * SCORE_COUNT;

/// Numbers a row without words' features.
pub fn plain_width() -> usize {
    HOT + LEVELS.iter().map(|kind| kind.levels.len()).sum::<usize>()
}

/// Numbers a row.
pub fn width() -> usize {
    plain_width() + WORD_FEATURES
}

/// All that rows are made of.
pub struct Features<'a> {
    pub catalogs: &'a Catalogs,
    pub candidates: &'a Candidates,
    pub evidence: &'a Evidence,
    tops: [Tops<SCORE_COUNT>; 2],
    /// What stands for the cosine of descriptions where one is missing: their mean.
    usual_description: f32,
}

impl<'a> Features<'a> {
    pub fn new(catalogs: &'a Catalogs, candidates: &'a Candidates, evidence: &'a Evidence) -> Self {
        let known = evidence.scores.iter().map(|scores| scores[DESCRIPTION]).filter(|score| !score.is_nan());
        let (sum, count) = known.fold((0.0, 0u64), |(sum, count), score| (sum + f64::from(score), count + 1));
        let usual_description = if count > 0 { (sum / count as f64) as f32 } else { 0.0 };
        Self {
            catalogs,
            candidates,
            evidence,
            tops: rivals::tops(candidates, &evidence.scores, 0.0),
            usual_description,
        }
    }

    /// Sets `out` to the row of a pair, without words' features.
    pub fn plain(&self, pair: usize, absent: Option<Absent>, out: &mut Vec<f64>) {
        let scores = &self.evidence.scores[pair];
        let rows = [self.candidates.left_of[pair] as usize, self.candidates.right_of(pair) as usize];
        out.clear();
        out.extend(scores.map(|score| f64::from(if score.is_nan() { self.usual_description } else { score })));
        for (side, (tops, row)) in self.tops.iter().zip(rows).enumerate() {
            let gaps = match absent.filter(|absent| absent.side == side) {
                Some(absent) => tops.gaps_without(row, scores, &self.evidence.scores[absent.pair as usize]),
                None => tops.gaps(row, scores),
            };
            out.extend(gaps.map(f64::from));
        }
        for (kind, level) in LEVELS.iter().zip(&self.evidence.levels[pair]) {
            out.extend((0..kind.levels.len()).map(|at| f64::from(u8::from(at == *level as usize))));
        }
    }

    /// Sets `out` to the whole row. `own` is the pair's probability if its words were counted with it.
    pub fn whole(&self, pair: usize, absent: Option<Absent>, rates: &WordRates, own: Option<f64>, out: &mut Vec<f64>) {
        self.plain(pair, absent, out);
        out.extend(rates.features(self.catalogs, self.candidates, pair, own));
    }
}
