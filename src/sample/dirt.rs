//! Dirt: a small share of rows with missing, empty or senseless values.

use super::observation::Observation;
use crate::dice::Dice;

/// How dirty a world is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dirt {
    /// About one row in a hundred: catalog rows without title, price or images, empty texts, prices of 0, products
    /// without a price or with an empty title. Every row still has a URL, and every product a title.
    #[default]
    Mild,
    /// Also products without a title, catalog rows without a URL, negative prices and texts that are no URL.
    Harsh,
}

/// Soils a catalog row.
pub fn soil_row(row: &mut Observation, dirt: Dirt, dice: &mut Dice) {
    match dice.below(1000) {
        0..2 => row.title = None,
        2..4 => row.price = None,
        4..6 => row.price = Some(0.0),
        6..8 => row.title = Some(String::new()),
        8..10 => row.code = Some(String::new()),
        10..11 => row.title = row.title.as_ref().map(|title| format!("  {title} \u{a0}")),
        11..13 if dirt == Dirt::Harsh => row.url = None,
        13..14 if dirt == Dirt::Harsh => row.url = Some("not a url".to_owned()),
        14..15 if dirt == Dirt::Harsh => row.url = Some(String::new()),
        15..17 if dirt == Dirt::Harsh => row.price = row.price.map(|price| -price),
        _ => {}
    }
}

/// What dirt leaves of a product's title, price and code.
pub fn soil_product<'a>(
    title: &'a str,
    price: f64,
    code: Option<&'a str>,
    dirt: Dirt,
    dice: &mut Dice,
) -> (Option<&'a str>, Option<f64>, Option<&'a str>) {
    match dice.below(1000) {
        0..2 => (Some(title), None, code),
        2..3 => (Some(""), Some(price), code),
        3..4 => (Some(title), Some(0.0), code),
        4..6 => (Some(title), Some(price), Some("")),
        6..8 if dirt == Dirt::Harsh => (None, Some(price), code),
        8..9 if dirt == Dirt::Harsh => (Some(title), Some(-price), code),
        _ => (Some(title), Some(price), code),
    }
}
