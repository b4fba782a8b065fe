//! Observations: a listing as a catalog scan finds it, which may differ from what we stored.

use super::{
    images,
    listing::{self, Listing},
    prices::{self, PriceSpread},
    retailers::UrlHabit,
    titles, urls,
};
use crate::dice::Dice;

/// One catalog row. Texts are null where the scan found nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// URL as scraped.
    pub url: Option<String>,
    /// Key of the retailer.
    pub retailer: &'static str,
    /// Title as scraped.
    pub title: Option<String>,
    /// Price in units of currency.
    pub price: Option<f64>,
    /// List price when on sale.
    pub original_price: Option<f64>,
    /// The retailer's product code.
    pub code: Option<String>,
    /// JSON array of image URLs.
    pub image_urls: Option<String>,
    /// How many days before the as-of time the scan was.
    pub days_ago: u32,
}

/// Looks at `listing`, whose product has the URL `stored`.
pub fn observe(listing: &Listing, stored: &str, spread: PriceSpread, dice: &mut Dice) -> Observation {
    let relisted = dice.permille(listing.retailer.relisted);
    let title = seen_title(listing, relisted, dice);
    let (url, code) = if relisted {
        let mut anew = listing.clone();
        anew.serial = (dice.bits() >> 28) | (1 << 40);
        anew.style = anew.serial;
        anew.code = listing::code(anew.serial, listing.brand, dice);
        anew.title.clone_from(&title);
        (urls::stored(&anew, dice), anew.code)
    } else {
        (urls::seen(listing, stored, &title, dice), listing.code.clone())
    };
    // A shop that keeps its codes when it lists anew is the exception.
    let code = if listing.retailer.urls == UrlHabit::TitleInPath { listing.code.clone() } else { code };
    let has_code = listing.retailer.coded > 0 && dice.permille(750);
    let cents = prices::drifted(listing.cents, spread, dice);
    let set = u32::from(dice.permille(listing.retailer.new_images));
    let count = dice.between(1, 3);
    Observation {
        url: Some(url),
        retailer: listing.retailer.key,
        title: Some(title),
        price: Some(prices::units(cents)),
        original_price: listing.list_cents.map(prices::units),
        code: has_code.then_some(code),
        image_urls: dice.permille(930).then(|| images::urls(listing, set, count, dice)),
        days_ago: dice.below(60),
    }
}

/// Titles are edited when a product is listed anew more often than otherwise.
fn seen_title(listing: &Listing, relisted: bool, dice: &mut Dice) -> String {
    let (light, heavy) = if relisted { (560, 60) } else { (150, 20) };
    match dice.below(1000) {
        draw if draw < light => titles::lightly_edited(&listing.title, dice),
        draw if draw < light + heavy => titles::rewritten(&listing.title, listing.brand, dice),
        _ => listing.title.clone(),
    }
}
