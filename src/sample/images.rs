//! Image URLs: a small set for each listing, in another size or on another host at the next look.

use super::listing::Listing;
use crate::dice::Dice;

/// The JSON array of a listing's images. `set` numbers the photo session: another number, other images.
pub fn urls(listing: &Listing, set: u32, count: u32, dice: &mut Dice) -> String {
    let size = dice.pick(&["_800x1200", "_400x600", ""]);
    let host = if dice.permille(100) { "media2" } else { "media" };
    let shop = listing.retailer.host;
    let images: Vec<String> = (1..=count)
        .map(|view| format!("\"https://{host}.{shop}/p/{:06x}-{set}-{view}{size}.jpg\"", listing.serial))
        .collect();
    format!("[{}]", images.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::{drops::drop_at, prices::PriceSpread};
    use super::*;

    #[test]
    fn image_lists_are_json_arrays_of_as_many_urls_as_asked_for() {
        let drop = drop_at(1, 0, 1, PriceSpread::Crowded);
        let text = urls(&drop.products[0], 0, 3, &mut Dice::new(1, 1));
        let parsed: Vec<String> = serde_json::from_str(&text).expect("JSON");
        assert_eq!(parsed.len(), 3);
    }
}
