//! `classify-lifecycle`: which stage of its life a product is in, and how complete its data are (section 9).

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{columns, report};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, PortSchema, StageContext, StageError,
};

/// Classifies products.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClassifyLifecycle {
    /// Do exactly what the original script does: rows without a rule become `unknown`, completeness is not checked
    /// and is overwritten.
    pub original_quirks: bool,
}

const PRODUCTS: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("url", ColumnKind::Text),
    ("source", ColumnKind::Text),
    ("shopify_status", ColumnKind::Text),
    ("modesty_status", ColumnKind::Text),
    ("assessment_status", ColumnKind::Text),
    ("stock_status", ColumnKind::Text),
    ("description", ColumnKind::Text),
    ("image_urls", ColumnKind::Text),
    ("lifecycle_stage", ColumnKind::Text),
    ("data_completeness", ColumnKind::Text),
];

/// Columns without which every row would only be unknown, so they are needed.
const NEEDED: &[&str] = &["id", "url", "source", "shopify_status", "modesty_status", "assessment_status"];

/// The stages in the order of the original's report.
const STAGES: [&str; 4] = ["imported_direct", "assessed_approved", "assessed_rejected", "pending_assessment"];

impl Operator for ClassifyLifecycle {
    const NAME: &'static str = "classify-lifecycle";
    const SUMMARY: &'static str = "Sets the lifecycle stage and data completeness of products that have no stage yet.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Ports(&[InputPort::required(
        "products",
        PRODUCTS,
        "The products; those that have a lifecycle stage are left alone.",
    )
    .needs_only(NEEDED)]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        use ColumnKind::{Bool, Int, Text};
        Ok(vec![
            OutputPort::new(
                "stages",
                "Products with their new stage and completeness, by id; products in no known state are in `unclassified`.",
                &[
                    ("product_id", Int),
                    ("product_url", Text),
                    ("lifecycle_stage", Text),
                    ("data_completeness", Text),
                    ("availability", Text),
                    ("conflict", Bool),
                ],
            ),
            OutputPort::new(
                "unclassified",
                "Products to which no rule applies, so that a later run tries again: why, and what is known anyway.",
                &[
                    ("product_id", Int),
                    ("product_url", Text),
                    ("reason", Text),
                    ("data_completeness", Text),
                    ("availability", Text),
                ],
            ),
            report::port("lifecycle_report", "How many products are in each stage, as printed at the end of a run."),
        ])
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let products = columns::collect(inputs.take("products")?, PRODUCTS)?.lazy();
        context.check_cancelled()?;
        let (stage, completeness) =
            if self.original_quirks { (original_stage(), original_completeness()) } else { (stage(), completeness()) };
        let judged = products
            .filter(col("lifecycle_stage").is_null().and(col("id").is_not_null()))
            .select([
                col("id").alias("product_id"),
                col("url").alias("product_url"),
                stage.alias("lifecycle_stage"),
                completeness.alias("data_completeness"),
                availability().alias("availability"),
                conflict().alias("conflict"),
                reason().alias("reason"),
            ])
            .sort(["product_id"], SortMultipleOptions::default())
            .collect_with_engine(Engine::Streaming)?
            .unwrap_single();
        let report = self.report(&judged)?;
        // The original writes by URL, so that a product without one stays as it is.
        let known = col("lifecycle_stage").is_not_null().and(col("product_url").is_not_null());
        let unclassified = ["product_id", "product_url", "reason", "data_completeness", "availability"];
        Ok(Frames::new()
            .with("stages", judged.clone().lazy().filter(known.clone()).drop(cols(["reason"])))
            .with("unclassified", judged.lazy().filter(known.not()).select([cols(unclassified).as_expr()]))
            .with("lifecycle_report", report))
    }
}

impl ClassifyLifecycle {
    fn report(&self, judged: &DataFrame) -> Result<DataFrame, StageError> {
        let mut counts: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        let stages = columns::texts(judged, "lifecycle_stage")?;
        for stage in &stages {
            *counts.entry(*stage).or_default() += 1;
        }
        let total = stages.len() as u64;
        let count = |stage| counts.get(&stage).copied().unwrap_or_default();
        let mut rows = report::ReportRows::default();
        rows.of("products", "Total products", total, None);
        for stage in STAGES {
            rows.of("by lifecycle stage", stage, count(Some(stage)), Some(total));
        }
        let unknown = count(Some("unknown")) + count(None);
        rows.of("by lifecycle stage", "unknown", unknown, Some(total));
        if !self.original_quirks {
            let conflicts = columns::booleans(judged, "conflict")?.into_iter().flatten().filter(|is| *is).count();
            rows.of("conflicts", "published but assessed as not modest", conflicts as u64, Some(total));
        }
        rows.into_frame()
    }
}

fn is(column: &str, value: &str) -> Expr {
    col(column).eq(lit(value)).fill_null(lit(false))
}

fn is_any(column: &str, values: [&str; 2]) -> Expr {
    let [first, second] = values;
    is(column, first).or(is(column, second))
}

fn original_stage() -> Expr {
    rules(lit("unknown"))
}

/// The original's five rules, with two more before giving up.
fn stage() -> Expr {
    let rejected = is("shopify_status", "rejected").or(is("modesty_status", "not_modest"));
    rules(when(rejected).then(lit("assessed_rejected")).otherwise(lit(NULL).cast(DataType::String)))
}

fn rules(otherwise: Expr) -> Expr {
    when(is("source", "new_product_import"))
        .then(lit("imported_direct"))
        .when(is("shopify_status", "published"))
        .then(lit("assessed_approved"))
        .when(is("shopify_status", "draft").and(is("modesty_status", "not_modest")))
        .then(lit("assessed_rejected"))
        .when(is("shopify_status", "draft"))
        .then(lit("pending_assessment"))
        .when(is_any("assessment_status", ["queued", "pending_modesty_review"]))
        .then(lit("pending_assessment"))
        .otherwise(otherwise)
}

fn original_completeness() -> Expr {
    when(is_any("shopify_status", ["published", "draft"])).then(lit("enriched")).otherwise(lit("full"))
}

/// From the evidence: shop data; else a description and an image; else only what the catalog had. What is known stays.
fn completeness() -> Expr {
    let description =
        col("description").str().strip_chars(lit(NULL)).str().len_chars().gt(lit(0)).fill_null(lit(false));
    // A JSON array with an image holds a quoted text that is not empty.
    let image = col("image_urls").str().contains(lit(r#""[^"]"#), true).fill_null(lit(false));
    let evidence = when(is_any("shopify_status", ["published", "draft"]))
        .then(lit("enriched"))
        .when(description.and(image))
        .then(lit("full"))
        .otherwise(lit("lightweight"));
    coalesce(&[col("data_completeness"), evidence])
}

fn availability() -> Expr {
    when(is_any("stock_status", ["delisted", "no_longer_available"]))
        .then(col("stock_status"))
        .otherwise(lit(NULL).cast(DataType::String))
}

fn conflict() -> Expr {
    is("shopify_status", "published").and(is("modesty_status", "not_modest"))
}

fn reason() -> Expr {
    let unset = ["source", "shopify_status", "modesty_status", "assessment_status"]
        .into_iter()
        .map(|name| col(name).is_null())
        .reduce(Expr::and)
        .unwrap_or_else(|| lit(false));
    when(col("url").is_null()).then(lit("null_url")).when(unset).then(lit("no_status")).otherwise(lit("no_rule"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linking::testing::context;

    type Status = (Option<&'static str>, Option<&'static str>, Option<&'static str>, Option<&'static str>);

    fn judge(original_quirks: bool, rows: &[Status]) -> Vec<(Option<String>, String)> {
        let pick = |get: fn(&Status) -> Option<&'static str>| rows.iter().map(get).collect::<Vec<_>>();
        let none = vec![None::<&str>; rows.len()];
        let frame = df!(
            "id" => (0..rows.len() as i64).collect::<Vec<_>>(),
            "url" => (0..rows.len()).map(|row| format!("u{row}")).collect::<Vec<_>>(),
            "source" => pick(|row| row.0),
            "shopify_status" => pick(|row| row.1),
            "modesty_status" => pick(|row| row.2),
            "assessment_status" => pick(|row| row.3),
            "stock_status" => &none,
            "description" => &none,
            "image_urls" => &none,
            "lifecycle_stage" => &none,
            "data_completeness" => &none,
        )
        .unwrap();
        let mut frames =
            ClassifyLifecycle { original_quirks }.run(Frames::new().with("products", frame), &context()).unwrap();
        let mut judged = vec![(None, String::new()); rows.len()];
        for port in ["stages", "unclassified"] {
            let frame = frames.take(port).unwrap().collect().unwrap();
            let ids = columns::integers(&frame, "product_id").unwrap();
            let stages = if port == "stages" {
                columns::texts(&frame, "lifecycle_stage").unwrap()
            } else {
                vec![None; ids.len()]
            };
            let completeness = columns::texts(&frame, "data_completeness").unwrap();
            for (row, id) in ids.into_iter().enumerate() {
                judged[id.unwrap() as usize] =
                    (stages[row].map(str::to_owned), completeness[row].unwrap_or_default().to_owned());
            }
        }
        judged
    }

    const ROWS: [Status; 9] = [
        (Some("new_product_import"), Some("published"), None, None),
        (Some("monitor"), Some("published"), Some("not_modest"), Some("queued")),
        (None, Some("draft"), Some("not_modest"), None),
        (None, Some("draft"), Some("modest"), None),
        (None, Some("not_uploaded"), None, Some("queued")),
        (None, None, None, Some("pending_modesty_review")),
        (None, Some("rejected"), None, Some("assessed")),
        (None, None, Some("not_modest"), None),
        (None, None, None, None),
    ];

    fn told(judged: &[(Option<String>, String)]) -> Vec<(Option<&str>, &str)> {
        judged.iter().map(|(stage, completeness)| (stage.as_deref(), completeness.as_str())).collect()
    }

    #[test]
    fn the_original_has_six_rules_and_two_degrees_of_completeness() {
        assert_eq!(
            told(&judge(true, &ROWS)),
            [
                (Some("imported_direct"), "enriched"),
                (Some("assessed_approved"), "enriched"),
                (Some("assessed_rejected"), "enriched"),
                (Some("pending_assessment"), "enriched"),
                (Some("pending_assessment"), "full"),
                (Some("pending_assessment"), "full"),
                (Some("unknown"), "full"),
                (Some("unknown"), "full"),
                (Some("unknown"), "full"),
            ]
        );
    }

    #[test]
    fn the_corrected_rules_know_rejections_and_leave_the_unknown_open() {
        let judged = judge(false, &ROWS);
        let stages: Vec<_> = told(&judged).into_iter().map(|(stage, _)| stage).skip(6).collect();
        assert_eq!(stages, [Some("assessed_rejected"), Some("assessed_rejected"), None]);
        assert_eq!(judged[4].1, "lightweight");
        assert_eq!(judged[3].1, "enriched");
    }

    #[test]
    fn completeness_follows_the_evidence_and_keeps_what_is_known() {
        let frame = df!(
            "id" => [4i64, 3, 2, 1, 0],
            "url" => ["a", "b", "c", "d", "e"],
            "source" => ["new_product_import"; 5],
            "shopify_status" => [None::<&str>; 5],
            "modesty_status" => [None::<&str>; 5],
            "assessment_status" => [None::<&str>; 5],
            "stock_status" => [Some("delisted"), None, None, None, Some("in_stock")],
            "description" => [Some("A dress"), Some("A dress"), Some("  "), Some("A dress"), None],
            "image_urls" => [Some("[\"https://i/1.jpg\"]"), Some("[]"), Some("[\"https://i/1.jpg\"]"), None, None],
            "lifecycle_stage" => [None, None, None, None, Some("baseline_only")],
            "data_completeness" => [None, None, None, Some("partial"), None],
        )
        .unwrap();
        let operator = ClassifyLifecycle::default();
        let mut frames = operator.run(Frames::new().with("products", frame), &context()).unwrap();
        let stages = frames.take("stages").unwrap().collect().unwrap();
        assert_eq!(columns::integers(&stages, "product_id").unwrap(), [Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(
            columns::texts(&stages, "data_completeness").unwrap(),
            [Some("partial"), Some("lightweight"), Some("lightweight"), Some("full")]
        );
        assert_eq!(columns::texts(&stages, "availability").unwrap(), [None, None, None, Some("delisted")]);
    }
}
