//! `learn-images`: how far the images of linked pairs agree, retailer by retailer (section 13).

mod image_key;

use std::collections::BTreeMap;

use image_key::Images;
use polars::prelude::{
    DataFrame, DataType, Expr, JoinArgs, JoinType, LazyFrame, SortMultipleOptions, UnionArgs, col, concat,
};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{self, column, frame, texts};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, PortSchema, StageContext, StageError,
};

use ColumnKind::{Float, Int, Text};

/// Compares the images of linked pairs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearnImages {}

const PAIRS: &[(&str, ColumnKind)] = &[
    ("catalog_id", ColumnKind::Int),
    ("retailer", ColumnKind::Text),
    ("catalog_images", ColumnKind::Text),
    ("product_images", ColumnKind::Text),
];

impl Operator for LearnImages {
    const NAME: &'static str = "learn-images";
    const SUMMARY: &'static str =
        "Learns how far the images of linked catalog rows and products agree at each retailer.";
    const VERSION: u32 = 1;
    const USES_AS_OF: bool = true;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("links", &[("catalog_id", Int), ("product_id", Int)], "Tonight's links."),
        InputPort::required("catalog", &[("id", Int), ("retailer", Text), ("image_urls", Text)], "Their catalog rows.")
            .may_lack(&["image_urls"]),
        InputPort::optional(
            "linked",
            &[("id", Int), ("retailer", Text), ("linked_product_url", Text), ("image_urls", Text)],
            "Catalog rows that were linked before.",
        )
        .may_lack(&["image_urls"]),
        InputPort::required("products", &[("id", Int), ("url", Text), ("image_urls", Text)], "The products.")
            .may_lack(&["image_urls"]),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "image_patterns",
                "One row per retailer with a pair whose images could be compared.",
                &[
                    ("retailer", Text),
                    ("comparable_pairs", Int),
                    ("disjoint_pairs", Int),
                    ("mean_jaccard", Float),
                    ("mean_overlap", Float),
                    ("host_change_pairs", Int),
                    ("consistency", Float),
                    ("last_measured", Text),
                ],
            ),
            OutputPort::new(
                "rejected",
                "Linked pairs with images that are no JSON array of texts.",
                &[("catalog_id", Int), ("reason", Text)],
            ),
        ])
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let pairs = columns::collect(pairs(&mut inputs)?, PAIRS)?;
        context.check_cancelled()?;
        let (catalog, products) = (texts(&pairs, "catalog_images")?, texts(&pairs, "product_images")?);
        let compared: Vec<Compared> =
            catalog.par_iter().zip(&products).map(|(catalog, product)| compare(*catalog, *product)).collect();
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut rejected = Vec::new();
        let ids = columns::integers(&pairs, "catalog_id")?;
        for ((retailer, compared), id) in texts(&pairs, "retailer")?.into_iter().zip(compared).zip(ids) {
            match (retailer, compared) {
                (Some(retailer), Compared::Agreement(agreement)) => tallies.entry(retailer).or_default().add(agreement),
                (_, Compared::Unreadable) => rejected.push(id),
                (_, Compared::Agreement(_) | Compared::Incomparable) => {}
            }
        }
        let reason = "images_not_a_json_array";
        let rejected = frame(vec![
            column("catalog_id", rejected.iter().copied()),
            column("reason", rejected.iter().map(|_| reason)),
        ])?;
        Ok(Frames::new()
            .with("image_patterns", patterns(&tallies, &context.as_of.to_string())?)
            .with("rejected", rejected))
    }
}

/// All linked pairs with both sides' images, by catalog id.
fn pairs(inputs: &mut Frames) -> Result<LazyFrame, StageError> {
    let products = inputs.take("products")?;
    let catalog = inputs.take("catalog")?;
    let tonight = inputs
        .take("links")?
        .select([col("catalog_id"), col("product_id")])
        .join(
            catalog.select([col("id"), col("retailer"), text("image_urls").alias("catalog_images")]),
            [col("catalog_id")],
            [col("id")],
            JoinArgs::new(JoinType::Inner),
        )
        .join(
            products.clone().select([col("id"), text("image_urls").alias("product_images")]),
            [col("product_id")],
            [col("id")],
            JoinArgs::new(JoinType::Inner),
        )
        .select([col("catalog_id"), col("retailer"), col("catalog_images"), col("product_images")]);
    let mut all = vec![tonight];
    if let Some(linked) = inputs.take_optional("linked") {
        let earlier = linked
            .select([
                col("id").alias("catalog_id"),
                col("retailer"),
                col("linked_product_url"),
                text("image_urls").alias("catalog_images"),
            ])
            .join(
                products.select([col("url"), text("image_urls").alias("product_images")]),
                [col("linked_product_url")],
                [col("url")],
                JoinArgs::new(JoinType::Inner),
            )
            .select([col("catalog_id"), col("retailer"), col("catalog_images"), col("product_images")]);
        all.push(earlier);
    }
    let all = concat(all, UnionArgs::default())?;
    Ok(all
        .filter(col("catalog_images").is_not_null().and(col("product_images").is_not_null()))
        .sort(["catalog_id"], SortMultipleOptions::default().with_maintain_order(true)))
}

fn text(name: &str) -> Expr {
    col(name).cast(DataType::String)
}

/// How far two sets of images agree.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Agreement {
    /// Shared images over all images.
    jaccard: f64,
    /// Shared images over the catalog's images.
    overlap: f64,
    same_host: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compared {
    Agreement(Agreement),
    /// A side has no image.
    Incomparable,
    Unreadable,
}

fn compare(catalog: Option<&str>, product: Option<&str>) -> Compared {
    let (Some(catalog), Some(product)) = (catalog, product) else { return Compared::Incomparable };
    let (Some(catalog), Some(product)) = (Images::parse(catalog), Images::parse(product)) else {
        return Compared::Unreadable;
    };
    if catalog.is_empty() || product.is_empty() {
        return Compared::Incomparable;
    }
    let shared = catalog.shared(&product);
    Compared::Agreement(Agreement {
        jaccard: shared as f64 / (catalog.len() + product.len() - shared) as f64,
        overlap: shared as f64 / catalog.len() as f64,
        same_host: catalog.shares_host(&product),
    })
}

#[derive(Default)]
struct Tally {
    comparable: i64,
    disjoint: i64,
    jaccard: f64,
    overlap: f64,
    host_changes: i64,
}

impl Tally {
    fn add(&mut self, agreement: Agreement) {
        self.comparable += 1;
        self.disjoint += i64::from(agreement.jaccard == 0.0);
        self.jaccard += agreement.jaccard;
        self.overlap += agreement.overlap;
        self.host_changes += i64::from(!agreement.same_host);
    }
}

fn patterns(tallies: &BTreeMap<&str, Tally>, measured: &str) -> Result<DataFrame, StageError> {
    let mean = |sum: f64, tally: &Tally| sum / tally.comparable as f64;
    let rows = || tallies.values();
    frame(vec![
        column("retailer", tallies.keys().copied()),
        column("comparable_pairs", rows().map(|tally| tally.comparable)),
        column("disjoint_pairs", rows().map(|tally| tally.disjoint)),
        column("mean_jaccard", rows().map(|tally| mean(tally.jaccard, tally))),
        column("mean_overlap", rows().map(|tally| mean(tally.overlap, tally))),
        column("host_change_pairs", rows().map(|tally| tally.host_changes)),
        column("consistency", rows().map(|tally| 1.0 - mean(tally.disjoint as f64, tally))),
        column("last_measured", rows().map(|_| measured)),
    ])
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;
    use crate::linking::testing::context;

    #[test]
    fn agreement_is_measured_on_canonical_images() {
        let agreement = |catalog, product| compare(Some(catalog), Some(product));
        assert_eq!(
            agreement(
                r#"["https://cdn.a.com/i/1_120x240.jpg?w=3","https://cdn.a.com/i/2.jpg"]"#,
                r#"["http://CDN.a.com/i/1.jpg","https://cdn.a.com/i/3.jpg"]"#
            ),
            Compared::Agreement(Agreement { jaccard: 1.0 / 3.0, overlap: 0.5, same_host: true })
        );
        assert_eq!(
            agreement(r#"["https://a.com/1.jpg"]"#, r#"["https://b.com/1.jpg"]"#),
            Compared::Agreement(Agreement { jaccard: 0.0, overlap: 0.0, same_host: false })
        );
        assert_eq!(agreement("[]", r#"["https://b.com/1.jpg"]"#), Compared::Incomparable);
        assert_eq!(agreement("not json", "[]"), Compared::Unreadable);
    }

    #[test]
    fn earlier_links_and_tonights_are_counted_together() {
        let links = df!("catalog_id" => [1i64, 2], "product_id" => [10i64, 20]).unwrap();
        let catalog = df!(
            "id" => [1i64, 2, 3],
            "retailer" => ["r", "r", "r"],
            "image_urls" => [Some(r#"["https://a.com/1.jpg"]"#), Some("oops"), None],
        )
        .unwrap();
        let linked = df!(
            "id" => [5i64],
            "retailer" => ["r"],
            "linked_product_url" => ["https://r.com/20"],
            "image_urls" => [r#"["https://a.com/9.jpg"]"#],
        )
        .unwrap();
        let products = df!(
            "id" => [10i64, 20],
            "url" => ["https://r.com/10", "https://r.com/20"],
            "image_urls" => [r#"["https://a.com/1.jpg"]"#, r#"["https://a.com/2.jpg"]"#],
        )
        .unwrap();
        let frames = Frames::new()
            .with("links", links)
            .with("catalog", catalog)
            .with("linked", linked)
            .with("products", products);
        let mut frames = LearnImages {}.run(frames, &context()).unwrap();
        let patterns = frames.take("image_patterns").unwrap().collect().unwrap();
        assert_eq!(columns::integers(&patterns, "comparable_pairs").unwrap(), [Some(2)]);
        assert_eq!(columns::integers(&patterns, "disjoint_pairs").unwrap(), [Some(1)]);
        assert_eq!(columns::floats(&patterns, "consistency").unwrap(), [Some(0.5)]);
        let rejected = frames.take("rejected").unwrap().collect().unwrap();
        assert_eq!(columns::integers(&rejected, "catalog_id").unwrap(), [Some(2)]);
    }
    #[test]
    fn a_year_of_links_has_the_figures_computed_by_hand() {
        // Nine months with the same image, two with one of the catalog's two, one with another image from another host.
        let seen = |month: usize| match month {
            0..9 => r#"["https://a.com/1.jpg"]"#,
            9..11 => r#"["https://a.com/1.jpg","https://a.com/2.jpg"]"#,
            _ => r#"["https://b.com/3.jpg"]"#,
        };
        let linked = df!(
            "id" => (1i64..=12).collect::<Vec<_>>(),
            "retailer" => vec!["r"; 12],
            "linked_product_url" => vec!["https://r.com/1"; 12],
            "image_urls" => (0..12).map(seen).collect::<Vec<_>>(),
        )
        .unwrap();
        let none = || Vec::<i64>::new();
        let frames = Frames::new()
            .with("links", df!("catalog_id" => none(), "product_id" => none()).unwrap())
            .with(
                "catalog",
                df!("id" => none(), "retailer" => Vec::<&str>::new(), "image_urls" => Vec::<&str>::new()).unwrap(),
            )
            .with("linked", linked)
            .with(
                "products",
                df!("id" => [1i64], "url" => ["https://r.com/1"], "image_urls" => [r#"["https://a.com/1.jpg"]"#])
                    .unwrap(),
            );
        let mut frames = LearnImages {}.run(frames, &context()).unwrap();
        let patterns = frames.take("image_patterns").unwrap().collect().unwrap();
        let float = |name: &str| columns::floats(&patterns, name).unwrap()[0].unwrap();
        assert!((float("mean_jaccard") - (9.0 + 2.0 * 0.5) / 12.0).abs() < 1e-12);
        assert!((float("mean_overlap") - (9.0 + 2.0 * 0.5) / 12.0).abs() < 1e-12);
        assert!((float("consistency") - 11.0 / 12.0).abs() < 1e-12);
        assert_eq!(columns::integers(&patterns, "host_change_pairs").unwrap(), [Some(1)]);
        assert_eq!(columns::integers(&patterns, "disjoint_pairs").unwrap(), [Some(1)]);
    }
}
