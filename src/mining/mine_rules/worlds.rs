//! Made-up worlds of orders: where there is no structure no rule is sure, and planted pairs are found.

use std::collections::HashSet;

use polars::prelude::*;
use rand::{Rng, SeedableRng, seq::index::sample};
use rand_pcg::Pcg64Mcg;

use super::MineRules;
use crate::{
    mining::{
        mine_itemsets::MineItemsets,
        support::Support,
        testing::{context, sides},
    },
    operator::{Frames, Operator},
};

/// Orders drawn one item after another, each by its popularity alone.
struct World {
    orders: usize,
    items: usize,
    /// The least and the most items of an order; small ones are more common where `uneven`.
    sizes: (usize, usize),
    uneven: bool,
    /// Whether the item of rank r sells as 1 / (r + 8), or all sell alike.
    zipf: bool,
}

impl World {
    fn draw(&self, dice: &mut Pcg64Mcg) -> Vec<Vec<usize>> {
        let mut reached = 0.0;
        let weight = |rank: usize| if self.zipf { 1.0 / (rank as f64 + 8.0) } else { 1.0 };
        let weights: Vec<f64> = (0..self.items)
            .map(|rank| {
                reached += weight(rank);
                reached
            })
            .collect();
        let order = |dice: &mut Pcg64Mcg| {
            let (least, most) = self.sizes;
            let size = if self.uneven {
                // Half of the orders are of the least size, a quarter one larger, and so on; one in twenty is of any size.
                let luck = dice.random_range(0..20);
                if luck == 0 {
                    dice.random_range(least..=most)
                } else {
                    most.min(least + dice.random::<u32>().leading_zeros() as usize)
                }
            } else {
                dice.random_range(least..=most)
            };
            let mut items = HashSet::new();
            for _ in 0..50 * size {
                let at = dice.random_range(0.0..reached);
                items.insert(weights.partition_point(|sum| *sum <= at).min(self.items - 1));
                if items.len() == size {
                    break;
                }
            }
            items.into_iter().collect()
        };
        (0..self.orders).map(|_| order(dice)).collect()
    }
}

fn lines(orders: &[Vec<usize>]) -> DataFrame {
    let numbers: Vec<i64> = (0..).zip(orders).flat_map(|(number, items)| vec![number; items.len()]).collect();
    let items: Vec<String> = orders.iter().flatten().map(|item| format!("item-{item:05}")).collect();
    df!("shop_id" => vec!["s"; numbers.len()], "order_id" => numbers, "item_id" => items).unwrap()
}

/// The rules of one item on each side with a q-value of up to 0.05, and how many sure rules there are in all.
fn sure(orders: &[Vec<usize>], support: Support) -> (HashSet<[String; 2]>, usize) {
    let itemsets = MineItemsets { support, ..MineItemsets::default() };
    let mut found = itemsets.run(Frames::new().with("lines", lines(orders)), &context()).unwrap();
    let inputs =
        Frames::new().with("itemsets", found.take("itemsets").unwrap()).with("shops", found.take("shops").unwrap());
    let rules = MineRules::default().run(inputs, &context()).unwrap().take("rules").unwrap();
    let rules = rules.filter(col("q_value").lt_eq(lit(0.05))).collect().unwrap();
    let item = |text: &String| text.trim_start_matches("{\"items\":[\"").trim_end_matches("\"]}").to_owned();
    let (antecedents, consequents) = (sides(&rules, "antecedent"), sides(&rules, "consequent"));
    let sides = antecedents.iter().zip(&consequents).map(|(one, other)| [item(one), item(other)]);
    (sides.filter(|sides| sides.iter().all(|side| !side.contains(','))).collect(), rules.height())
}

#[test]
fn of_fifty_worlds_without_structure_at_most_one_in_twenty_has_a_sure_rule() {
    let mut dice = Pcg64Mcg::seed_from_u64(20);
    let mut with_rules = Vec::new();
    for number in 0..50 {
        let world = World {
            orders: [300, 1_000, 3_000][number % 3],
            items: [30, 200, 600, 2_000][number % 4],
            sizes: [(2, 3), (1, 6), (2, 25)][number / 3 % 3],
            uneven: number % 2 == 1,
            zipf: number / 4 % 2 == 1,
        };
        let orders = world.draw(&mut dice);
        // Chosen, and so low that whatever met is a rule.
        let low = Support::Share(if number % 5 == 0 { 0.001 } else { 0.004 });
        for support in [Support::Auto, low] {
            let (_, rules) = sure(&orders, support);
            if rules > 0 {
                with_rules.push((number, support, rules));
            }
        }
    }
    // A hundred minings.
    assert!(with_rules.len() <= 5, "{with_rules:?}");
    let chosen = with_rules.iter().filter(|(_, support, _)| *support == Support::Auto).count();
    assert!(chosen <= 2, "{with_rules:?}");
}

#[test]
fn planted_pairs_are_found_in_shops_of_few_and_of_many_items() {
    let mut dice = Pcg64Mcg::seed_from_u64(21);
    for (items, orders) in [(200, 2_000), (1_000, 6_000), (5_000, 20_000)] {
        for zipf in [false, true] {
            let world = World { orders, items, sizes: (1, 6), uneven: true, zipf };
            let mut drawn = world.draw(&mut dice);
            // Pairs from the less popular half, each in a dozen orders, half of these with something beside.
            let chosen = sample(&mut dice, items / 2, 40).into_vec();
            let pairs: Vec<[usize; 2]> =
                chosen.chunks_exact(2).map(|pair| [items / 2 + pair[0], items / 2 + pair[1]]).collect();
            for pair in &pairs {
                for copy in 0..12 {
                    let mut order = pair.to_vec();
                    order.extend((copy % 2 == 0).then(|| dice.random_range(0..items / 2)));
                    drawn.push(order);
                }
            }
            let (rules, _) = sure(&drawn, Support::Auto);
            let name = |item: usize| format!("item-{item:05}");
            let found = pairs.iter().filter(|[one, other]| rules.contains(&[name(*one), name(*other)]));
            let found = found.count();
            assert!(found >= 19, "{found} of {} pairs among {items} items, zipf {zipf}", pairs.len());
            assert!(rules.len() <= 2 * pairs.len() + 8, "{} sure rules for {} pairs", rules.len(), pairs.len());
        }
    }
}
