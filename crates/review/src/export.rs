//! Bundles and recommendations for other programs (section 12.4).

use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    error::ReviewError,
    reading::list,
    recommendation::{Query, Recommendation},
};

/// The active bundles of a shop, as the shop's app takes them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BundlesExport {
    /// When it was exported.
    pub export_date: String,
    /// The shop.
    pub shop_id: String,
    /// How many there are.
    pub bundle_count: usize,
    /// The bundles, by name and id.
    pub bundles: Vec<ExportedBundle>,
}

/// A bundle that was made of a recommendation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedBundle {
    id: String,
    name: String,
    description: Option<String>,
    bundle_type: String,
    products: Json,
    pricing: Json,
    is_active: bool,
    created_at: String,
    updated_at: String,
}

/// The recommendations of a shop.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationsExport {
    /// When they were exported.
    pub export_date: String,
    /// The upload that they were made from, if it is one.
    pub upload_id: Option<String>,
    /// The shop.
    pub shop_id: String,
    /// How many there are.
    pub recommendation_count: usize,
    /// The recommendations, by rank.
    pub recommendations: Vec<ExportedRecommendation>,
}

/// A recommendation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedRecommendation {
    id: String,
    csv_upload_id: Option<String>,
    bundle_type: String,
    objective: String,
    products: Json,
    pricing: Json,
    ai_copy: Json,
    confidence: f64,
    predicted_lift: f64,
    support: Option<f64>,
    lift: Option<f64>,
    ranking_score: f64,
    rank_position: Option<i64>,
    is_approved: bool,
    created_at: String,
}

impl From<Recommendation> for ExportedRecommendation {
    fn from(of: Recommendation) -> Self {
        Self {
            is_approved: of.status.is_approved(),
            id: of.id,
            csv_upload_id: of.csv_upload_id,
            bundle_type: of.bundle_type,
            objective: of.objective,
            products: of.products,
            pricing: of.pricing,
            ai_copy: of.ai_copy,
            confidence: of.confidence,
            predicted_lift: of.predicted_lift,
            support: of.support,
            lift: of.lift,
            ranking_score: of.ranking_score,
            rank_position: of.rank_position,
            created_at: of.created_at,
        }
    }
}

/// The active bundles of a shop.
///
/// # Errors
/// When a bundle is not what its table promises, or the database refuses.
pub fn bundles(connection: &Connection, shop: &str, export_date: &str) -> Result<BundlesExport, ReviewError> {
    let mut statement = connection.prepare(
        "SELECT id, name, description, bundle_type, products, pricing, created_at, updated_at FROM bundles \
         WHERE shop_id = ?1 AND is_active = 1 ORDER BY name, id",
    )?;
    let mut rows = statement.query([shop])?;
    let mut bundles = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let json = |place: usize, column: &'static str| {
            let text: String = row.get(place)?;
            let cell =
                |error: serde_json::Error| ReviewError::Cell { id: id.clone(), column, problem: error.to_string() };
            serde_json::from_str::<Json>(&text).map_err(cell)
        };
        bundles.push(ExportedBundle {
            name: row.get(1)?,
            description: row.get(2)?,
            bundle_type: row.get(3)?,
            products: json(4, "products")?,
            pricing: json(5, "pricing")?,
            is_active: true,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
            id,
        });
    }
    Ok(BundlesExport {
        export_date: export_date.to_owned(),
        shop_id: shop.to_owned(),
        bundle_count: bundles.len(),
        bundles,
    })
}

/// The recommendations of a shop.
///
/// # Errors
/// When a row is not what its table promises, or the database refuses.
pub fn recommendations(
    connection: &Connection,
    shop: &str,
    export_date: &str,
) -> Result<RecommendationsExport, ReviewError> {
    let found = list(connection, &Query { shop: Some(shop.to_owned()), ..Query::default() })?;
    let upload = found.first().and_then(|first| first.csv_upload_id.clone());
    let is_one = found.iter().all(|recommendation| recommendation.csv_upload_id == upload);
    let recommendations: Vec<ExportedRecommendation> = found.into_iter().map(Into::into).collect();
    Ok(RecommendationsExport {
        export_date: export_date.to_owned(),
        upload_id: upload.filter(|_| is_one),
        shop_id: shop.to_owned(),
        recommendation_count: recommendations.len(),
        recommendations,
    })
}

/// The recommendations as a table for people.
pub fn recommendations_csv(recommendations: &[Recommendation]) -> String {
    let head =
        ["ID", "Bundle Type", "Confidence", "Predicted Lift", "Products", "AI Title", "Is Approved", "Created At"];
    let mut text = csv_line(&head.map(str::to_owned));
    for of in recommendations {
        text += &csv_line(&[
            of.id.clone(),
            of.bundle_type.clone(),
            of.confidence.to_string(),
            of.predicted_lift.to_string(),
            of.item_names().join("; "),
            of.title().to_owned(),
            if of.status.is_approved() { "Yes" } else { "No" }.to_owned(),
            of.created_at.clone(),
        ]);
    }
    text
}

/// A line of comma-separated cells (RFC 4180).
pub(super) fn csv_line(cells: &[String]) -> String {
    let cell = |cell: &String| {
        if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}
