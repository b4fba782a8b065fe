//! Delimiters, encodings and quoting: the same orders give the same tables, however they are written.

use proptest::prelude::*;

use super::super::testing::*;

const HEADER: [&str; 7] = ["Order ID", "Created at", "SKU", "Quantity", "Price", "Product title", "Email"];

/// How a file is written.
#[derive(Clone, Debug)]
struct Written {
    delimiter: char,
    encoding: &'static str,
    ends: &'static str,
    quotes: Quotes,
    is_named: bool,
    block: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    Needed,
    All,
    /// Each line is one quoted cell.
    Lines,
    /// `="…"`, as of exports made for spreadsheets.
    Equals,
}

fn written() -> impl Strategy<Value = Written> {
    (
        proptest::sample::select(vec![',', ';', '\t', '|']),
        proptest::sample::select(vec!["utf-8", "utf-8 with mark", "utf-16le", "utf-16be", "windows-1252"]),
        proptest::sample::select(vec!["\n", "\r\n", "\r"]),
        proptest::sample::select(vec![Quotes::Needed, Quotes::All, Quotes::Lines, Quotes::Equals]),
        any::<bool>(),
        1..400_usize,
    )
        .prop_map(|(delimiter, encoding, ends, quotes, is_named, block)| {
            let is_named = is_named && quotes != Quotes::Lines;
            Written { delimiter, encoding, ends, quotes, is_named, block }
        })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

impl Written {
    fn cell(&self, text: &str) -> String {
        match self.quotes {
            Quotes::All => quoted(text),
            Quotes::Equals if !text.contains('"') => quoted(&format!("=\"{text}\"")),
            _ if text.contains([self.delimiter, '"', '\n', '\r']) => quoted(text),
            _ => text.to_owned(),
        }
    }

    fn bytes(&self, rows: &[[String; 7]]) -> Vec<u8> {
        let mut text = if self.is_named { format!("sep={}{}", self.delimiter, self.ends) } else { String::new() };
        let header = HEADER.map(str::to_owned);
        for row in std::iter::once(&header).chain(rows) {
            let cells: Vec<String> = row.iter().map(|cell| self.cell(cell)).collect();
            let line = cells.join(&self.delimiter.to_string());
            match self.quotes {
                // A text of two lines is quoted line by line.
                Quotes::Lines => line.split('\n').for_each(|line| text += &(quoted(line) + ";" + self.ends)),
                _ => text += &(line + self.ends),
            }
        }
        let of_16 = |bytes: fn(u16) -> [u8; 2]| format!("\u{FEFF}{text}").encode_utf16().flat_map(bytes).collect();
        match self.encoding {
            "utf-16le" => of_16(u16::to_le_bytes),
            "utf-16be" => of_16(u16::to_be_bytes),
            "windows-1252" => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
            "utf-8" => text.into_bytes(),
            _ => format!("\u{FEFF}{text}").into_bytes(),
        }
    }
}

fn orders() -> impl Strategy<Value = Vec<[String; 7]>> {
    let title = proptest::sample::select(vec![
        "Tea, green; loose",
        "24\" frame",
        "Cup | blue",
        "Café ñandú",
        "Größe\t1",
        "two\nlines, or more",
        "plain",
    ]);
    let row = (1..20_u32, 1..9_u32, title).prop_map(|(order, quantity, title)| {
        let (day, price) = (order % 28 + 1, format!("{}.{:02}", quantity * 3, order));
        let sku = format!("00{}", quantity * 7);
        [
            format!("#{order}"),
            format!("2026-02-{day:02}"),
            sku,
            quantity.to_string(),
            price,
            title.to_owned(),
            format!("person{order}@example.test"),
        ]
    });
    proptest::collection::vec(row, 1..30)
}

fn tables(outputs: &Outputs) -> [Vec<String>; 3] {
    let lines = ["order_id", "sku", "quantity", "unit_price_cents", "product_title", "customer"];
    [
        outputs.rows("order_lines", &lines),
        outputs.rows("orders", &["order_id", "created_at", "basket_value_cents"]),
        outputs.rows("rejected", &["reason", "field", "value"]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn any_delimiter_encoding_line_end_and_quoting_give_the_same_tables(rows in orders(), how in written()) {
        let plain = Written {
            delimiter: ',', encoding: "utf-8", ends: "\n", quotes: Quotes::Needed, is_named: false, block: 1 << 20,
        };
        // A text of two lines has the line end of its file, and only that of the others can stand in a line.
        let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| match how.ends {
            "\n" => cell,
            _ => cell.replace('\n', " "),
        })).collect();
        let expected = try_ingest(&operator(), &[("o.csv", &plain.bytes(&rows))], 1, plain.block).unwrap();
        let found = try_ingest(&operator(), &[("o.csv", &how.bytes(&rows))], 1, how.block).unwrap();
        prop_assert_eq!(tables(&found), tables(&expected));
    }
}

#[test]
fn what_is_seen_of_a_file_stands_in_files() {
    let text = "Order ID;Date;SKU;Quantity;Price;Product title\r\n1;2026-02-03;A;1;1.00;Caf\u{e9}\r\n";
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let outputs = try_ingest(&operator(), &[("o.csv", &latin)], 1, 1 << 20).unwrap();
    assert_eq!(outputs.rows("files", &["dialect"]), ["semicolon, Windows-1252"]);
    assert!(outputs.rows("files", &["warnings"])[0].starts_with("read as Windows-1252, since it is not UTF-8"));
}

#[test]
fn letters_that_were_lost_before_are_told_with_their_line() {
    let text = "Order ID,Date,SKU,Quantity,Price,Product title\n1,2026-02-03,A,1,1.00,Tea\n\
                2,2026-02-03,A,1,1.00,Caf\u{FFFD}\n3,2026-02-03,A,1,1.00,\u{FFFD}and\u{FFFD}\n";
    for block in [1 << 20, 8] {
        let outputs = try_ingest(&operator(), &[("o.csv", text.as_bytes())], 1, block).unwrap();
        let warnings = outputs.rows("files", &["warnings"]);
        assert!(warnings[0].starts_with("3 letters are \u{FFFD}, the first in line 3"), "{warnings:?}");
    }
}

#[test]
fn the_line_of_a_row_counts_from_the_first_of_the_file_whatever_stands_there() {
    let text = "sep=;\nOrder ID;Date;SKU;Quantity;Price\n1;2026-02-03;A;1;1.00\n2;soon;A;1;1.00\n";
    let operator = crate::orders::ingest::IngestShop { max_rejected: 0.9, ..operator() };
    assert_eq!(ingest(&operator, &[("o.csv", text)]).rows("rejected", &["line", "reason"]), ["4 | bad_date"]);
}
