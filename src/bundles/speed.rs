//! How fast items sell beside each other: quarters of a shop's items by the units that were sold.

/// How fast an item sells. Where most items sell alike, one may be both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speed {
    /// Among the slowest quarter.
    pub is_slow: bool,
    /// Among the fastest quarter.
    pub is_fast: bool,
}

/// The speeds of a shop's items (section 11.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speeds {
    /// The units at a quarter, a half and three quarters of the items that were sold and have a price.
    pub quartiles: [u64; 3],
    /// An entry an item; items without a sale or a price are neither slow nor fast.
    pub of_items: Vec<Speed>,
}

impl Speeds {
    /// By the units of each item: 0 for one that was not sold or has no price.
    pub fn of(units: &[u64]) -> Self {
        let mut sorted: Vec<u64> = units.iter().copied().filter(|units| *units > 0).collect();
        sorted.sort_unstable();
        let at = |quarters: usize| sorted.get((sorted.len() * quarters / 4).saturating_sub(1)).copied().unwrap_or(0);
        let quartiles = [at(1), at(2), at(3)];
        let of_item = |units: &u64| Speed {
            is_slow: *units > 0 && *units <= quartiles[0],
            is_fast: *units > 0 && *units >= quartiles[2],
        };
        Self { quartiles, of_items: units.iter().map(of_item).collect() }
    }

    /// How many items are slow.
    #[cfg(test)]
    pub fn slow(&self) -> usize {
        self.of_items.iter().filter(|speed| speed.is_slow).count()
    }

    /// How many items are fast.
    #[cfg(test)]
    pub fn fast(&self) -> usize {
        self.of_items.iter().filter(|speed| speed.is_fast).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_are_of_sold_items_alone() {
        let speeds = Speeds::of(&[0, 8, 9, 13, 20]);
        assert_eq!(speeds.quartiles, [8, 9, 13]);
        assert_eq!((speeds.slow(), speeds.fast()), (1, 2));
        assert_eq!(speeds.of_items[0], Speed::default());
        assert_eq!(Speeds::of(&[]).quartiles, [0; 3]);
        assert_eq!(Speeds::of(&[5]).of_items, [Speed { is_slow: true, is_fast: true }]);
    }
}
