//! Templates of pages. What comes from data is escaped wherever it stands.

use std::sync::OnceLock;

use minijinja::{AutoEscape, Environment, Value, syntax::SyntaxConfig, value::Serde};

use crate::failure::Failure;

const TEMPLATES: [(&str, &str); 11] = [
    ("base.html", include_str!("templates/base.html")),
    ("login.html", include_str!("templates/login.html")),
    ("failure.html", include_str!("templates/failure.html")),
    ("bundles.html", include_str!("templates/bundles.html")),
    ("card.html", include_str!("templates/card.html")),
    ("bundle.html", include_str!("templates/bundle.html")),
    ("runs.html", include_str!("templates/runs.html")),
    ("run.html", include_str!("templates/run.html")),
    ("flags.html", include_str!("templates/flags.html")),
    ("search.html", include_str!("templates/search.html")),
    ("report.html", include_str!("templates/report.html")),
];

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            environment.set_syntax(syntax);
        }
        environment.add_filter("urlencode", |text: &str| crate::api::encoded(text));
        for (name, text) in TEMPLATES {
            // The tests render each: one that is no template does not get far.
            let _ = environment.add_template(name, text);
        }
        environment
    })
}

/// A page.
pub fn render(template: &str, page: Value) -> Result<String, Failure> {
    environment()
        .get_template(template)
        .and_then(|template| template.render(page))
        .map_err(|error| Failure::inside(format!("{error:#}")))
}

/// A value of a page.
pub fn shown(value: &impl serde::Serialize) -> Value {
    Value::from(Serde(value))
}
