//! `quick-start-bundles`: the first bundles of a small or new shop, from what sells most.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    baskets::Baskets,
    bundle_type::BundleType,
    candidate::{Candidate, Company, Source, Sources},
    candidate_rows::{Bought, CANDIDATES, Made, candidate_rows, joined},
    items::Item,
    objective::Objective,
    phases::{CANDIDATE_GENERATION, ENABLED},
    pricing::{PairCounts, RewardSearch, VolumeItem, same_product_rewards, select_by_quantities},
    products::{OF_ITEMS, Products, ShopProducts, ShopRows, products_port},
    quick_start::{Allocation, Mix, Pair, allocated, item_score, pairs, scarce, top, total},
    speed::Speed,
};
use crate::{
    flags::Flag,
    mining::{LINES_PORT, ShopOrders, Wanted, read_lines},
    operator::{
        ColumnKind, Columns, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, Phase, PortSchema,
        StageContext, StageError,
    },
};

use ColumnKind::{Bool, Int, Text};

/// Makes the first bundles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuickStartBundles {
    /// Items of which pairs are looked for: those that sell most.
    pub max_products: usize,
    /// Bundles of a shop.
    pub max_bundles: usize,
    /// How the places are shared among pairs, quantities and rewards.
    pub mix: Mix,
    /// A shop of fewer orders gets them; so does one of fewer products.
    pub below_orders: u64,
    /// See `below_orders`.
    pub below_products: u64,
}

impl Default for QuickStartBundles {
    fn default() -> Self {
        Self { max_products: 50, max_bundles: 10, mix: Mix::FbtFirst, below_orders: 100, below_products: 500 }
    }
}

const MORE: Columns = &[
    ("is_slow_seller", Bool),
    ("is_fast_seller", Bool),
    ("lines", Int),
    ("units", Int),
    ("lines_of_two", Int),
    ("lines_of_three", Int),
    ("quantity_max", Int),
];
const PRODUCTS: [(&str, ColumnKind); OF_ITEMS.len() + MORE.len()] = joined(&[OF_ITEMS, MORE]);

/// The columns of `shops`.
const SHOPS: Columns = &[("shop_id", Text), ("candidates", Int), ("why", Text)];

/// Pairs that fill up a quick start, at most.
const SCARCE: usize = 5;
/// Their discount, in percent.
const FLAT: f64 = 10.0;
/// From so many orders of several items on pairs are looked for.
const LEAST_ORDERS: usize = 2;
/// Confidence, lift, support and announced lift of what the catalog alone suggests.
const OF_CATALOG: (f64, f64, f64) = (0.25, 1.05, 0.1);

impl Operator for QuickStartBundles {
    const NAME: &'static str = "quick-start-bundles";
    const SUMMARY: &'static str =
        "Makes the first bundles of a small or new shop within moments: pairs of what sells most.";
    const VERSION: u32 = 1;
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(CANDIDATE_GENERATION);
    const INPUTS: Inputs = Inputs::Ports(&[
        products_port(&PRODUCTS),
        InputPort::required(
            "shops",
            &[("shop_id", Text), ("orders", Int), ("items", Int), ("problem", Text)],
            "The output `shops` of `flag-products`.",
        ),
        LINES_PORT,
        InputPort::optional("existing", &[("shop_id", Text)], "Shops that have bundles: they get no quick start."),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new("candidates", "The bundles of each shop, by shop and falling worth.", CANDIDATES),
            OutputPort::new("shops", "A row a shop: how many bundles it gets, or why it gets none.", SHOPS),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("max_products", self.max_products as f64, 2.0, 1_000.0)?;
        ParamError::unless_between("max_bundles", self.max_bundles as f64, 1.0, 1_000.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let products = Products::read(inputs.take("products")?)?;
        let known = Known::of(&products)?;
        let shops = inputs.take("shops")?.collect()?;
        let existing = inputs.take_optional("existing").map_or_else(|| Ok(HashSet::new()), existing)?;
        let orders = read_lines(inputs.take("lines")?, Wanted::default(), context)?.into_orders(1);
        let mut orders: HashMap<Option<String>, ShopOrders> =
            orders.into_iter().map(|orders| (orders.shop.clone(), orders)).collect();
        let refused = self.refused(&shops, &existing)?;
        let work: Vec<(&ShopRows, ShopOrders)> =
            (products.shops().iter()).map(|shop| (shop, orders.remove(&shop.shop).unwrap_or_default())).collect();
        let found: Vec<Vec<Made>> = work
            .into_par_iter()
            .map(|(rows, orders)| {
                context.check_cancelled()?;
                if refused.get(&rows.shop).is_some_and(Option::is_some) {
                    return Ok(Vec::new());
                }
                Ok(self.of_shop(&Shop::new(products.of(rows), &known, rows, orders)))
            })
            .collect::<Result<_, StageError>>()?;
        let of_shops: Vec<(ShopProducts<'_>, Option<&str>, &[Made])> = (products.shops().iter().zip(&found))
            .map(|(rows, made)| (products.of(rows), rows.shop.as_deref(), made.as_slice()))
            .collect();
        let why = |(rows, made): (&ShopRows, &Vec<Made>)| {
            let told = refused.get(&rows.shop).cloned().flatten();
            told.or_else(|| made.is_empty().then(|| "nothing is there to be bundled".to_owned()))
        };
        let report = df!(
            "shop_id" => products.shops().iter().map(|rows| rows.shop.as_deref()).collect::<Vec<_>>(),
            "candidates" => found.iter().map(|made| made.len() as i64).collect::<Vec<_>>(),
            "why" => products.shops().iter().zip(&found).map(why).collect::<Vec<_>>(),
        )?;
        Ok(Frames::new().with("candidates", candidate_rows(&of_shops)?).with("shops", report))
    }
}

fn existing(shops: LazyFrame) -> Result<HashSet<Option<String>>, StageError> {
    let frame = shops.collect()?;
    Ok(frame.column("shop_id")?.str()?.iter().map(|shop| shop.map(str::to_owned)).collect())
}

/// How items sell, by row of the products.
struct Known {
    is_usable: Vec<bool>,
    numbers: [Vec<i64>; 5],
    speeds: Vec<Speed>,
}

impl Known {
    fn of(products: &Products) -> Result<Self, StageError> {
        let exclusions = products.texts("exclusion")?;
        let speeds = products.truths("is_slow_seller")?.into_iter().zip(products.truths("is_fast_seller")?);
        Ok(Self {
            is_usable: exclusions.iter().map(|reason| reason.is_none()).collect(),
            numbers: [
                products.numbers("units")?,
                products.numbers("lines")?,
                products.numbers("lines_of_two")?,
                products.numbers("lines_of_three")?,
                products.numbers("quantity_max")?,
            ],
            speeds: speeds.map(|(is_slow, is_fast)| Speed { is_slow, is_fast }).collect(),
        })
    }

    fn number(&self, place: usize, row: usize) -> i64 {
        self.numbers[place].get(row).copied().unwrap_or_default().max(0)
    }
}

/// A shop with its orders.
struct Shop<'a> {
    products: ShopProducts<'a>,
    known: &'a Known,
    offsets: Vec<usize>,
    items: Vec<Item>,
    in_orders: Vec<u32>,
    all_orders: usize,
    units: Vec<u64>,
    lines: Vec<u32>,
    speeds: Vec<Speed>,
}

impl<'a> Shop<'a> {
    fn new(products: ShopProducts<'a>, known: &'a Known, rows: &ShopRows, mut orders: ShopOrders) -> Self {
        let numbers: Vec<Option<u32>> =
            (0..orders.item_count() as u32).map(|item| products.find(orders.name(item)).map(|item| item.0)).collect();
        orders.renumber(&numbers);
        let mut in_orders = vec![0; products.len()];
        orders.items.iter().for_each(|item| in_orders[*item as usize] += 1);
        let number = |place: usize| rows.rows.clone().map(move |row| known.number(place, row));
        Self {
            offsets: orders.offsets.iter().map(|offset| *offset as usize).collect(),
            items: orders.items.iter().map(|item| Item(*item)).collect(),
            all_orders: orders.all_orders as usize,
            units: number(0).map(|units| units.unsigned_abs()).collect(),
            lines: number(1).map(|lines| u32::try_from(lines).unwrap_or(u32::MAX)).collect(),
            speeds: known.speeds.get(rows.rows.clone()).unwrap_or_default().to_vec(),
            products,
            known,
            in_orders,
        }
    }

    fn baskets(&self) -> Baskets<'_> {
        Baskets { offsets: &self.offsets, items: &self.items }
    }

    fn may_use(&self, item: Item) -> bool {
        self.known.is_usable.get(self.products.row(item)) == Some(&true)
    }

    fn usable(&self) -> impl Iterator<Item = Item> + '_ {
        self.products.items().filter(|item| self.may_use(*item))
    }

    fn count(&self, place: usize, item: Item) -> u32 {
        u32::try_from(self.known.number(place, self.products.row(item))).unwrap_or(u32::MAX)
    }
}

impl QuickStartBundles {
    /// Why a shop gets no quick start (D11); null for those that do.
    fn refused(
        &self,
        shops: &DataFrame,
        existing: &HashSet<Option<String>>,
    ) -> Result<HashMap<Option<String>, Option<String>>, StageError> {
        let (names, problems) = (shops.column("shop_id")?.str()?, shops.column("problem")?.str()?);
        let (orders, items) = (shops.column("orders")?.i64()?, shops.column("items")?.i64()?);
        let count = |column: &Int64Chunked, row: usize| column.get(row).unwrap_or_default().unsigned_abs();
        let refused = |row: usize| {
            let shop = names.get(row).map(str::to_owned);
            let is_small = count(orders, row) < self.below_orders || count(items, row) < self.below_products;
            let why = match problems.get(row) {
                Some(problem) => Some(problem.to_owned()),
                None if existing.contains(&shop) => Some("it has bundles already".to_owned()),
                None if !is_small => Some("it is large enough for a full run".to_owned()),
                None => None,
            };
            (shop, why)
        };
        Ok((0..shops.height()).map(refused).collect())
    }

    fn of_shop(&self, shop: &Shop<'_>) -> Vec<Made> {
        let orders = shop.baskets().of_several();
        if orders < LEAST_ORDERS {
            return self.of_catalog(shop);
        }
        let usable = |pair: &Pair| pair.items.iter().all(|item| shop.may_use(*item));
        let all: Vec<Pair> =
            pairs(shop.baskets(), &top(&shop.units, self.max_products)).into_iter().filter(usable).collect();
        let places = self.places(shop, orders);
        let mut made: Vec<Made> =
            all.iter().filter(|pair| pair.is_kept).take(places.fbt).map(|pair| of_pair(shop, pair, None)).collect();
        let missing = SCARCE.min(places.fbt).saturating_sub(made.len());
        made.extend(scarce(&all).iter().take(missing).map(|pair| of_pair(shop, pair, Some(FLAT))));
        let (volume, bogo) = match self.mix {
            Mix::FbtFirst => (self.max_bundles, self.max_bundles),
            Mix::Allocated => (places.volume, places.bogo),
        };
        let free = |made: &Vec<Made>| self.max_bundles.saturating_sub(made.len());
        made.extend(volumes(shop, volume.min(free(&made))));
        made.extend(rewards(shop, &all, bogo.min(free(&made))));
        made
    }

    /// The places of each type.
    fn places(&self, shop: &Shop<'_>, orders: usize) -> Allocation {
        match self.mix {
            Mix::FbtFirst => Allocation { fbt: self.max_bundles, bogo: 0, volume: 0 },
            Mix::Allocated => {
                let count = |of: fn(&Speed) -> bool| shop.speeds.iter().filter(|speed| of(speed)).count();
                let sold = shop.units.iter().any(|units| *units > 0);
                let speeds = sold.then(|| (count(|speed| speed.is_slow), count(|speed| speed.is_fast)));
                let places = total(shop.products.len()).min(self.max_bundles);
                allocated(places, speeds, orders)
            }
        }
    }

    /// Quantities of the dearest items, of one that alone was sold that one.
    fn of_catalog(&self, shop: &Shop<'_>) -> Vec<Made> {
        let mut items: Vec<Item> = shop.usable().collect();
        let sold: Vec<Item> = items.iter().copied().filter(|item| shop.units[item.index()] > 0).collect();
        if let [only] = sold.as_slice() {
            items = vec![*only];
        }
        items.sort_by_key(|item| (std::cmp::Reverse(shop.products.fact(*item).price), *item));
        items.truncate(self.max_bundles);
        let (confidence, lift, support) = OF_CATALOG;
        let made = |item| {
            single(
                shop,
                vec![item],
                (BundleType::Volume, Objective::IncreaseAov, Source::Catalog),
                [confidence, lift, support],
            )
        };
        items.into_iter().map(made).collect()
    }
}

fn of_pair(shop: &Shop<'_>, pair: &Pair, suggested: Option<f64>) -> Made {
    let [one, other] = pair.items;
    let score = pair.items.iter().map(|item| item_score(shop.products.fact(*item).flags)).sum::<f64>() / 2.0;
    let confidence = if suggested.is_some() { pair.scarce_confidence() } else { pair.confidence() };
    let candidate = Candidate {
        items: vec![one, other],
        bundle_type: BundleType::Fbt,
        objective: Objective::IncreaseAov,
        confidence,
        lift: pair.lift.max(1.0),
        support: pair.support(shop.all_orders),
        predicted_lift: pair.predicted_lift(),
        similarity: Some(pair.cosine),
        company: Some(Company { coherence: pair.cosine, least: pair.cosine, most: pair.cosine }),
        shared_customers: None,
        sources: Sources::one(Source::QuickStart),
    };
    let bought =
        Bought { trigger: shop.in_orders[one.index()], rest: shop.in_orders[other.index()], both: pair.together };
    Made { candidate, hybrid: pair.blend, score, bought, suggested, terms: None }
}

fn volumes(shop: &Shop<'_>, most: usize) -> Vec<Made> {
    let of_item = |item: Item| {
        let fact = shop.products.fact(item);
        VolumeItem {
            item,
            price: fact.price,
            stock: fact.stock,
            orders: shop.in_orders[item.index()],
            units: shop.units[item.index()],
            lines: shop.lines[item.index()],
            lines_of_two: shop.count(2, item),
            most_pieces: shop.count(4, item),
            speed: shop.speeds[item.index()],
        }
    };
    let items: Vec<VolumeItem> = shop.usable().map(of_item).collect();
    let kind = (BundleType::Volume, Objective::IncreaseAov, Source::Quantities);
    let picks = select_by_quantities(&items, most).into_iter();
    picks.map(|pick| single(shop, vec![pick.item], kind, [pick.confidence, pick.lift, pick.support])).collect()
}

fn rewards(shop: &Shop<'_>, all: &[Pair], most: usize) -> Vec<Made> {
    let counts: Vec<PairCounts> =
        all.iter().map(|pair| PairCounts { items: pair.items, together: pair.together }).collect();
    let search = RewardSearch {
        facts: shop.products.facts,
        lines: &shop.lines,
        speeds: &shop.speeds,
        orders: u32::try_from(shop.all_orders).unwrap_or(u32::MAX),
    };
    let mut found = search.cross_product(&counts, most);
    if found.is_empty() {
        found = same_product_rewards(shop.products.facts, &shop.units, &shop.speeds, most);
        found.retain(|reward| shop.may_use(reward.trigger));
    }
    let mut seen = BTreeSet::new();
    let kind = (BundleType::Bogo, Objective::ClearSlowMovers, Source::Rewards);
    let of_reward = |reward: super::pricing::Reward| {
        let items =
            if reward.trigger == reward.reward { vec![reward.trigger] } else { vec![reward.trigger, reward.reward] };
        let mut made = single(shop, items, kind, [reward.confidence, reward.lift, reward.support]);
        made.terms = Some(reward.terms);
        if let [one, other] = made.candidate.items.as_slice() {
            let together = all.iter().find(|pair| pair.items.contains(one) && pair.items.contains(other));
            made.bought.both = together.map_or(0, |pair| pair.together);
        }
        made
    };
    found.into_iter().map(of_reward).filter(|made| seen.insert(made.candidate.sorted_items())).collect()
}

fn single(
    shop: &Shop<'_>,
    items: Vec<Item>,
    (bundle_type, objective, source): (BundleType, Objective, Source),
    [confidence, lift, support]: [f64; 3],
) -> Made {
    let score =
        items.iter().map(|item| item_score(shop.products.fact(*item).flags)).sum::<f64>() / items.len().max(1) as f64;
    let bought = match items.as_slice() {
        [one, other, ..] => {
            Bought { trigger: shop.in_orders[one.index()], rest: shop.in_orders[other.index()], both: 0 }
        }
        [one] => {
            let pieces = if bundle_type == BundleType::Bogo { 3 } else { 2 };
            Bought { trigger: shop.lines[one.index()], rest: 0, both: shop.count(pieces, *one) }
        }
        [] => Bought::default(),
    };
    let candidate = Candidate {
        items,
        bundle_type,
        objective,
        confidence,
        lift,
        support,
        predicted_lift: 1.0 + 0.3 * confidence,
        similarity: None,
        company: None,
        shared_customers: None,
        sources: Sources::one(source),
    };
    // Pairs come first: what fills up is worth half of its items.
    Made { candidate, hybrid: 0.0, score: score / 2.0, bought, suggested: None, terms: None }
}
