//! What all exports say of a variant and an order.

use super::super::{baskets::Line, catalog::Variant};

/// Whether the only variant of its product: it has no option.
pub fn is_only(variant: &Variant) -> bool {
    variant.option == "Default Title"
}

/// What a line of an order calls a variant.
pub fn line_name(variant: &Variant) -> String {
    if is_only(variant) { variant.title.clone() } else { format!("{} - {}", variant.title, variant.option) }
}

/// A product's name in addresses.
pub fn handle(variant: &Variant) -> String {
    variant.title.to_lowercase().replace(' ', "-")
}

/// The pieces of a variant in the shop and in its store; two of five lie in both.
pub fn stock_in_places(place: usize, variant: &Variant) -> [Option<u32>; 2] {
    if place % 5 < 2 {
        let elsewhere = variant.stock / 3;
        [Some(variant.stock - elsewhere), Some(elsewhere)]
    } else {
        [Some(variant.stock), None]
    }
}

/// What an order's lines cost together, in cents; what was sent back is taken off.
pub fn total_cents(lines: &[Line]) -> u32 {
    let total: i64 = lines.iter().map(|line| i64::from(line.quantity) * i64::from(line.cents)).sum();
    u32::try_from(total).unwrap_or_default()
}

/// Cents as units with two places.
pub struct Money(pub u32);

impl std::fmt::Display for Money {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
