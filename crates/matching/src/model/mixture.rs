//! Matches and others told apart without labels: a mixture anchored by pairs that cannot be matches.
//!
//! Open pairs are matches or not; decoys are what a row's best pair looks like when its match is not there. The odds between
//! the two classes are a logistic regression, so that nothing is assumed of how evidence is distributed or hangs together. It is
//! learned by expectation and maximisation, and the share matched with it.

use super::regression::{Design, Regression, Target, probability};

/// What is known of a sample beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// A match or not; to be found out.
    Open,
    /// Not a match. It stands for what the best pair of its row would look like if the open sample of that number, a match, were
    /// not there.
    DecoyOf(u32),
    /// A label says so.
    Known(bool),
}

/// How a mixture is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learning {
    /// Penalty on half the squared weights.
    pub penalty: f64,
    /// Least weight of a decoy, whatever the probability of its open sample.
    pub least_decoy: f64,
    /// Rounds at most.
    pub rounds: usize,
}

/// A mixture that was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Log-odds of an open sample.
    pub regression: Regression,
    /// Share of the open samples that are matches.
    pub share: f64,
    /// Rounds it took until no probability moved by 0.001.
    pub rounds: usize,
}

const STILL: f64 = 0.001;
/// Half a sample of each class is added, so that neither share is ever nothing.
const HALF: f64 = 0.5;

/// Learns from rows of `width` values, from the probabilities `start` of the open samples.
pub fn learn(values: Vec<f64>, width: usize, roles: &[Role], start: &[f64], learning: Learning) -> Mixture {
    let design = Design::new(values, width);
    let mut p = start.to_vec();
    let mut beta = design.nothing();
    let mut offset = 0.0;
    let mut share = HALF;
    let mut rounds = 0;
    for round in 1..=learning.rounds {
        rounds = round;
        let targets: Vec<Target> = roles.iter().zip(&p).map(|(role, own)| target(*role, *own, &p, learning)).collect();
        design.fit(&targets, learning.penalty, if round == 1 { 12 } else { 2 }, &mut beta);
        let (mut yes, mut no, mut decoys) = (HALF, HALF, 0.0);
        for (role, target) in roles.iter().zip(&targets) {
            match role {
                Role::DecoyOf(_) => decoys += target.weight,
                _ => (yes, no) = (yes + target.probability, no + 1.0 - target.probability),
            }
        }
        share = yes / (yes + no);
        // The regression has seen others and decoys; an open sample is no decoy.
        offset = ((no + decoys) / no).ln();
        let mut moved = 0.0f64;
        for (at, log_odds) in design.log_odds(&beta).into_iter().enumerate() {
            if roles[at] == Role::Open {
                let new = probability(log_odds + offset);
                moved = moved.max((new - p[at]).abs());
                p[at] = new;
            }
        }
        if moved < STILL {
            break;
        }
    }
    let mut regression = design.regression(&beta);
    regression.bias += offset;
    Mixture { regression, share, rounds }
}

fn target(role: Role, own: f64, p: &[f64], learning: Learning) -> Target {
    match role {
        Role::Open => Target { weight: 1.0, probability: own },
        Role::DecoyOf(best) => Target { weight: p[best as usize].max(learning.least_decoy), probability: 0.0 },
        Role::Known(yes) => Target { weight: 1.0, probability: f64::from(u8::from(yes)) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_are_told_apart_and_their_share_is_learned() {
        let spread = |at: u32| f64::from(at * 7 % 20) / 20.0;
        let mut values: Vec<f64> = (0..400).map(|at| if at % 4 == 0 { 1.8 + spread(at) } else { spread(at) }).collect();
        values.extend((0..400).map(spread));
        let roles: Vec<Role> = (0..400).map(|_| Role::Open).chain((0..400).map(Role::DecoyOf)).collect();
        let learning = Learning { penalty: 0.1, least_decoy: 1.0, rounds: 100 };
        let learned = learn(values, 1, &roles, &[0.5; 800], learning);
        assert!((learned.share - 0.25).abs() < 0.08, "{learned:?}");
        assert!(learned.regression.log_odds(&[2.3]) > 3.0 && learned.regression.log_odds(&[0.5]) < -3.0, "{learned:?}");
    }
}
