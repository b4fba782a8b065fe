//! The cascade as one would write it down: every catalog row against every product.

use super::{PatternRow, Row, Told};
use crate::linking::{
    address::{Seen, Telling, parts},
    link_products::LinkProducts,
    no_code::says_nothing,
    plain_title::plain_title,
    price::{PriceRule, cents},
    similarity::{Measure, fold_title, similarity},
    url,
};

struct Reference<'a> {
    operator: &'a LinkProducts,
    /// The catalog rows and products of one retailer that can be used.
    catalog: Vec<&'a Row>,
    products: Vec<&'a Row>,
    unstable: bool,
}

/// The form of an address that must be equal.
type Form = fn(&str) -> String;

pub fn told(operator: &LinkProducts, catalog: &[Row], products: &[Row], patterns: &[PatternRow]) -> Vec<Told> {
    let plain = |rows: &[Row]| -> Vec<Row> {
        let title = |row: &Row| match operator.original_quirks {
            true => row.title.clone(),
            false => {
                row.title.as_deref().map(|title| plain_title(title).into_owned()).filter(|title| !title.is_empty())
            }
        };
        rows.iter().map(|row| Row { title: title(row), ..row.clone() }).collect()
    };
    let (catalog, products) = (&plain(catalog), &plain(products));
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
            let usable = |other: &&Row| {
                let address = other.url.as_deref().is_some_and(url::is_absolute);
                address && other.price.is_none_or(|price| price >= 0.0) && other.retailer == row.retailer
            };
            let mut catalog: Vec<_> = catalog.iter().filter(usable).collect();
            catalog.sort_by_key(|other| other.id);
            Reference { operator, catalog, products, unstable }.judge(row)
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
            let measure = if self.operator.original_quirks { Measure::Difflib } else { self.operator.measure };
            let ratio = similarity(measure, &title, &fold_title(other));
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
        let same_url = self.meant(row, url, str::to_owned, &Telling::default(), &[]);
        let by_form = |form: Form| {
            let doubted = self.doubted(form);
            self.meant(row, url, form, &self.telling(form, &doubted), &doubted)
        };
        let normalized = by_form(|url| url::normalized(url).to_owned());
        let canonical = by_form(|url| url::canonical(url, &[]));
        let code = row.code.as_deref().filter(|code| !code.is_empty() && !says_nothing(code)).and_then(|code| {
            let group: Vec<&Row> =
                self.products.iter().copied().filter(|product| product.code.as_deref() == Some(code)).collect();
            match group.as_slice() {
                [product] => Some(*product),
                group => are_all_alike(group).then(|| self.choose(row, group)).flatten(),
            }
        });
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

    fn group(&self, form: Form, key: &str) -> Vec<&Row> {
        self.products
            .iter()
            .copied()
            .filter(|product| product.url.as_deref().map(form).as_deref() == Some(key))
            .collect()
    }

    /// The forms of single products at which the catalog shows unlike things.
    fn doubted(&self, form: Form) -> Vec<String> {
        let has_parts = |row: &Row| row.url.as_deref().is_some_and(|url| url.contains(['?', '#']));
        let keys = self
            .products
            .iter()
            .filter(|product| has_parts(product))
            .filter_map(|product| product.url.as_deref().map(form));
        keys.filter(|key| self.group(form, key).len() == 1)
            .filter(|key| {
                let there = |row: &&&Row| has_parts(row) && row.url.as_deref().map(form).as_ref() == Some(key);
                let titles: Vec<&str> =
                    self.catalog.iter().filter(there).filter_map(|row| row.title.as_deref()).collect();
                titles.iter().any(|title| !are_alike(titles[0], title))
            })
            .collect()
    }

    fn telling(&self, form: Form, doubted: &[String]) -> Telling<'_> {
        let mut keys: Vec<String> =
            self.products.iter().filter_map(|product| product.url.as_deref().map(form)).collect();
        keys.sort();
        keys.dedup();
        let (mut products, mut sightings) = (Vec::new(), Vec::new());
        for (page, key) in (0..).zip(&keys) {
            let group = self.group(form, key);
            if group.len() == 1 && !doubted.contains(key) {
                continue;
            }
            for product in &group {
                products.push(Seen { page, url: product.url.as_deref().unwrap(), shows: product.title.as_deref() });
            }
            for row in self.catalog.iter().filter(|row| row.url.as_deref().map(form).as_ref() == Some(key)) {
                let sighting = Seen { page, url: row.url.as_deref().unwrap(), shows: row.title.as_deref() };
                let (ours, theirs) =
                    (sighting.url.contains(['?', '#']), group[0].url.as_deref().unwrap().contains(['?', '#']));
                if !ours || !theirs {
                    continue;
                }
                if group.len() == 1 && sighting.shows.is_some() {
                    products.push(sighting)
                } else {
                    sightings.push(sighting)
                }
            }
        }
        Telling::learn(&products, &sightings)
    }

    fn meant(&self, row: &Row, url: &str, form: Form, telling: &Telling<'_>, doubted: &[String]) -> Option<&Row> {
        let key = form(url);
        let group = self.group(form, &key);
        if let [product] = group.as_slice()
            && !doubted.contains(&key)
        {
            let theirs = product.url.as_deref().unwrap();
            return (!telling.differ(url, theirs) && !self.is_another(row, url, product, theirs)).then_some(*product);
        }
        let Some(wanted) = telling.key(url) else { return self.choose(row, &group) };
        let is_told = |product: &&Row| telling.key(product.url.as_deref().unwrap()).as_ref() == Some(&wanted);
        let told: Vec<&Row> = group.iter().copied().filter(is_told).collect();
        match told.as_slice() {
            [] => None,
            [product] => Some(*product),
            // Whether they are alike is asked of all that share the form.
            told => self.choose_if(row, told, group.len() > 1 && are_all_alike(&group)),
        }
    }

    fn is_another(&self, row: &Row, url: &str, product: &Row, theirs: &str) -> bool {
        let differ = parts(url).iter().any(|(part, value)| parts(theirs).iter().any(|(p, v)| p == part && v != value));
        let words = |row: &Row| -> Option<Vec<String>> {
            let title = fold_title(row.title.as_deref()?);
            Some(
                title
                    .split(|c: char| !c.is_alphanumeric())
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect(),
            )
        };
        let strange = words(row).zip(words(product)).is_some_and(|(a, b)| !a.iter().any(|word| b.contains(word)));
        differ && strange && row.price.is_some() && product.price.is_some() && !self.near(row, product)
    }

    fn choose<'r>(&self, row: &Row, group: &[&'r Row]) -> Option<&'r Row> {
        self.choose_if(row, group, group.len() > 1 && are_all_alike(group))
    }

    fn choose_if<'r>(&self, row: &Row, group: &[&'r Row], alike: bool) -> Option<&'r Row> {
        let folded = |row: &Row| row.title.as_deref().map(fold_title);
        let ranked = group.iter().map(|product| {
            let alikeness =
                folded(row).zip(folded(product)).map_or(0.0, |(a, b)| similarity(self.operator.measure, &a, &b));
            let gap = row.price.zip(product.price).map_or(f64::INFINITY, |(a, b)| (a - b).abs());
            (alikeness, gap, *product)
        });
        let best = ranked.min_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)).then(a.2.id.cmp(&b.2.id)))?;
        (alike || best.0 > self.operator.cutoff).then_some(best.2)
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

fn are_alike(a: &str, b: &str) -> bool {
    similarity(Measure::Indel, &fold_title(a), &fold_title(b)) >= 0.8
}

fn are_all_alike(group: &[&Row]) -> bool {
    let titles: Vec<&str> = group.iter().filter_map(|product| product.title.as_deref()).collect();
    titles.iter().all(|title| are_alike(titles[0], title))
}
