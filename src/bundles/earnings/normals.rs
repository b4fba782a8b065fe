//! Fixed draws from normal distributions: the same for every bundle, spread evenly.

/// Draws of a table.
pub const DRAWS: usize = 256;
/// Independent values of a draw.
pub const VALUES: usize = 4;

/// Draws of independent standard normal values: points of Halton's sequence, which fill the cube evenly, through the
/// inverse of the normal distribution.
pub fn normals() -> Vec<[f64; VALUES]> {
    const BASES: [u32; VALUES] = [2, 3, 5, 7];
    (1..=DRAWS as u32).map(|draw| BASES.map(|base| quantile(mirrored(draw, base)))).collect()
}

/// The digits of a number in a base, mirrored at the point: between 0 and 1.
fn mirrored(number: u32, base: u32) -> f64 {
    let (mut rest, mut place, mut value) = (number, 1.0, 0.0);
    while rest > 0 {
        place /= f64::from(base);
        value += place * f64::from(rest % base);
        rest /= base;
    }
    value
}

/// The value below which a standard normal value lies with a chance above 0 and below 1: Acklam's rational approximation,
/// right to nine digits.
fn quantile(chance: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    const TAIL: f64 = 0.024_25;
    let at = |of: &[f64], x: f64| of.iter().fold(0.0, |sum, factor| sum * x + factor);
    let tail = |chance: f64| {
        let x = (-2.0 * chance.ln()).sqrt();
        at(&C, x) / at(&D, x)
    };
    if chance < TAIL {
        tail(chance)
    } else if chance > 1.0 - TAIL {
        -tail(1.0 - chance)
    } else {
        let x = chance - 0.5;
        x * at(&A, x * x) / at(&B, x * x)
    }
}

/// What a gamma distribution of `shape` and scale 1 has where a normal one has `normal` (Wilson and Hilferty 1931).
pub fn gamma(shape: f64, normal: f64) -> f64 {
    if shape <= 0.0 {
        return 0.0;
    }
    let root = 1.0 - 1.0 / (9.0 * shape) + normal / (3.0 * shape.sqrt());
    shape * root.max(0.0).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (chance, expected) in [(0.5, 0.0), (0.95, 1.644_853_627), (0.05, -1.644_853_627), (0.999, 3.090_232_306)] {
            assert!((quantile(chance) - expected).abs() < 1e-7, "{chance}: {}", quantile(chance));
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_spread_of_normal_values_and_nothing_in_common() {
        let draws = normals();
        for value in 0..VALUES {
            let mean = draws.iter().map(|draw| draw[value]).sum::<f64>() / DRAWS as f64;
            let square = draws.iter().map(|draw| draw[value].powi(2)).sum::<f64>() / DRAWS as f64;
            assert!(mean.abs() < 0.04 && (square - 1.0).abs() < 0.04, "{value}: {mean} {square}");
            for other in 0..value {
                let both = draws.iter().map(|draw| draw[value] * draw[other]).sum::<f64>() / DRAWS as f64;
                assert!(both.abs() < 0.03, "{value} {other}: {both}");
            }
        }
    }

    #[test]
    fn gammas_have_their_quantiles() {
        // The 5 % and 95 % quantiles of chi-square with 10 and 2 degrees of freedom, halved.
        for (shape, normal, expected) in [
            (5.0, -1.644_854, 1.970_15),
            (5.0, 1.644_854, 9.153_5),
            (1.0, 1.644_854, 2.995_7),
            (1.0, -1.644_854, 0.051_3),
        ] {
            assert!((gamma(shape, normal) - expected).abs() < 0.05, "{shape}: {}", gamma(shape, normal));
        }
        assert_eq!(gamma(0.0, 1.0), 0.0);
    }
}
