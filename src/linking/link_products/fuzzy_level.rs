//! The fuzzy level: catalog titles against the product titles of the same retailer in the price window.

use super::{
    params::{Rules, Tie},
    rows::Sides,
    tolerance::Tolerances,
};
use crate::{
    linking::{
        fuzzy::{
            Candidates, Control, FuzzyError, PriceRule, Queries, Settings, TieRule, TitleId, TitleTable, best_matches,
        },
        price::{PriceWindow, cents},
    },
    operator::{StageContext, StageError},
};

/// A catalog row with its title and the price to compare.
pub type Query<'a> = (u32, &'a str, f64);

/// The most similar product of a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Best {
    /// Its row number and the similarity of the titles, if that is enough to be shown.
    pub found: Option<(u32, f64)>,
    /// How many products lie in the price window.
    pub compared: u32,
}

/// The products that have a title and a price that can be compared, in columns.
#[derive(Default)]
struct Columns {
    rows: Vec<u32>,
    block: Vec<u32>,
    title: Vec<TitleId>,
    price: Vec<f64>,
    id: Vec<i64>,
}

/// The best match of each query.
///
/// # Errors
/// When the run was asked to stop.
pub fn best_of(
    sides: &Sides<'_>,
    rules: &Rules,
    tolerances: &Tolerances,
    queries: &[Query<'_>],
    context: &StageContext,
) -> Result<Vec<Best>, StageError> {
    let mut titles = TitleTable::new();
    let asked = asked(sides, rules, queries, &mut titles);
    let reach = if tolerances.adapt() { reaches(sides, tolerances, queries) } else { Vec::new() };
    let products = candidates(sides, rules, &asked, &mut titles);
    let settings = Settings {
        measure: rules.measure,
        cutoff: rules.cutoff,
        report_from: Some(rules.near_miss_from),
        price_rule: match rules.prices {
            PriceWindow::WithinCents(_) if tolerances.adapt() => PriceRule::AtMostEach,
            PriceWindow::WithinCents(most) => PriceRule::AtMost(most as f64),
            PriceWindow::BelowOneUnit => PriceRule::Below(1.0),
            PriceWindow::Any => PriceRule::Any,
        },
        tie_rule: if rules.tie == Tie::Rowid { TieRule::RowId } else { TieRule::NearestPrice },
    };
    let progress = |queries| context.progress.advance(queries);
    let outcome = best_matches(
        &titles,
        &Candidates { block: &products.block, title: &products.title, price: &products.price, product: &products.id },
        &Queries { block: &asked.block, title: &asked.title, price: &asked.price, reach: &reach },
        &settings,
        Control { cancelled: &context.cancelled, progress: &progress },
    )
    .map_err(stage_error)?;
    Ok(outcome
        .found
        .into_iter()
        .map(|found| Best {
            found: found.best.and_then(|best| Some((*products.rows.get(best.row as usize)?, best.similarity))),
            compared: found.in_window,
        })
        .collect())
}

/// The reach of each query in cents.
fn reaches(sides: &Sides<'_>, tolerances: &Tolerances, queries: &[Query<'_>]) -> Vec<f64> {
    let reach = |(row, _, price): &Query<'_>| match tolerances.window(sides.catalog.retailers[*row as usize], *price) {
        PriceWindow::WithinCents(most) => most as f64,
        PriceWindow::BelowOneUnit | PriceWindow::Any => 0.0,
    };
    queries.iter().map(reach).collect()
}

fn asked(sides: &Sides<'_>, rules: &Rules, queries: &[Query<'_>], titles: &mut TitleTable) -> Columns {
    let mut asked = Columns::default();
    for (row, title, price) in queries {
        asked.block.push(sides.catalog.retailers[*row as usize]);
        asked.title.push(titles.intern(title));
        asked.price.push(in_unit(rules.prices, *price));
    }
    asked
}

fn candidates(sides: &Sides<'_>, rules: &Rules, asked: &Columns, titles: &mut TitleTable) -> Columns {
    let mut is_asked = vec![false; sides.retailers.len()];
    for block in &asked.block {
        is_asked[*block as usize] = true;
    }
    let mut candidates = Columns::default();
    let products = &sides.products;
    for (at, row) in (0..products.len()).zip(0u32..) {
        let (Some(title), Some(price)) = (products.title(at), rules.prices.comparable(products.prices[at])) else {
            continue;
        };
        if !is_asked[products.retailers[at] as usize] {
            continue;
        }
        candidates.rows.push(row);
        candidates.block.push(products.retailers[at]);
        candidates.title.push(titles.intern(title));
        candidates.price.push(in_unit(rules.prices, price));
        candidates.id.push(products.ids[at]);
    }
    candidates
}

/// The price in the unit of the rule: cents are exact in a double far beyond any price.
fn in_unit(window: PriceWindow, price: f64) -> f64 {
    match window {
        PriceWindow::WithinCents(_) => cents(price) as f64,
        PriceWindow::BelowOneUnit | PriceWindow::Any => price,
    }
}

fn stage_error(error: FuzzyError) -> StageError {
    match error {
        FuzzyError::Interrupted => StageError::Interrupted,
        other => StageError::Input {
            port: "products".to_owned(),
            problem: other.to_string(),
            mend: "run the pipeline once per group of retailers".to_owned(),
        },
    }
}
