//! The cascade as one would write it down: every catalog row against every product.

use super::{PatternRow, Row, Told};
use crate::linking::{
    link_products::LinkProducts,
    price::{PriceRule, cents},
    similarity::{fold_title, similarity},
    url,
};

struct Reference<'a> {
    operator: &'a LinkProducts,
    products: Vec<&'a Row>,
    unstable: bool,
}

pub fn told(operator: &LinkProducts, catalog: &[Row], products: &[Row], patterns: &[PatternRow]) -> Vec<Told> {
    let mut told: Vec<_> = catalog
        .iter()
        .map(|row| {
            let mut products: Vec<_> = products
                .iter()
                .filter(|product| product.url.is_some() && product.retailer.is_some())
                .filter(|product| product.retailer == row.retailer)
                .collect();
            products.sort_by_key(|product| product.id);
            let unstable = patterns
                .iter()
                .find(|pattern| Some(pattern.0) == row.retailer.as_deref())
                .is_some_and(|pattern| is_unstable(operator, pattern));
            Reference { operator, products, unstable }.judge(row)
        })
        .collect();
    told.sort_by_key(|told| told.id);
    told
}

fn is_unstable(operator: &LinkProducts, (_, stability, method, sample, notes): &PatternRow) -> bool {
    let fuzzy = *method == "fuzzy_title_price";
    if operator.original_quirks {
        return *stability < 0.5 || fuzzy;
    }
    *sample >= 20
        && match *notes {
            "also_compare=on" => true,
            "also_compare=off" => false,
            _ => fuzzy || *stability < 0.5,
        }
}

impl Reference<'_> {
    fn judge(&self, row: &Row) -> Told {
        let rejected = |reason: &str| Told { id: row.id, link: None, reason: Some(reason.to_owned()) };
        let Some(url) = row.url.as_deref() else { return rejected("null_url") };
        if !self.operator.original_quirks {
            if url.is_empty() {
                return rejected("empty_url");
            }
            if !url::is_absolute(url) {
                return rejected("not_a_url");
            }
            if row.price.is_some_and(|price| price < 0.0) {
                return rejected("negative_price");
            }
        }
        if row.retailer.is_none() {
            return rejected("no_retailer");
        }
        if self.products.is_empty() {
            return rejected("no_retailer_products");
        }
        let found = if self.operator.original_quirks { self.original(row, url) } else { self.corrected(row, url) };
        match found {
            Ok((product, confidence, method, similarity)) => Told {
                id: row.id,
                link: Some((
                    product.id,
                    product.url.clone().unwrap_or_default(),
                    confidence,
                    method.to_owned(),
                    similarity,
                )),
                reason: None,
            },
            Err(reason) => rejected(reason),
        }
    }

    fn first(&self, is_it: impl Fn(&Row) -> bool) -> Option<&Row> {
        self.products.iter().copied().find(|product| is_it(product))
    }

    fn original(&self, row: &Row, url: &str) -> Result<(&Row, f64, &'static str, Option<f64>), &'static str> {
        if !self.unstable {
            if let Some(product) = self.first(|product| product.url.as_deref() == Some(url)) {
                return Ok((product, 1.0, "exact_url", None));
            }
            let wanted = url::normalized(url);
            if let Some(product) = self.first(|product| product.url.as_deref().map(url::normalized) == Some(wanted)) {
                return Ok((product, 0.95, "normalized_url", None));
            }
            if row.code.as_deref().is_some_and(|code| !code.is_empty())
                && let Some(product) = self.first(|product| product.code == row.code)
            {
                return Ok((product, 0.90, "product_code", None));
            }
        }
        self.by_title(row)
    }

    fn by_title(&self, row: &Row) -> Result<(&Row, f64, &'static str, Option<f64>), &'static str> {
        self.title_and_price(row)?;
        if let Some(product) = self.same_title(row) {
            return Ok((product, 0.95, "exact_title_price", None));
        }
        self.similar(row)
    }

    fn title_and_price(&self, row: &Row) -> Result<(), &'static str> {
        if row.title.as_deref().is_none_or(|title| self.is_no_title(title) || title.is_empty()) {
            return Err("no_title");
        }
        if self.operator.price_rule != PriceRule::None && row.price.is_none_or(|price| price == 0.0) {
            return Err("no_price");
        }
        Ok(())
    }

    fn is_no_title(&self, title: &str) -> bool {
        !self.operator.original_quirks && title.trim().is_empty()
    }

    fn same_title(&self, row: &Row) -> Option<&Row> {
        self.first(|product| product.title == row.title && self.near(row, product))
    }

    fn near(&self, row: &Row, product: &Row) -> bool {
        if self.operator.price_rule == PriceRule::None {
            return true;
        }
        let (Some(a), Some(b)) = (row.price, product.price) else { return false };
        if self.operator.original_quirks { (b - a).abs() < 1.0 } else { (cents(a) - cents(b)).abs() <= 99 }
    }

    fn similar(&self, row: &Row) -> Result<(&Row, f64, &'static str, Option<f64>), &'static str> {
        let title = fold_title(row.title.as_deref().unwrap_or_default());
        let mut best: Option<(&Row, f64)> = None;
        let gap =
            |product: &Row| (cents(row.price.unwrap_or_default()) - cents(product.price.unwrap_or_default())).abs();
        let mut any = false;
        for product in self.products.iter().copied().filter(|product| self.near(row, product)) {
            let Some(other) = product.title.as_deref().filter(|title| !self.is_no_title(title)) else { continue };
            any = true;
            let ratio = similarity(self.operator.measure, &title, &fold_title(other));
            let by_price = !self.operator.original_quirks && self.operator.price_rule != PriceRule::None;
            let better = best
                .is_none_or(|(first, most)| ratio > most || (ratio == most && by_price && gap(product) < gap(first)));
            if better {
                best = Some((product, ratio));
            }
        }
        match best {
            Some((product, ratio)) if ratio > 0.90 => {
                Ok((product, 0.85 + (ratio - 0.90) * 0.5, "fuzzy_title_price", Some(ratio)))
            }
            _ if any => Err("below_similarity"),
            _ => Err("no_price_neighbour"),
        }
    }

    fn corrected(&self, row: &Row, url: &str) -> Result<(&Row, f64, &'static str, Option<f64>), &'static str> {
        let same_url = self.first(|product| product.url.as_deref() == Some(url));
        let normalized =
            self.first(|product| product.url.as_deref().map(url::normalized) == Some(url::normalized(url)));
        let canonical = self.first(|product| {
            product.url.as_deref().map(|other| url::canonical(other, &[])) == Some(url::canonical(url, &[]))
        });
        let code = row
            .code
            .as_deref()
            .filter(|code| !code.is_empty())
            .and_then(|code| self.first(|product| product.code.as_deref() == Some(code)));
        let title = self.title_and_price(row).ok().and_then(|()| self.same_title(row));
        let accepted =
            |product: &Option<&Row>| product.is_some_and(|product| !self.unstable || self.agrees(row, product));
        let mut candidates: Vec<(Option<&Row>, f64, &str)> = vec![
            (same_url.filter(|_| accepted(&same_url)), 1.0, "exact_url"),
            (normalized.filter(|_| accepted(&normalized)), 0.95, "normalized_url"),
            (canonical.filter(|_| accepted(&canonical)), 0.94, "canonical_url"),
            (code, 0.90, "product_code"),
            (title, 0.95, "exact_title_price"),
        ];
        if self.unstable {
            candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
        if let Some((Some(product), confidence, method)) = candidates.into_iter().find(|found| found.0.is_some()) {
            return Ok((product, confidence, method, None));
        }
        let disagrees = self.unstable && (same_url.is_some() || normalized.is_some() || canonical.is_some());
        self.by_title(row).map_err(|reason| if disagrees { "url_disagrees" } else { reason })
    }

    fn agrees(&self, row: &Row, product: &Row) -> bool {
        (self.operator.price_rule != PriceRule::None && self.near(row, product))
            || row
                .title
                .as_deref()
                .zip(product.title.as_deref())
                .is_some_and(|(a, b)| !self.is_no_title(a) && !self.is_no_title(b) && fold_title(a) == fold_title(b))
    }
}
