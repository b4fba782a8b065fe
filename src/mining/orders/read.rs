//! Order lines from a frame, batch by batch.

use polars::prelude::*;

use super::{Line, OrderLines, Wanted, dictionary::TooMany};
use crate::operator::{ColumnKind, Columns, InputPort, Progress, StageContext, StageError, for_each_batch};

/// Columns of order lines: shop, order and item.
pub const LINES: [&str; 3] = ["shop_id", "order_id", "item_id"];

/// When a line's order was made.
const CREATED_AT: &str = "created_at";

/// Who made a line's order.
const CUSTOMER: &str = "customer";

/// The input port `lines` of this room's operators.
pub const LINES_PORT: InputPort = lines_port(
    "lines",
    &[
        ("shop_id", ColumnKind::Any),
        ("order_id", ColumnKind::Any),
        ("item_id", ColumnKind::Any),
        (CUSTOMER, ColumnKind::Any),
    ],
    LINES_ABOUT,
);

/// A port of lines of which only shop, order and item are read.
pub const fn plain_lines_port(name: &'static str, about: &'static str) -> InputPort {
    lines_port(
        name,
        &[("shop_id", ColumnKind::Any), ("order_id", ColumnKind::Any), ("item_id", ColumnKind::Any)],
        about,
    )
}

/// The same with the times of the orders.
pub const DATED_LINES_PORT: InputPort = lines_port(
    "lines",
    &[
        ("shop_id", ColumnKind::Any),
        ("order_id", ColumnKind::Any),
        ("item_id", ColumnKind::Any),
        (CUSTOMER, ColumnKind::Any),
        (CREATED_AT, ColumnKind::Timestamp),
    ],
    LINES_ABOUT,
);

const LINES_ABOUT: &str = "A row an item of an order, in any order; an item that comes twice in one counts once.";

const fn lines_port(name: &'static str, columns: Columns, about: &'static str) -> InputPort {
    InputPort::required(name, columns, about).may_lack(&["shop_id", CUSTOMER, CREATED_AT])
}

/// Reads the lines that have an order and an item, with what else is wanted of their orders.
///
/// # Errors
/// When they cannot be read, are too many, or the run was asked to stop.
pub fn read_lines(lines: LazyFrame, wanted: Wanted, context: &StageContext) -> Result<OrderLines, StageError> {
    let rows = lines.clone().select([len().cast(DataType::UInt32)]).collect_with_engine(Engine::Streaming)?;
    let rows = rows.unwrap_single().columns().first().and_then(|column| column.u32().ok()?.get(0)).unwrap_or_default();
    context.progress.total(u64::from(rows));
    let mut read = OrderLines::with_capacity(rows as usize, wanted);
    add_lines(lines, wanted, &mut read, context.progress.as_ref(), || context.check_cancelled())?;
    Ok(read)
}

/// Adds the lines of a frame that have an order and an item.
///
/// # Errors
/// When they cannot be read or are too many; what `check` returns.
pub fn add_lines(
    lines: LazyFrame,
    wanted: Wanted,
    to: &mut OrderLines,
    progress: &dyn Progress,
    check: impl Fn() -> Result<(), StageError>,
) -> Result<(), StageError> {
    let mut columns = LINES.map(|name| col(name).cast(DataType::String)).to_vec();
    if wanted.times {
        columns.push(col(CREATED_AT).cast(DataType::Datetime(TimeUnit::Microseconds, None)).cast(DataType::Int64));
    }
    if wanted.customers {
        columns.push(col(CUSTOMER).cast(DataType::String));
    }
    for_each_batch(lines.select(columns), StageError::from, |batch| {
        check()?;
        let [shops, orders, items] = LINES.map(|name| batch.column(name).and_then(|column| column.str().cloned()));
        let (shops, orders, items) = (shops?, orders?, items?);
        let times = if wanted.times { Some(batch.column(CREATED_AT)?.i64()?.clone()) } else { None };
        let customers = if wanted.customers { Some(batch.column(CUSTOMER)?.str()?.clone()) } else { None };
        let (mut times, mut customers) =
            (times.as_ref().map(|times| times.iter()), customers.as_ref().map(|customers| customers.iter()));
        for ((shop, order), item) in shops.iter().zip(orders.iter()).zip(items.iter()) {
            let at = times.as_mut().and_then(Iterator::next).flatten();
            let customer = customers.as_mut().and_then(Iterator::next).flatten();
            let (Some(order), Some(item)) = (order, item) else { continue };
            if !order.is_empty() && !item.is_empty() {
                let customer = customer.filter(|customer| !customer.is_empty());
                to.push(Line { shop, order, item, at, customer }).map_err(too_many)?;
            }
        }
        progress.advance(batch.height() as u64);
        Ok(())
    })
}

/// [`TooMany`] as an error of the port `lines`.
fn too_many(error: TooMany) -> StageError {
    StageError::Input {
        port: "lines".to_owned(),
        problem: error.to_string(),
        mend: "mine fewer shops or a shorter time in one stage".to_owned(),
    }
}

/// Columns of the output `rejected`.
pub const REJECTED: [(&str, ColumnKind); 4] = [
    ("shop_id", ColumnKind::Text),
    ("order_id", ColumnKind::Text),
    ("item_id", ColumnKind::Text),
    ("reason", ColumnKind::Text),
];

/// The lines that were not read, and why.
pub fn rejected_lines(lines: LazyFrame) -> LazyFrame {
    let missing = |name: &str| col(name).is_null().or(col(name).eq(lit("")));
    let reason = when(missing("order_id")).then(lit("no order_id")).otherwise(lit("no item_id"));
    lines
        .select(LINES.map(|name| col(name).cast(DataType::String)))
        .filter(missing("order_id").or(missing("item_id")))
        .with_column(reason.alias("reason"))
}
