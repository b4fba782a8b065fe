//! From a score to log-odds: two bell curves, one for matches and one for others, anchored by decoys.
//!
//! Each bell is a split normal (Fechner 1897): its two halves have their own deviation, since matches have a long tail of poor scores and
//! others a long tail of good ones. How fast the visible half falls tells how many matches hide among the others.

use super::{mixture::Role, regression::probability};

/// Log-odds at evenly spaced scores, rising everywhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    first: f64,
    step: f64,
    log_odds: Vec<f64>,
    /// Share of the open samples that are matches.
    pub share: f64,
    pub rounds: usize,
}

const POINTS: usize = 256;
const LEAST_SLOPE: f64 = 0.2;
const LEAST_DEVIATION: f64 = 0.15;
/// Share of the decoys below the score from which an open sample is taken for a match at first.
const DECOYS_BELOW: f64 = 0.95;
const ROUNDS: usize = 200;
const STILL: f64 = 0.001;

impl Curve {
    /// Says of each score that it tells nothing.
    pub fn flat() -> Self {
        Self { first: 0.0, step: 1.0, log_odds: vec![0.0], share: 0.5, rounds: 0 }
    }

    /// Log-odds of an open sample with this score.
    pub fn log_odds(&self, score: f64) -> f64 {
        let at = (score - self.first) / self.step;
        let last = self.log_odds.len() - 1;
        if at <= 0.0 {
            self.log_odds[0] + LEAST_SLOPE * (score - self.first)
        } else if at >= last as f64 {
            self.log_odds[last] + LEAST_SLOPE * (score - self.first - self.step * last as f64)
        } else {
            let (low, part) = (at as usize, at.fract());
            self.log_odds[low] * (1.0 - part) + self.log_odds[low + 1] * part
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bell {
    weight: f64,
    mode: f64,
    deviations: [f64; 2],
}

impl Bell {
    /// The likeliest split normal of weighted samples, which are sorted by score. Its mode is one of their percentiles.
    fn fit(samples: &[(f64, f64)]) -> Self {
        let weight: f64 = 1e-9 + samples.iter().map(|(_, weight)| weight).sum::<f64>();
        let mut best = (f64::INFINITY, Self { weight, mode: 0.0, deviations: [1.0; 2] });
        let mut seen = 0.0;
        let mut next = 0.05;
        for (mode, own) in samples {
            seen += own;
            if seen < next * weight {
                continue;
            }
            next = (seen / weight).max(next) + 0.025;
            let mut squares = [1e-9; 2];
            samples.iter().for_each(|(x, w)| squares[usize::from(x > mode)] += w * (x - mode).powi(2));
            let roots = squares.map(f64::cbrt);
            let spread = roots[0] + roots[1];
            if spread < best.0 {
                let deviations = roots.map(|root| (root * root * spread / weight).sqrt().max(LEAST_DEVIATION));
                best = (spread, Self { weight, mode: *mode, deviations });
            }
            if next > 0.96 {
                break;
            }
        }
        best.1
    }

    fn log_density(&self, x: f64) -> f64 {
        let deviation = self.deviations[usize::from(x > self.mode)];
        -(x - self.mode).powi(2) / (2.0 * deviation * deviation) - (self.deviations[0] + self.deviations[1]).ln()
    }
}

/// Learns the curve of scores whose roles are known.
pub fn learn(scores: &[f64], roles: &[Role]) -> Curve {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|a, b| scores[*a as usize].total_cmp(&scores[*b as usize]).then(a.cmp(b)));
    let decoys: Vec<f64> = order
        .iter()
        .filter(|at| matches!(roles[**at as usize], Role::DecoyOf(_)))
        .map(|at| scores[*at as usize])
        .collect();
    let start = decoys.get((decoys.len() as f64 * DECOYS_BELOW) as usize).copied().unwrap_or(0.0);
    let mut p: Vec<f64> = roles
        .iter()
        .zip(scores)
        .map(|(role, score)| match role {
            Role::Known(yes) => f64::from(u8::from(*yes)),
            Role::Open if *score > start => 0.95,
            Role::Open => 0.05,
            Role::DecoyOf(_) => 0.0,
        })
        .collect();
    let mut round = 0;
    loop {
        round += 1;
        let mut curve = maximise(scores, roles, &order, &p);
        curve.rounds = round;
        let mut moved = 0.0f64;
        for at in 0..p.len() {
            if roles[at] == Role::Open {
                let new = probability(curve.log_odds(scores[at]));
                moved = moved.max((new - p[at]).abs());
                p[at] = new;
            }
        }
        if moved < STILL || round == ROUNDS {
            return curve;
        }
    }
}

fn maximise(scores: &[f64], roles: &[Role], order: &[u32], p: &[f64]) -> Curve {
    let weighted = |weight: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        order
            .iter()
            .map(|at| (scores[*at as usize], weight(*at as usize)))
            .filter(|(_, weight)| *weight > 0.0)
            .collect()
    };
    let yes = Bell::fit(&weighted(&|at| p[at]));
    let no = Bell::fit(&weighted(&|at| match roles[at] {
        Role::DecoyOf(best) => p[best as usize],
        _ => 1.0 - p[at],
    }));
    let open = roles.iter().filter(|role| !matches!(role, Role::DecoyOf(_))).count() as f64;
    let share = (yes.weight + 0.5) / (open + 1.0);
    let prior = (share / (1.0 - share)).ln();
    let (first, last) = match order {
        [first, .., last] => (scores[*first as usize], scores[*last as usize]),
        _ => (0.0, 1.0),
    };
    let step = ((last - first) / (POINTS - 1) as f64).max(1e-6);
    let x = |at: usize| first + step * at as f64;
    let mut log_odds: Vec<f64> = (0..POINTS).map(|at| prior + yes.log_density(x(at)) - no.log_density(x(at))).collect();
    let middle = ((((yes.mode + no.mode) / 2.0 - first) / step).max(0.0) as usize).min(POINTS - 1);
    for at in middle + 1..POINTS {
        log_odds[at] = log_odds[at].max(log_odds[at - 1] + LEAST_SLOPE * step);
    }
    for at in (0..middle).rev() {
        log_odds[at] = log_odds[at].min(log_odds[at + 1] - LEAST_SLOPE * step);
    }
    Curve { first, step, log_odds, share, rounds: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_give_their_share_and_odds_rise_everywhere() {
        let spread = |at: u32| f64::from(at * 37 % 100) / 50.0 - 1.0;
        let mut scores: Vec<f64> =
            (0..400).map(|at| if at % 4 == 0 { 4.0 + spread(at / 4) } else { spread(at) }).collect();
        scores.extend((0..400).map(spread));
        let roles: Vec<Role> = (0..400).map(|_| Role::Open).chain((0..400).map(Role::DecoyOf)).collect();
        let curve = learn(&scores, &roles);
        assert!((curve.share - 0.25).abs() < 0.02, "{curve:?}");
        assert!(curve.log_odds(4.0) > 3.0 && curve.log_odds(0.0) < -3.0);
        let odds: Vec<f64> = (-40..80).map(|x| curve.log_odds(f64::from(x) / 4.0)).collect();
        assert!(odds.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn nothing_to_learn_from_is_no_panic() {
        assert!(learn(&[], &[]).log_odds(0.0).is_finite());
        assert!(learn(&[1.0; 3], &[Role::Open; 3]).log_odds(1.0).is_finite());
    }
}
