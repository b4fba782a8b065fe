//! What the shop's app asks for: files in JSON, recommendations in its words, approving one.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, Response, StatusCode},
    routing::post,
};
use nightloom_review::{self as review, Action, Order, Query, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use super::{
    recommendations::{LIST, decide},
    uploads::{JSON_BYTES, about},
};
use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, admit, endpoint, json_of, with_route},
    failure::Failure,
    receiving::{About, Incoming, Then},
    reply::Reply,
    request::RequestId,
    secret,
    store::Upload,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OneFile {
    /// The shop.
    shop_id: Option<String>,
    /// orders, variants, inventory or catalog.
    csv_type: Kind,
    /// The file's text.
    csv_data: String,
    /// The sync that it comes with.
    run_id: Option<String>,
    /// Whether a run is started when the file is there.
    trigger_pipeline: Option<bool>,
    /// Not read: files say it.
    #[serde(rename = "currency")]
    _currency: Option<String>,
}

/// What a file is.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Orders,
    Variants,
    Inventory,
    Catalog,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Variants => "variants",
            Self::Inventory => "inventory",
            Self::Catalog => "catalog",
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FileAccepted {
    upload_id: String,
    run_id: String,
    status: &'static str,
    shop_id: String,
    csv_type: Kind,
    trigger_pipeline: bool,
    message: &'static str,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FourFiles {
    /// The shop.
    shop_id: Option<String>,
    /// The sync that they come with.
    run_id: Option<String>,
    catalog_csv: String,
    variants_csv: String,
    inventory_csv: String,
    orders_csv: String,
    /// Not read: files say it.
    #[serde(rename = "currency")]
    _currency: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilesAccepted {
    run_id: String,
    /// That of the orders.
    upload_id: String,
    catalog_upload_id: String,
    variants_upload_id: String,
    inventory_upload_id: String,
    orders_upload_id: String,
    status: &'static str,
    shop_id: String,
    message: &'static str,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ListQuery {
    /// The shop.
    shop_id: Option<String>,
    /// So many.
    #[schemars(range(min = 1, max = 50))]
    limit: Option<usize>,
    /// Only those that are approved, or that are not.
    approved: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct Recommendations {
    shop_id: String,
    count: usize,
    recommendations: Vec<Short>,
}

/// A recommendation in the app's words.
#[derive(Serialize, JsonSchema)]
struct Short {
    id: String,
    bundle_type: String,
    objective: String,
    products: Json,
    pricing: Json,
    ai_copy: Json,
    confidence: String,
    predicted_lift: String,
    ranking_score: f64,
    is_approved: bool,
    created_at: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfShop {
    /// The shop that says so.
    #[schemars(length(min = 1, max = 100))]
    shop_id: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Approved {
    recommendation_id: String,
    status: String,
    shop_id: String,
}

/// The endpoints of the shop's app.
pub fn endpoints() -> Vec<Endpoint> {
    let (viewer, reviewer) = (Access::Role(Role::Viewer), Access::Role(Role::Reviewer));
    let mut endpoints = vec![
        with_route::<Nothing, FileAccepted>(
            (Method::POST, "/api/shopify/upload"),
            reviewer,
            "Takes a file of a shop as a text.",
            post(upload).layer(DefaultBodyLimit::disable()),
        )
        .takes::<OneFile>("application/json"),
        with_route::<Nothing, FilesAccepted>(
            (Method::POST, "/api/shopify/upload-batch"),
            reviewer,
            "Takes all four files of a shop as texts.",
            post(upload_batch).layer(DefaultBodyLimit::disable()),
        )
        .takes::<FourFiles>("application/json"),
        endpoint::<Nothing, OfShop, Approved>(
            (Method::POST, "/api/shopify/recommendations/{id}/approve"),
            reviewer,
            "Approves a recommendation of a shop.",
            approve,
        ),
    ];
    for path in ["/api/shopify/recommendations", "/api/shopify/recommendations/{id}"] {
        let about = "The recommendations of a shop, in the app's words.";
        endpoints.push(endpoint::<ListQuery, Nothing, Recommendations>((Method::GET, path), viewer, about, list));
    }
    endpoints
}

fn list(app: &Arc<App>, asked: &Asked<ListQuery, Nothing>) -> Result<Reply<Recommendations>, Failure> {
    let of_path = Some(asked.part("id")).filter(|shop| !shop.is_empty());
    let shop = asked.caller()?.shop(of_path.or(asked.query.shop_id.as_deref()))?;
    let limit = asked.query.limit.unwrap_or(LIST);
    if limit == 0 || limit > LIST {
        return Err(Failure::invalid("query", "limit", format!("give 1 to {LIST}"), "value_error"));
    }
    let status = match asked.query.approved {
        None => Vec::new(),
        Some(true) => vec![Status::Approved, Status::Active, Status::Inactive],
        Some(false) => vec![Status::Pending, Status::Rejected],
    };
    let query = Query { shop: Some(shop.clone()), order: Order::Score, status, limit: Some(limit), ..Query::default() };
    let found = app.results.read(|connection| Ok(review::list(connection, &query)?))?;
    let short = |of: review::Recommendation| Short {
        is_approved: of.status.is_approved(),
        id: of.id,
        bundle_type: of.bundle_type,
        objective: of.objective,
        products: of.products,
        pricing: of.pricing,
        ai_copy: of.ai_copy,
        confidence: format!("{:.6}", of.confidence),
        predicted_lift: format!("{:.6}", of.predicted_lift),
        ranking_score: of.ranking_score,
        created_at: of.created_at,
    };
    let recommendations: Vec<Short> = found.into_iter().map(short).collect();
    Reply::json(&Recommendations { shop_id: shop, count: recommendations.len(), recommendations })
}

fn approve(app: &Arc<App>, asked: &Asked<Nothing, OfShop>) -> Result<Reply<Approved>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let shop = caller.shop(Some(&asked.body.shop_id))?;
    let of = app.results.read(|connection| super::recommendations::visible(connection, caller, id))?;
    if of.shop_id != shop {
        return Err(Failure::forbidden("the recommendation is of another shop"));
    }
    let decided = decide(app, caller, id, None, Action::Approve, None)?;
    asked.note(&decided.shop_id, decided.status.name());
    let status = decided.status.name().to_owned();
    Reply::json(&Approved { recommendation_id: decided.id, status, shop_id: decided.shop_id })
}

async fn upload(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    receive(app, request, JSON_BYTES, |app, caller, body: OneFile| {
        let OneFile { shop_id, csv_type, csv_data, run_id, trigger_pipeline, .. } = body;
        let trigger_pipeline = trigger_pipeline.unwrap_or_default();
        let then = if trigger_pipeline { Then::Run } else { Then::Wait };
        let shop = caller.shop(shop_id.as_deref())?;
        let upload = keep(app, caller, named(&shop, run_id, csv_type, then)?, &csv_data)?;
        let accepted = FileAccepted {
            upload_id: upload.id,
            run_id: upload.run_id,
            status: "processing",
            shop_id: shop.clone(),
            csv_type,
            trigger_pipeline,
            message: "the file is looked at",
        };
        Ok((shop, Reply::json(&accepted)?.response()))
    })
    .await
}

async fn upload_batch(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    receive(app, request, 4 * JSON_BYTES, |app, caller, body: FourFiles| {
        let FourFiles { shop_id, run_id, catalog_csv, variants_csv, inventory_csv, orders_csv, .. } = body;
        let shop = caller.shop(shop_id.as_deref())?;
        let run_id = match run_id.filter(|id| !id.is_empty()) {
            Some(id) => id,
            None => secret::uuid()?,
        };
        let one = |kind, text: &str| {
            Ok::<_, Failure>(keep(app, caller, named(&shop, Some(run_id.clone()), kind, Then::Wait)?, text)?.id)
        };
        let catalog_upload_id = one(Kind::Catalog, &catalog_csv)?;
        let variants_upload_id = one(Kind::Variants, &variants_csv)?;
        let inventory_upload_id = one(Kind::Inventory, &inventory_csv)?;
        let orders_upload_id = one(Kind::Orders, &orders_csv)?;
        let accepted = FilesAccepted {
            upload_id: orders_upload_id.clone(),
            run_id,
            catalog_upload_id,
            variants_upload_id,
            inventory_upload_id,
            orders_upload_id,
            status: "processing",
            shop_id: shop.clone(),
            message: "the files are looked at",
        };
        Ok((shop, Reply::json(&accepted)?.response()))
    })
    .await
}

/// A file that bears the name of its kind: a newer one takes its place.
fn named(shop: &str, run_id: Option<String>, kind: Kind, then: Then) -> Result<About, Failure> {
    let filename = format!("{}.csv", kind.name());
    Ok(About { filename, csv_type: Some(kind.name().to_owned()), ..about(shop, run_id, then)? })
}

fn keep(app: &Arc<App>, caller: &Caller, about: About, text: &str) -> Result<Upload, Failure> {
    let mut incoming = Incoming::begin(app)?;
    incoming.add(text.as_bytes())?;
    incoming.finish(app, &about, caller)
}

/// What is done with a body: the shop that it is about, and the answer.
type Work<B> = fn(&Arc<App>, &Caller, B) -> Result<(String, Response<Body>), Failure>;

/// Reads a large body, a few at a time, and does what is asked with it.
async fn receive<B: DeserializeOwned + Send + 'static>(
    app: Arc<App>,
    request: Request,
    most: usize,
    work: Work<B>,
) -> Response<Body> {
    let id = RequestId::of(&request);
    let received = async {
        let caller = request.extensions().get::<Caller>().cloned();
        admit(caller.as_ref(), Access::Role(Role::Reviewer))?;
        let caller = caller.ok_or_else(|| Failure::new(StatusCode::UNAUTHORIZED, "send a token"))?;
        let (parts, body) = request.into_parts();
        let _place = app.large_bodies.acquire().await.map_err(Failure::inside)?;
        let body: B = json_of(&parts.headers, body, most).await?;
        let request_id = id.0.clone();
        app.blocking(move |app| {
            let entry = app.store.begin_audit(&request_id, &caller, "POST", parts.uri.path())?;
            let given = work(app, &caller, body);
            let status = given.as_ref().map_or_else(|failure| failure.status, |_| StatusCode::OK);
            let shop = given.as_ref().ok().map(|(shop, _)| shop.clone());
            app.store.end_audit(entry, status.as_u16(), shop.as_deref(), None)?;
            given.map(|(_, response)| response)
        })
        .await
    };
    match received.await {
        Ok(response) => response,
        Err(failure) => id.answer(&app, &failure),
    }
}
