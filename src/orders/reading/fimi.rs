//! Files of item sets as miners exchange them: a line an order, its words the items.

use crate::orders::{
    reading::{
        content::Content,
        job::{Job, Parsed},
    },
    recognising::fields::Order,
    rows::row::{Head, NO_SHOP, RowWriter, hash},
    values::doubt::sure,
};

/// A line is an order, its words are SKUs; there are no prices and no dates. The order's id is the number of the file and
/// of the line, both from 1: lines of two files are two orders.
pub fn parse_fimi(job: &Job, parsed: &mut Parsed) {
    let Content::Text { bytes, shape, .. } = &job.content else { return };
    for (line, text) in (0_u32..).zip(bytes.split(|byte| *byte == shape.terminator)) {
        let order = format!("{}:{}", job.file + 1, job.first_line + u64::from(line));
        let hash = hash(order.as_bytes());
        let partition = (hash >> 32) as usize % parsed.parts.len();
        let Some(out) = parsed.parts.get_mut(partition) else { continue };
        for item in text.split(u8::is_ascii_whitespace).filter(|item| !item.is_empty()) {
            parsed.facts.rows += 1;
            parsed.facts.note_good(false, 0);
            let mut row = RowWriter::begin(out, Head { block: job.block, line, shop: NO_SHOP, hash });
            row.text(Order::OrderId.place(), order.as_bytes());
            row.number(Order::CreatedAt.place(), sure(0));
            row.number(Order::Quantity.place(), sure(1));
            row.text(Order::Sku.place(), item);
            row.end();
        }
    }
}
