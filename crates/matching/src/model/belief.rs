//! One to one, softly: from odds of pairs to probabilities that sum to at most one a row and a column.
//!
//! Sum-product belief propagation for matchings in a bipartite graph (Bayati, Borgs, Chayes and Zecchina 2011, at temperature one).

use rayon::prelude::*;

use crate::candidates::Candidates;

/// How many partners a row may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partners {
    /// At most one on both sides.
    #[default]
    OneToOne,
    /// A left row may have many right rows; a right row at most one left row.
    OneToMany,
    /// Any number on both sides.
    Many,
}

const ROUNDS: usize = 20;
/// Odds are kept within these, so that no product overflows.
const MOST_LOG_ODDS: f64 = 30.0;

/// Probability of each pair from its log-odds, among its rivals.
pub fn marginals(candidates: &Candidates, log_odds: &[f64], partners: Partners) -> Vec<f64> {
    let odds: Vec<f64> = log_odds.par_iter().map(|x| x.clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS).exp()).collect();
    let bound = match partners {
        Partners::OneToOne => [true, true],
        Partners::OneToMany => [false, true],
        Partners::Many => [false, false],
    };
    // What the row, and the column, of a pair say: how free they are for it.
    let mut free = [vec![1.0; odds.len()], vec![1.0; odds.len()]];
    for _ in 0..if bound == [true, true] { ROUNDS } else { 1 } {
        for side in (0..2).filter(|side| bound[*side]) {
            free[side] = messages(candidates, side, &odds, &free[1 - side]);
        }
    }
    let claims: Vec<f64> =
        (0..odds.len()).into_par_iter().map(|pair| odds[pair] * free[0][pair] * free[1][pair]).collect();
    let mut p: Vec<f64> = claims.par_iter().map(|claim| claim / (1.0 + claim)).collect();
    // The last round may not have settled: what is over one is taken off in proportion.
    for side in (0..2).filter(|side| bound[*side]) {
        for row in 0..rows(candidates, side) {
            let sum: f64 = pairs(candidates, side, row).map(|pair| p[pair]).sum();
            if sum > 1.0 {
                pairs(candidates, side, row).for_each(|pair| p[pair] /= sum);
            }
        }
    }
    p
}

fn rows(candidates: &Candidates, side: usize) -> usize {
    if side == 0 { candidates.right.len() } else { candidates.by_right.len() }
}

fn pairs(candidates: &Candidates, side: usize, row: usize) -> impl Iterator<Item = usize> + Clone + '_ {
    let range = if side == 0 { candidates.pairs_of_left(row) } else { 0..0 };
    let listed = if side == 0 { &[][..] } else { candidates.by_right.row(row) };
    range.chain(listed.iter().map(|pair| *pair as usize))
}

/// How free each row of `side` is for each of its pairs: 1 / (1 + what the row's other pairs claim).
fn messages(candidates: &Candidates, side: usize, odds: &[f64], other: &[f64]) -> Vec<f64> {
    let rows: Vec<usize> = (0..rows(candidates, side)).collect();
    let blocks: Vec<Vec<(usize, f64)>> = rows
        .par_chunks(4096)
        .map(|rows| {
            let mut block = Vec::new();
            for row in rows {
                let claims = pairs(candidates, side, *row).map(|pair| odds[pair] * other[pair]);
                for pair in pairs(candidates, side, *row) {
                    let rivals: f64 = pairs(candidates, side, *row)
                        .zip(claims.clone())
                        .filter(|(p, _)| *p != pair)
                        .map(|(_, claim)| claim)
                        .sum();
                    block.push((pair, 1.0 / (1.0 + rivals)));
                }
            }
            block
        })
        .collect();
    let mut free = vec![1.0; odds.len()];
    blocks.into_iter().flatten().for_each(|(pair, value)| free[pair] = value);
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_solved_exactly() {
        // Two left rows want the same right row: matchings {}, {a}, {b} weigh 1, 3 and 6.
        let candidates = Candidates::new(&[(0, 0), (1, 0)], 2, 1);
        let p = marginals(&candidates, &[3f64.ln(), 6f64.ln()], Partners::OneToOne);
        assert!((p[0] - 0.3).abs() < 1e-9 && (p[1] - 0.6).abs() < 1e-9, "{p:?}");
        let p = marginals(&candidates, &[3f64.ln(), 6f64.ln()], Partners::Many);
        assert!((p[0] - 0.75).abs() < 1e-9, "{p:?}");
    }

    #[test]
    fn no_row_has_more_than_one_partner_in_sum() {
        let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let candidates = Candidates::new(&pairs, 2, 2);
        let p = marginals(&candidates, &[20.0; 4], Partners::OneToOne);
        assert!(p[0] + p[1] <= 1.0 + 1e-9 && p[0] + p[2] <= 1.0 + 1e-9 && (p[0] - 0.5).abs() < 0.02, "{p:?}");
    }
}
