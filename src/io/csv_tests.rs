//! Tests of the CSV reader: types, rejected rows, damaged files.

use std::{collections::BTreeMap, fs, sync::atomic::AtomicBool};

use polars::prelude::{DataFrame, DataType};
use proptest::prelude::*;

use super::*;
use crate::operator::Silent;

fn read_bytes(bytes: &[u8], options: &CsvOptions) -> Result<(DataFrame, DataFrame), IoError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    fs::write(&path, bytes).unwrap();
    collect(path.to_str().unwrap(), options)
}

fn collect(glob: &str, options: &CsvOptions) -> Result<(DataFrame, DataFrame), IoError> {
    let watch = ReadWatch { progress: &Silent, cancelled: &AtomicBool::new(false) };
    let read = read(glob, options, &watch)?;
    Ok((read.frame.collect().unwrap(), read.rejected))
}

fn typed(types: &[(&str, ColumnKind)]) -> CsvOptions {
    let types: BTreeMap<_, _> = types.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    CsvOptions { types, ..CsvOptions::default() }
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let column = frame.column(column).unwrap().cast(&DataType::String).unwrap();
    column.str().unwrap().iter().map(|text| text.map(ToOwned::to_owned)).collect()
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

fn problem(bytes: &[u8]) -> String {
    match read_bytes(bytes, &CsvOptions::default()) {
        Ok((frame, _)) => panic!("read {frame}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn types_that_are_not_given_are_inferred_from_all_rows() {
    let (frame, rejected) =
        read_bytes(b"id,price,code,ok,none\n1,2,007,true,\n2,2.5,010,false,\n", &CsvOptions::default()).unwrap();
    let kinds = frame.dtypes();
    assert_eq!(kinds, [DataType::Int64, DataType::Float64, DataType::String, DataType::Boolean, DataType::String]);
    assert_eq!(rejected.height(), 0);
}

#[test]
fn quoted_newlines_quotes_and_delimiters_are_content() {
    let (frame, _) = read_bytes(b"a,b\n\"x\ny\",\"p\"\"q,r\"\n", &CsvOptions::default()).unwrap();
    assert_eq!(texts(&frame, "a"), some(&["x\ny"]));
    assert_eq!(texts(&frame, "b"), some(&["p\"q,r"]));
}

#[test]
fn a_value_of_the_wrong_type_rejects_its_row_with_line_and_reason() {
    let options = typed(&[("id", ColumnKind::Int), ("day", ColumnKind::Date)]);
    let (frame, rejected) = read_bytes(b"id,day\n1,2026-01-01\nx,2026-01-02\n3,tomorrow\n", &options).unwrap();
    assert_eq!(texts(&frame, "id"), some(&["1"]));
    assert_eq!(texts(&rejected, "row"), some(&["2", "3"]));
    assert_eq!(texts(&rejected, "column"), some(&["id", "day"]));
    assert_eq!(texts(&rejected, "value"), some(&["x", "tomorrow"]));
    let reason = texts(&rejected, "reason")[0].clone().unwrap();
    assert!(reason.contains("x.csv line 3: not an integer"), "{reason}");
}

#[test]
fn rows_with_too_many_or_too_few_fields_are_rejected() {
    let (frame, rejected) = read_bytes(b"a,b\n1,2\n1\n1,2,3\n4,5,,\n", &CsvOptions::default()).unwrap();
    assert_eq!(texts(&frame, "a"), some(&["1", "4"]), "empty cells at the end are none too many");
    assert_eq!(frame.dtypes(), [DataType::Int64, DataType::Int64]);
    assert_eq!(texts(&rejected, "row"), some(&["2", "3"]));
}

#[test]
fn text_after_a_closing_quote_rejects_its_row() {
    let text = b"id,title,price\n1,\"Poster 24\" x 36\", framed\",18.00\n2,Tea,4.00\n3,\"Poster 24\" wide,18.00\n4,\"Frame 24\"\" oak\",5.00\n";
    let (frame, rejected) = read_bytes(text, &CsvOptions::default()).unwrap();
    assert_eq!(texts(&frame, "title"), some(&["Tea", "Frame 24\" oak"]));
    assert_eq!(texts(&rejected, "row"), some(&["1", "3"]));
    let reason = texts(&rejected, "reason")[1].clone().unwrap();
    assert!(reason.ends_with("x.csv line 4: text follows a closing quote"), "{reason}");
}

#[test]
fn rows_between_two_stray_quotes_are_used() {
    let text =
        b"id,day,title,price\n1,2026-01-02,\"Poster,18.00\n2,2026-01-03,Tea,4.00\n3,2026-01-04,Frame 24\",9.00\n";
    let (frame, rejected) = read_bytes(text, &CsvOptions::default()).unwrap();
    assert_eq!(texts(&frame, "title"), some(&["Tea", "Frame 24\""]));
    assert_eq!(texts(&rejected, "row"), some(&["1"]));
}

#[test]
fn invalid_utf8_and_nul_bytes_reject_their_rows() {
    let (frame, rejected) = read_bytes(b"a\nx\n\xFF\ny\0z\n", &CsvOptions::default()).unwrap();
    assert_eq!(texts(&frame, "a"), some(&["x"]));
    let reasons = texts(&rejected, "reason");
    assert!(reasons[0].as_ref().unwrap().contains("UTF-8"), "{reasons:?}");
    assert!(reasons[1].as_ref().unwrap().contains("NUL"), "{reasons:?}");
}

#[test]
fn latin1_is_decoded_when_it_is_named() {
    let options = CsvOptions { encoding: Encoding::Latin1, delimiter: b';', ..CsvOptions::default() };
    let (frame, rejected) = read_bytes(b"gr\xF6\xDFe;b\n\xE9t\xE9;1\n", &options).unwrap();
    assert_eq!(texts(&frame, "größe"), some(&["été"]));
    assert_eq!(rejected.height(), 0);
}

#[test]
fn a_byte_order_mark_is_taken_off_and_cr_ends_a_record() {
    let (frame, _) = read_bytes(b"\xEF\xBB\xBFa,b\r1,2\r3,4\r", &CsvOptions::default()).unwrap();
    assert_eq!(texts(&frame, "a"), some(&["1", "3"]));
}

#[test]
fn a_file_without_a_header_has_numbered_columns() {
    let options = CsvOptions { header: false, ..CsvOptions::default() };
    let (frame, _) = read_bytes(b"1,a\n2,b", &options).unwrap();
    assert_eq!(texts(&frame, "column_1"), some(&["1", "2"]));
    assert_eq!(texts(&frame, "column_2"), some(&["a", "b"]));
}

#[test]
fn null_values_and_empty_fields_are_null() {
    let options = CsvOptions { null_values: vec!["NA".to_owned()], ..CsvOptions::default() };
    let (frame, _) = read_bytes(b"a,b\nNA,1\n,2\n3,NA\n", &options).unwrap();
    assert_eq!(frame.dtypes(), [DataType::Int64, DataType::Int64]);
    assert_eq!(frame.column("a").unwrap().null_count(), 2);
}

#[test]
fn a_header_alone_gives_no_rows() {
    let (frame, rejected) = read_bytes(b"a,b\n", &typed(&[("a", ColumnKind::Float)])).unwrap();
    assert_eq!((frame.height(), rejected.height()), (0, 0));
    assert_eq!(frame.dtypes(), [DataType::Float64, DataType::String]);
}

#[test]
fn damaged_files_are_clear_errors() {
    assert!(problem(b"").contains("is empty"));
    assert!(problem(b"a,b,a\n").contains("names 'a' twice"));
    assert!(problem(b"a,b\n1,2\n3,\"x\n4,5\n").contains("line 3: a quoted field that begins here is never closed"));
    assert!(problem(b"\"a,b\n").contains("never closed"));
    assert!(
        problem("a,b\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice()).contains("UTF-16")
    );
    assert!(problem(b"a\xFF,b\n").contains("column 1 is not valid UTF-8"));
}

#[test]
fn types_of_an_unknown_column_are_refused_with_the_nearest_name() {
    let error = read_bytes(b"price\n1\n", &typed(&[("pricce", ColumnKind::Int)])).unwrap_err().to_string();
    assert!(error.contains("'pricce'") && error.contains("did you mean 'price'?"), "{error}");
}

#[test]
fn files_of_a_glob_are_one_table_by_column_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("2.csv"), "b,a\n20,2\n").unwrap();
    fs::write(folder.path().join("1.csv"), "a,b\n1,10\n").unwrap();
    let glob = format!("{}/*.csv", folder.path().display());
    let (frame, _) = collect(&glob, &CsvOptions::default()).unwrap();
    assert_eq!((texts(&frame, "a"), texts(&frame, "b")), (some(&["1", "2"]), some(&["10", "20"])));
    fs::write(folder.path().join("3.csv"), "a\n3\n").unwrap();
    let error = collect(&glob, &CsvOptions::default()).unwrap_err().to_string();
    assert!(error.contains("3.csv") && error.contains("the same columns"), "{error}");
}

#[test]
fn a_truncated_gz_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv.zst");
    let whole = zstd::encode_all(&b"a,b\n1,2\n".repeat(1000)[..], 1).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = collect(path.to_str().unwrap(), &CsvOptions::default()).unwrap_err().to_string();
    assert!(error.contains("x.csv.zst"), "{error}");
}

/// Bytes that make CSV readers stumble come often.
fn stumbling_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        8 => proptest::sample::select(b",;\"\n\r\0 '1a".to_vec()),
        1 => any::<u8>(),
    ];
    proptest::collection::vec(byte, 0..200)
}

proptest! {
    #[test]
    fn any_bytes_give_rows_or_an_error_and_every_row_is_accounted_for(
        bytes in stumbling_bytes(),
        latin1 in any::<bool>(),
        header in any::<bool>(),
    ) {
        let encoding = if latin1 { Encoding::Latin1 } else { Encoding::Utf8 };
        let options = CsvOptions { encoding, header, ..CsvOptions::default() };
        if let Ok((frame, rejected)) = read_bytes(&bytes, &options) {
            let mut blocks = Blocks::of_delimiter(Box::new(std::io::Cursor::new(bytes)), 7, b',');
            let (mut width, mut records) = (0, 0);
            while let Some(block) = blocks.next().unwrap() {
                let shape = |width| shape(&blocks, b',', width);
                if width == 0 {
                    let mut first = Records::new(&block, shape(0));
                    width = if first.advance() { first.cells.len() } else { 0 };
                }
                let mut found = Records::new(&block, shape(width));
                while found.advance() {
                    records += 1;
                }
            }
            let records = records - usize::from(header);
            prop_assert_eq!(frame.height() + rejected.height(), records);
        }
    }

    #[test]
    fn quoted_fields_are_read_back_whatever_they_hold(
        rows in proptest::collection::vec(proptest::array::uniform3("[^\0]{1,8}"), 1..10),
    ) {
        let mut written = "a,b,c\n".to_owned();
        for row in &rows {
            let quoted: Vec<_> = row.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            written += &(quoted.join(",") + "\n");
        }
        let types = ["a", "b", "c"].map(|name| (name, ColumnKind::Text));
        let (frame, rejected) = read_bytes(written.as_bytes(), &typed(&types)).unwrap();
        prop_assert_eq!(rejected.height(), 0);
        for (place, name) in ["a", "b", "c"].into_iter().enumerate() {
            let expected: Vec<_> = rows.iter().map(|row| Some(row[place].clone())).collect();
            prop_assert_eq!(texts(&frame, name), expected);
        }
    }
}
