//! Which pairs the share matched is about: the best of each row of either side; and their decoys.

use std::collections::HashMap;

use super::{features::Absent, mixture::Role, rivals};
use crate::{candidates::Candidates, catalog::Catalogs};

/// Samples of a mixture: pairs, and how they are to be seen.
#[derive(Debug, Default)]
pub struct Population {
    pub roles: Vec<Role>,
    pub pairs: Vec<(u32, Option<Absent>)>,
}

/// The best pair of each related row by `score`, and the second best of each as a decoy. Only rows that are `sampled` are asked;
/// `labels` are pairs that are known.
pub fn gather(
    catalogs: &Catalogs,
    candidates: &Candidates,
    score: &[f32],
    sampled: [&[bool]; 2],
    labels: &HashMap<u32, bool>,
) -> Population {
    let leaders = rivals::leaders(candidates, score);
    let mut out = Population::default();
    let mut known: HashMap<u32, u32> = HashMap::new();
    for (side, leaders) in leaders.iter().enumerate() {
        for (row, [best, _]) in leaders.iter().enumerate() {
            if let Some(best) = best.filter(|_| catalogs.sides[side].related[row] && sampled[side][row]) {
                known.entry(best).or_insert_with(|| {
                    out.roles.push(labels.get(&best).map_or(Role::Open, |yes| Role::Known(*yes)));
                    out.pairs.push((best, None));
                    out.roles.len() as u32 - 1
                });
            }
        }
    }
    for (side, leaders) in leaders.iter().enumerate() {
        for (_, [best, second]) in leaders.iter().enumerate().filter(|(row, _)| sampled[side][*row]) {
            if let (Some(best), Some(second)) = (best, second)
                && let Some(at) = known.get(best)
                && labels.get(second) != Some(&true)
            {
                out.roles.push(Role::DecoyOf(*at));
                out.pairs.push((*second, Some(Absent { side, pair: *best })));
            }
        }
    }
    out
}
