//! Random files against a reference that reads one character and one row at a time.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use proptest::prelude::*;

use super::super::testing::*;
use crate::delimited::{
    blocks::Blocks,
    records::{Records, Shape},
};
use crate::orders::ingest::IngestShop;

/// What a cell says, and what it means: nothing, no number or date, or a value.
type Meaning = Option<Result<i64, ()>>;

/// 1.005 is more than a thousand where no price shows what the point is.
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
        let shape = Shape { delimiter: b',', terminator: b'\n', width: 0 };
        let mut records = Records::new(&bytes, shape);
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

/// A row of an order.
#[derive(Clone)]
struct Said {
    file: usize,
    at: i64,
    is_refused: bool,
    date: Option<i64>,
    line: Line,
}

impl File {
    /// The rows with their lines and ids, that which tells the order of dates included.
    fn rows(&self) -> Vec<(i64, Row, &'static str)> {
        let last = Row { id: usize::MAX, sku: 0, date: 0, quantity: 1, price: 1, line: 0, variant: 0 };
        let mut at = 2;
        let rows = self.rows.iter().cloned().chain(self.day_first.then_some(last));
        let mut above = "";
        rows.map(|row| {
            let id = IDS.get(row.id).map_or("day-first", |id| id.1);
            let line = at;
            at += 1 + id.matches('\n').count() as i64;
            above = if id.is_empty() && self.says_orders_once() { above } else { id };
            (line, row, above)
        })
        .collect()
    }

    /// Whether rows without an order's id go on with the order above: the first has one, and none of the others has a date.
    fn says_orders_once(&self) -> bool {
        let is_blank = |row: &Row| IDS[row.id].1.is_empty();
        !is_blank(&self.rows[0]) && self.rows.iter().all(|row| !is_blank(row) || DATES[row.date].0.is_empty())
    }
}

fn expected(files: &[File]) -> Expected {
    let mut result = Expected::default();
    let mut orders: Vec<String> = Vec::new();
    let mut rows_of: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    let is_day_first = files.iter().any(|file| file.day_first);
    let has_point = files.iter().flat_map(|file| &file.rows).any(|row| [0, 3, 6].contains(&row.price));
    for (number, file) in files.iter().enumerate() {
        for (at, row, id) in file.rows() {
            let (sku, date, price) = match id {
                "day-first" => ("a", Some(Ok(20_101 * DAY)), Some(Ok(100))),
                _ => (SKUS[row.sku].1, DATES[row.date].1, PRICES[row.price].1),
            };
            let is_slashed = id != "day-first" && DATES[row.date].0.starts_with("02/03");
            let date = if is_slashed && is_day_first { Some(Ok(20_149 * DAY)) } else { date };
            let price = if price == Some(Ok(101)) && !has_point { Some(Ok(100_500)) } else { price };
            let reason = match () {
                () if id.is_empty() => "missing_order_id",
                () if sku.is_empty() && VARIANTS[row.variant].is_empty() => "missing_item_id",
                () if date == Some(Err(())) => "bad_date",
                () if price == Some(Err(())) => "bad_number",
                () => "",
            };
            if !reason.is_empty() {
                result.rejected.push((number, at, reason));
            }
            // A row that is not used and says nothing of its order is as if it were not there.
            if id.is_empty() || (!reason.is_empty() && !matches!(date, Some(Ok(_)))) {
                continue;
            }
            let price = price.and_then(Result::ok).unwrap_or(0);
            let ids = (LINE_IDS[row.line].to_owned(), VARIANTS[row.variant].to_owned());
            let sku = if sku.is_empty() { format!("no-sku-{}", ids.1) } else { sku.to_owned() };
            let line = (id.to_owned(), ids, sku, 0, row.quantity, price, price * row.quantity);
            if !rows_of.contains_key(id) {
                orders.push(id.to_owned());
            }
            let said = Said { file: number, at, is_refused: !reason.is_empty(), date: date.and_then(Result::ok), line };
            rows_of.entry(id.to_owned()).or_default().push(said);
        }
    }
    for order in orders {
        keep_order(files, &order, &rows_of[&order], &mut result);
    }
    result.rejected.sort();
    result
}

/// The files whose rows of an order count: the last that has a line of it, and those before that a row limit cut it off.
fn counted(files: &[File], id: &str, rows: &[Said]) -> Vec<usize> {
    let Some(last) = rows.iter().filter(|row| !row.is_refused).map(|row| row.file).max() else { return Vec::new() };
    let mut counted = vec![last];
    let key = |row: &Said| match row.line.1.0.as_str() {
        "" => (String::new(), row.line.2.clone(), row.line.1.1.clone(), row.line.5),
        id => (id.to_owned(), String::new(), String::new(), 0),
    };
    while let Some(before) = counted.last().and_then(|file| file.checked_sub(1)) {
        let ids = |file: usize| files[file].rows().into_iter().map(|row| row.2).filter(|id| !id.is_empty());
        let is_cut = ids(before).next_back() == Some(id) && ids(before + 1).next() == Some(id);
        let of = |all: &[usize]| rows.iter().filter(|row| all.contains(&row.file)).collect::<Vec<_>>();
        let (earlier, later) = (of(&[before]), of(&counted));
        let dates = |rows: &[&Said]| rows.iter().find_map(|row| row.date);
        let lines = |rows: &[&Said]| rows.iter().filter(|row| !row.is_refused).map(|row| key(row)).collect::<Vec<_>>();
        let says_otherwise = matches!((dates(&earlier), dates(&later)), (Some(a), Some(b)) if a != b)
            || lines(&earlier).is_empty()
            || lines(&earlier).iter().any(|key| lines(&later).contains(key));
        if !is_cut || files[before].rows().len() < files[before + 1].rows().len() || says_otherwise {
            break;
        }
        counted.push(before);
    }
    counted
}

fn keep_order(files: &[File], id: &str, rows: &[Said], result: &mut Expected) {
    let counted = counted(files, id, rows);
    let of_counted = || rows.iter().filter(|row| counted.contains(&row.file));
    let created = of_counted().find(|row| !row.is_refused).and_then(|row| row.date);
    let created = created.or_else(|| of_counted().find_map(|row| row.date));
    let mut kept: Vec<(usize, i64, Line)> = Vec::new();
    for row in rows.iter().filter(|row| !row.is_refused) {
        let (file, at, mut line) = (row.file, row.at, row.line.clone());
        if !counted.contains(&file) {
            result.rejected.push((file, at, "duplicate"));
            continue;
        }
        let Some(created) = created else {
            result.rejected.push((file, at, "bad_date"));
            continue;
        };
        line.3 = created;
        let same = kept.iter_mut().find(|(.., other)| {
            let ((id, variant), (other_id, other_variant)) = (&line.1, &other.1);
            if id.is_empty() {
                let is_one_item = variant == other_variant || variant.is_empty() || other_variant.is_empty();
                other_id.is_empty() && is_one_item && other.2 == line.2 && other.5 == line.5
            } else {
                other_id == id
            }
        });
        match same {
            None => kept.push((file, at, line)),
            Some((.., other)) if line.1.0.is_empty() => {
                other.4 += line.4;
                other.6 += line.6;
                if other.1.1.is_empty() {
                    other.1.1 = line.1.1;
                }
                result.rejected.push((file, at, "duplicate"));
            }
            Some(other) => {
                result.rejected.push((other.0, other.1, "duplicate"));
                *other = (file, at, line);
            }
        }
    }
    result.lines.extend(kept.into_iter().map(|(.., line)| line));
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
