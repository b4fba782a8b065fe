//! All phases on shops that are made up: what holds of every bundle, whatever the shop.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use polars::prelude::*;
use proptest::prelude::*;

use super::{
    deduplicate_bundles::DeduplicateBundles,
    explain_bundles::ExplainBundles,
    flag_products::FlagProducts,
    generate_candidates::GenerateCandidates,
    list_column::texts_of,
    objective::Objective,
    optimize_portfolio::{Method, OptimizePortfolio},
    price_bundles::{PriceBundles, PricingMode},
    price_rows::{float_lists, int_lists},
    publish_bundles::PublishBundles,
    rank_bundles::RankBundles,
};
use crate::operator::{Frames, Inputs, NoStorage, Operator, StageContext};

#[derive(Clone, Debug)]
struct MadeItem {
    price: i64,
    cost: Option<i64>,
    list_price: Option<i64>,
    stock: Option<i64>,
    status: &'static str,
    is_gift_card: bool,
    flags: [bool; 4],
    category: &'static str,
}

#[derive(Clone, Debug)]
struct MadeShop {
    items: Vec<MadeItem>,
    /// Of each order the items with their pieces.
    orders: Vec<Vec<(usize, i64)>>,
}

fn an_item() -> impl Strategy<Value = MadeItem> {
    let money = (
        prop_oneof![1 => Just(0), 8 => 1_i64..30_000, 2 => 1_i64..300],
        prop::option::of(0_i64..20_000),
        prop::option::of(1_i64..40_000),
    );
    let stock = prop_oneof![2 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(-2)), 6 => (1_i64..80).prop_map(Some)];
    let status = prop_oneof![8 => Just("active"), 1 => Just("archived"), 1 => Just("draft")];
    let what =
        (prop::bool::weighted(0.05), any::<[bool; 4]>(), prop::sample::select(vec!["Tea", "Mugs", "Cakes > Small"]));
    (money, stock, status, what).prop_map(
        |((price, cost, list_price), stock, status, (is_gift_card, flags, category))| MadeItem {
            price,
            cost,
            list_price,
            stock,
            status,
            is_gift_card,
            flags,
            category,
        },
    )
}

fn a_shop() -> impl Strategy<Value = MadeShop> {
    prop::collection::vec(an_item(), 1..14).prop_flat_map(|items| {
        let line = (0..items.len(), prop_oneof![6 => Just(1_i64), 2 => Just(2), 1 => 3_i64..9]);
        let orders = prop::collection::vec(prop::collection::vec(line, 1..5), 0..80);
        orders.prop_map(move |orders| MadeShop { items: items.clone(), orders })
    })
}

const SHOPS: [&str; 2] = ["a", "b"];

fn id(item: usize) -> String {
    format!("i{item:02}")
}

/// The items of the shops as `enrich-orders` gives them.
fn items(shops: &[MadeShop]) -> DataFrame {
    let rows: Vec<(&str, usize, &MadeItem, &MadeShop)> = shops
        .iter()
        .zip(SHOPS)
        .flat_map(|(shop, name)| shop.items.iter().enumerate().map(move |(place, item)| (name, place, item, shop)))
        .collect();
    let Inputs::Ports(ports) = FlagProducts::INPUTS else { panic!("it has ports") };
    let sold = |(_, place, _, shop): &(&str, usize, &MadeItem, &MadeShop)| {
        let lines = shop.orders.iter().flatten().filter(|(item, _)| item == place);
        lines.fold((0, 0), |(lines, units), (_, pieces)| (lines + 1, units + pieces))
    };
    let ints = |of: &dyn Fn(usize) -> Option<i64>| Column::new("".into(), (0..rows.len()).map(of).collect::<Vec<_>>());
    let texts =
        |of: &dyn Fn(usize) -> Option<String>| Column::new("".into(), (0..rows.len()).map(of).collect::<Vec<_>>());
    let truths = |of: &dyn Fn(usize) -> bool| Column::new("".into(), (0..rows.len()).map(of).collect::<Vec<_>>());
    let columns = ports[0].columns().into_iter().map(|column| {
        let made = match column.name.as_str() {
            "shop_id" => texts(&|row| Some(rows[row].0.to_owned())),
            "variant_id" | "sku" => texts(&|row| Some(id(rows[row].1))),
            "product_id" => texts(&|row| Some(format!("p{}", rows[row].1 / 2))),
            "product_title" => texts(&|row| Some(format!("Title {}", rows[row].1))),
            "product_type" => texts(&|row| Some(rows[row].2.category.to_owned())),
            "product_status" => texts(&|row| Some(rows[row].2.status.to_owned())),
            "vendor" => texts(&|row| Some(format!("Maker {}", rows[row].1 % 2))),
            "price_cents" => ints(&|row| Some(rows[row].2.price)),
            "unit_cost_cents" => ints(&|row| rows[row].2.cost),
            "compare_at_price_cents" => ints(&|row| rows[row].2.list_price),
            "available_total" => ints(&|row| rows[row].2.stock),
            "is_slow_mover" => truths(&|row| rows[row].2.flags[0]),
            "is_new_launch" => truths(&|row| rows[row].2.flags[1]),
            "is_seasonal" => truths(&|row| rows[row].2.flags[2]),
            "is_high_margin" => truths(&|row| rows[row].2.flags[3]),
            "is_gift_card" => truths(&|row| rows[row].2.is_gift_card),
            "from_lines" => truths(&|_| false),
            "velocity" => Column::new("".into(), vec![0.5; rows.len()]),
            "units" => ints(&|row| Some(sold(&rows[row]).1)),
            "revenue_cents" => ints(&|row| Some(sold(&rows[row]).1 * rows[row].2.price)),
            "sales_180_days" | "sales_90_days" => ints(&|row| Some(sold(&rows[row]).0)),
            "listed_cents_180_days" | "listed_cents_90_days" => {
                ints(&|row| Some(sold(&rows[row]).1 * rows[row].2.list_price.unwrap_or(rows[row].2.price)))
            }
            "discount_cents_180_days" | "discount_cents_90_days" => {
                let off = |item: &MadeItem| (item.list_price.unwrap_or(item.price) - item.price).max(0);
                ints(&|row| Some(sold(&rows[row]).1 * off(rows[row].2)))
            }
            _ => Column::full_null("".into(), rows.len(), &column.kind.data_type().expect("a type")),
        };
        made.with_name(column.name.as_str().into())
    });
    DataFrame::new(rows.len(), columns.collect()).expect("a frame")
}

fn lines(shops: &[MadeShop]) -> DataFrame {
    let mut rows: Vec<(&str, usize, usize, i64)> = Vec::new();
    for (shop, name) in shops.iter().zip(SHOPS) {
        for (number, order) in shop.orders.iter().enumerate() {
            let mut seen = BTreeSet::new();
            rows.extend(
                order
                    .iter()
                    .filter(|(item, _)| seen.insert(*item))
                    .map(|(item, pieces)| (name, number, *item, *pieces)),
            );
        }
    }
    let day = |order: usize| Some(1_700_000_000_000_000 + order as i64 * 40_000_000_000);
    df!(
        "shop_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "order_id" => rows.iter().map(|row| format!("o{}", row.1)).collect::<Vec<_>>(),
        "item_id" => rows.iter().map(|row| id(row.2)).collect::<Vec<_>>(),
        "quantity" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "customer" => rows.iter().map(|row| Some(format!("c{}", row.1 % 7))).collect::<Vec<_>>(),
        "created_at" => rows.iter().map(|row| day(row.1)).collect::<Vec<_>>(),
    )
    .expect("a frame")
    .lazy()
    .with_column(col("created_at").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
    .collect()
    .expect("a frame")
}

/// The outputs of all phases, by port.
type Outputs = BTreeMap<&'static str, DataFrame>;

fn step<O: Operator>(operator: &O, seed: u64, inputs: &[(&str, &DataFrame)], ports: &[&'static str], to: &mut Outputs) {
    let context = StageContext { seed, ..StageContext::alone(Arc::new(NoStorage)) };
    let frames = inputs.iter().fold(Frames::new(), |frames, (port, frame)| frames.with(port, (*frame).clone()));
    let mut made = operator.run(frames, &context).expect("a phase");
    for port in ports {
        to.insert(*port, made.take(port).expect("a port").collect().expect("a frame"));
    }
}

fn run(shops: &[MadeShop], mode: PricingMode, method: Method, seed: u64) -> Outputs {
    let (items, lines) = (items(shops), lines(shops));
    let mut made = Outputs::new();
    step(&FlagProducts::default(), seed, &[("items", &items), ("lines", &lines)], &["products", "shops"], &mut made);
    let (products, about) = (made["products"].clone(), made["shops"].clone());
    let inputs = [("products", &products), ("shops", &about), ("lines", &lines)];
    step(&GenerateCandidates::default(), seed, &inputs, &["candidates"], &mut made);
    let candidates = made["candidates"].clone();
    let pricing = PriceBundles { mode, ..PriceBundles::default() };
    step(&pricing, seed, &[("candidates", &candidates), ("products", &products)], &["priced"], &mut made);
    let priced = made["priced"].clone();
    step(&RankBundles::default(), seed, &[("priced", &priced), ("products", &products)], &["ranked"], &mut made);
    let ranked = made["ranked"].clone();
    let portfolio = OptimizePortfolio { method, ..OptimizePortfolio::default() };
    let inputs = [("ranked", &ranked), ("products", &products), ("shops", &about)];
    step(&portfolio, seed, &inputs, &["optimized"], &mut made);
    let optimized = made["optimized"].clone();
    let inputs = [("optimized", &optimized), ("products", &products)];
    step(&DeduplicateBundles::default(), seed, &inputs, &["bundles"], &mut made);
    let bundles = made["bundles"].clone();
    let inputs = [("bundles", &bundles), ("products", &products), ("shops", &about)];
    step(&ExplainBundles::default(), seed, &inputs, &["explained"], &mut made);
    let explained = made["explained"].clone();
    let inputs = [("explained", &explained), ("products", &products), ("shops", &about)];
    step(&PublishBundles::default(), seed, &inputs, &["recommendations"], &mut made);
    made
}

fn text(frame: &DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).expect(name).str().expect("texts");
    column.iter().map(|text| text.unwrap_or_default().to_owned()).collect()
}

fn whole(frame: &DataFrame, name: &str) -> Vec<i64> {
    frame.column(name).expect(name).i64().expect("integers").iter().map(|number| number.expect("no null")).collect()
}

fn real(frame: &DataFrame, name: &str) -> Vec<f64> {
    frame.column(name).expect(name).f64().expect("floats").iter().map(|number| number.expect("no null")).collect()
}

fn lists(frame: &DataFrame, name: &str) -> Vec<Vec<String>> {
    let (ends, texts) = texts_of(frame.column(name).expect(name)).expect("lists");
    let texts: Vec<String> = texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect();
    ends.windows(2).map(|ends| texts[ends[0]..ends[1]].to_vec()).collect()
}

/// Money adds up to the cent, line by line, and discounts stay in the caps.
fn check_prices(explained: &DataFrame) {
    let lines = int_lists(explained.column("line_cents").expect("a column")).expect("lists");
    let off = int_lists(explained.column("line_discount_cents").expect("a column")).expect("lists");
    let tiers = float_lists(explained.column("tier_pct").expect("a column")).expect("lists");
    let money = ["original_cents", "bundle_cents", "discount_cents"].map(|name| whole(explained, name));
    let (given, objectives, terms) =
        (real(explained, "discount_pct"), text(explained, "objective"), text(explained, "discount_type"));
    for row in 0..explained.height() {
        let [original, bundle, discount] = [0, 1, 2].map(|place| money[place][row]);
        prop_assert_row(original - discount == bundle && bundle > 0 && discount >= 0, explained, row);
        prop_assert_row(lines[row].iter().sum::<i64>() == original, explained, row);
        prop_assert_row(off[row].iter().sum::<i64>() == discount, explained, row);
        let within = lines[row].iter().zip(&off[row]).all(|(line, off)| (0..=*line).contains(off));
        prop_assert_row(within, explained, row);
        let caps = Objective::of_name(&objectives[row]).expect("an objective").caps();
        let (least, most) = (caps.least.value() - 1e-6, caps.most.value() + 1e-6);
        let holds = match terms[row].as_str() {
            "tiered" => tiers[row].iter().all(|pct| *pct == 0.0 || (least..=most).contains(pct)),
            _ => (least..=most).contains(&given[row]),
        };
        prop_assert_row(holds, explained, row);
    }
}

#[track_caller]
fn prop_assert_row(holds: bool, frame: &DataFrame, row: usize) {
    assert!(holds, "row {row}: {}", frame.slice(row as i64, 1));
}

/// What is published can be bought, has scores from 0 to 1, is in one order, and no more than quotas allow.
fn check_published(products: &DataFrame, published: &DataFrame) {
    let excluded: BTreeSet<(String, String)> = {
        let exclusions = products.column("exclusion").expect("a column").str().expect("texts").clone();
        let keys = text(products, "shop_id").into_iter().zip(text(products, "item_id"));
        keys.zip(exclusions.iter()).filter(|(_, reason)| reason.is_some()).map(|(key, _)| key).collect()
    };
    let (shops, items, types) = (text(published, "shop_id"), lists(published, "items"), text(published, "bundle_type"));
    let (objectives, hashes) = (text(published, "objective"), text(published, "dedupe_hash"));
    let (ranks, waves) = (whole(published, "rank_position"), whole(published, "publish_wave"));
    let scores = real(published, "ranking_score");
    for name in ["confidence", "support", "ranking_score", "added_chance", "trigger_share"] {
        assert!(real(published, name).iter().all(|figure| (0.0..=1.0).contains(figure)), "{name}: {published}");
    }
    assert!(real(published, "lift").iter().all(|lift| *lift >= 1.0), "{published}");
    let mut of_kind: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let mut of_items: BTreeMap<(String, Vec<String>), usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in 0..published.height() {
        let shop = &shops[row];
        let is_first = row == 0 || shops[row - 1] != *shop;
        let before = if is_first { (0, 1, f64::INFINITY) } else { (ranks[row - 1], waves[row - 1], scores[row - 1]) };
        assert!(ranks[row] == before.0 + 1 && waves[row] >= before.1 && scores[row] <= before.2, "{published}");
        assert!(seen.insert((shop.clone(), hashes[row].clone())), "a bundle is there twice");
        let mut sorted = items[row].clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), items[row].len(), "an item is in a bundle twice");
        let sizes = match types[row].as_str() {
            "VOLUME" => 1..=1,
            "BOGO" => 1..=2,
            "FBT" => 2..=3,
            _ => 2..=4,
        };
        assert!(sizes.contains(&items[row].len()), "{} of {:?}", types[row], items[row]);
        for item in &items[row] {
            assert!(!excluded.contains(&(shop.clone(), item.clone())), "{item} of {shop} cannot be bought");
        }
        *of_kind.entry((shop.clone(), objectives[row].clone(), types[row].clone())).or_default() += 1;
        *of_items.entry((shop.clone(), sorted)).or_default() += 1;
    }
    assert!(of_kind.values().all(|count| *count <= 15) && of_items.values().all(|count| *count <= 2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn money_adds_up_and_what_is_published_can_be_bought_and_is_in_order(
        shops in [a_shop(), a_shop()], is_bandit: bool, is_pareto: bool, seed in 0_u64..1_000,
    ) {
        let mode = if is_bandit { PricingMode::Bandit } else { PricingMode::Bayesian };
        let method = if is_pareto { Method::Nsga2 } else { Method::WeightedSum };
        let made = run(&shops, mode, method, seed);
        check_prices(&made["explained"]);
        check_published(&made["products"], &made["recommendations"]);
    }

    #[test]
    fn a_seed_and_any_number_of_threads_make_the_same_bundles(shops in [a_shop(), a_shop()], seed in 0_u64..1_000) {
        let once = || run(&shops, PricingMode::Bandit, Method::Nsga2, seed);
        let first = once();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            for (port, frame) in pool.install(once) {
                prop_assert!(first[port].equals_missing(&frame), "{port}, {threads} threads");
            }
        }
    }
}
