//! The cascade: each level looks only at the rows the levels before it left open.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    sync::OnceLock,
};

use rayon::prelude::*;

use super::{
    fuzzy_level,
    guard::Guard,
    keys::Keys,
    levels::{Level, plan},
    params::Rules,
    rows::{NO_RETAILER, Rows, Sides},
    title_prices::TitlePrices,
    tolerance::Tolerances,
};
use crate::{
    linking::{
        address::Telling,
        first_rows::hash,
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
    indexes: [OnceLock<KeyLevel<'a>>; Method::ALL.len()],
}

/// Products by what must be equal at a level, and by retailer number what tells those apart that share it.
struct KeyLevel<'a> {
    keys: Keys,
    telling: Vec<Telling<'a>>,
}

/// What a run of the cascade found.
pub struct Findings<'a> {
    /// The outcome of every catalog row, in row order.
    pub outcomes: Vec<Outcome>,
    /// What was learned of the retailers' addresses and codes.
    pub learned: Learned<'a>,
}

/// What the products' addresses and codes say, by retailer number.
#[derive(Default)]
pub struct Learned<'a> {
    /// How many products share their address, up to query and fragment, with an unlike one; and what tells them apart, which may
    /// be nothing.
    pub shared_addresses: BTreeMap<u32, (u64, Telling<'a>)>,
    /// How many products share their code with an unlike one.
    pub shared_codes: BTreeMap<u32, u64>,
}

impl Learned<'_> {
    /// Whether two addresses of a retailer are those of different pages.
    pub fn changed(&self, retailer: u32, catalog_url: &str, product_url: &str) -> bool {
        let telling = self.shared_addresses.get(&retailer).map(|(_, telling)| telling);
        url::changed(catalog_url, product_url)
            || telling.is_some_and(|telling| telling.differ(catalog_url, product_url))
    }
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

    /// Takes every catalog row through the levels.
    ///
    /// # Errors
    /// When the run was asked to stop.
    pub fn run(&self) -> Result<Findings<'a>, StageError> {
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
        Ok(Findings { outcomes, learned: self.learned() })
    }

    fn learned(&self) -> Learned<'a> {
        let level = |method: Method| self.indexes[method as usize].get();
        let mut learned = Learned::default();
        for level in [Method::CanonicalUrl, Method::NormalizedUrl].into_iter().filter_map(level) {
            for (retailer, products) in level.keys.unlike(self.sides) {
                let telling = level.telling.get(retailer as usize).cloned().unwrap_or_default();
                let known = learned.shared_addresses.entry(retailer).or_insert((0, Telling::default()));
                // The level that takes addresses as they are knows better, if it knows anything.
                known.0 = known.0.max(products);
                if !telling.is_empty() {
                    known.1 = telling;
                }
            }
        }
        if let Some(codes) = level(Method::ProductCode) {
            learned.shared_codes = codes.keys.unlike(self.sides);
        }
        learned
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
            || catalog
                .title(row)
                .zip(products.title(product))
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
        let level = self.indexes[method as usize].get_or_init(|| self.level(method));
        let nothing = Telling::default();
        open.par_iter()
            .map(|row| {
                let first = self.first(&level.keys, method, *row)?;
                if method == Method::ProductCode {
                    return level.keys.meant_by_code(self.sides, self.rules, *row, first);
                }
                let telling = level.telling.get(self.retailer(*row)).unwrap_or(&nothing);
                level.keys.meant(self.sides, self.rules, telling, *row, first)
            })
            .collect()
    }

    /// The first product with the key of a catalog row.
    fn first(&self, keys: &Keys, method: Method, row: u32) -> Option<u32> {
        let key = self.key(&self.sides.catalog, method, row as usize)?;
        keys.first(hash((key.0, &key.1)), |product| {
            self.key(&self.sides.products, method, product as usize).as_ref() == Some(&key)
        })
    }

    /// Indexes the products for a level; at those of the addresses' forms also learns what tells apart what shares a form.
    fn level(&self, method: Method) -> KeyLevel<'a> {
        let products = &self.sides.products;
        let hashes: Vec<_> = (0..products.len())
            .into_par_iter()
            .map(|row| self.key(products, method, row).map(|(group, text)| hash((group, &text))))
            .collect();
        let has_same_key =
            |a: u32, b: u32| self.key(products, method, a as usize) == self.key(products, method, b as usize);
        let mut keys = Keys::build(self.sides, &hashes, has_same_key, self.rules.original);
        if self.rules.original || !matches!(method, Method::NormalizedUrl | Method::CanonicalUrl) {
            return KeyLevel { keys, telling: Vec::new() };
        }
        let catalog = &self.sides.catalog;
        let has_parts = |url: &str| url.contains(['?', '#']);
        let mut hits: Vec<(u32, u32)> = (0u32..)
            .take(catalog.len())
            .collect::<Vec<_>>()
            .into_par_iter()
            .filter(|row| has_parts(catalog.urls[*row as usize]))
            .filter_map(|row| Some((self.first(&keys, method, row)?, row)))
            .filter(|(first, _)| has_parts(products.urls[*first as usize]))
            .collect();
        hits.par_sort_unstable();
        let telling = keys.learn(self.sides, &hits);
        KeyLevel { keys, telling }
    }

    /// The text that must be equal at a level.
    fn key<'r>(&self, rows: &'r Rows<'_>, method: Method, row: usize) -> Option<(u32, Cow<'r, str>)> {
        let retailer = rows.retailers[row];
        let identity = || self.identity.get(retailer as usize).copied().unwrap_or_default();
        let text = match method {
            Method::ExactUrl => Cow::Borrowed(rows.urls[row]),
            Method::NormalizedUrl => url::normalized_keeping(rows.urls[row], identity()),
            Method::CanonicalUrl => Cow::Owned(url::canonical(rows.urls[row], identity())),
            Method::ProductCode => Cow::Borrowed(rows.codes[row]?),
            Method::ExactTitlePrice | Method::FuzzyTitlePrice => Cow::Borrowed(rows.title(row)?),
        };
        Some((retailer, text))
    }

    /// What the title levels compare: a title that is not empty and a price that is not zero.
    fn title_and_price(&self, row: u32) -> Result<(&'a str, f64), Reason> {
        let catalog = &self.sides.catalog;
        let title = catalog.title(row as usize).filter(|title| !title.is_empty()).ok_or(Reason::NoTitle)?;
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
        let product_title = self.sides.products.title(product as usize).unwrap_or_default();
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
