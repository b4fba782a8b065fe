//! Why a pair has its probability: a waterfall of log-odds.

use crate::{
    model::{
        curve::Curve,
        evidence::{LEVELS, SCORE_COUNT, SCORES},
        features::HOT,
        regression::Regression,
    },
    options::Reason,
};

/// What a pair's score is measured against: the mean row of features of all candidates.
pub struct Usual {
    pub row: Vec<f64>,
}

/// The steps from the usual pair's log-odds over each piece of evidence to those of `probability`. They sum to its log-odds.
///
/// `parts` are regressions whose weighted sum is the score. The score becomes log-odds on a curve; each piece gets its share of the way
/// along the curve.
pub fn waterfall(
    row: &[f64],
    levels: &[u8],
    parts: [(&Regression, f64); 2],
    usual: &Usual,
    curve: &Curve,
    probability: f64,
) -> Vec<Reason> {
    let score = |row: &[f64]| parts.iter().map(|(part, weight)| weight * part.log_odds(row)).sum::<f64>();
    let (from, to) = (score(&usual.row), score(row));
    let (low, high) = (curve.log_odds(from), curve.log_odds(to));
    let scale = if (to - from).abs() > 1e-9 { (high - low) / (to - from) } else { 0.0 };
    let added = |at: usize| {
        let weight: f64 = parts.iter().map(|(part, share)| share * part.weights.get(at).copied().unwrap_or(0.0)).sum();
        weight * (row[at] - usual.row[at]) * scale
    };
    let mut reasons = vec![Reason { evidence: "start", says: "a usual candidate", log_odds: low }];
    for (at, name) in SCORES.iter().enumerate() {
        reasons.push(Reason { evidence: name, says: "likeness", log_odds: added(at) });
    }
    for (side, says) in ["ahead of the left record's other candidates", "ahead of the right record's other candidates"]
        .iter()
        .enumerate()
    {
        let gaps = (1 + side) * SCORE_COUNT..(2 + side) * SCORE_COUNT;
        reasons.push(Reason { evidence: "rivals", says, log_odds: gaps.map(added).sum() });
    }
    let mut at = HOT;
    for (kind, level) in LEVELS.iter().zip(levels) {
        let all = at..at + kind.levels.len();
        at = all.end;
        reasons.push(Reason {
            evidence: kind.name,
            says: kind.levels[*level as usize],
            log_odds: all.map(added).sum(),
        });
    }
    reasons.push(Reason {
        evidence: "single words",
        says: "as often in other matches",
        log_odds: (at..row.len()).map(added).sum(),
    });
    let p = probability.clamp(1e-12, 1.0 - 1e-12);
    let sum: f64 = reasons.iter().map(|reason| reason.log_odds).sum();
    reasons.push(Reason {
        evidence: "partners",
        says: "each record has at most its share",
        log_odds: (p / (1.0 - p)).ln() - sum,
    });
    reasons
}
