//! What is known of a number of transactions: how many they are, or which.

/// What is summed over the transactions that are counted.
pub trait Weight: Copy + Default + Send + Sync {
    /// The weight of one transaction; `number` tells it from all others.
    fn of_transaction(number: u32) -> Self;
    /// Takes another weight in.
    fn add(&mut self, other: Self);
    /// The number of transactions.
    fn count(self) -> u32;
}

impl Weight for u32 {
    fn of_transaction(_: u32) -> Self {
        1
    }

    fn add(&mut self, other: Self) {
        *self += other;
    }

    fn count(self) -> u32 {
        self
    }
}
