//! The cascade: each level looks only at the rows the levels before it left open.

use std::{borrow::Cow, collections::HashSet, sync::OnceLock};

use rayon::prelude::*;

use super::{
    fuzzy_level,
    guard::Guard,
    levels::{Level, plan},
    params::Rules,
    rows::{NO_RETAILER, Rows, Sides},
    title_prices::TitlePrices,
    tolerance::Tolerances,
};
use crate::{
    linking::{
        first_rows::{FirstRows, hash},
        method::Method,
        price::PriceWindow,
        similarity::{fold_title, fuzzy_confidence},
        url,
    },
    operator::{StageContext, StageError},
};

/// Why a row has no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    NoRetailer,
    NoRetailerProducts,
    NoTitle,
    NoPrice,
    NoPriceNeighbour,
    BelowSimilarity,
    BelowMinConfidence,
    UrlDisagrees,
    AttributeConflict,
}

impl Reason {
    /// The code stored in `unlinked`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoRetailer => "no_retailer",
            Self::NoRetailerProducts => "no_retailer_products",
            Self::NoTitle => "no_title",
            Self::NoPrice => "no_price",
            Self::NoPriceNeighbour => "no_price_neighbour",
            Self::BelowSimilarity => "below_similarity",
            Self::BelowMinConfidence => "below_min_confidence",
            Self::UrlDisagrees => "url_disagrees",
            Self::AttributeConflict => "attribute_conflict",
        }
    }
}

/// A product that a level found for a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The product's row number.
    pub product: u32,
    /// The level that found it; `None` for a near miss, which no level accepts.
    pub method: Option<Method>,
    /// From 0 to 1; 0 for a near miss.
    pub confidence: f64,
    /// The similarity of the titles, where they were compared.
    pub similarity: Option<f64>,
}

/// What became of a catalog row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The linked product, or the best one that was not good enough.
    pub candidate: Option<Candidate>,
    /// Why there is no link; `None` when there is one.
    pub reason: Option<Reason>,
    /// How many products the fuzzy level looked at; `None` when it was not reached.
    pub compared: Option<u32>,
}

/// The cascade over one set of catalog rows.
pub struct Cascade<'a> {
    sides: &'a Sides<'a>,
    rules: &'a Rules,
    tolerances: &'a Tolerances,
    /// By retailer number: whether its URLs are not to be trusted alone.
    unstable: Vec<bool>,
    /// By retailer number: its identity parameters.
    identity: Vec<&'a [String]>,
    /// By retailer number: whether it has a product.
    has_products: Vec<bool>,
    context: &'a StageContext,
    title_prices: OnceLock<TitlePrices<'a>>,
    indexes: [OnceLock<FirstRows>; Method::ALL.len()],
}

impl<'a> Cascade<'a> {
    /// Prepares the cascade; `unstable` names the retailers whose URLs are not to be trusted alone.
    pub fn new(
        sides: &'a Sides<'a>,
        rules: &'a Rules,
        tolerances: &'a Tolerances,
        unstable: &HashSet<String>,
        context: &'a StageContext,
    ) -> Self {
        let mut has_products = vec![false; sides.retailers.len()];
        for retailer in &sides.products.retailers {
            if let Some(has) = has_products.get_mut(*retailer as usize) {
                *has = true;
            }
        }
        Self {
            sides,
            rules,
            tolerances,
            unstable: sides.retailers.iter().map(|name| unstable.contains(*name)).collect(),
            identity: sides
                .retailers
                .iter()
                .map(|name| rules.identity_params.get(*name).map_or(&[][..], Vec::as_slice))
                .collect(),
            has_products,
            context,
            title_prices: OnceLock::new(),
            indexes: [const { OnceLock::new() }; Method::ALL.len()],
        }
    }

    /// The outcome of every catalog row, in row order.
    ///
    /// # Errors
    /// When the run was asked to stop.
    pub fn run(&self) -> Result<Vec<Outcome>, StageError> {
        let rows = u32::try_from(self.sides.catalog.len()).unwrap_or(u32::MAX);
        self.context.progress.total(u64::from(rows));
        let mut outcomes = vec![Outcome::default(); rows as usize];
        let (unstable, stable): (Vec<u32>, Vec<u32>) = (0..rows)
            .filter(|row| self.give_up_early(*row, &mut outcomes))
            .partition(|row| self.unstable.get(self.retailer(*row)).copied().unwrap_or_default());
        let mut last = self.climb(plan(self.rules, false), stable, &mut outcomes)?;
        last.extend(self.climb(plan(self.rules, true), unstable, &mut outcomes)?);
        last.sort_unstable();
        self.context.progress.advance(u64::from(rows).saturating_sub(last.len() as u64));
        self.fuzzy(last, &mut outcomes)?;
        Ok(outcomes)
    }

    fn retailer(&self, row: u32) -> usize {
        self.sides.catalog.retailers[row as usize] as usize
    }

    /// Whether a row has any product to be compared with; otherwise its reason is noted.
    fn give_up_early(&self, row: u32, outcomes: &mut [Outcome]) -> bool {
        let retailer = self.sides.catalog.retailers[row as usize];
        let has_products = self.has_products.get(retailer as usize).copied().unwrap_or_default();
        if !has_products {
            outcomes[row as usize].reason =
                Some(if retailer == NO_RETAILER { Reason::NoRetailer } else { Reason::NoRetailerProducts });
        }
        has_products
    }

    /// Takes `open` rows through the levels before the fuzzy one; returns those still open.
    fn climb(&self, levels: &[Level], mut open: Vec<u32>, outcomes: &mut [Outcome]) -> Result<Vec<u32>, StageError> {
        for level in levels.iter().filter(|level| level.method != Method::FuzzyTitlePrice) {
            self.context.check_cancelled()?;
            if open.is_empty() {
                break;
            }
            let found = self.find(level.method, &open);
            let mut left = Vec::with_capacity(open.len());
            for (row, product) in open.into_iter().zip(found) {
                if product.is_none_or(|product| !self.settle(*level, row, product, &mut outcomes[row as usize])) {
                    left.push(row);
                }
            }
            open = left;
        }
        Ok(open)
    }

    /// Notes what a level found for a row; tells whether the row is done.
    fn settle(&self, level: Level, row: u32, product: u32, outcome: &mut Outcome) -> bool {
        let confidence = level.method.confidence();
        let reason = if level.needs_agreement && !self.agrees(row, product) {
            Some(Reason::UrlDisagrees)
        } else if confidence < self.rules.min_confidence {
            Some(Reason::BelowMinConfidence)
        } else {
            None
        };
        if reason.is_none() || outcome.candidate.is_none() {
            outcome.candidate = Some(Candidate { product, method: Some(level.method), confidence, similarity: None });
            outcome.reason = reason;
        }
        // The original takes the first match, however confident; the corrected cascade goes on to better ones.
        reason.is_none() || self.rules.original
    }

    fn agrees(&self, row: u32, product: u32) -> bool {
        let (catalog, products) = (&self.sides.catalog, &self.sides.products);
        let (row, product) = (row as usize, product as usize);
        let prices = self.rules.prices;
        let prices_agree = prices != PriceWindow::Any
            && prices
                .comparable(catalog.prices[row])
                .zip(prices.comparable(products.prices[product]))
                .is_some_and(|(a, b)| self.tolerances.window(catalog.retailers[row], a).accepts(a, b));
        prices_agree
            || catalog.titles[row]
                .zip(products.titles[product])
                .is_some_and(|(a, b)| a == b || fold_title(a) == fold_title(b))
    }

    /// The product that a level finds for each open row.
    fn find(&self, method: Method, open: &[u32]) -> Vec<Option<u32>> {
        if method == Method::ExactTitlePrice {
            let index = self.title_prices.get_or_init(|| TitlePrices::build(&self.sides.products, self.rules.prices));
            return open
                .par_iter()
                .map(|row| {
                    let (title, price) = self.title_and_price(*row).ok()?;
                    let retailer = self.sides.catalog.retailers[*row as usize];
                    index.find((retailer, title), price, self.tolerances.window(retailer, price))
                })
                .collect();
        }
        let products = &self.sides.products;
        let index = self.indexes[method as usize].get_or_init(|| {
            let hashes: Vec<_> = (0..products.len())
                .into_par_iter()
                .map(|row| self.key(products, method, row).map(|(group, text)| hash((group, &text))))
                .collect();
            FirstRows::build(&hashes, |a, b| {
                self.key(products, method, a as usize) == self.key(products, method, b as usize)
            })
        });
        open.par_iter()
            .map(|row| {
                let key = self.key(&self.sides.catalog, method, *row as usize)?;
                index.find(hash((key.0, &key.1)), |product| {
                    self.key(products, method, product as usize).as_ref() == Some(&key)
                })
            })
            .collect()
    }

    /// The text that must be equal at a level.
    fn key<'r>(&self, rows: &Rows<'r>, method: Method, row: usize) -> Option<(u32, Cow<'r, str>)> {
        let retailer = rows.retailers[row];
        let identity = || self.identity.get(retailer as usize).copied().unwrap_or_default();
        let text = match method {
            Method::ExactUrl => Cow::Borrowed(rows.urls[row]),
            Method::NormalizedUrl => url::normalized_keeping(rows.urls[row], identity()),
            Method::CanonicalUrl => Cow::Owned(url::canonical(rows.urls[row], identity())),
            Method::ProductCode => Cow::Borrowed(rows.codes[row]?),
            Method::ExactTitlePrice | Method::FuzzyTitlePrice => Cow::Borrowed(rows.titles[row]?),
        };
        Some((retailer, text))
    }

    /// What the title levels compare: a title that is not empty and a price that is not zero.
    fn title_and_price(&self, row: u32) -> Result<(&'a str, f64), Reason> {
        let catalog = &self.sides.catalog;
        let title = catalog.titles[row as usize].filter(|title| !title.is_empty()).ok_or(Reason::NoTitle)?;
        let price = catalog.prices[row as usize].filter(|price| *price != 0.0);
        Ok((title, self.rules.prices.comparable(price).ok_or(Reason::NoPrice)?))
    }

    /// The last level, for rows that no other level linked.
    fn fuzzy(&self, open: Vec<u32>, outcomes: &mut [Outcome]) -> Result<(), StageError> {
        let mut queries = Vec::with_capacity(open.len());
        for row in open {
            match self.title_and_price(row) {
                Ok((title, price)) => queries.push((row, title, price)),
                Err(reason) => {
                    self.context.progress.advance(1);
                    outcomes[row as usize].reason.get_or_insert(reason);
                }
            }
        }
        if queries.is_empty() {
            return Ok(());
        }
        let guard = self.rules.attribute_guard.as_ref().map(Guard::new);
        let best = fuzzy_level::best_of(self.sides, self.rules, self.tolerances, &queries, self.context)?;
        for (query, best) in queries.iter().zip(best) {
            let outcome = &mut outcomes[query.0 as usize];
            outcome.compared = Some(best.compared);
            let reason = match best.found {
                Some((product, similarity)) if similarity > self.rules.cutoff => {
                    self.judge_similar(query.1, product, similarity, guard.as_ref(), outcome)
                }
                Some((product, similarity)) if similarity >= self.rules.near_miss_from => {
                    outcome.candidate.get_or_insert(Candidate {
                        product,
                        method: None,
                        confidence: 0.0,
                        similarity: Some(similarity),
                    });
                    Some(Reason::BelowSimilarity)
                }
                _ if best.compared == 0 => Some(Reason::NoPriceNeighbour),
                _ => Some(Reason::BelowSimilarity),
            };
            match reason {
                None => outcome.reason = None,
                Some(reason) => _ = outcome.reason.get_or_insert(reason),
            }
        }
        Ok(())
    }

    /// Notes a similar product; returns why it is no link after all.
    fn judge_similar(
        &self,
        title: &str,
        product: u32,
        similarity: f64,
        guard: Option<&Guard>,
        outcome: &mut Outcome,
    ) -> Option<Reason> {
        /// A confidence that never links by default (section 4.5).
        const CONFLICT: f64 = 0.84;
        let product_title = self.sides.products.titles[product as usize].unwrap_or_default();
        let conflict = guard.is_some_and(|guard| guard.tells_apart(title, product_title));
        let similar = fuzzy_confidence(similarity);
        let confidence = if conflict { similar.min(CONFLICT) } else { similar };
        let reason = (confidence < self.rules.min_confidence).then_some(if conflict {
            Reason::AttributeConflict
        } else {
            Reason::BelowMinConfidence
        });
        if reason.is_none() || outcome.candidate.is_none() {
            outcome.candidate = Some(Candidate {
                product,
                method: Some(Method::FuzzyTitlePrice),
                confidence,
                similarity: Some(similarity),
            });
        }
        reason
    }
}
