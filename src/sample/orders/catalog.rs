//! One made-up shop: its products in variants, how well each sells, and the bundles that were planted.

use std::collections::HashMap;

use super::{
    draw::Weighted,
    trades::{ADJECTIVES, Kind, SEASONS, Season, TRADES, Trade, VENDORS},
};
use crate::dice::Dice;

/// Ids of a shop's variants begin here; two shops have the same ids for different things.
pub const FIRST_VARIANT: u64 = 7_000_000;

/// A variant of a product.
pub struct Variant {
    /// The number of its product in the shop, from 0.
    pub product: u32,
    /// The product's title.
    pub title: String,
    /// What tells it from its siblings.
    pub option: &'static str,
    /// The product's kind.
    pub kind: &'static Kind,
    pub vendor: &'static str,
    pub sku: String,
    /// Price in cents.
    pub cents: u32,
    /// The price before, in cents, where it was reduced.
    pub compare_at_cents: Option<u32>,
    /// What it costs the shop, in cents, where that is known.
    pub cost_cents: Option<u32>,
    /// When it sells; the whole year for most.
    pub season: Option<Season>,
    /// Days since it was taken up.
    pub age_days: u32,
    /// Pieces in stock.
    pub stock: u32,
}

/// Variants that are often bought together.
pub struct Bundle {
    /// Indices of variants, of different products, rising.
    pub variants: Vec<u32>,
}

/// A shop.
pub struct Shop {
    /// Its name, and that of its folder.
    pub id: String,
    pub variants: Vec<Variant>,
    pub bundles: Vec<Bundle>,
    /// How often each variant is bought beside bundles.
    pub popularity: Weighted,
    /// How often each bundle is.
    pub bundle_popularity: Weighted,
}

impl Shop {
    /// The shop with this number, large enough for `lines` order lines.
    pub fn new(number: u32, lines: u64, dice: &mut Dice) -> Self {
        let trade = &TRADES[number as usize % TRADES.len()];
        let size = (lines.isqrt() * 3 / 2).clamp(24, 6_000) as usize;
        let variants = variants(trade, size, dice);
        let mut ranks: Vec<u32> = (0..variants.len() as u32).collect();
        dice.shuffle(&mut ranks);
        let weights: Vec<u32> = ranks.iter().map(|rank| 1_000_000_000 / (rank + 8)).collect();
        let bundles = bundles(&variants, &ranks, dice);
        let bundle_weights: Vec<u32> = (0..bundles.len() as u32).map(|place| 1_000_000 / (place + 4)).collect();
        Self {
            id: format!("{}-{:04}", trade.name, number + 1),
            variants,
            bundles,
            popularity: Weighted::new(&weights),
            bundle_popularity: Weighted::new(&bundle_weights),
        }
    }
}

fn variants(trade: &Trade, size: usize, dice: &mut Dice) -> Vec<Variant> {
    let mut variants = Vec::with_capacity(size);
    let mut product = 0;
    let mut titles: HashMap<String, u32> = HashMap::new();
    while variants.len() < size {
        let kind = &trade.kinds[dice.below(trade.kinds.len() as u32) as usize];
        let mut title = format!("{} {}", dice.pick(ADJECTIVES), dice.pick(kind.nouns));
        // Where no id is exported the title is all that tells two products apart.
        let namesakes = titles.entry(title.clone()).or_default();
        *namesakes += 1;
        if *namesakes > 1 {
            title = format!("{title} {namesakes}");
        }
        let vendor = dice.pick(VENDORS);
        let units = dice.between(kind.units.0, kind.units.1);
        let season = dice.permille(120).then(|| dice.pick(SEASONS));
        let age_days = if dice.permille(40) { dice.below(30) } else { dice.between(30, 1_500) };
        let options = dice.between(1, kind.options.len() as u32) as usize;
        for (place, option) in kind.options.iter().take(options.min(size - variants.len())).enumerate() {
            let cents = units * 100 + 100 * place as u32 + dice.pick(&[0, 50, 95, 99]);
            let code: String = title.chars().filter(char::is_ascii_uppercase).collect();
            variants.push(Variant {
                product,
                title: title.clone(),
                option,
                kind,
                vendor,
                sku: format!("{code}-{product:04}-{}", place + 1),
                cents,
                compare_at_cents: dice.permille(300).then(|| cents + cents * dice.between(5, 40) / 100),
                cost_cents: dice.permille(800).then(|| cents * dice.between(35, 80) / 100),
                season,
                age_days,
                stock: if dice.permille(60) { 0 } else { dice.between(1, 240) },
            });
        }
        product += 1;
    }
    variants
}

/// Bundles of two or three variants from the better-selling six tenths, no two of them of one product.
fn bundles(variants: &[Variant], ranks: &[u32], dice: &mut Dice) -> Vec<Bundle> {
    let count = (variants.len() / 12).clamp(2, 60);
    let sellers: Vec<u32> = (0..variants.len() as u32)
        .filter(|variant| ranks[*variant as usize] < variants.len() as u32 * 6 / 10)
        .collect();
    let mut bundles: Vec<Bundle> = Vec::with_capacity(count);
    // A small shop may have too few products for as many bundles.
    for _ in 0..count * 8 {
        let size = if dice.permille(650) { 2 } else { 3 };
        let mut chosen: Vec<u32> = (0..size).map(|_| dice.pick(&sellers)).collect();
        chosen.sort_unstable();
        let products: Vec<u32> = chosen.iter().map(|variant| variants[*variant as usize].product).collect();
        let distinct = products.iter().enumerate().all(|(place, product)| !products[..place].contains(product));
        if distinct && bundles.iter().all(|bundle| bundle.variants != chosen) {
            bundles.push(Bundle { variants: chosen });
        }
        if bundles.len() == count {
            break;
        }
    }
    bundles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_products_of_a_shop_have_one_title() {
        let shop = Shop::new(0, 400_000, &mut Dice::new(1, 0));
        let products: HashMap<&str, u32> =
            shop.variants.iter().map(|variant| (variant.title.as_str(), variant.product)).collect();
        let last = shop.variants.last().map_or(0, |variant| variant.product);
        assert_eq!(products.len(), last as usize + 1);
    }

    #[test]
    fn a_shop_has_bundles_of_different_products_and_grows_with_its_lines() {
        let small = Shop::new(0, 100, &mut Dice::new(1, 0));
        let large = Shop::new(0, 1_000_000, &mut Dice::new(1, 0));
        assert_eq!((small.variants.len(), large.variants.len()), (24, 1_500));
        for shop in [&small, &large] {
            assert!(!shop.bundles.is_empty());
            for bundle in &shop.bundles {
                let mut products: Vec<u32> =
                    bundle.variants.iter().map(|variant| shop.variants[*variant as usize].product).collect();
                products.sort_unstable();
                products.dedup();
                assert_eq!(products.len(), bundle.variants.len());
            }
        }
    }
}
