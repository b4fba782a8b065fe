//! Flags, kill switches, metrics of runs, the audit: for administrators.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::Method;
use nightloom_flags::{FLAGS, Flag, FlagError, Overrides, find};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::done::Done;
use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    metrics::{self, Metrics},
    reply::Reply,
    store::AuditEntry,
};

/// How kill switches begin.
const SWITCHES: &str = "emergency.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Place {
    /// The shop; the workspace where it is left out.
    shop_id: Option<String>,
}

/// A flag and its value.
#[derive(Serialize, JsonSchema)]
pub struct FlagRecord {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Json,
    /// Its value unless another is set.
    pub default: Json,
    /// default, workspace, shop, kill switch.
    pub from: &'static str,
    /// What it decides.
    pub about: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct FlagsRecord {
    flags: BTreeMap<String, FlagRecord>,
    diagnostics: Json,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewValue {
    /// The value; null for that of the workspace, or the default.
    value: Json,
    /// Who says so; the token's name is noted.
    #[serde(rename = "updated_by")]
    _updated_by: Option<String>,
    /// The shop; the workspace where it is left out.
    shop_id: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewValues {
    /// Values by key.
    flags: Map<String, Json>,
    /// Who says so; the token's name is noted.
    #[serde(rename = "updated_by")]
    _updated_by: Option<String>,
    /// The shop; the workspace where it is left out.
    shop_id: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// The kill switch, with or without `emergency.`.
    #[schemars(length(min = 1, max = 120))]
    name: String,
    /// Whether it is thrown.
    active: bool,
    /// The shop; all where it is left out.
    shop_id: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// Only entries before this one.
    before: Option<i64>,
}

/// The endpoints of administrators.
pub fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = flags();
    endpoints.extend(switches());
    endpoints.extend(watching());
    endpoints
}

fn flags() -> Vec<Endpoint> {
    let admin = Access::Role(Role::Admin);
    vec![
        endpoint::<Place, Nothing, FlagsRecord>(
            (Method::GET, "/api/admin/flags"),
            admin,
            "All flags with their values.",
            all,
        ),
        endpoint::<Place, Nothing, FlagRecord>(
            (Method::GET, "/api/admin/flags/{key}"),
            admin,
            "A flag.",
            |app, asked| {
                let shop = place(asked.caller()?, asked.query.shop_id.as_deref())?;
                let flag = find(asked.part("key")).ok_or_else(|| Failure::not_found("flag"))?;
                Reply::json(&record(&read(app)?, shop.as_deref(), flag))
            },
        ),
        endpoint::<Nothing, NewValue, FlagRecord>(
            (Method::PUT, "/api/admin/flags/{key}"),
            admin,
            "Sets a flag, or takes back what is set.",
            |app, asked| {
                let shop = place(asked.caller()?, asked.body.shop_id.as_deref())?;
                let flag = find(asked.part("key")).ok_or_else(|| Failure::not_found("flag"))?;
                asked.note(shop.as_deref().unwrap_or("*"), &format!("{} = {}", flag.key, asked.body.value));
                let values = [(flag.key.to_owned(), asked.body.value.clone())];
                set(app, &asked.caller()?.name, shop.as_deref(), &values)?;
                Reply::json(&record(&read(app)?, shop.as_deref(), flag))
            },
        ),
        endpoint::<Nothing, NewValues, Done>(
            (Method::POST, "/api/admin/flags/bulk"),
            admin,
            "Sets several flags: all, or where one cannot be, none.",
            |app, asked| {
                let shop = place(asked.caller()?, asked.body.shop_id.as_deref())?;
                let values: Vec<(String, Json)> =
                    asked.body.flags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                asked.note(shop.as_deref().unwrap_or("*"), &json!(asked.body.flags).to_string());
                set(app, &asked.caller()?.name, shop.as_deref(), &values)?;
                Reply::json(&Done::of(format!("{} flags are set", values.len())))
            },
        ),
    ]
}

fn switches() -> Vec<Endpoint> {
    let admin = Access::Role(Role::Admin);
    vec![
        endpoint::<Nothing, Switch, Done>(
            (Method::POST, "/api/admin/kill-switch"),
            admin,
            "Throws a kill switch, or takes it back.",
            |app, asked| throw(app, asked, &asked.body.name, asked.body.active, asked.body.shop_id.as_deref()),
        ),
        endpoint::<Nothing, Nothing, Done>(
            (Method::POST, "/api/admin/kill-switches/{name}/activate"),
            admin,
            "Throws a kill switch of the workspace.",
            |app, asked| throw(app, asked, asked.part("name"), true, None),
        ),
        endpoint::<Nothing, Nothing, Done>(
            (Method::POST, "/api/admin/kill-switches/{name}/deactivate"),
            admin,
            "Takes back a kill switch of the workspace.",
            |app, asked| throw(app, asked, asked.part("name"), false, None),
        ),
    ]
}

fn watching() -> Vec<Endpoint> {
    let admin = Access::Role(Role::Admin);
    vec![
        endpoint::<Nothing, Nothing, Metrics>(
            (Method::GET, "/api/admin/metrics"),
            admin,
            "Figures of the last hundred runs.",
            |app, asked| {
                whole(asked)?;
                Reply::json(&metrics::of_runs(app)?)
            },
        ),
        endpoint::<Nothing, Nothing, Metrics>(
            (Method::GET, "/api/admin/metrics/performance"),
            admin,
            "Figures of the last hundred runs.",
            |app, asked| {
                whole(asked)?;
                Reply::json(&metrics::of_runs(app)?)
            },
        ),
        endpoint::<Nothing, Nothing, Json>(
            (Method::GET, "/api/admin/metrics/phases"),
            admin,
            "The steps of the last run that is over.",
            |app, asked| {
                whole(asked)?;
                Reply::json(&metrics::phases(app)?)
            },
        ),
        endpoint::<Nothing, Nothing, Json>(
            (Method::GET, "/api/admin/metrics/drops"),
            admin,
            "What was not published of each shop, by reason.",
            |app, asked| Reply::json(&metrics::drops(app, asked.caller()?)?),
        ),
        endpoint::<Nothing, Nothing, Json>(
            (Method::GET, "/api/admin/config"),
            admin,
            "What the server was told.",
            |app, asked| {
                whole(asked)?;
                let settings = &app.settings;
                Reply::json(&json!({
                    "listen": settings.listen.to_string(), "hosts": settings.hosts, "requestsPerMinute": settings.requests_per_minute,
                    "secureCookies": settings.secure_cookies, "keptBytes": settings.kept_bytes,
                    "largestFileBytes": crate::receiving::LARGEST, "version": env!("CARGO_PKG_VERSION"),
                }))
            },
        ),
        endpoint::<AuditQuery, Nothing, Vec<AuditEntry>>(
            (Method::GET, "/api/admin/audit"),
            admin,
            "Who asked for which change, and what came of it, the newest first.",
            |app, asked| {
                let shops = asked.caller()?.shops.as_deref();
                Reply::json(&app.store.audit(shops, asked.query.before, 100)?)
            },
        ),
    ]
}

/// What is about all shops is for those who see all.
fn whole<Q, B>(asked: &Asked<Q, B>) -> Result<(), Failure> {
    match asked.caller()?.sees_all() {
        true => Ok(()),
        false => Err(Failure::forbidden("this is about all shops")),
    }
}

/// The place of flags: a shop that the caller sees, or the workspace for those who see all.
pub fn place(caller: &Caller, shop: Option<&str>) -> Result<Option<String>, Failure> {
    match (shop, caller.sees_all()) {
        (None, true) => Ok(None),
        (shop, _) => caller.shop(shop).map(Some),
    }
}

/// What is set of flags.
pub fn read(app: &App) -> Result<Overrides, Failure> {
    app.lent.flags.read().map_err(|problem| Failure::not_now("the flags cannot be read", 60, Some(problem)))
}

/// Sets flags, all or none; null takes back. `by` is who does.
pub fn set(app: &App, by: &str, shop: Option<&str>, values: &[(String, Json)]) -> Result<(), Failure> {
    let change = &mut |flags: &mut Overrides| -> Result<(), FlagError> {
        for (key, value) in values {
            match value {
                Json::Null => flags.reset(shop, key).map(drop)?,
                value => flags.set(shop, key, value).map(drop)?,
            }
        }
        Ok(())
    };
    let changed = app.lent.flags.change(by, change);
    changed.map_err(|error| Failure::invalid("body", "value", error.to_string(), "value_error"))
}

/// A flag's value in a place, and where it comes from.
pub fn record(flags: &Overrides, shop: Option<&str>, flag: &'static Flag) -> FlagRecord {
    let from = match flags.held_by(shop, flag) {
        Some(_) => "kill switch",
        None if shop.is_some() && flags.own(shop, flag).is_some() => "shop",
        None if flags.own(None, flag).is_some() => "workspace",
        None => "default",
    };
    FlagRecord {
        key: flag.key.to_owned(),
        value: flags.value(shop, flag).to_json(),
        default: flag.default.to_json(),
        from,
        about: flag.about,
    }
}

fn all(app: &Arc<App>, asked: &Asked<Place, Nothing>) -> Result<Reply<FlagsRecord>, Failure> {
    let shop = place(asked.caller()?, asked.query.shop_id.as_deref())?;
    let overrides = read(app)?;
    let flags: BTreeMap<String, FlagRecord> =
        FLAGS.iter().map(|flag| (flag.key.to_owned(), record(&overrides, shop.as_deref(), flag))).collect();
    let changed = flags.values().filter(|flag| flag.from != "default").count();
    let thrown: Vec<&String> = flags
        .values()
        .filter(|flag| flag.key.starts_with(SWITCHES) && flag.value == true)
        .map(|flag| &flag.key)
        .collect();
    let diagnostics = json!({ "total": flags.len(), "changed": changed, "killSwitches": thrown });
    Reply::json(&FlagsRecord { flags, diagnostics })
}

fn throw<Q, B>(
    app: &Arc<App>,
    asked: &Asked<Q, B>,
    name: &str,
    active: bool,
    shop: Option<&str>,
) -> Result<Reply<Done>, Failure> {
    let shop = place(asked.caller()?, shop)?;
    let key = if name.starts_with(SWITCHES) { name.to_owned() } else { format!("{SWITCHES}{name}") };
    find(&key).ok_or_else(|| Failure::not_found("kill switch"))?;
    asked.note(shop.as_deref().unwrap_or("*"), &format!("{key} = {active}"));
    set(app, &asked.caller()?.name, shop.as_deref(), &[(key.clone(), json!(active))])?;
    Reply::json(&Done::of(format!("{key} is {}", if active { "thrown" } else { "taken back" })))
}
