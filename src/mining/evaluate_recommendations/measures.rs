//! The measures that are compared: counted ones of the older orders, and those of tables.

use super::{
    super::{
        build_covisitation::BuildCovisitation,
        covisitation::{CoOrders, Vectors},
        model_table::ShopModel,
        orders::ShopOrders,
        recommending::{Counted, Gram, Orders, Pairs},
    },
    asked::{Score, number},
    tables::{Rule, Tables},
};

/// A measure with its name.
type Named<'a> = (&'static str, Box<Score<'a>>);

/// Makes all measures for a shop.
pub fn measures<'a>(shop: &'a ShopOrders, tables: &'a Tables, max_basket: usize) -> Vec<Named<'a>> {
    let counts: Vec<f64> = shop.item_counts().into_iter().map(f64::from).collect();
    let numbers: Vec<u32> = (0..shop.len() as u32).collect();
    let orders = Orders::of(shop.transactions(), &numbers, |_, _| 1.0);
    let gram = Gram::count(orders, shop.item_count(), max_basket, usize::MAX);
    let counted = |basket: f64, answer: f64| {
        let pairs = Counted { basket, answer, shrink: 0.0 }.weigh(&gram, usize::MAX);
        Box::new(move |basket: &[u32], scores: &mut [f64]| pairs.add_to(basket, scores)) as Box<Score<'a>>
    };
    let mut measures: Vec<Named<'a>> = vec![
        ("most_popular", Box::new(move |_: &[u32], scores: &mut [f64]| scores.clone_from_slice(&counts))),
        ("orders_together", counted(0.0, 0.0)),
        ("conditional", counted(1.0, 0.0)),
        ("cosine", counted(0.5, 0.5)),
        ("blend", by_pairs(blend(shop, max_basket))),
    ];
    if let Some(rules) = &tables.rules {
        measures.push(("rules", by_rules(shop, rules.get(&shop.shop).map_or(&[], Vec::as_slice))));
    }
    if let Some(similar) = &tables.similar {
        measures.push(("similar_items", by_rules(shop, similar.get(&shop.shop).map_or(&[], Vec::as_slice))));
    }
    if let Some(model) = tables.model.as_ref().and_then(|models| models.shop(shop.shop.as_deref())) {
        measures.push(("recommend", by_model(shop, model)));
    }
    measures
}

fn by_pairs<'a>(pairs: Pairs) -> Box<Score<'a>> {
    Box::new(move |basket: &[u32], scores: &mut [f64]| pairs.add_to(basket, scores))
}

/// The blend of `build-covisitation` as it is by default.
fn blend(shop: &ShopOrders, max_basket: usize) -> Pairs {
    let operator = BuildCovisitation::default();
    let (offsets, items) = (shop.offsets.clone(), shop.items.clone());
    let co_orders = CoOrders::new(offsets, items, shop.item_count(), max_basket, None);
    let vectors = Vectors::build(&co_orders, operator.weight, operator.top);
    let is_offered = vec![true; shop.item_count()];
    let similar = operator.similarity().map(|similar| similar.find(&co_orders, &vectors, &is_offered, None));
    let similar = similar.unwrap_or_default();
    let weights = similar.blends.iter().map(|blend| *blend as f32).collect();
    Pairs { starts: similar.offsets, others: similar.items, weights }
}

fn by_model<'a>(shop: &'a ShopOrders, model: &'a ShopModel) -> Box<Score<'a>> {
    let numbers: Vec<Option<u32>> = (0..shop.item_count() as u32).map(|item| model.number(shop.name(item))).collect();
    Box::new(move |basket: &[u32], scores: &mut [f64]| {
        let known = |item: u32| numbers.get(item as usize).copied().flatten();
        let basket: Vec<u32> = basket.iter().filter_map(|item| known(*item)).collect();
        let by_model = model.scores(&basket);
        for (score, number) in scores.iter_mut().zip(&numbers) {
            *score = number.and_then(|number| by_model.get(number as usize).copied()).unwrap_or_default();
        }
    })
}

/// The rules of which the smallest item of the body is an item.
type Bodies = Vec<Vec<(Vec<u32>, u32, f64)>>;

/// Adds up what the rules say whose bodies are in the basket.
fn by_rules<'a>(shop: &ShopOrders, rules: &[Rule]) -> Box<Score<'a>> {
    let mut bodies: Bodies = vec![Vec::new(); shop.item_count()];
    for (body, head, figure) in rules {
        let numbers: Option<Vec<u32>> = body.iter().map(|item| number(shop, item)).collect();
        let (Some(mut body), Some(head)) = (numbers, number(shop, head)) else { continue };
        body.sort_unstable();
        if let Some(rules) = body.first().and_then(|first| bodies.get_mut(*first as usize)) {
            rules.push((body, head, *figure));
        }
    }
    Box::new(move |basket: &[u32], scores: &mut [f64]| {
        for (body, head, figure) in basket.iter().filter_map(|item| bodies.get(*item as usize)).flatten() {
            let holds = body.iter().all(|item| basket.binary_search(item).is_ok());
            if let Some(score) = scores.get_mut(*head as usize).filter(|_| holds) {
                *score += figure;
            }
        }
    })
}
