//! Listings: one sellable thing at one retailer, as it truly is.

use super::{
    prices::{self, PriceSpread},
    retailers::{RETAILERS, Retailer},
    titles::{self, Style},
};
use crate::dice::Dice;

/// One sellable thing at one retailer.
#[derive(Clone)]
pub struct Listing {
    /// Who sells it.
    pub retailer: &'static Retailer,
    /// Its number among all listings of the world; part of its URL.
    pub serial: u64,
    /// The number of its style: the variants of one style share it.
    pub style: u64,
    /// The style's name in the URL of retailers whose path names the style.
    pub style_title: String,
    /// Colour name.
    pub colour: &'static str,
    /// Title as the retailer writes it.
    pub title: String,
    /// Brand.
    pub brand: &'static str,
    /// Price in cents.
    pub cents: u32,
    /// List price in cents, when the listing is on sale.
    pub list_cents: Option<u32>,
    /// The retailer's product code.
    pub code: String,
}

/// Appends the variants of one new style to `listings`, at most `room` of them.
pub fn add_style(listings: &mut Vec<Listing>, first_serial: u64, room: usize, spread: PriceSpread, dice: &mut Dice) {
    let retailer = &RETAILERS[dice.weighted(RETAILERS.iter().map(|retailer| retailer.share))];
    let style = Style::new(dice);
    let list_cents = prices::list_price(retailer, spread, dice);
    let mut variants = 1;
    while variants < 8 && dice.permille(620) {
        variants += 1;
    }
    let start = listings.len();
    let mut style_title = None;
    for _ in 0..variants.min(room) {
        let serial = first_serial + (listings.len() - start) as u64;
        // Now and then a retailer lists the same thing twice: two products that only their URL and code tell apart.
        if listings.len() > start && dice.permille(40) {
            let mut again = listings[listings.len() - 1].clone();
            again.serial = serial;
            again.code = code(serial, style.brand, dice);
            listings.push(again);
            continue;
        }
        let taken: Vec<&str> = listings[start..].iter().map(|listing| listing.colour).collect();
        let colour = titles::colour(&taken, dice);
        let title = style.variant(colour, dice);
        let on_sale = dice.permille(180);
        listings.push(Listing {
            retailer,
            serial,
            style: first_serial,
            style_title: style_title.get_or_insert_with(|| titles::slug(&title)).clone(),
            colour,
            title,
            brand: style.brand,
            cents: if on_sale { prices::sale_price(list_cents, dice) } else { list_cents },
            list_cents: on_sale.then_some(list_cents),
            code: code(serial, style.brand, dice),
        });
    }
}

/// A product code such as `HOUS-WD1K2F`: letters of the brand and a number unlike any other listing's.
pub fn code(serial: u64, brand: &str, dice: &mut Dice) -> String {
    let letters: String = brand.chars().filter(char::is_ascii_alphabetic).take(4).collect();
    let kind = dice.pick(&["WD", "WS", "WT", "WQ", "WK"]);
    format!("{}-{kind}{}", letters.to_ascii_uppercase(), base36(serial).to_ascii_uppercase())
}

/// A number in the digits 0–9 and a–z.
pub fn base36(mut number: u64) -> String {
    let mut digits = Vec::with_capacity(8);
    loop {
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base36_counts_in_digits_and_letters() {
        assert_eq!(base36(0), "0");
        assert_eq!(base36(35), "z");
        assert_eq!(base36(36), "10");
    }
}
