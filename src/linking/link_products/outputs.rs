//! The datasets of `link-products`, made from the outcomes: columns are joined to row numbers here, last.

use polars::prelude::*;
use rayon::prelude::*;

use super::{
    cascade::{Candidate, Findings, Learned, Outcome},
    differences::differences,
    params::Rules,
    rows::{NO_RETAILER, Rejected, Sides},
    stats,
    tolerance::Tolerances,
};
use crate::{
    linking::{
        columns::{column, frame},
        method::{Method, NO_METHOD},
        report,
    },
    operator::{ColumnKind, Frames, OutputPort, StageError},
};

/// The ports with their columns.
pub fn ports() -> Vec<OutputPort> {
    use ColumnKind::{Bool, Float, Int, Text};
    vec![
        OutputPort::new(
            "links",
            "One row per linked catalog row; `price_tolerance_cents` is how far apart the prices might lie where that was the retailer's own tolerance.",
            &[
                ("catalog_id", Int),
                ("product_id", Int),
                ("retailer", Text),
                ("product_url", Text),
                ("link_confidence", Float),
                ("link_method", Text),
                ("similarity", Float),
                ("url_changed", Bool),
                ("price_tolerance_cents", Int),
            ],
        ),
        OutputPort::new(
            "unlinked",
            "Catalog rows without a link: why, the best product that was not good enough, and the words and prices in which it differs (catalog → product).",
            &[
                ("catalog_id", Int),
                ("retailer", Text),
                ("reason", Text),
                ("best_product_url", Text),
                ("best_similarity", Float),
                ("best_product_title", Text),
                ("differences", Text),
            ],
        ),
        OutputPort::new(
            "near_misses",
            "Of the unlinked rows those with the most similar products, the nearest first, at most 1,000.",
            &[
                ("retailer", Text),
                ("catalog_id", Int),
                ("title", Text),
                ("best_product_title", Text),
                ("best_similarity", Float),
                ("differences", Text),
            ],
        ),
        OutputPort::new("rejected", "Rows that could not be used.", &[("port", Text), ("id", Int), ("reason", Text)]),
        OutputPort::new(
            "attempts",
            "One row per catalog row: what the cascade found.",
            &[
                ("catalog_id", Int),
                ("retailer", Text),
                ("method", Text),
                ("success", Bool),
                ("confidence", Float),
                ("similarity", Float),
                ("candidate_count", Int),
                ("url_changed", Bool),
                ("code_changed", Bool),
            ],
        ),
        report::port("link_stats", "The figures of the run, as printed at its end."),
    ]
}

/// The datasets.
pub fn frames(
    sides: &Sides<'_>,
    findings: &Findings<'_>,
    rules: &Rules,
    tolerances: &Tolerances,
) -> Result<Frames, StageError> {
    let Findings { outcomes, learned } = findings;
    Ok(Frames::new()
        .with("links", links(sides, outcomes, learned, tolerances)?)
        .with("unlinked", unlinked(sides, outcomes)?)
        .with("near_misses", near_misses(sides, outcomes)?)
        .with("rejected", rejected(sides)?)
        .with("attempts", attempts(sides, outcomes, learned)?)
        .with("link_stats", stats::report(sides, findings, rules)?))
}

fn retailer<'a>(sides: &Sides<'a>, row: usize) -> Option<&'a str> {
    let number = sides.catalog.retailers[row];
    if number == NO_RETAILER { None } else { sides.retailers.get(number as usize).copied() }
}

fn url_changed(sides: &Sides<'_>, learned: &Learned<'_>, row: usize, candidate: &Candidate) -> bool {
    let retailer = sides.catalog.retailers[row];
    learned.changed(retailer, sides.catalog.urls[row], sides.products.urls[candidate.product as usize])
}

/// The tolerance of a link that was found by its price, where it is the retailer's own.
fn tolerated(sides: &Sides<'_>, row: usize, found: &Candidate, tolerances: &Tolerances) -> Option<i64> {
    let by_price = matches!(found.method, Some(Method::ExactTitlePrice | Method::FuzzyTitlePrice));
    tolerances.own_cents(sides.catalog.retailers[row], sides.catalog.prices[row]).filter(|_| by_price)
}

fn links(
    sides: &Sides<'_>,
    outcomes: &[Outcome],
    learned: &Learned<'_>,
    tolerances: &Tolerances,
) -> Result<DataFrame, StageError> {
    let linked: Vec<(usize, Candidate)> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.reason.is_none())
        .filter_map(|(row, outcome)| Some((row, outcome.candidate?)))
        .collect();
    let products = &sides.products;
    frame(vec![
        column("catalog_id", linked.iter().map(|(row, _)| sides.catalog.ids[*row])),
        column("product_id", linked.iter().map(|(_, found)| products.ids[found.product as usize])),
        column("retailer", linked.iter().map(|(row, _)| retailer(sides, *row))),
        column("product_url", linked.iter().map(|(_, found)| products.urls[found.product as usize])),
        column("link_confidence", linked.iter().map(|(_, found)| found.confidence)),
        column("link_method", linked.iter().map(|(_, found)| found.method.map(|method| method.name()))),
        column("similarity", linked.iter().map(|(_, found)| found.similarity)),
        column("url_changed", linked.iter().map(|(row, found)| Some(url_changed(sides, learned, *row, found)))),
        column("price_tolerance_cents", linked.iter().map(|(row, found)| tolerated(sides, *row, found, tolerances))),
    ])
}

fn unlinked(sides: &Sides<'_>, outcomes: &[Outcome]) -> Result<DataFrame, StageError> {
    let open: Vec<(usize, &Outcome)> =
        outcomes.iter().enumerate().filter(|(_, outcome)| outcome.reason.is_some()).collect();
    let best = |outcome: &Outcome| Some(outcome.candidate?.product as usize);
    let differing: Vec<Option<String>> =
        open.par_iter().map(|(row, outcome)| differences(sides, *row, best(outcome)?)).collect();
    frame(vec![
        column("catalog_id", open.iter().map(|(row, _)| sides.catalog.ids[*row])),
        column("retailer", open.iter().map(|(row, _)| retailer(sides, *row))),
        column("reason", open.iter().map(|(_, outcome)| outcome.reason.map(|reason| reason.name()))),
        column("best_product_url", open.iter().map(|(_, outcome)| Some(sides.products.urls[best(outcome)?]))),
        column("best_similarity", open.iter().map(|(_, outcome)| outcome.candidate?.similarity)),
        column("best_product_title", open.iter().map(|(_, outcome)| sides.products.title(best(outcome)?))),
        column("differences", differing.iter().map(Option::as_deref)),
    ])
}

/// More near misses are in `unlinked`.
const NEAR_MISSES: usize = 1_000;

fn near_misses(sides: &Sides<'_>, outcomes: &[Outcome]) -> Result<DataFrame, StageError> {
    let near = |(row, outcome): (usize, &Outcome)| {
        let best = outcome.candidate.filter(|_| outcome.reason.is_some())?;
        Some((row, best.product as usize, best.similarity?))
    };
    let mut misses: Vec<(usize, usize, f64)> = outcomes.iter().enumerate().filter_map(near).collect();
    // By rows, which are in the order of ids, where the similarity is the same.
    misses.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    misses.truncate(NEAR_MISSES);
    let differing: Vec<_> = misses.iter().map(|(row, product, _)| differences(sides, *row, *product)).collect();
    frame(vec![
        column("retailer", misses.iter().map(|miss| retailer(sides, miss.0))),
        column("catalog_id", misses.iter().map(|miss| sides.catalog.ids[miss.0])),
        column("title", misses.iter().map(|miss| sides.catalog.title(miss.0))),
        column("best_product_title", misses.iter().map(|miss| sides.products.title(miss.1))),
        column("best_similarity", misses.iter().map(|miss| Some(miss.2))),
        column("differences", differing.iter().map(Option::as_deref)),
    ])
}

fn rejected(sides: &Sides<'_>) -> Result<DataFrame, StageError> {
    let rows: Vec<(&str, &Rejected)> = (sides.rejected_catalog.iter().map(|row| ("catalog", row)))
        .chain(sides.rejected_products.iter().map(|row| ("products", row)))
        .collect();
    frame(vec![
        column("port", rows.iter().map(|(port, _)| *port)),
        column("id", rows.iter().map(|(_, row)| row.0)),
        column("reason", rows.iter().map(|(_, row)| row.1)),
    ])
}

fn attempts(sides: &Sides<'_>, outcomes: &[Outcome], learned: &Learned<'_>) -> Result<DataFrame, StageError> {
    let matched = |outcome: &Outcome| outcome.candidate.filter(|candidate| candidate.method.is_some());
    let code_changed = |row: usize, outcome: &Outcome| {
        let product = matched(outcome)?.product as usize;
        Some(sides.catalog.codes[row]? != sides.products.codes[product]?)
    };
    let rows = || outcomes.iter().enumerate();
    frame(vec![
        column("catalog_id", sides.catalog.ids.iter().copied()),
        column("retailer", rows().map(|(row, _)| retailer(sides, row))),
        column(
            "method",
            rows().map(|(_, outcome)| matched(outcome).and_then(|found| found.method).map_or(NO_METHOD, |m| m.name())),
        ),
        column("success", rows().map(|(_, outcome)| Some(outcome.reason.is_none()))),
        column("confidence", rows().map(|(_, outcome)| matched(outcome).map_or(0.0, |found| found.confidence))),
        column("similarity", rows().map(|(_, outcome)| outcome.candidate.and_then(|found| found.similarity))),
        column("candidate_count", rows().map(|(_, outcome)| outcome.compared.map(i64::from))),
        column(
            "url_changed",
            rows().map(|(row, outcome)| matched(outcome).map(|found| url_changed(sides, learned, row, &found))),
        ),
        column("code_changed", rows().map(|(row, outcome)| code_changed(row, outcome))),
    ])
}
