//! Patterns from all links, earlier ones and tonight's, at once (sections 6.1 and 7.2).

use std::collections::{BTreeMap, HashMap, HashSet};

use polars::prelude::DataFrame;

use super::{
    attempts::{Attempt, MethodStats, in_cascade_order},
    backfill::PATH_STABLE,
    outputs::{Learned, Pattern, Patterns},
    recent::{Forgetting, Recent, RecentPattern},
    wilson,
};
use crate::{
    linking::{
        columns::{floats, integers, texts},
        link_products::{self, ALSO_COMPARE, NOT_ALSO_COMPARE},
        method::Method,
        no_code::says_nothing,
        url,
    },
    operator::StageError,
};

/// Codes and images count as stable only when so many pairs could be compared.
const MIN_COMPARABLE: u64 = 5;
/// The largest share of changed codes that counts as stable.
const CODE_CHANGES: f64 = 0.05;
/// Images are consistent above this share of pairs with an image in common.
const IMAGES_CONSISTENT: f64 = 0.80;

/// What is known besides tonight's attempts.
pub struct Sources {
    pub linked: Option<DataFrame>,
    pub products: Option<DataFrame>,
    pub images: Option<DataFrame>,
}

/// What counts, and how much.
pub struct Rules {
    pub min_sample: i64,
    pub forgetting: Forgetting,
}

/// A link, whenever it was made.
struct Link<'a> {
    method: &'a str,
    confidence: f64,
    url_changed: bool,
    /// `None` when one side has no code.
    code_changed: Option<bool>,
    weight: f64,
}

/// What was seen of a retailer.
#[derive(Default)]
struct Tally {
    /// Links and tonight's failures.
    rows: u64,
    links: u64,
    url_changes: u64,
    codes_comparable: u64,
    code_changes: u64,
    confidence_sum: f64,
    recent: Recent,
    methods: BTreeMap<Method, MethodStats>,
    images: Option<Images>,
}

#[derive(Clone, Copy)]
struct Images {
    comparable: i64,
    disjoint: i64,
    consistency: Option<f64>,
}

impl Tally {
    fn add_link(&mut self, link: &Link<'_>) {
        self.rows += 1;
        self.links += 1;
        self.url_changes += u64::from(link.url_changed);
        self.codes_comparable += u64::from(link.code_changed.is_some());
        self.code_changes += u64::from(link.code_changed == Some(true));
        self.confidence_sum += link.confidence;
        self.recent.add(link.weight, link.url_changed);
        if let Some(method) = Method::from_name(link.method) {
            self.methods.entry(method).or_default().add(link.confidence);
        }
    }
}

/// Learns from everything. Retailers without a link are left out.
///
/// # Errors
/// When a frame lacks a column.
pub fn learn(
    attempts: &[Attempt<'_>],
    sources: &Sources,
    known: &Patterns,
    rules: &Rules,
    measured: &str,
) -> Result<Learned, StageError> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    if let Some(linked) = &sources.linked {
        let tonight: HashSet<i64> =
            attempts.iter().filter(|attempt| attempt.success).map(|attempt| attempt.catalog_id).collect();
        add_earlier_links(linked, sources.products.as_ref(), &tonight, rules.forgetting, &mut tallies)?;
    }
    for attempt in attempts {
        let tally = match tallies.get_mut(attempt.retailer) {
            Some(tally) => tally,
            None => tallies.entry(attempt.retailer.to_owned()).or_default(),
        };
        if attempt.success {
            tally.add_link(&Link {
                method: attempt.method,
                confidence: attempt.confidence,
                url_changed: attempt.url_changed,
                code_changed: attempt.code_changed,
                weight: rules.forgetting.weight(None),
            });
            let used = Method::from_name(attempt.method).and_then(|method| tally.methods.get_mut(&method));
            if let Some(stats) = used {
                stats.last_used.get_or_insert_with(|| measured.to_owned());
            }
        } else {
            tally.rows += 1;
        }
    }
    if let Some(images) = &sources.images {
        add_images(images, &mut tallies)?;
    }
    let mut learned = Learned::default();
    for (retailer, tally) in tallies {
        learned.totals.insert(retailer.clone(), (tally.links, tally.rows));
        if tally.links > 0 {
            let was = known.get(&retailer);
            let judged = judge(&retailer, tally, was, rules.min_sample, measured);
            learned.methods.extend(judged.methods);
            learned.recent.insert(retailer.clone(), judged.recent);
            learned.patterns.insert(retailer, judged.pattern);
        }
    }
    Ok(learned)
}

/// Links of earlier nights, in id order so that confidences are summed in a fixed order; rows that were linked
/// again tonight are passed over.
fn add_earlier_links(
    linked: &DataFrame,
    products: Option<&DataFrame>,
    tonight: &HashSet<i64>,
    forgetting: Forgetting,
    tallies: &mut BTreeMap<String, Tally>,
) -> Result<(), StageError> {
    let codes: HashMap<&str, &str> = match products {
        Some(products) => texts(products, "url")?
            .into_iter()
            .zip(texts(products, "product_code")?)
            .filter_map(|(url, code)| Some((url?, code.filter(|code| !says_nothing(code))?)))
            .collect(),
        None => HashMap::new(),
    };
    let ids = integers(linked, "id")?;
    let urls = texts(linked, "catalog_url")?;
    let retailers = texts(linked, "retailer")?;
    let product_urls = texts(linked, "linked_product_url")?;
    let confidences = floats(linked, "link_confidence")?;
    let methods = texts(linked, "link_method")?;
    let own_codes = texts(linked, "product_code")?;
    let times = texts(linked, "discovered_date")?;
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|row| ids[*row]);
    for row in order {
        let (Some(retailer), Some(product_url)) = (retailers[row], product_urls[row]) else { continue };
        if ids[row].is_some_and(|id| tonight.contains(&id)) {
            continue;
        }
        let tally = match tallies.get_mut(retailer) {
            Some(tally) => tally,
            None => tallies.entry(retailer.to_owned()).or_default(),
        };
        let own_code = own_codes[row].filter(|code| !says_nothing(code));
        tally.add_link(&Link {
            method: methods[row].unwrap_or_default(),
            confidence: confidences[row].unwrap_or_default(),
            url_changed: urls[row].is_some_and(|own| url::changed(own, product_url)),
            code_changed: own_code.zip(codes.get(product_url)).map(|(own, other)| own != *other),
            weight: forgetting.weight(times[row]),
        });
    }
    Ok(())
}

fn add_images(images: &DataFrame, tallies: &mut BTreeMap<String, Tally>) -> Result<(), StageError> {
    let comparable = integers(images, "comparable_pairs")?;
    let disjoint = integers(images, "disjoint_pairs")?;
    let consistency = floats(images, "consistency")?;
    for (row, retailer) in texts(images, "retailer")?.into_iter().enumerate() {
        if let Some(tally) = retailer.and_then(|retailer| tallies.get_mut(retailer)) {
            tally.images = Some(Images {
                comparable: comparable[row].unwrap_or_default(),
                disjoint: disjoint[row].unwrap_or_default(),
                consistency: consistency[row],
            });
        }
    }
    Ok(())
}

/// The method with the highest lower bound of its success among those tried often enough, the earlier level at a tie;
/// when none was, the one with the most links.
fn best_method(methods: &[(Method, MethodStats)], min_sample: i64) -> Option<Method> {
    let enough = u64::try_from(min_sample).unwrap_or_default();
    let first_best = |score: &dyn Fn(&MethodStats) -> Option<f64>| {
        let mut best: Option<(Method, f64)> = None;
        for (method, stats) in methods {
            if let Some(score) = score(stats)
                && best.is_none_or(|(_, most)| score > most)
            {
                best = Some((*method, score));
            }
        }
        best.map(|(method, _)| method)
    };
    first_best(&|stats| (stats.attempts >= enough).then(|| wilson::lower_bound(stats.successes, stats.attempts)))
        .or_else(|| first_best(&|stats| Some(stats.successes as f64)))
}

struct Judged {
    pattern: Pattern,
    methods: Vec<MethodStats>,
    recent: RecentPattern,
}

fn judge(retailer: &str, tally: Tally, known: Option<&Pattern>, min_sample: i64, measured: &str) -> Judged {
    let links = tally.links as f64;
    let stability = 1.0 - tally.url_changes as f64 / links;
    let methods: Vec<_> = in_cascade_order(retailer, tally.rows, tally.methods).collect();
    let best = best_method(&methods, min_sample);
    let best_name = best.map(Method::name);
    let sample = i64::try_from(tally.links).unwrap_or(i64::MAX);
    // What was seen lately decides; the lifetime figures are what is published.
    let also_compare = link_products::is_unstable(
        link_products::Pattern {
            stability: Some(tally.recent.judged_stability(min_sample)),
            best_method: best_name,
            sample: Some(sample),
            notes: known.and_then(|known| known.notes.as_deref()),
        },
        min_sample,
    );
    let code_share = tally.code_changes as f64 / tally.codes_comparable.max(1) as f64;
    let notes = format!(
        "source=links; linked={}; success={:.1}%; url_stability={:.1}%; method={}; mean_confidence={:.4}; {}",
        tally.links,
        links / tally.rows as f64 * 100.0,
        stability * 100.0,
        best_name.unwrap_or("url"),
        tally.confidence_sum / links,
        if also_compare { ALSO_COMPARE } else { NOT_ALSO_COMPARE },
    );
    let pattern = Pattern {
        url_stability_score: Some(stability),
        last_measured: Some(measured.to_owned()),
        sample_size: Some(sample),
        product_code_stable: Some(i64::from(tally.codes_comparable >= MIN_COMPARABLE && code_share <= CODE_CHANGES)),
        path_stable: Some(i64::from(stability > PATH_STABLE)),
        image_urls_consistent: tally
            .images
            .filter(|images| images.comparable >= i64::try_from(MIN_COMPARABLE).unwrap_or_default())
            .and_then(|images| images.consistency)
            .map(|consistency| i64::from(consistency > IMAGES_CONSISTENT)),
        best_dedup_method: Some(best_name.unwrap_or("url").to_owned()),
        dedup_confidence_threshold: Some(best.map_or(0.85, Method::confidence)),
        url_changes_detected: i64::try_from(tally.url_changes).ok(),
        code_changes_detected: i64::try_from(tally.code_changes).ok(),
        image_url_changes_detected: Some(tally.images.map_or(0, |images| images.disjoint)),
        notes: Some(notes),
    };
    Judged {
        pattern,
        methods: methods.into_iter().map(|(_, stats)| stats).collect(),
        recent: RecentPattern { counts: tally.recent, also_compare },
    }
}
