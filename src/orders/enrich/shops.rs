//! The shops of a run by number, and when they had orders.

use std::collections::HashMap;

use polars::prelude::*;

use super::lines::Lines;
use crate::operator::{StageContext, StageError};
use crate::orders::recognising::left_out::LeftOut;

/// Numbers for shops, in the order in which they were first seen.
#[derive(Default)]
pub struct Shops {
    names: Vec<Option<String>>,
    numbers: HashMap<String, u32>,
    /// The number of lines that name no shop.
    nameless: Option<u32>,
    times: Vec<Times>,
    /// The instant that all shops are judged at, if it was given.
    given_as_of: Option<i64>,
}

/// A shop's first and last order.
#[derive(Clone, Copy, Default)]
struct Times {
    first: Option<i64>,
    last: Option<i64>,
}

impl Shops {
    /// No shops yet; all will be judged at the instant given, in microseconds, else each at its last order.
    pub fn judged_at(given_as_of: Option<i64>) -> Self {
        Self { given_as_of, ..Self::default() }
    }

    /// The number of a shop.
    pub fn number(&mut self, name: Option<&str>) -> u32 {
        let known = name.map_or(self.nameless, |name| self.numbers.get(name).copied());
        if let Some(number) = known {
            return number;
        }
        let number = self.names.len() as u32;
        match name {
            Some(name) => drop(self.numbers.insert(name.to_owned(), number)),
            None => self.nameless = Some(number),
        }
        self.names.push(name.map(str::to_owned));
        self.times.push(Times::default());
        number
    }

    /// The number of each row's shop. Lines of a shop are mostly neighbours.
    pub fn numbers(&mut self, names: &StringChunked) -> Vec<u32> {
        let mut last = None;
        let number = |name| match last {
            Some((seen, number)) if seen == name => number,
            _ => {
                let number = self.number(name);
                last = Some((name, number));
                number
            }
        };
        names.iter().map(number).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Its name.
    pub fn name(&self, number: u32) -> Option<&str> {
        self.names.get(number as usize)?.as_deref()
    }

    /// The instant that a shop is judged at, in microseconds: the one given, else that of its last order.
    #[inline]
    pub fn as_of(&self, number: u32) -> Option<i64> {
        self.given_as_of.or(self.times.get(number as usize)?.last)
    }

    /// The instant of a shop's first order.
    pub fn first_order_at(&self, number: u32) -> Option<i64> {
        self.times.get(number as usize)?.first
    }

    /// Reads the times of all lines' orders; checkouts and drafts are none, if they are not in `kept`.
    ///
    /// # Errors
    /// When they cannot be read, or the run was asked to stop.
    pub fn read_times(&mut self, lines: &Lines, kept: &[LeftOut], context: &StageContext) -> Result<(), StageError> {
        let columns = vec![col("shop_id"), col("created_at").cast(DataType::Int64), col("left_out")];
        let is_no_order =
            |reason: &str| LeftOut::named(reason).is_some_and(|reason| reason.is_no_order() && !kept.contains(&reason));
        lines.for_each_batch(columns, |batch| {
            context.check_cancelled()?;
            let shops = self.numbers(batch.column("shop_id")?.str()?);
            let times = batch.column("created_at")?.i64()?.iter().zip(batch.column("left_out")?.str()?.iter());
            for (shop, (at, left_out)) in shops.into_iter().zip(times) {
                if left_out.is_some_and(is_no_order) {
                    continue;
                }
                let (Some(times), Some(at)) = (self.times.get_mut(shop as usize), at) else { continue };
                times.first = Some(times.first.map_or(at, |first| first.min(at)));
                times.last = times.last.max(Some(at));
            }
            Ok(())
        })
    }

    /// A row a shop with the columns `shop_id` and `as_of`.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn frame(&self) -> Result<DataFrame, StageError> {
        let names: StringChunked = self.names.iter().map(Option::as_deref).collect();
        let as_of = instants("as_of", (0..).take(self.len()).map(|number| self.as_of(number)))?;
        Ok(DataFrame::new(self.len(), vec![names.with_name("shop_id".into()).into_column(), as_of])?)
    }
}

/// A column of instants from microseconds.
///
/// # Errors
/// When it cannot be made.
pub fn instants(name: &str, micros: impl Iterator<Item = Option<i64>>) -> Result<Column, StageError> {
    let micros: Int64Chunked = micros.collect();
    Ok(micros.with_name(name.into()).into_column().cast(&DataType::Datetime(TimeUnit::Microseconds, None))?)
}
