//! One HTML file: the template filled in, within the size a page may have.

use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context, syntax::SyntaxConfig, value::Serde};
use sha2::{Digest, Sha256};

use crate::{bounds, chart, error::PageError, model::Page, view};

/// No page is larger.
pub const LARGEST_PAGE_BYTES: usize = 2 * 1024 * 1024;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The page as one HTML file without scripts, which makes no request. What is too much for [`LARGEST_PAGE_BYTES`] is cut, with
/// how much was cut.
///
/// # Errors
/// A chart that cannot be drawn.
pub fn html(page: &Page) -> Result<String, PageError> {
    let environment = environment()?;
    let template = environment.get_template("page.html")?;
    let style = style();
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    let mut text = String::new();
    for limits in &bounds::STEPS {
        let page = Serde(view::of(page, limits)?);
        text = template.render(context! { page, style => style.as_str(), hash => hash.as_str() })?;
        if text.len() <= LARGEST_PAGE_BYTES {
            break;
        }
    }
    Ok(text)
}

fn environment() -> Result<Environment<'static>, PageError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("page.html", TEMPLATE)?;
    Ok(environment)
}

/// The style, with a rule for each marker colour that charts are drawn in: presentation attributes give way to any rule.
fn style() -> String {
    let mut style = STYLE.to_owned();
    let series = chart::SERIES.iter().enumerate().map(|(at, colour)| (*colour, format!("--series-{}", at + 1)));
    let heat = chart::HEAT.iter().enumerate().map(|(at, colour)| (*colour, format!("--heat-{}", at + 1)));
    let inks = [
        (chart::INK, "--ink-soft"),
        (chart::AXIS, "--line-strong"),
        (chart::GRID, "--line"),
        (chart::PAPER, "--paper"),
        (chart::HEAT_INK[0], "--heat-ink-1"),
        (chart::HEAT_INK[1], "--heat-ink-2"),
    ];
    let inks = inks.into_iter().map(|(colour, name)| (colour, name.to_owned()));
    for (colour, name) in series.chain(heat).chain(inks) {
        style += &format!(
            ".chart [fill=\"{colour}\"]{{fill:var({name})}}.chart [stroke=\"{colour}\"]{{stroke:var({name})}}"
        );
    }
    style
}
