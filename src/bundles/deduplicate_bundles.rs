//! `deduplicate-bundles`: each bundle once, in one order over all objectives, and no more of a kind than a shop can show.

use std::collections::{BTreeMap, HashMap, HashSet};

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    best::falling,
    candidate::Candidate,
    candidate_rows::{CANDIDATES, DROPPED, Dropped, Made, ShopMade, candidate_rows, joined, read_candidates},
    deduplication::{BundleHash, NearDuplicate, Quotas, merge_equal, near_duplicates},
    drop_reason::DropReason,
    optimize_portfolio::OPTIMIZED,
    phases::{DEDUPLICATION, ENABLED},
    products::{OF_ITEMS, Products, ShopProducts, products_port},
};
use crate::{
    flags::{Flag, StageFlags, flag},
    mining::rounded,
    operator::{
        ColumnKind, Columns, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, Phase, PortSchema,
        StageContext, StageError,
    },
};

use ColumnKind::{Float, Int, Text};

/// Deduplicates bundles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeduplicateBundles {
    /// Bundles of one objective and type in a shop; null for the flag `bundling.max_per_bundle_type`.
    pub max_per_bundle_type: Option<usize>,
    /// Bundles of the same items; null for the flag `bundling.max_per_pair`.
    pub max_per_pair: Option<usize>,
    /// Bundles of a shop.
    pub max_bundles: usize,
}

impl Default for DeduplicateBundles {
    fn default() -> Self {
        Self { max_per_bundle_type: None, max_per_pair: None, max_bundles: 100 }
    }
}

/// Without it equal bundles are one all the same, but there are no quotas.
const DEDUPLICATES: &Flag = flag("phase.deduplication");
const OF_TYPE: &Flag = flag("bundling.max_per_bundle_type");
const OF_PAIR: &Flag = flag("bundling.max_per_pair");

/// What this phase adds.
pub const IDENTITY: Columns = &[("dedupe_hash", Text), ("rank_position", Int)];

/// The columns of a shop's bundles.
pub const BUNDLES: [(&str, ColumnKind); OPTIMIZED.len() + IDENTITY.len()] = joined(&[&OPTIMIZED, IDENTITY]);

/// The columns of `near_duplicates`.
const NEAR: Columns = &[("shop_id", Text), ("kept_hash", Text), ("other_hash", Text), ("jaccard", Float)];

const KEYS: Columns = &[("hash_key", Text)];
const PRODUCTS: [(&str, ColumnKind); OF_ITEMS.len() + KEYS.len()] = joined(&[OF_ITEMS, KEYS]);

/// Why a bundle that a person rejected is not there.
const REJECTED: &str = "REJECTED";

impl Operator for DeduplicateBundles {
    const NAME: &'static str = "deduplicate-bundles";
    const SUMMARY: &'static str = "Merges equal bundles, leaves out what was rejected, and brings those of all objectives into one order within quotas.";
    const VERSION: u32 = 1;
    const FLAGS: &'static [&'static Flag] = &[DEDUPLICATES, OF_TYPE, OF_PAIR];
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(DEDUPLICATION);
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("optimized", &OPTIMIZED, "The output of `optimize-portfolio`."),
        products_port(&PRODUCTS),
        InputPort::optional(
            "rejections",
            &[("shop_id", Text), ("dedupe_hash", Text)],
            "Bundles that a person rejected: they do not come back.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "bundles",
                "The bundles of each shop, best first. `dedupe_hash` is the SHA-256 of type, objective and sorted SKUs.",
                &BUNDLES,
            ),
            OutputPort::new("dropped", "Bundles that are there already, were rejected, or have no place.", DROPPED),
            OutputPort::new(
                "near_duplicates",
                "Bundles of nearly the same items with another type or objective; both stay.",
                NEAR,
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between(
            "max_per_bundle_type",
            self.max_per_bundle_type.unwrap_or(1) as f64,
            1.0,
            100_000.0,
        )?;
        ParamError::unless_between("max_per_pair", self.max_per_pair.unwrap_or(1) as f64, 1.0, 100_000.0)?;
        ParamError::unless_between("max_bundles", self.max_bundles as f64, 1.0, 100_000.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut frame = inputs.take("optimized")?.collect()?;
        frame.rechunk_mut();
        let products = Products::read(inputs.take("products")?)?;
        let keys = products.texts("hash_key")?;
        let rejected = inputs.take_optional("rejections").map_or_else(|| Ok(HashMap::new()), rejections)?;
        let scores = frame.column("final_score")?.f64()?.rechunk().into_owned();
        let shops = read_candidates(&frame, "optimized", &products)?;
        let nothing = HashSet::new();
        let found: Vec<Found> = shops
            .par_iter()
            .map(|shop| {
                context.check_cancelled()?;
                let Some(of_shop) = products.shop(shop.rows.shop.as_deref()) else { return Ok(Found::default()) };
                let rejected = rejected.get(&shop.rows.shop).unwrap_or(&nothing);
                let quotas = self.quotas(&context.flags, shop.rows.shop.as_deref());
                Ok(of_one_shop(shop, of_shop, (&keys, &scores), rejected, quotas))
            })
            .collect::<Result<_, StageError>>()?;
        let mut dropped = Dropped::default();
        for (row, reason) in found.iter().flat_map(|found| &found.dropped) {
            dropped.push(*row, reason, None);
        }
        Ok(Frames::new()
            .with("bundles", bundles(&frame, &shops, &found, &products)?)
            .with("dropped", dropped.frame(&frame)?)
            .with("near_duplicates", near(&shops, &found)?))
    }
}

/// What is left of a shop.
#[derive(Default)]
struct Found {
    /// The rows that stay, best first, with their candidates and hashes.
    kept: Vec<(usize, Made, BundleHash)>,
    dropped: Vec<(usize, &'static str)>,
    /// Pairs of places among those that stay.
    near: Vec<NearDuplicate>,
}

impl DeduplicateBundles {
    fn quotas(&self, flags: &StageFlags, shop: Option<&str>) -> Quotas {
        let count = |flag| usize::try_from(flags.int(shop, flag)).unwrap_or_default();
        if !flags.is_on(shop, DEDUPLICATES) {
            return Quotas { of_kind: usize::MAX, of_items: usize::MAX, of_all: usize::MAX };
        }
        Quotas {
            of_kind: self.max_per_bundle_type.unwrap_or_else(|| count(OF_TYPE)),
            of_items: self.max_per_pair.unwrap_or_else(|| count(OF_PAIR)),
            of_all: self.max_bundles,
        }
    }
}

fn of_one_shop(
    shop: &ShopMade,
    products: ShopProducts<'_>,
    (keys, scores): (&StringChunked, &Float64Chunked),
    rejected: &HashSet<String>,
    quotas: Quotas,
) -> Found {
    let mut found = Found::default();
    let row = |place: usize| shop.rows.rows.start + place;
    let score = |place: usize| scores.get(row(place)).unwrap_or_default();
    let mut candidates: Vec<Candidate> = shop.made.iter().map(|made| made.candidate.clone()).collect();
    let hash = |candidate: &Candidate| {
        let key = |item: &_| keys.get(products.row(*item)).unwrap_or_default();
        let skus: Vec<&str> = candidate.items.iter().map(key).collect();
        BundleHash::of(candidate.bundle_type, candidate.objective, &skus)
    };
    let hashes: Vec<BundleHash> = candidates.iter().map(hash).collect();
    let of_all: Vec<Option<f64>> = (0..candidates.len()).map(|place| Some(score(place))).collect();
    let mut primaries = Vec::with_capacity(candidates.len());
    for merged in merge_equal(&mut candidates, &hashes, &of_all) {
        found.dropped.extend(merged.others.iter().map(|place| (row(*place), DropReason::DuplicateSku.name())));
        if !rejected.is_empty() && rejected.contains(&hashes[merged.primary].to_string()) {
            found.dropped.push((row(merged.primary), REJECTED));
        } else {
            primaries.push(merged.primary);
        }
    }
    let sorted_items: Vec<_> = candidates.iter().map(Candidate::sorted_items).collect();
    primaries.sort_by(|one, other| {
        let (a, b) = (&candidates[*one], &candidates[*other]);
        falling(score(*one), score(*other))
            .then_with(|| falling(a.confidence, b.confidence))
            .then_with(|| falling(a.lift, b.lift))
            .then_with(|| sorted_items[*one].cmp(&sorted_items[*other]))
            .then_with(|| (a.bundle_type, a.objective).cmp(&(b.bundle_type, b.objective)))
    });
    let stays = quotas.kept(primaries.iter().map(|place| &candidates[*place]));
    for (place, stays) in primaries.into_iter().zip(stays) {
        if stays {
            let made = Made { candidate: candidates[place].clone(), ..shop.made[place].clone() };
            found.kept.push((row(place), made, hashes[place]));
        } else {
            found.dropped.push((row(place), DropReason::LowScore.name()));
        }
    }
    found.dropped.sort_unstable();
    let left: Vec<Candidate> = found.kept.iter().map(|(_, made, _)| made.candidate.clone()).collect();
    let of_left: Vec<f64> = found.kept.iter().map(|(row, ..)| scores.get(*row).unwrap_or_default()).collect();
    found.near = near_duplicates(&left, &of_left);
    found
}

/// The hashes that were rejected in each shop.
fn rejections(rows: LazyFrame) -> Result<HashMap<Option<String>, HashSet<String>>, StageError> {
    let frame = rows.collect()?;
    let mut rejected: HashMap<Option<String>, HashSet<String>> = HashMap::new();
    for (shop, hash) in frame.column("shop_id")?.str()?.iter().zip(frame.column("dedupe_hash")?.str()?.iter()) {
        let Some(hash) = hash else { continue };
        rejected.entry(shop.map(str::to_owned)).or_default().insert(hash.to_owned());
    }
    Ok(rejected)
}

/// The rows that stay, with what merging changed.
fn bundles(
    frame: &DataFrame,
    shops: &[ShopMade],
    found: &[Found],
    products: &Products,
) -> Result<DataFrame, StageError> {
    let rows: IdxCa = found.iter().flat_map(|found| &found.kept).map(|(row, ..)| Some(*row as IdxSize)).collect();
    let mut kept = frame.take(&rows)?;
    let made: Vec<Vec<Made>> =
        found.iter().map(|found| found.kept.iter().map(|(_, made, _)| made.clone()).collect()).collect();
    let of_shops: Vec<(ShopProducts<'_>, Option<&str>, &[Made])> = (shops.iter().zip(&made))
        .filter_map(|(shop, made)| {
            let name = shop.rows.shop.as_deref();
            Some((products.shop(name)?, name, made.as_slice()))
        })
        .collect();
    let merged = candidate_rows(&of_shops)?;
    for (name, _) in CANDIDATES {
        kept.with_column(merged.column(name)?.clone())?;
    }
    let hashes: Vec<String> = found.iter().flat_map(|found| &found.kept).map(|(.., hash)| hash.to_string()).collect();
    let ranks: Vec<i64> = found.iter().flat_map(|found| (1..).take(found.kept.len())).collect();
    kept.with_column(Column::new("dedupe_hash".into(), hashes))?;
    kept.with_column(Column::new("rank_position".into(), ranks))?;
    Ok(kept)
}

fn near(shops: &[ShopMade], found: &[Found]) -> Result<DataFrame, StageError> {
    let rows =
        || shops.iter().zip(found).flat_map(|(shop, found)| found.near.iter().map(move |near| (shop, found, near)));
    let hash = |of: fn(&NearDuplicate) -> usize| {
        rows().map(|(_, found, near)| found.kept[of(near)].2.to_string()).collect::<Vec<_>>()
    };
    Ok(df!(
        "shop_id" => rows().map(|(shop, ..)| shop.rows.shop.as_deref()).collect::<Vec<_>>(),
        "kept_hash" => hash(|near| near.kept),
        "other_hash" => hash(|near| near.other),
        "jaccard" => rows().map(|(.., near)| rounded(near.jaccard)).collect::<Vec<_>>(),
    )?)
}
