//! The binary form of COPY, against what is plain.

use nightloom_postgres::{Cells, Decoder, Values, Wire, put_bool, put_float, put_int, put_text};
use proptest::prelude::*;

type Row = (Option<i64>, Option<f64>, Option<bool>, Option<String>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let number = proptest::num::f64::NORMAL | proptest::num::f64::ZERO;
    let row = (
        any::<Option<i64>>(),
        proptest::option::of(number),
        any::<Option<bool>>(),
        proptest::option::of("[^\0]{0,20}"),
    );
    proptest::collection::vec(row, 0..60)
}

fn copied(rows: &[Row]) -> Vec<u8> {
    let mut out = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for (int, float, bool, text) in rows {
        out.extend_from_slice(&4_i16.to_be_bytes());
        put_int(*int, &mut out);
        put_float(*float, &mut out);
        put_bool(*bool, &mut out);
        put_text(text.as_deref(), &mut out);
    }
    out.extend_from_slice(&(-1_i16).to_be_bytes());
    out
}

const WIRES: [Wire; 4] = [Wire::Int, Wire::Float, Wire::Bool, Wire::Text];

fn decoded(decoder: &mut Decoder) -> Vec<Row> {
    let batch = decoder.take();
    let [int, float, bool, text] = batch.columns.as_slice() else { panic!() };
    let at = |row| {
        let (Values::Int(ints), Values::Float(floats), Values::Bool(bools), Values::Text(texts)) =
            (&int.values, &float.values, &bool.values, &text.values)
        else {
            panic!()
        };
        (
            int.valid.is_value(row).then(|| ints[row]),
            float.valid.is_value(row).then(|| floats[row]),
            bool.valid.is_value(row).then(|| bools.get(row).unwrap()),
            text.valid.is_value(row).then(|| String::from_utf8(texts.get(row).unwrap().to_vec()).unwrap()),
        )
    };
    (0..batch.rows).map(at).collect()
}

proptest! {
    #[test]
    fn rows_that_are_written_are_read_wherever_messages_break(rows in rows(), size in 1_usize..80) {
        let bytes = copied(&rows);
        let mut decoder = Decoder::new(&WIRES);
        for message in bytes.chunks(size) {
            decoder.push(message).unwrap();
        }
        prop_assert!(decoder.is_ended());
        prop_assert_eq!(decoded(&mut decoder), rows);
    }

    #[test]
    fn no_bytes_bring_the_reader_down(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), rows in rows(), at in 0_usize..400) {
        let _ = Decoder::new(&WIRES).push(&bytes);
        let mut good = copied(&rows);
        for (place, byte) in bytes.drain(..).enumerate() {
            if let Some(spoiled) = good.get_mut(at + place * 7) {
                *spoiled ^= byte;
            }
        }
        let mut decoder = Decoder::new(&[Wire::NumericText, Wire::Texts, Wire::NumericCents, Wire::Jsonb]);
        let _ = decoder.push(&good);
        let _ = decoder.take();
    }
}

#[test]
fn what_is_no_number_is_written_as_null() {
    let mut out = Vec::new();
    put_float(Some(f64::NAN), &mut out);
    assert_eq!(out, (-1_i32).to_be_bytes());
}

#[test]
fn columns_that_were_read_can_be_written_again() {
    let rows = vec![(Some(7), Some(0.5), Some(true), Some("a".to_owned())), (None, None, None, None)];
    let mut decoder = Decoder::new(&WIRES);
    decoder.push(&copied(&rows)).unwrap();
    let batch = decoder.take();
    let mut out = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for row in 0..2 {
        out.extend_from_slice(&4_i16.to_be_bytes());
        batch.columns.iter().for_each(|column| column.put(row, &mut out));
    }
    out.extend_from_slice(&(-1_i16).to_be_bytes());
    assert_eq!(out, copied(&rows));
}
