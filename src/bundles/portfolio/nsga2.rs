//! NSGA-II (Deb et al. 2002) over sets of bundles: whole portfolios that no other beats in every goal.

use std::collections::BTreeSet;

use super::sorting::{crowding, fronts};
use crate::dice::Dice;

/// How the search goes (section 9.1, D18).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nsga2 {
    /// Portfolios at a time, at least 2.
    pub population: usize,
    /// How often new ones are made.
    pub generations: usize,
    /// How often two portfolios swap members.
    pub crossover: f64,
    /// How often a member is replaced.
    pub mutation: f64,
    /// Bundles of a portfolio.
    pub size: usize,
}

impl Nsga2 {
    /// The settings of the original for portfolios of a size.
    pub const fn of_size(size: usize) -> Self {
        Self { population: 50, generations: 10, crossover: 0.7, mutation: 0.15, size }
    }
}

/// A portfolio with what it comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Subset {
    /// The bundles, ascending.
    pub members: Vec<u32>,
    /// Of each goal the mean over the bundles.
    pub values: Vec<f64>,
}

/// A portfolio and its place among the others.
struct Placed {
    subset: Subset,
    front: u32,
    room: f64,
}

impl Nsga2 {
    /// Portfolios that none beats, by their members. `goals` has a row a bundle, with the value of each goal, 0 to 1.
    /// The search begins with the best portfolios for fixed weights of the goals, which lie on the true front, since a
    /// mean is linear; it fills what lies between them.
    pub fn front(&self, goals: &[Vec<f64>], dice: &mut Dice) -> Vec<Subset> {
        let size = self.size.min(goals.len());
        if size == 0 {
            return Vec::new();
        }
        if size == goals.len() {
            return vec![subset((0..goals.len() as u32).collect(), goals)];
        }
        let mut population = self.best_of(self.first(goals, size, dice));
        for _ in 0..self.generations {
            let mut all = self.children(&population, goals, dice);
            all.extend(population.into_iter().map(|placed| placed.subset));
            population = self.best_of(all);
        }
        let mut front: Vec<Subset> =
            population.into_iter().filter(|placed| placed.front == 0).map(|placed| placed.subset).collect();
        front.sort_by(|one, other| one.members.cmp(&other.members));
        front
    }

    /// The first portfolios: half of them the best for some weights, as far as there are, the others drawn.
    fn first(&self, goals: &[Vec<f64>], size: usize, dice: &mut Dice) -> Vec<Subset> {
        let mut subsets: Vec<Subset> = directions(goals[0].len(), self.population / 2)
            .into_iter()
            .map(|weights| subset(best_for(&weights, goals, size), goals))
            .collect();
        let mut bundles: Vec<u32> = (0..goals.len() as u32).collect();
        while subsets.len() < self.population {
            dice.shuffle(&mut bundles);
            let mut members = bundles[..size].to_vec();
            members.sort_unstable();
            subsets.push(subset(members, goals));
        }
        subsets
    }

    fn children(&self, population: &[Placed], goals: &[Vec<f64>], dice: &mut Dice) -> Vec<Subset> {
        let mut children = Vec::with_capacity(self.population + 1);
        while children.len() < self.population {
            let parents = [tournament(population, dice), tournament(population, dice)];
            let mut pair = parents.map(|parent| parent.subset.members.clone());
            if happens(self.crossover, dice) {
                let [one, other] = &mut pair;
                swap_members(one, other, dice);
            }
            for mut members in pair {
                if happens(self.mutation, dice) {
                    replace_one(&mut members, goals.len() as u32, dice);
                }
                children.push(subset(members, goals));
            }
        }
        children
    }

    /// The best portfolios, front by front, of the last one those with the most room; equal ones once.
    fn best_of(&self, subsets: Vec<Subset>) -> Vec<Placed> {
        let mut seen = BTreeSet::new();
        let subsets: Vec<Subset> = subsets.into_iter().filter(|subset| seen.insert(subset.members.clone())).collect();
        let points: Vec<Vec<f64>> = subsets.iter().map(|subset| subset.values.clone()).collect();
        let of_points = fronts(&points);
        let mut room = vec![0.0; points.len()];
        for number in 0..=of_points.iter().copied().max().unwrap_or(0) {
            let front: Vec<usize> = (0..points.len()).filter(|point| of_points[*point] == number).collect();
            let values: Vec<&[f64]> = front.iter().map(|point| points[*point].as_slice()).collect();
            for (point, free) in front.iter().zip(crowding(&values)) {
                room[*point] = free;
            }
        }
        let placed = subsets.into_iter().zip(of_points).zip(room);
        let mut placed: Vec<Placed> = placed.map(|((subset, front), room)| Placed { subset, front, room }).collect();
        placed.sort_by(|one, other| {
            one.front
                .cmp(&other.front)
                .then(other.room.total_cmp(&one.room))
                .then_with(|| one.subset.members.cmp(&other.subset.members))
        });
        placed.truncate(self.population);
        placed
    }
}

fn subset(members: Vec<u32>, goals: &[Vec<f64>]) -> Subset {
    let mut values = vec![0.0; goals[0].len()];
    for member in &members {
        for (sum, value) in values.iter_mut().zip(&goals[*member as usize]) {
            *sum += value;
        }
    }
    values.iter_mut().for_each(|sum| *sum /= members.len() as f64);
    Subset { members, values }
}

/// Weights of goals, evenly spread over all mixes: the finest grid of at most `most`, the pure goals at least.
fn directions(goals: usize, most: usize) -> Vec<Vec<f64>> {
    let mut steps = 1;
    while grid(goals, steps + 1).len() <= most && steps < most {
        steps += 1;
    }
    let scaled = |parts: Vec<usize>| parts.into_iter().map(|part| part as f64 / steps as f64).collect();
    grid(goals, steps).into_iter().map(scaled).collect()
}

/// All ways to share so many steps among goals.
fn grid(goals: usize, steps: usize) -> Vec<Vec<usize>> {
    match goals {
        0 => Vec::new(),
        1 => vec![vec![steps]],
        _ => (0..=steps)
            .flat_map(|first| {
                let rest = grid(goals - 1, steps - first);
                rest.into_iter().map(move |rest| [vec![first], rest].concat())
            })
            .collect(),
    }
}

/// The members of the best portfolio for weights.
fn best_for(weights: &[f64], goals: &[Vec<f64>], size: usize) -> Vec<u32> {
    let worth: Vec<f64> =
        goals.iter().map(|row| row.iter().zip(weights).map(|(value, weight)| value * weight).sum()).collect();
    let mut members: Vec<u32> = (0..goals.len() as u32).collect();
    members.sort_by(|one, other| worth[*other as usize].total_cmp(&worth[*one as usize]).then(one.cmp(other)));
    members.truncate(size);
    members.sort_unstable();
    members
}

fn happens(chance: f64, dice: &mut Dice) -> bool {
    f64::from(dice.below(1 << 24)) < chance * f64::from(1 << 24)
}

/// The better of two that are drawn.
fn tournament<'a>(population: &'a [Placed], dice: &mut Dice) -> &'a Placed {
    let mut draw = || &population[dice.below(population.len() as u32) as usize];
    let (one, other) = (draw(), draw());
    let is_better = (other.front, -other.room) < (one.front, -one.room);
    if is_better { other } else { one }
}

/// Swaps half of what only one has with what only the other has.
fn swap_members(one: &mut Vec<u32>, other: &mut Vec<u32>, dice: &mut Dice) {
    let only = |these: &[u32], those: &[u32]| -> Vec<u32> {
        these.iter().copied().filter(|member| those.binary_search(member).is_err()).collect()
    };
    let (mut of_one, mut of_other) = (only(one, other), only(other, one));
    dice.shuffle(&mut of_one);
    dice.shuffle(&mut of_other);
    let half = of_one.len().div_ceil(2);
    of_one.truncate(half);
    of_other.truncate(half);
    exchange(one, &of_one, &of_other);
    exchange(other, &of_other, &of_one);
}

/// Takes members out and others in; of both as many.
fn exchange(members: &mut Vec<u32>, out: &[u32], others: &[u32]) {
    members.retain(|member| !out.contains(member));
    members.extend_from_slice(others);
    members.sort_unstable();
}

/// Replaces one member by a bundle that is none; there is one.
fn replace_one(members: &mut [u32], bundles: u32, dice: &mut Dice) {
    let place = dice.below(members.len() as u32) as usize;
    let mut new = dice.below(bundles);
    while members.binary_search(&new).is_ok() {
        new = (new + 1) % bundles;
    }
    members[place] = new;
    members.sort_unstable();
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;
    use crate::bundles::portfolio::sorting::{dominates, testing::hypervolume};

    fn made_up(bundles: usize, goals: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut dice = Dice::new(seed, 0);
        (0..bundles).map(|_| (0..goals).map(|_| f64::from(dice.below(1000)) / 1000.0).collect()).collect()
    }

    fn points(front: &[Subset]) -> Vec<Vec<f64>> {
        front.iter().map(|subset| subset.values.clone()).collect()
    }

    #[test]
    fn of_small_sets_nearly_the_whole_true_front_is_found() {
        let goals = made_up(12, 3, 5);
        let mut all = Vec::new();
        for a in 0..12 {
            for b in a + 1..12 {
                for c in b + 1..12 {
                    all.push(subset(vec![a, b, c], &goals));
                }
            }
        }
        let found = Nsga2::of_size(3).front(&goals, &mut Dice::new(1, 0));
        let (volume, best) = (hypervolume(&points(&found)), hypervolume(&points(&all)));
        assert!(volume > 0.99 * best, "{volume} of {best}");
        let on_true_front = |one: &&Subset| !all.iter().any(|other| dominates(&other.values, &one.values));
        assert!(found.iter().filter(on_true_front).count() * 10 >= found.len() * 9);
    }

    #[test]
    fn the_search_of_the_specification_is_quick() {
        let goals = made_up(200, 3, 9);
        let started = Instant::now();
        let front = Nsga2::of_size(100).front(&goals, &mut Dice::new(1, 0));
        assert!(started.elapsed() < Duration::from_millis(200), "{:?}", started.elapsed());
        assert!(front.len() > 20, "{}", front.len());
    }

    #[test]
    fn what_is_found_is_better_than_what_is_drawn() {
        let goals = made_up(200, 3, 3);
        let found = Nsga2::of_size(20).front(&goals, &mut Dice::new(2, 0));
        let mut dice = Dice::new(2, 1);
        let mut bundles: Vec<u32> = (0..200).collect();
        let drawn: Vec<Subset> = (0..500)
            .map(|_| {
                dice.shuffle(&mut bundles);
                subset(bundles[..20].to_vec(), &goals)
            })
            .collect();
        assert!(hypervolume(&points(&found)) > 1.5 * hypervolume(&points(&drawn)));
    }

    #[test]
    fn weights_are_spread_over_all_mixes() {
        assert_eq!(directions(3, 25).len(), 21);
        assert_eq!(directions(2, 3), [vec![0.0, 1.0], vec![0.5, 0.5], vec![1.0, 0.0]]);
        assert_eq!(directions(1, 25), [[1.0]]);
        assert_eq!(directions(4, 2).len(), 4);
    }

    #[test]
    fn there_is_one_portfolio_of_all_bundles_and_none_of_nothing() {
        let goals = made_up(3, 2, 1);
        let all = Nsga2::of_size(9).front(&goals, &mut Dice::new(1, 0));
        assert_eq!(all.iter().map(|subset| subset.members.clone()).collect::<Vec<_>>(), [[0, 1, 2]]);
        assert!(Nsga2::of_size(9).front(&[], &mut Dice::new(1, 0)).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn portfolios_have_their_size_none_beats_another_and_a_seed_decides(
            bundles in 2usize..40,
            size in 1usize..20,
            goals in 1usize..5,
            seed in 0u64..1000,
        ) {
            let goals = made_up(bundles, goals, seed);
            let front = Nsga2::of_size(size).front(&goals, &mut Dice::new(seed, 1));
            for one in &front {
                prop_assert_eq!(one.members.len(), size.min(bundles));
                prop_assert!(one.members.is_sorted_by(|a, b| a < b) && one.members.iter().all(|m| (*m as usize) < bundles));
                prop_assert!(!front.iter().any(|other| dominates(&other.values, &one.values)));
            }
            prop_assert_eq!(&front, &Nsga2::of_size(size).front(&goals, &mut Dice::new(seed, 1)));
        }
    }
}
