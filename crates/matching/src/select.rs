//! Which pairs become links, and how good they are expected to be.

use crate::{
    candidates::Candidates,
    model::belief::Partners,
    options::{Acceptance, Quality},
};

/// Pairs below this probability are no part of what is expected: they are many, and each is next to nothing.
const LEAST: f64 = 0.01;

/// Pairs by falling probability, each row and column as often as `partners` allows.
pub fn greedy(candidates: &Candidates, p: &[f64], partners: Partners, refused: &dyn Fn(usize) -> bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).filter(|pair| p[*pair] >= LEAST && !refused(*pair)).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]).then(a.cmp(b)));
    let mut taken = [vec![false; candidates.right.len()], vec![false; candidates.by_right.len()]];
    let bound = match partners {
        Partners::OneToOne => [true, true],
        Partners::OneToMany => [false, true],
        Partners::Many => [false, false],
    };
    order.retain(|pair| {
        let rows = [candidates.left_of[*pair] as usize, candidates.right_of(*pair) as usize];
        let free = (0..2).all(|side| !bound[side] || !taken[side][rows[side]]);
        if free {
            (0..2).for_each(|side| taken[side][rows[side]] = true);
        }
        free
    });
    order
}

/// How many of the pairs, which are sorted by falling probability, are links.
pub fn accepted(order: &[usize], p: &[f64], acceptance: Acceptance) -> usize {
    match acceptance {
        Acceptance::Threshold(threshold) => order.partition_point(|pair| p[*pair] >= threshold),
        Acceptance::Precision(wanted) => {
            let mut sum = 0.0;
            let mut most = 0;
            for (at, pair) in order.iter().enumerate() {
                sum += p[*pair];
                if sum / (at + 1) as f64 >= wanted {
                    most = at + 1;
                }
            }
            most
        }
    }
}

/// What is expected of the first `links` pairs.
pub fn expected(order: &[usize], p: &[f64], links: usize) -> Quality {
    let matches = p.iter().filter(|p| **p >= LEAST).sum();
    let right = order[..links].iter().map(|pair| p[*pair]).sum();
    let threshold = links.checked_sub(1).map_or(1.0, |last| p[order[last]]);
    Quality { threshold, links, right, matches }
}

/// What is expected at thresholds from 0.05 on.
pub fn table(order: &[usize], p: &[f64]) -> Vec<Quality> {
    let thresholds = (1..20).map(|step| f64::from(step) / 20.0).chain([0.99]);
    thresholds
        .map(|threshold| {
            let links = accepted(order, p, Acceptance::Threshold(threshold));
            Quality { threshold, ..expected(order, p, links) }
        })
        .collect()
}
