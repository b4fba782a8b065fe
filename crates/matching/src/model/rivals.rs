//! The best and the second best of each row and column, and how far a pair is from its best rival.

use crate::candidates::Candidates;

/// For each row of a side, the two highest values of each of `N` scores among its pairs. NaN counts as absent.
#[derive(Debug)]
pub struct Tops<const N: usize> {
    best: Vec<[f32; N]>,
    second: Vec<[f32; N]>,
    third: Vec<[f32; N]>,
}

impl<const N: usize> Tops<N> {
    fn new(rows: usize, floor: f32) -> Self {
        Self { best: vec![[floor; N]; rows], second: vec![[floor; N]; rows], third: vec![[floor; N]; rows] }
    }

    fn add(&mut self, row: usize, scores: &[f32; N]) {
        let (best, second, third) = (&mut self.best[row], &mut self.second[row], &mut self.third[row]);
        for (at, value) in scores.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            if *value > best[at] {
                third[at] = second[at];
                second[at] = best[at];
                best[at] = *value;
            } else if *value > second[at] {
                third[at] = second[at];
                second[at] = *value;
            } else if *value > third[at] {
                third[at] = *value;
            }
        }
    }

    /// How far `scores` of a pair of the row are above the row's best other pair. Nothing is known of a NaN: 0.
    pub fn gaps(&self, row: usize, scores: &[f32; N]) -> [f32; N] {
        std::array::from_fn(|at| {
            let value = scores[at];
            let rival = if value >= self.best[row][at] { self.second[row][at] } else { self.best[row][at] };
            if value.is_nan() { 0.0 } else { value - rival }
        })
    }

    /// The same as if a pair with the scores `absent` were not in the row.
    pub fn gaps_without(&self, row: usize, scores: &[f32; N], absent: &[f32; N]) -> [f32; N] {
        let tops = [&self.best[row], &self.second[row], &self.third[row]];
        std::array::from_fn(|at| {
            let value = scores[at];
            if value.is_nan() {
                return 0.0;
            }
            let mut skip = [Some(value), Some(absent[at])];
            let rival = tops.iter().map(|top| top[at]).find(|top| {
                let known = skip.iter_mut().find(|skip| **skip == Some(*top));
                known.map(|known| *known = None).is_none()
            });
            value - rival.unwrap_or(tops[2][at])
        })
    }
}

/// The tops of both sides. Rows without a rival have one of `floor`.
pub fn tops<const N: usize>(candidates: &Candidates, scores: &[[f32; N]], floor: f32) -> [Tops<N>; 2] {
    let mut tops = [Tops::new(candidates.right.len(), floor), Tops::new(candidates.by_right.len(), floor)];
    for (pair, scores) in scores.iter().enumerate() {
        tops[0].add(candidates.left_of[pair] as usize, scores);
        tops[1].add(candidates.right_of(pair) as usize, scores);
    }
    tops
}

/// The best and second best pair of each row of both sides, by `score`; ties go to the pair that comes first.
pub fn leaders(candidates: &Candidates, score: &[f32]) -> [Vec<[Option<u32>; 2]>; 2] {
    let mut leaders = [vec![[None; 2]; candidates.right.len()], vec![[None; 2]; candidates.by_right.len()]];
    for pair in 0..candidates.len() {
        let rows = [candidates.left_of[pair] as usize, candidates.right_of(pair) as usize];
        for (side, row) in leaders.iter_mut().zip(rows) {
            let above = |known: Option<u32>| known.is_none_or(|known| score[pair] > score[known as usize]);
            let [best, second] = &mut side[row];
            if above(*best) {
                *second = best.replace(pair as u32);
            } else if above(*second) {
                *second = Some(pair as u32);
            }
        }
    }
    leaders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_to_the_best_other_pair() {
        let candidates = Candidates::new(&[(0, 0), (0, 1), (0, 2), (1, 0)], 2, 3);
        let scores = [[0.9f32], [0.5], [f32::NAN], [0.7]];
        let [left, right] = tops(&candidates, &scores, 0.0);
        let close = |a: [f32; 1], b: f32| assert!((a[0] - b).abs() < 1e-6, "{a:?} {b}");
        close(left.gaps(0, &scores[0]), 0.4);
        close(left.gaps(0, &scores[1]), -0.4);
        close(left.gaps(0, &scores[2]), 0.0);
        close(left.gaps(1, &scores[3]), 0.7);
        close(right.gaps(0, &scores[3]), -0.2);
        close(left.gaps_without(0, &scores[1], &scores[0]), 0.5);
    }

    #[test]
    fn the_first_of_equals_leads() {
        let candidates = Candidates::new(&[(0, 0), (0, 1)], 1, 2);
        assert_eq!(leaders(&candidates, &[1.0, 1.0])[0], [[Some(0), Some(1)]]);
    }
}
