//! Flags and kill switches, for administrators.

use std::sync::Arc;

use minijinja::context;
use nightloom_flags::{FLAGS, find};
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    templates::shown,
    visit::{Shown, Visit},
};
use crate::{
    api::{flag_record, place, read_flags, set_flags},
    app::App,
    failure::Failure,
};

#[derive(Serialize)]
struct FlagLine {
    key: String,
    value: String,
    default: String,
    from: &'static str,
    about: &'static str,
    is_switch: bool,
    is_on: bool,
}

/// All flags, the kill switches first.
pub fn list(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let shop = place(visit.caller(), visit.asked("shop"))?;
    let overrides = read_flags(app)?;
    let part = visit.asked("part").unwrap_or_default();
    let line = |flag| {
        let record = flag_record(&overrides, shop.as_deref(), flag);
        FlagLine {
            is_switch: record.default.is_boolean(),
            is_on: record.value == true,
            value: record.value.to_string(),
            default: record.default.to_string(),
            key: record.key,
            from: record.from,
            about: record.about,
        }
    };
    let (switches, flags): (Vec<FlagLine>, Vec<FlagLine>) = FLAGS
        .iter()
        .filter(|flag| flag.key.starts_with("emergency.") || flag.key.contains(part))
        .map(line)
        .partition(|flag| flag.key.starts_with("emergency."));
    Ok(Shown::Page(
        "flags.html",
        context! { here => "flags", shop, switches => shown(&switches), flags => shown(&flags), part },
    ))
}

/// Sets a flag, or takes back what is set.
pub fn set(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let shop = place(visit.caller(), visit.field("shop"))?;
    let key = visit.field("key").unwrap_or_default();
    let flag = find(key).ok_or_else(|| Failure::not_found("flag"))?;
    let value = match visit.field("value") {
        None => Json::Null,
        Some(text) => serde_json::from_str(text).unwrap_or_else(|_| Json::from(text)),
    };
    if key.starts_with("emergency.") && value == true && visit.field("sure") != Some("yes") {
        return Err(Failure::invalid("body", "sure", "say that you mean it", "missing"));
    }
    set_flags(app, &visit.caller().name, shop.as_deref(), &[(flag.key.to_owned(), value)])?;
    Ok(Shown::See(visit.back("/flags")))
}
