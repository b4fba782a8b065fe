//! Files of shops: sending them, and what became of them.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State, multipart::Field},
    http::{Method, Response, StatusCode},
    routing::post,
};
use rusqlite::{Connection, OptionalExtension, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, admit, endpoint, with_route},
    failure::Failure,
    receiving::{About, Incoming, LARGEST, Then, plain_shop},
    reply::Reply,
    request::RequestId,
    secret,
    store::{Generation, Upload},
};

/// Uploads of a list (section 13).
const LIST: usize = 10;

/// How long the next part of a file may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file that came.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadRecord {
    id: String,
    shop_id: String,
    filename: String,
    /// What it is.
    csv_type: Option<String>,
    run_id: Option<String>,
    /// processing, completed, failed, and what became of the run that it started: generating_bundles,
    /// bundle_generation_completed, bundle_generation_async (a part), bundle_generation_failed.
    status: String,
    total_rows: i64,
    /// Rows that can be used.
    processed_rows: i64,
    /// Rows that cannot.
    rejected_rows: i64,
    error_message: Option<String>,
    /// Why rows cannot be used, with their numbers.
    reasons: Vec<String>,
    /// What else is to be said of the file.
    warnings: Vec<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// A file that was sent.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    upload_id: String,
    run_id: String,
    /// Always processing: ask for the upload to know what becomes of it.
    status: &'static str,
    shop_id: String,
    request_id: String,
}

/// The parts of a form.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is the schema of a form")]
struct UploadForm {
    /// The file, at most 50 MiB.
    #[schemars(extend("contentMediaType" = "application/octet-stream"))]
    file: String,
    /// What it is: orders, variants, inventory, catalog; it is found out else.
    csv_type: Option<String>,
    /// The sync that it comes with; files of one sync bear the same.
    run_id: Option<String>,
    /// The shop.
    shop_id: Option<String>,
    /// The shop, by its other name.
    shop_domain: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ListQuery {
    /// The shop; all that the token sees where it is left out.
    shop_id: Option<String>,
}

/// The endpoints of uploads.
pub fn endpoints() -> Vec<Endpoint> {
    let viewer = Access::Role(Role::Viewer);
    let mut endpoints = vec![
        with_route::<Nothing, Accepted>(
            (Method::POST, "/api/upload-csv"),
            Access::Role(Role::Reviewer),
            "Takes a file of a shop: it is looked at, and put into the shop's folder if it can be used.",
            // The limit of each file is our own.
            post(upload_csv).layer(DefaultBodyLimit::disable()),
        )
        .takes::<UploadForm>("multipart/form-data"),
    ];
    for path in ["/api/csv-uploads", "/api/uploads"] {
        let about = "The newest files.";
        endpoints.push(endpoint::<ListQuery, Nothing, Vec<UploadRecord>>((Method::GET, path), viewer, about, list));
    }
    for path in ["/api/csv-uploads/{id}", "/api/upload-status/{id}"] {
        let about = "A file, what became of it, and why rows of it cannot be used.";
        endpoints.push(endpoint::<Nothing, Nothing, UploadRecord>((Method::GET, path), viewer, about, one));
    }
    endpoints
}

async fn upload_csv(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let id = RequestId::of(&request);
    match receive(&app, request, &id).await {
        Ok(response) => response,
        Err(failure) => id.answer(&app, &failure),
    }
}

async fn receive(app: &Arc<App>, request: Request, id: &RequestId) -> Result<Response<Body>, Failure> {
    let caller = request.extensions().get::<Caller>().cloned();
    admit(caller.as_ref(), Access::Role(Role::Reviewer))?;
    let caller = caller.ok_or_else(|| Failure::new(StatusCode::UNAUTHORIZED, "send a token"))?;
    let entry = app.store.begin_audit(&id.0, &caller, "POST", "/api/upload-csv")?;
    let received = received(app, request, &caller).await;
    let status = received.as_ref().map_or_else(|failure| failure.status, |_| StatusCode::OK);
    let shop = received.as_ref().ok().map(|upload| upload.shop_id.clone());
    let detail = received.as_ref().ok().map(|upload| format!("{} as {}", upload.id, upload.filename));
    app.store.end_audit(entry, status.as_u16(), shop.as_deref(), detail.as_deref())?;
    let upload = received?;
    let accepted = Accepted {
        upload_id: upload.id,
        run_id: upload.run_id,
        status: "processing",
        shop_id: upload.shop_id,
        request_id: id.0.clone(),
    };
    Ok(Reply::json(&accepted)?.response())
}

async fn received(app: &Arc<App>, request: Request, caller: &Caller) -> Result<Upload, Failure> {
    let refused = |words: String| Failure::invalid("body", "form", words, "value_error");
    let mut form = Multipart::from_request(request, app).await.map_err(|error| {
        Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("send multipart/form-data: {}", error.body_text()))
    })?;
    let (mut incoming, mut filename) = (None, None);
    let mut texts: [Option<String>; 5] = Default::default();
    const TEXTS: [&str; 5] = ["csvType", "runId", "shopId", "shopDomain", "triggerPipeline"];
    while let Some(field) = in_time(form.next_field()).await?.map_err(|error| refused(error.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            filename = field.file_name().map(str::to_owned);
            incoming = Some(file(app, field).await?);
        } else if let Some(place) = TEXTS.iter().position(|text| *text == name) {
            texts[place] = Some(text(field).await?);
        }
    }
    let [csv_type, run_id, shop_id, shop_domain, trigger] = texts;
    let missing = || Failure::invalid("body", "file", "send a file", "missing");
    let (incoming, filename) = (incoming.ok_or_else(missing)?, filename.ok_or_else(missing)?);
    let shop = caller.shop(shop_id.or(shop_domain).filter(|shop| !shop.trim().is_empty()).as_deref())?;
    let then = if trigger.as_deref() == Some("true") { Then::Run } else { Then::Wait };
    let about = About { filename, csv_type: csv_type.filter(|text| !text.is_empty()), ..about(&shop, run_id, then)? };
    let caller = caller.clone();
    app.blocking(move |app| incoming.finish(app, &about, &caller)).await
}

/// What is said of a file, but for its name and kind.
pub fn about(shop: &str, run_id: Option<String>, then: Then) -> Result<About, Failure> {
    plain_shop(shop)?;
    let run_id = match run_id.filter(|id| !id.is_empty()) {
        Some(id) if id.len() > 100 || !id.chars().all(|letter| letter.is_ascii_graphic()) => {
            return Err(Failure::invalid("body", "runId", "give at most 100 letters and digits", "value_error"));
        }
        Some(id) => id,
        None => secret::uuid()?,
    };
    Ok(About { shop: shop.to_owned(), filename: String::new(), csv_type: None, run_id, then })
}

async fn in_time<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let late = |_| Failure::new(StatusCode::REQUEST_TIMEOUT, "the file did not come in time");
    tokio::time::timeout(PATIENCE, future).await.map_err(late)
}

async fn file(app: &Arc<App>, mut field: Field<'_>) -> Result<Incoming, Failure> {
    let mut incoming = Incoming::begin(app)?;
    let broken = |error: axum::extract::multipart::MultipartError| {
        Failure::invalid("body", "file", error.body_text(), "value_error")
    };
    while let Some(part) = in_time(field.chunk()).await?.map_err(broken)? {
        incoming.add(&part)?;
    }
    Ok(incoming)
}

/// A short text of a form.
async fn text(mut field: Field<'_>) -> Result<String, Failure> {
    let refused = |words: &str| Failure::invalid("body", "form", words, "value_error");
    let mut bytes = Vec::new();
    while let Some(part) = in_time(field.chunk()).await?.map_err(|error| refused(&error.body_text()))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > 1_000 {
            return Err(refused("a text of the form is too long"));
        }
    }
    String::from_utf8(bytes).map_err(|_| refused("a text of the form is no UTF-8"))
}

/// Most bytes of a body of JSON that holds a file: quotes and line ends take two bytes there.
pub const JSON_BYTES: usize = LARGEST as usize * 5 / 4;

fn list(app: &Arc<App>, asked: &Asked<ListQuery, Nothing>) -> Result<Reply<Vec<UploadRecord>>, Failure> {
    let caller = asked.caller()?;
    let shops = match &asked.query.shop_id {
        Some(shop) => Some(vec![caller.shop(Some(shop))?]),
        None => caller.shops.clone(),
    };
    let mut records = Vec::new();
    for upload in app.store.uploads(shops.as_deref(), LIST)? {
        let generation = app.store.generation(&upload.id)?;
        records.push(record(upload, generation.as_ref()));
    }
    let left = LIST - records.len().min(LIST);
    match app.results.read(|connection| of_runs(connection, shops.as_deref(), None, left)) {
        Ok(of_runs) => records.extend(of_runs),
        // Before the first run there are none of it.
        Err(failure) if failure.status == StatusCode::SERVICE_UNAVAILABLE => {}
        Err(failure) => return Err(failure),
    }
    Reply::json(&records)
}

fn one(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<UploadRecord>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    if let Some(upload) = app.store.upload(id)?.filter(|upload| caller.sees(&upload.shop_id)) {
        let generation = app.store.generation(&upload.id)?;
        return Reply::json(&record(upload, generation.as_ref()));
    }
    let shops = caller.shops.as_deref();
    let found = app.results.read(|connection| of_runs(connection, shops, Some(id), 1))?;
    let found = found.into_iter().next().ok_or_else(|| Failure::not_found("upload"))?;
    Reply::json(&found)
}

fn record(upload: Upload, generation: Option<&Generation>) -> UploadRecord {
    UploadRecord {
        status: generation.map_or(upload.status.name(), |generation| status_of(generation, &upload)).to_owned(),
        id: upload.id,
        shop_id: upload.shop_id,
        filename: upload.filename,
        csv_type: upload.csv_type,
        run_id: Some(upload.run_id),
        total_rows: upload.total_rows,
        processed_rows: upload.processed_rows,
        rejected_rows: upload.total_rows.saturating_sub(upload.processed_rows),
        error_message: upload.error_message,
        reasons: upload.reasons,
        warnings: upload.warnings,
        created_at: Some(upload.created_at),
        updated_at: Some(upload.updated_at),
    }
}

/// What became of the run of an upload (section 1.10).
fn status_of(generation: &Generation, upload: &Upload) -> &'static str {
    match (&generation.ended_at, generation.exit_code) {
        (None, _) => "generating_bundles",
        (Some(_), Some(0)) => "bundle_generation_completed",
        (Some(_), Some(4)) => "bundle_generation_async",
        (Some(_), Some(_)) => "bundle_generation_failed",
        // How it ended was not seen: what the file is stays true.
        (Some(_), None) => upload.status.name(),
    }
}

/// Whether runs read a file of this id, of a shop that the caller sees.
pub fn is_known(app: &App, caller: &Caller, id: &str) -> Result<bool, Failure> {
    let shops = caller.shops.as_deref();
    Ok(!app.results.read(|connection| of_runs(connection, shops, Some(id), 1))?.is_empty())
}

/// The name by which runs know the file of an upload; that itself where the upload did not come by this server.
pub fn file_of(app: &App, id: &str, shop: &str) -> Result<String, Failure> {
    let Some(upload) = app.store.upload(id)? else { return Ok(id.to_owned()) };
    if upload.shop_id != shop {
        return Err(Failure::not_found("upload"));
    }
    let end = format!("{}/{}", upload.shop_id, upload.filename);
    let found: Option<String> = app.results.read(|connection| {
        if !nightloom_review::exists(connection, "csv_uploads")? {
            return Ok(None);
        }
        let sql = "SELECT id FROM csv_uploads WHERE shop_id = ?1 AND substr(id, -length(?2)) = ?2 ORDER BY length(id) LIMIT 1";
        Ok(connection.query_row(sql, [shop, &end], |row| row.get(0)).optional()?)
    })?;
    Ok(found.unwrap_or_else(|| id.to_owned()))
}

/// The files that runs read: the table `csv_uploads` of `pipelines/bundles.toml`.
fn of_runs(
    connection: &Connection,
    shops: Option<&[String]>,
    id: Option<&str>,
    limit: usize,
) -> Result<Vec<UploadRecord>, Failure> {
    if limit == 0 || !nightloom_review::exists(connection, "csv_uploads")? {
        return Ok(Vec::new());
    }
    let shops = shops.map(|shops| serde_json::json!(shops).to_string());
    let sql = "SELECT id, COALESCE(shop_id, ''), filename, csv_type, status, total_rows, processed_rows, error_message, created_at, updated_at \
               FROM csv_uploads WHERE (?1 IS NULL OR shop_id IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR id = ?2) \
               ORDER BY updated_at DESC, id LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement.query_map(rusqlite::params![shops, id, limit], of_run)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn of_run(row: &Row) -> rusqlite::Result<UploadRecord> {
    let (total, processed): (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
    let (total_rows, processed_rows) = (total.unwrap_or_default(), processed.unwrap_or_default());
    Ok(UploadRecord {
        id: row.get(0)?,
        shop_id: row.get(1)?,
        filename: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        csv_type: row.get(3)?,
        run_id: None,
        status: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        total_rows,
        processed_rows,
        rejected_rows: total_rows.saturating_sub(processed_rows),
        error_message: row.get(7)?,
        reasons: Vec::new(),
        warnings: Vec::new(),
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
    })
}

/// The shop of a file that runs read.
pub fn shop_of_run(app: &App, id: &str) -> Result<Option<String>, Failure> {
    match app.results.read(|connection| of_runs(connection, None, Some(id), 1)) {
        Ok(found) => Ok(found.into_iter().next().map(|upload| upload.shop_id)),
        Err(failure) if failure.status == StatusCode::SERVICE_UNAVAILABLE => Ok(None),
        Err(failure) => Err(failure),
    }
}
