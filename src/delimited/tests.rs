//! Records are those of an obvious reader, whatever the dialect and the size of blocks.

use std::io::Cursor;

use memchr::memchr_iter;
use proptest::prelude::*;

use super::{
    blocks::{Blocks, Problem},
    dialect::{Dialect, Encoding},
    records::{Fault, Records, Shape},
};

/// What ends the first record: `\n`, or `\r` that no `\n` follows.
fn obvious_end(text: &str) -> char {
    let (mut inside, mut fresh) = (false, true);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if inside && chars.next_if_eq(&'"').is_some() => {}
            '"' if inside => inside = false,
            '"' if fresh => inside = true,
            '\r' if !inside && chars.peek() != Some(&'\n') => return '\r',
            '\r' | '\n' if !inside => return '\n',
            _ => {}
        }
        fresh = !inside && c == ',';
    }
    '\n'
}

/// A cell without what surrounds it; between spaces, quotes may be left.
fn obvious_cell(cell: &mut String, was_quoted: &mut bool) -> String {
    let (cell, was_quoted) = (std::mem::take(cell), std::mem::take(was_quoted));
    let trimmed = cell.trim();
    let inner = trimmed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner.filter(|_| !was_quoted) {
        Some(inner) => inner.trim().to_owned(),
        None => trimmed.to_owned(),
    }
}

/// One character at a time: the terminator ends a record outside of quotes, a quote opens at the begin of a cell.
fn obvious(text: &str) -> Vec<Vec<String>> {
    let end = obvious_end(text);
    let mut records = Vec::new();
    let (mut cells, mut cell, mut was_quoted) = (Vec::new(), String::new(), false);
    let (mut inside, mut fresh) = (false, true);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if inside && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if inside => inside = false,
            '"' if fresh => (inside, was_quoted) = (true, true),
            ',' if !inside => cells.push(obvious_cell(&mut cell, &mut was_quoted)),
            c if c == end && !inside => {
                cells.push(obvious_cell(&mut cell, &mut was_quoted));
                records.push(std::mem::take(&mut cells));
            }
            c => cell.push(c),
        }
        fresh = !inside && (c == ',' || c == end);
    }
    if !cell.is_empty() || !cells.is_empty() || !fresh {
        cells.push(obvious_cell(&mut cell, &mut was_quoted));
        records.push(cells);
    }
    records
}

/// The line, cells and fault of each record. `width`: whether that of the first record holds for all.
type Found = Vec<(u64, Vec<String>, Option<Fault>)>;

fn records_of(mut blocks: Blocks, knows_width: bool) -> Found {
    let mut found = Found::new();
    let (mut line, mut width) = (1, 0);
    while let Some(bytes) = blocks.next().unwrap() {
        let shape = |width| Shape { delimiter: blocks.dialect().delimiter, terminator: blocks.terminator(), width };
        if knows_width && width == 0 {
            let mut records = Records::new(&bytes, shape(0));
            records.advance();
            width = records.cells.len();
        }
        let mut records = Records::new(&bytes, shape(width));
        while records.advance() {
            let mut room = Vec::new();
            let cells = (0..records.cells.len())
                .map(|place| String::from_utf8_lossy(records.cell(place, &mut room)).into_owned());
            let cells = cells.collect();
            found.push((line + u64::from(records.line), cells, records.fault));
        }
        line += memchr_iter(blocks.terminator(), &bytes).count() as u64;
    }
    found
}

fn input(bytes: &[u8]) -> Box<Cursor<Vec<u8>>> {
    Box::new(Cursor::new(bytes.to_vec()))
}

/// `None` if a quote is never closed.
fn read(text: &str, block: usize) -> Option<Vec<(u64, Vec<String>)>> {
    let found = records_of(Blocks::of_delimiter(input(text.as_bytes()), block, b','), false);
    let cells = |(line, cells, fault)| (fault != Some(Fault::Unclosed)).then_some((line, cells));
    found.into_iter().map(cells).collect()
}

fn detected(bytes: &[u8], block: usize) -> (Dialect, Vec<Vec<String>>) {
    let mut blocks = Blocks::new(input(bytes), block);
    while blocks.next().unwrap().is_some() {}
    let cells = records_of(Blocks::new(input(bytes), block), true).into_iter().map(|(_, cells, _)| cells).collect();
    (blocks.dialect(), cells)
}

fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16Le => format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Windows1252 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
    }
}

fn any_encoding() -> impl Strategy<Value = Encoding> {
    prop_oneof![Just(Encoding::Utf8), Just(Encoding::Utf16Le), Just(Encoding::Utf16Be), Just(Encoding::Windows1252)]
}

proptest! {
    #[test]
    fn records_are_those_of_an_obvious_reader_in_blocks_of_any_size(text in "[ab,\"\r\n]{0,60}", block in 1..40_usize) {
        let whole = read(&text, 1 << 20);
        prop_assert_eq!(&read(&text, block), &whole, "blocks make no difference");
        if let Some(whole) = whole {
            let expected: Vec<_> = obvious(&text).into_iter().filter(|cells| cells != &[""]).collect();
            let found: Vec<_> = whole.into_iter().map(|(_, cells)| cells).filter(|cells| cells != &[""]).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn blocks_make_no_difference_to_what_is_broken(
        lines in proptest::collection::vec("(\"?[1-9]{1,2}\"?|[1-9]?),(\"?[1-9]\"?),(\"?[a-c =\"]{0,3}\"?)(,7)?\n?", 0..12),
        block in 1..60_usize,
    ) {
        let text = format!("a,b,c\n{}", lines.join("\n"));
        let whole = records_of(Blocks::of_delimiter(input(text.as_bytes()), 1 << 20, b','), true);
        prop_assert_eq!(records_of(Blocks::of_delimiter(input(text.as_bytes()), block, b','), true), whole);
    }

    #[test]
    fn any_delimiter_encoding_and_line_end_give_the_same_cells(
        rows in proptest::collection::vec(proptest::array::uniform3("[a-zA-Z0-9;,|éñÿß\t]{1,9}"), 1..9),
        delimiter in proptest::sample::select(vec![',', ';', '\t', '|']),
        encoding in any_encoding(),
        ends in proptest::sample::select(vec!["\n", "\r\n", "\r"]),
        is_wrapped in any::<bool>(),
        is_named in any::<bool>(),
        block in 1..200_usize,
    ) {
        let header = ["número", "b", "c"].map(str::to_owned);
        let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let line = |row: &[String; 3]| row.iter().map(quote).collect::<Vec<_>>().join(&delimiter.to_string());
        let wrap = |line: String| if is_wrapped { quote(&line) + &delimiter.to_string() } else { line };
        let mut text = if is_named { format!("sep={delimiter}{ends}") } else { String::new() };
        for row in std::iter::once(&header).chain(&rows) {
            text += &(wrap(line(row)) + ends);
        }
        // A named delimiter stands in a line of its own, which is not quoted.
        prop_assume!(!(is_named && is_wrapped));
        let (dialect, cells) = detected(&encoded(&text, encoding), block);
        let expected: Vec<Vec<String>> = std::iter::once(&header)
            .chain(&rows)
            .map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect())
            .collect();
        prop_assert_eq!(cells, expected);
        prop_assert_eq!((dialect.delimiter, dialect.encoding), (delimiter as u8, encoding));
        prop_assert_eq!((dialect.is_wrapped, dialect.lines_before), (is_wrapped, u32::from(is_named)));
    }
}

#[test]
fn records_that_end_with_a_carriage_return_are_parted_at_the_end_of_any_block() {
    for length in [(1 << 20) - 3, (1 << 20) - 2, (1 << 20) - 1, 1 << 20, (1 << 20) + 1] {
        let header = "h".repeat(length);
        for ends in ["\r", "\r\n", "\n"] {
            let text = format!("{header}{ends}\"a{ends}b\"{ends}c{ends}");
            let found: Vec<_> = read(&text, 1 << 20).unwrap().into_iter().map(|(_, cells)| cells).collect();
            assert_eq!(found, [[header.clone()], [format!("a{ends}b")], ["c".to_owned()]], "{length} {ends:?}");
        }
    }
}

#[test]
fn a_record_knows_its_line() {
    let found = read("h\n\n\"a\nb\"\nc\n", 4).unwrap();
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3, 5]);
}

fn faults(text: &str) -> Vec<(u64, Fault)> {
    let found = records_of(Blocks::of_delimiter(input(text.as_bytes()), 1 << 20, b','), true);
    found.into_iter().filter_map(|(line, _, fault)| Some((line, fault?))).collect()
}

#[test]
fn text_after_a_closing_quote_and_cells_beyond_the_header_break_a_record() {
    let head = "id,title,price\n";
    for (rows, expected) in [
        ("1,\"Poster 24\" x 36\", framed\",18\n2,Tea,4\n", vec![(2, Fault::TextAfterQuote)]),
        ("1,\"Poster 24\" wide,18\n2,\"a\" ,4\n", vec![(2, Fault::TextAfterQuote)]),
        ("1,Tea, green,4\n2,Tea,4,,\"\", \n", vec![(2, Fault::TooManyCells(4))]),
        ("1,5\" pipe,4\n2,\"5\"\" pipe\",4\r\n3,=\"1,5\",4\n", vec![]),
        ("1,\"a\nb, c\",4\n", vec![]),
        ("1,\"Tea\n", vec![(2, Fault::Unclosed)]),
    ] {
        assert_eq!(faults(&format!("{head}{rows}")), expected, "{rows}");
    }
}

#[test]
fn rows_between_two_stray_quotes_are_records_again() {
    let head = "id,day,title,quantity,price,sku\n";
    let good = |id: u32| format!("{id},2026-02-03,Tea,1,4.00,TEA-1\n");
    let (first, last) = ("1,2026-02-03,\"Poster,2,18.00,POS-1\n", "4,2026-02-03,Frame 24\",1,9.00,FRA-1\n");
    let read = |text: &str| records_of(Blocks::of_delimiter(input(text.as_bytes()), 1 << 20, b','), true);
    let ids = |text: &str| read(text).iter().skip(1).filter(|(.., fault)| fault.is_none()).count();
    let text = format!("{head}{first}{}{}{last}{}", good(2), good(3), good(5));
    assert_eq!(faults(&text), [(2, Fault::StrayQuote)]);
    assert_eq!(ids(&text), 4, "the last stray quote is in the midst of its cell");
    let quoted = "2,2026-02-03,\"Tea, green\",1,4.00,TEA-1\n";
    let text = format!("{head}{first}{quoted}{}", good(3));
    assert_eq!((faults(&text), ids(&text)), (vec![(2, Fault::StrayQuote)], 2), "another has quotes of its own");
    let text = format!("{head}{}{first}{}{}", good(7), good(8), good(9));
    assert_eq!((faults(&text), ids(&text)), (vec![(3, Fault::StrayQuote)], 3), "nothing closes it");
}

#[test]
fn a_text_of_many_lines_with_commas_stays_one_cell() {
    for (head, record) in [
        ("id,note\n", "1,\"milk, eggs\n2 apples, pears\nbread, salt\"\n"),
        ("id,price,quantity,note\n", "1,2.50,3,\"first\n10, 20, 30, or so\nwood, oil, wax, 4\"\n"),
        ("id,html,a,b,c,d,e,f,g\n", "1,\"<p>a, b, c, d, e, f, g, h\n</p>\",1,2,3,4,5,6,7\n"),
    ] {
        assert_eq!(faults(&format!("{head}{record}")), [], "{record}");
    }
}

#[test]
fn the_dialect_is_found_where_text_holds_the_other_delimiters() {
    let of = |text: &str| detected(text.as_bytes(), 1 << 20).0.words();
    assert_eq!(of("id;day;price\n1;2026-01-01;12,50\n2;2026-01-02;9,00\n"), "semicolon, UTF-8");
    assert_eq!(of("id;price, net;quantity\n1;12,50;2\n2;9,00;1\n"), "semicolon, UTF-8");
    assert_eq!(of("id,tags,price\n1,a;b;c,2\n2,d;e,3\n"), "comma, UTF-8");
    assert_eq!(of("id\ttitle\n1\tTea, green; loose\n"), "tab, UTF-8");
    assert_eq!(of("sep=^\r\nid^title\r\n1^Tea\r\n"), "'^', UTF-8");
    assert_eq!(of("title\nTea\n"), "comma, UTF-8");
    assert_eq!(of("\"id\"\n\"a, b\"\n"), "comma, UTF-8", "a column of quoted texts is not quoted as a whole");
    assert_eq!(of("\"\"\"id\"\",\"\"b\"\"\"\n\"1,2\"\n"), "comma, UTF-8, rows quoted as a whole");
}

#[test]
fn lines_quoted_as_a_whole_are_found_among_lines_that_need_no_quotes() {
    let text = "id,title,note\n1,Tea,x\n\"2,\"\"Cup, blue\"\",y\";\n\"3,Pot,\"\"two\";\n\"lines\"\"\";\n4,Mug,z\n";
    let (dialect, cells) = detected(text.as_bytes(), 1 << 20);
    assert!(dialect.is_wrapped);
    let rows: Vec<_> = cells.iter().map(|row| row.join("|")).collect();
    assert_eq!(rows, ["id|title|note", "1|Tea|x", "2|Cup, blue|y", "3|Pot|two\nlines", "4|Mug|z"]);
    let plain = "id,title\n1,\"one\n\"\n2,\"a \"\"b\"\"\"\n";
    assert!(!detected(plain.as_bytes(), 1 << 20).0.is_wrapped);
}

#[test]
fn the_encoding_is_told_by_most_letters_however_late_they_come() {
    let of = |bytes: &[u8]| detected(bytes, 1 << 16).0.encoding;
    let mut late = "a,b\n".to_owned().into_bytes();
    late.extend(b"1,2\n".repeat(100_000));
    let (latin, utf_8) = ([&late[..], b"caf\xE9,1\n"].concat(), [&late[..], "café,1\n".as_bytes()].concat());
    assert_eq!((of(&latin), of(&utf_8), of(&late)), (Encoding::Windows1252, Encoding::Utf8, Encoding::Utf8));
    let cells = detected(&latin, 1 << 16).1;
    assert_eq!(cells.last().unwrap(), &["café", "1"]);
    let damaged = ["a,b\ncaf".as_bytes(), b"\xE9", ",ñandú\n".as_bytes()].concat();
    assert_eq!(of(&damaged), Encoding::Utf8, "one damaged letter among two");
    assert_eq!(detected(b"a,b\n\x80 5,\x93x\x94\n", 9).1[1], ["€ 5", "\u{201C}x\u{201D}"]);
}

#[test]
fn cells_that_keep_spreadsheets_from_reading_numbers_are_their_text() {
    let text = "a,b,c,d\n=\"007\",\"=\"\"1,5\"\"\",=\"2,5\",=SUM(A1)\n";
    let cells = detected(text.as_bytes(), 1 << 20).1;
    assert_eq!(cells[1], ["007", "1,5", "2,5", "=SUM(A1)"]);
}

#[test]
fn a_record_beyond_the_limit_is_told_before_all_of_it_is_held() {
    let endless = std::io::Read::take(std::io::repeat(b'x'), 300 << 20);
    let mut blocks = Blocks::new(Box::new(endless), 4 << 20);
    assert!(matches!(blocks.next(), Err(Problem::TooLong)));
}

#[test]
fn a_title_is_told_from_a_header_by_its_few_cells() {
    let of = |text: &str| detected(text.as_bytes(), 1 << 20).0.lines_before;
    assert_eq!(of("Report\n\nid,day,title,price\n1,2026-01-01,Tea,4\n"), 2);
    assert_eq!(of("Report;;;\nid;day;title;price\n1;2026-01-01;Tea;4\n"), 1);
    assert_eq!(of("id,day,title,price\n1,2026-01-01,Tea,4\n"), 0);
    assert_eq!(of("id,title\n1,Tea, green, loose, fine\n"), 0, "a row is no header");
    assert_eq!(of("title\nTea\nPot\n"), 0);
    assert_eq!(of("id,items,day\n1,a|b|c|d,2026-01-01\n2,e|f|g|h,2026-01-01\n"), 0, "a list in a cell is no header");
}
