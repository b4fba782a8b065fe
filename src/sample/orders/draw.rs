//! Weighted draws in constant time.

use crate::dice::Dice;

/// Draws indices in proportion to weights, by Walker's alias method in integers (Vose, "A linear algorithm for
/// generating random numbers with a given distribution", 1991).
pub struct Weighted {
    /// Of 2³² draws of a place, how many stay there.
    stays: Vec<u64>,
    /// Where the others go.
    aliases: Vec<u32>,
}

const WHOLE: u64 = 1 << 32;

impl Weighted {
    /// Weights are at least 1, and there is at least one of them; fewer than 2³².
    pub fn new(weights: &[u32]) -> Self {
        let count = weights.len() as u128;
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        // Each place holds WHOLE; a weight's share of count × WHOLE is poured into them.
        let mut stays: Vec<u64> = weights
            .iter()
            .map(|weight| (u128::from(*weight) * count * u128::from(WHOLE) / total.max(1)) as u64)
            .collect();
        let mut aliases: Vec<u32> = (0..weights.len() as u32).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..stays.len()).partition(|at| stays[*at] < WHOLE);
        while let (Some(poor), Some(rich)) = (small.pop(), large.pop()) {
            aliases[poor] = rich as u32;
            stays[rich] -= WHOLE - stays[poor];
            if stays[rich] < WHOLE { small.push(rich) } else { large.push(rich) }
        }
        // What rounding left over stays where it is.
        for at in small.into_iter().chain(large) {
            stays[at] = WHOLE;
        }
        Self { stays, aliases }
    }

    /// An index.
    pub fn draw(&self, dice: &mut Dice) -> u32 {
        let bits = dice.bits();
        let at = (((bits >> 32) * self.stays.len() as u64) >> 32) as usize;
        if (bits & (WHOLE - 1)) < self.stays[at] { at as u32 } else { self.aliases[at] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_drawn_in_proportion_to_its_weight() {
        let weights = [1, 10, 0x1000, 3, 500, 1];
        let draw = Weighted::new(&weights);
        let mut dice = Dice::new(3, 0);
        let mut counts = [0_u32; 6];
        for _ in 0..400_000 {
            counts[draw.draw(&mut dice) as usize] += 1;
        }
        let total: u32 = weights.iter().sum();
        for (count, weight) in counts.iter().zip(weights) {
            let expected = f64::from(weight) / f64::from(total) * 400_000.0;
            assert!((f64::from(*count) - expected).abs() < 6.0 * expected.sqrt() + 6.0, "{counts:?}");
        }
    }

    #[test]
    fn one_weight_is_always_drawn() {
        let draw = Weighted::new(&[7]);
        let mut dice = Dice::new(1, 1);
        assert!((0..100).all(|_| draw.draw(&mut dice) == 0));
    }
}
