//! Finds the product with a given title and about a given price.

use std::ops::Range;

use rayon::prelude::*;

use super::rows::Rows;
use crate::linking::{
    first_rows::{FirstRows, Key, hash},
    price::PriceWindow,
    range_min::RangeMin,
};

/// Products by (retailer, title), each group in order of price.
pub struct TitlePrices<'a> {
    rows: &'a Rows<'a>,
    titles: FirstRows,
    /// For the first row of a title: where its group lies in `prices`.
    groups: Vec<Range<u32>>,
    prices: Vec<f64>,
    /// The rows of `prices`, to find the one with the smallest id.
    by_price: RangeMin,
}

impl<'a> TitlePrices<'a> {
    /// Indexes the products that have a title and a price that can be compared.
    pub fn build(rows: &'a Rows<'a>, window: PriceWindow) -> Self {
        let hashes: Vec<_> = (0..rows.len())
            .into_par_iter()
            .map(|row| window.comparable(rows.prices[row]).and(key(rows, row)).map(hash))
            .collect();
        let titles = FirstRows::build(&hashes, |a, b| key(rows, a as usize) == key(rows, b as usize));
        let mut entries = Vec::with_capacity(rows.len());
        for (row, hash) in (0u32..).zip(&hashes) {
            let Some(hash) = hash else { continue };
            let wanted = key(rows, row as usize);
            let first = titles.find(*hash, |other| key(rows, other as usize) == wanted);
            if let (Some(first), Some(price)) = (first, window.comparable(rows.prices[row as usize])) {
                entries.push((first, price, row));
            }
        }
        entries.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut groups = vec![0..0; rows.len()];
        for (at, entry) in (0u32..).zip(&entries) {
            let group = &mut groups[entry.0 as usize];
            *group = if group.start == group.end { at..at + 1 } else { group.start..at + 1 };
        }
        let by_price = RangeMin::new(&entries.iter().map(|entry| entry.2).collect::<Vec<_>>());
        Self { rows, titles, groups, prices: entries.into_iter().map(|entry| entry.1).collect(), by_price }
    }

    /// The product with the smallest id among those of this title and in the window around this price.
    pub fn find(&self, wanted: Key<'_>, price: f64, window: PriceWindow) -> Option<u32> {
        let first = self.titles.find(hash(wanted), |row| key(self.rows, row as usize) == Some(wanted))?;
        let group = self.groups.get(first as usize)?;
        let prices = self.prices.get(group.start as usize..group.end as usize)?;
        let range = window.range(prices, price);
        self.by_price.min(group.start as usize + range.start..group.start as usize + range.end)
    }
}

fn key<'r>(rows: &'r Rows<'_>, row: usize) -> Option<Key<'r>> {
    Some((rows.retailers[row], rows.title(row)?))
}
