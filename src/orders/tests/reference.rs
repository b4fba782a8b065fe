//! Random files against a reference that reads one character and one row at a time.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use proptest::prelude::*;

use super::super::testing::*;
use crate::orders::ingest::IngestShop;
use crate::orders::reading::csv::{Blocks, Records};

/// What a cell says, and what it means: nothing, no number or date, or a value.
type Meaning = Option<Result<i64, ()>>;

const PRICES: [(&str, Meaning); 7] = [
    ("1.50", Some(Ok(150))),
    ("2", Some(Ok(200))),
    ("1.005", Some(Ok(101))),
    ("\"$1,000.00\"", Some(Ok(100_000))),
    ("free", Some(Err(()))),
    ("", None),
    (" 3.10 ", Some(Ok(310))),
];

const DAY: i64 = 86_400_000_000;

/// Days since 1970 of 2025-01-02, 2025-02-03, 2025-03-02.
const DATES: [(&str, Meaning); 6] = [
    ("2025-01-02", Some(Ok(20_090 * DAY))),
    ("2025-01-02T02:00:00+02:00", Some(Ok(20_090 * DAY))),
    ("\"2025-02-03 00:00\"", Some(Ok(20_122 * DAY))),
    ("02/03/2025", Some(Ok(20_122 * DAY))),
    ("later", Some(Err(()))),
    ("", None),
];

const IDS: [(&str, &str); 6] = [
    ("gid://shopify/Order/1", "1"),
    ("1", "1"),
    ("2", "2"),
    ("\"#3,a\"", "#3,a"),
    ("", ""),
    ("\"4\n\"\"x\"", "4\n\"x"),
];

const SKUS: [(&str, &str); 4] = [("a", "a"), ("b", "b"), ("\" c\"\"c \"", "c\"c"), ("", "")];

const LINE_IDS: [&str; 4] = ["", "", "l1", "l2"];

const VARIANTS: [&str; 4] = ["", "", "7", "8"];

const HEADERS: [&str; 3] = [
    "order_id,sku,createdAt,qty,unit_price,line_id,variant_id",
    "Order ID,Variant SKU,Created At,Quantity,Original Unit Price,lineItemId,variantId",
    "ORDER-ID,variantSku,order_date,lineItemQuantity,price,Line Item ID,Variant ID",
];

#[derive(Clone, Debug)]
struct Row {
    id: usize,
    sku: usize,
    date: usize,
    quantity: i64,
    price: usize,
    line: usize,
    variant: usize,
}

#[derive(Clone, Debug)]
struct File {
    header: usize,
    crlf: bool,
    day_first: bool,
    rows: Vec<Row>,
}

fn files() -> impl Strategy<Value = Vec<File>> {
    let ids = (0..IDS.len(), 0..LINE_IDS.len(), 0..VARIANTS.len());
    let row = (ids, 0..SKUS.len(), 0..DATES.len(), -1..4_i64, 0..PRICES.len()).prop_map(
        |((id, line, variant), sku, date, quantity, price)| Row { id, sku, date, quantity, price, line, variant },
    );
    let file = (0..HEADERS.len(), any::<bool>(), any::<bool>(), prop::collection::vec(row, 1..25))
        .prop_map(|(header, crlf, day_first, rows)| File { header, crlf, day_first, rows });
    prop::collection::vec(file, 1..4)
}

impl File {
    fn text(&self) -> String {
        let end = if self.crlf { "\r\n" } else { "\n" };
        let mut text = format!("{}{end}", HEADERS[self.header]);
        for row in &self.rows {
            let (id, sku, line) = (IDS[row.id].0, SKUS[row.sku].0, LINE_IDS[row.line]);
            let (date, price, variant) = (DATES[row.date].0, PRICES[row.price].0, VARIANTS[row.variant]);
            text += &format!("{id},{sku},{date},{},{price},{line},{variant}{end}", row.quantity);
        }
        if self.day_first {
            text += &format!("day-first,a,13/01/2025,1,1,,{end}");
        }
        text
    }

    /// The same rows as a Parquet file of texts; an empty cell is null.
    fn parquet(&self) -> Vec<u8> {
        let text = self.text();
        let mut blocks = Blocks::new(Box::new(std::io::Cursor::new(text.into_bytes())), 1 << 20);
        let bytes = blocks.next().unwrap().unwrap();
        let mut records = Records::new(&bytes, b'\n');
        let mut rows: Vec<Vec<String>> = Vec::new();
        while records.advance() {
            let mut room = Vec::new();
            let cell = |place| String::from_utf8(records.cell(place, &mut room).to_vec()).unwrap();
            rows.push((0..records.cells.len()).map(cell).collect());
        }
        let (header, rows) = rows.split_first().unwrap();
        let column = |(place, name): (usize, &String)| {
            let cells = rows.iter().map(|row| Some(row[place].as_str()).filter(|cell| !cell.is_empty()));
            Column::new(name.as_str().into(), cells.collect::<Vec<_>>())
        };
        parquet(DataFrame::new(rows.len(), header.iter().enumerate().map(column).collect()).unwrap())
    }
}

/// A line that counts: order, line id and variant, SKU, instant, quantity, price, total.
type Line = (String, (String, String), String, i64, i64, i64, i64);

#[derive(Default, Debug, PartialEq)]
struct Expected {
    lines: Vec<Line>,
    rejected: Vec<(usize, i64, &'static str)>,
}

fn expected(files: &[File]) -> Expected {
    let mut result = Expected::default();
    let mut orders: Vec<String> = Vec::new();
    let mut rows_of: BTreeMap<String, Vec<(usize, i64, Line)>> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        let mut line = 2;
        let mut rows = file.rows.clone();
        let last = Row { id: usize::MAX, sku: 0, date: 0, quantity: 1, price: 0, line: 0, variant: 0 };
        rows.extend(file.day_first.then_some(last));
        for row in rows {
            let at = line;
            line += 1;
            let (id, sku, date, price) = match row.id {
                usize::MAX => ("day-first", "a", Some(Ok(20_101 * DAY)), Some(Ok(100))),
                id => (IDS[id].1, SKUS[row.sku].1, DATES[row.date].1, PRICES[row.price].1),
            };
            line += id.matches('\n').count() as i64;
            let swapped = file.day_first && row.id != usize::MAX && DATES[row.date].0.starts_with("02/03");
            let date = if swapped { Some(Ok(20_149 * DAY)) } else { date };
            let reason = match () {
                () if id.is_empty() => "missing_order_id",
                () if sku.is_empty() && VARIANTS[row.variant].is_empty() => "missing_item_id",
                () if !matches!(date, Some(Ok(_))) => "bad_date",
                () if price == Some(Err(())) => "bad_number",
                () => "",
            };
            if !reason.is_empty() {
                result.rejected.push((number, at, reason));
                continue;
            }
            let price = price.and_then(Result::ok).unwrap_or(0);
            let instant = date.and_then(Result::ok).unwrap_or(0);
            let ids = (LINE_IDS[row.line].to_owned(), VARIANTS[row.variant].to_owned());
            let sku = if sku.is_empty() { format!("no-sku-{}", ids.1) } else { sku.to_owned() };
            let total = price * row.quantity;
            if !rows_of.contains_key(id) {
                orders.push(id.to_owned());
            }
            let entry = (id.to_owned(), ids, sku, instant, row.quantity, price, total);
            rows_of.entry(id.to_owned()).or_default().push((number, at, entry));
        }
    }
    for order in orders {
        keep_lines(&rows_of[&order], &mut result);
    }
    result.rejected.sort();
    result
}

fn keep_lines(rows: &[(usize, i64, Line)], result: &mut Expected) {
    let last = rows.iter().map(|(file, ..)| *file).max().unwrap();
    let mut kept: Vec<(i64, Line)> = Vec::new();
    let mut created = None;
    for (file, at, line) in rows {
        if *file != last {
            result.rejected.push((*file, *at, "duplicate"));
            continue;
        }
        let created = *created.get_or_insert(line.3);
        let mut line = line.clone();
        line.3 = created;
        let same = kept.iter_mut().find(|(_, other)| {
            let ((id, variant), (other_id, other_variant)) = (&line.1, &other.1);
            if id.is_empty() {
                let is_one_item = variant == other_variant || variant.is_empty() || other_variant.is_empty();
                other_id.is_empty() && is_one_item && other.2 == line.2 && other.5 == line.5
            } else {
                other_id == id
            }
        });
        match same {
            None => kept.push((*at, line)),
            Some((_, other)) if line.1.0.is_empty() => {
                other.4 += line.4;
                other.6 += line.6;
                if other.1.1.is_empty() {
                    other.1.1 = line.1.1;
                }
                result.rejected.push((*file, *at, "duplicate"));
            }
            Some(other) => {
                result.rejected.push((*file, other.0, "duplicate"));
                *other = (*at, line);
            }
        }
    }
    result.lines.extend(kept.into_iter().map(|(_, line)| line));
}

fn found(files: &[File], ending: &str, partitions: usize, block: usize) -> Expected {
    let bytes = |file: &File| if ending == "csv" { file.text().into_bytes() } else { file.parquet() };
    let files: Vec<(String, Vec<u8>)> =
        files.iter().enumerate().map(|(number, file)| (format!("{number}.{ending}"), bytes(file))).collect();
    let given: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let operator = IngestShop { max_rejected: 1.0, bad_files: crate::orders::ingest::BadFiles::Skip, ..operator() };
    let outputs = try_ingest(&operator, &given, partitions, block).unwrap();
    let lines = outputs.frame("order_lines");
    let text = |name: &str, row: usize| lines.column(name).unwrap().str().unwrap().get(row).unwrap_or("").to_owned();
    let int = |name: &str, row: usize| {
        let column = lines.column(name).unwrap().cast(&polars::prelude::DataType::Int64).unwrap();
        column.i64().unwrap().get(row).unwrap()
    };
    let line = |row: usize| {
        let ids = (text("line_item_id", row), text("variant_id", row));
        let texts = (text("order_id", row), ids, text("sku", row));
        let (created, quantity) = (int("created_at", row), int("quantity", row));
        (texts.0, texts.1, texts.2, created, quantity, int("unit_price_cents", row), int("line_total_cents", row))
    };
    let rejected = outputs.rows("rejected", &["file", "line", "reason"]);
    let mut rejected: Vec<_> = rejected
        .iter()
        .map(|row| {
            let parts: Vec<&str> = row.split(" | ").collect();
            let reasons = ["missing_order_id", "missing_item_id", "bad_date", "bad_number", "duplicate"];
            let reason = reasons.into_iter().find(|reason| *reason == parts[2]).unwrap();
            (parts[0].split_once('.').unwrap().0.parse().unwrap(), parts[1].parse().unwrap(), reason)
        })
        .collect();
    rejected.sort();
    Expected { lines: (0..lines.height()).map(line).collect(), rejected }
}

/// A file of bad rows alone is not used as a whole; the reference knows no such rule.
fn has_good_rows(file: &File) -> bool {
    let good = |row: &Row| row.id != 4 && (row.sku != 3 || row.variant > 1) && row.date < 4 && row.price != 4;
    file.day_first || file.rows.iter().any(good)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_files_give_what_the_reference_gives_whatever_the_blocks_and_partitions(
        files in files(),
        partitions in 1..5_usize,
        block in 16..400_usize,
    ) {
        prop_assume!(files.iter().all(has_good_rows));
        let expected = expected(&files);
        prop_assert_eq!(&found(&files, "csv", 1, 1 << 20), &expected);
        let rows = found(&files, "parquet", 1, block);
        prop_assert_eq!(&rows.lines, &expected.lines);
        let reasons = |of: &Expected| of.rejected.iter().map(|(file, _, reason)| (*file, *reason)).collect::<Vec<_>>();
        prop_assert_eq!(reasons(&rows), reasons(&expected));
        let mut parted = found(&files, "csv", partitions, block);
        let mut sorted = expected;
        // Orders come in another order from several partitions, their lines do not.
        parted.lines.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.lines.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(parted, sorted);
    }
}
