//! Points with several values that shall all be great: who dominates whom, and how crowded they are.

/// Whether `one` is nowhere worse than `other` and somewhere better.
pub fn dominates(one: &[f64], other: &[f64]) -> bool {
    one.iter().zip(other).all(|(a, b)| a >= b) && one.iter().zip(other).any(|(a, b)| a > b)
}

/// The front of each point: 0 for what nothing dominates, 1 for what only those of front 0 do, and so on (Deb et al.
/// 2002, fast non-dominated sort).
pub fn fronts(points: &[Vec<f64>]) -> Vec<u32> {
    let mut dominated: Vec<Vec<u32>> = vec![Vec::new(); points.len()];
    let mut dominators = vec![0_u32; points.len()];
    for one in 0..points.len() {
        for other in one + 1..points.len() {
            let (better, worse) = if dominates(&points[one], &points[other]) {
                (one, other)
            } else if dominates(&points[other], &points[one]) {
                (other, one)
            } else {
                continue;
            };
            dominated[better].push(worse as u32);
            dominators[worse] += 1;
        }
    }
    let mut fronts = vec![0; points.len()];
    let mut front: Vec<usize> = (0..points.len()).filter(|point| dominators[*point] == 0).collect();
    let mut number = 0;
    while !front.is_empty() {
        let mut next = Vec::new();
        for point in front {
            fronts[point] = number;
            for worse in &dominated[point] {
                let worse = *worse as usize;
                dominators[worse] -= 1;
                if dominators[worse] == 0 {
                    next.push(worse);
                }
            }
        }
        next.sort_unstable();
        front = next;
        number += 1;
    }
    fronts
}

/// How much room each point of a front has: infinite at the ends of a value, else the gaps between its neighbours over the
/// range, summed over the values.
pub fn crowding(points: &[&[f64]]) -> Vec<f64> {
    let mut room = vec![0.0; points.len()];
    let values = points.first().map_or(0, |point| point.len());
    for value in 0..values {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|one, other| points[*one][value].total_cmp(&points[*other][value]).then(one.cmp(other)));
        let (Some(first), Some(last)) = (order.first(), order.last()) else { break };
        let range = points[*last][value] - points[*first][value];
        room[*first] = f64::INFINITY;
        room[*last] = f64::INFINITY;
        if range > 0.0 {
            for three in order.windows(3) {
                room[three[1]] += (points[three[2]][value] - points[three[0]][value]) / range;
            }
        }
    }
    room
}

#[cfg(test)]
pub mod testing {
    //! How good a front is, for tests.

    /// The volume that points dominate above 0 in every value: the greater, the better the front. Slices along the first
    /// value, then along the others.
    pub fn hypervolume(points: &[Vec<f64>]) -> f64 {
        let Some(values) = points.first().map(Vec::len) else { return 0.0 };
        if values == 1 {
            return points.iter().map(|point| point[0]).fold(0.0, f64::max);
        }
        let mut sorted = points.to_vec();
        sorted.sort_by(|one, other| other[0].total_cmp(&one[0]));
        let mut volume = 0.0;
        for (place, point) in sorted.iter().enumerate() {
            let below = sorted.get(place + 1).map_or(0.0, |next| next[0]).max(0.0);
            if point[0] > below {
                let slice: Vec<Vec<f64>> = sorted[..=place].iter().map(|point| point[1..].to_vec()).collect();
                volume += (point[0] - below) * hypervolume(&slice);
            }
        }
        volume
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{testing::hypervolume, *};

    #[test]
    fn the_volume_of_a_front_is_that_of_its_boxes_once() {
        assert_eq!(hypervolume(&[vec![2.0, 1.0], vec![1.0, 2.0]]), 3.0);
        assert_eq!(hypervolume(&[vec![2.0, 2.0, 2.0], vec![1.0, 1.0, 1.0]]), 8.0);
        assert_eq!(hypervolume(&[vec![2.0, 1.0, 1.0], vec![1.0, 2.0, 1.0], vec![1.0, 1.0, 2.0]]), 4.0);
        assert_eq!(hypervolume(&[]), 0.0);
    }

    #[test]
    fn the_ends_of_a_front_have_all_the_room() {
        let points: [&[f64]; 4] = [&[0.0, 4.0], &[1.0, 3.0], &[3.0, 1.0], &[4.0, 0.0]];
        assert_eq!(crowding(&points), [f64::INFINITY, 1.5, 1.5, f64::INFINITY]);
    }

    proptest! {
        #[test]
        fn fronts_are_peeled_one_after_the_other(
            points in prop::collection::vec(prop::collection::vec((0u8..5).prop_map(f64::from), 3), 0..40),
        ) {
            let found = fronts(&points);
            let mut left: Vec<usize> = (0..points.len()).collect();
            let mut number = 0;
            while !left.is_empty() {
                let (front, rest): (Vec<usize>, Vec<usize>) =
                    left.iter().partition(|one| !left.iter().any(|other| dominates(&points[*other], &points[**one])));
                prop_assert!(front.iter().all(|point| found[*point] == number));
                (left, number) = (rest, number + 1);
            }
        }
    }
}
