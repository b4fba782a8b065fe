//! The fuzzy level: catalog titles against the product titles of the same retailer in the price window.

use rayon::prelude::*;

use super::{
    params::{Rules, Tie},
    rows::Sides,
};
use crate::{
    linking::similarity::{fold_title, similarity},
    operator::{StageContext, StageError},
};

/// A catalog row with its title and the price to compare.
pub type Query<'a> = (u32, &'a str, f64);

/// The most similar product of a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Best {
    /// Its row number and the similarity of the titles.
    pub found: Option<(u32, f64)>,
    /// How many products lie in the price window.
    pub compared: u32,
}

pub struct FuzzyLevel<'a> {
    sides: &'a Sides<'a>,
    rules: &'a Rules,
    titles: Vec<Option<String>>,
}

impl<'a> FuzzyLevel<'a> {
    pub fn build(sides: &'a Sides<'a>, rules: &'a Rules) -> Self {
        let titles = sides.products.titles.iter().map(|title| title.map(fold_title)).collect();
        Self { sides, rules, titles }
    }

    pub fn best_matches(&self, queries: &[Query<'_>], context: &StageContext) -> Result<Vec<Best>, StageError> {
        context.check_cancelled()?;
        Ok(queries.par_iter().map(|query| self.best(query)).collect())
    }

    fn best(&self, (row, title, price): &Query<'_>) -> Best {
        let (catalog, products) = (&self.sides.catalog, &self.sides.products);
        let title = fold_title(title);
        let mut best = Best::default();
        let mut best_key = (0.0, 0.0);
        for product in 0..products.len() {
            let Some(other) = &self.titles[product] else { continue };
            let Some(other_price) = self.rules.prices.comparable(products.prices[product]) else { continue };
            if products.retailers[product] != catalog.retailers[*row as usize]
                || !self.rules.prices.accepts(*price, other_price)
            {
                continue;
            }
            best.compared += 1;
            let ratio = similarity(self.rules.measure, &title, other);
            let gap = if self.rules.tie == Tie::Rowid { 0.0 } else { -(price - other_price).abs() };
            if best.found.is_none() || (ratio, gap) > best_key {
                best.found = Some((product as u32, ratio));
                best_key = (ratio, gap);
            }
        }
        best
    }
}
