//! Links two CSV catalogs and prints how good the links are, beside how good they were expected to be.
//!
//! `quality LEFT.csv RIGHT.csv TRUTH.csv [--removed]`: columns id, name, code, brand, price, description; the truth has pairs of ids.
//! With `--removed` also after half and four fifths of each side are taken away, five times each.

use std::{collections::HashSet, time::Instant};

use nightloom_matching::{Acceptance, Options, Record, match_catalogs};

fn read(path: &str) -> Vec<Vec<String>> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut reader = csv_core::Reader::new();
    let mut rows = Vec::new();
    let mut input = &bytes[..];
    let (mut out, mut ends) = (vec![0; 1 << 20], vec![0; 256]);
    loop {
        let (result, read, _, count) = reader.read_record(input, &mut out, &mut ends);
        input = &input[read..];
        match result {
            csv_core::ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let cell = |(from, to): (usize, &usize)| String::from_utf8_lossy(&out[from..*to]).into_owned();
                rows.push(starts.zip(&ends[..count]).map(cell).collect());
            }
            csv_core::ReadRecordResult::End => return rows,
            csv_core::ReadRecordResult::InputEmpty => {}
            other => panic!("{path}: {other:?}"),
        }
    }
}

fn catalog(rows: &[Vec<String>]) -> Vec<Record<'_>> {
    let place = |name: &str| rows[0].iter().position(|column| column == name);
    let places = ["id", "name", "code", "brand", "price", "description"].map(place);
    rows[1..]
        .iter()
        .map(|row| {
            let get = |at: usize| places[at].and_then(|at| row.get(at)).map_or("", String::as_str);
            let price = get(4).trim_start_matches('$').replace(',', "").parse::<f64>().ok();
            Record {
                id: get(0),
                title: get(1),
                code: get(2),
                brand: get(3),
                price: price.map(|price| (price * 100.0).round() as i64),
                description: get(5),
            }
        })
        .collect()
}

fn report(name: &str, left: &[Record], right: &[Record], truth: &HashSet<(&str, &str)>) {
    let begin = Instant::now();
    let matching = match_catalogs(left, right, &Options::default()).expect("the options are the defaults");
    let time = begin.elapsed().as_secs_f64();
    let is_right = |l: usize, r: usize| truth.contains(&(left[l].id, right[r].id));
    let correct = matching.links.iter().filter(|link| is_right(link.left, link.right)).count() as f64;
    let links = matching.links.len() as f64;
    let all = Options { acceptance: Acceptance::Threshold(0.0), ..Options::default() };
    let all = match_catalogs(left, right, &all).expect("the options are the defaults");
    let mut bins = [(0.0, 0.0, 0.0); 10];
    for link in &all.links {
        let bin = &mut bins[((link.probability * 10.0) as usize).min(9)];
        *bin = (bin.0 + 1.0, bin.1 + link.probability, bin.2 + f64::from(u8::from(is_right(link.left, link.right))));
    }
    let error = |bins: &[(f64, f64, f64)]| {
        bins.iter().map(|bin| (bin.1 - bin.2).abs()).sum::<f64>() / bins.iter().map(|bin| bin.0).sum::<f64>().max(1.0)
    };
    println!(
        "{name:12} F1 {:.4} (expected {:.4})  precision {:.3}  recall {:.3}  calibration error {:.4}, of links {:.4}  {} pairs  {time:.2} s",
        2.0 * correct / (links + truth.len() as f64),
        matching.expected.f1().unwrap_or(0.0),
        correct / links.max(1.0),
        correct / truth.len().max(1) as f64,
        error(&bins),
        error(&bins[5..]),
        matching.pairs,
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [left, right, truth] = [0, 1, 2].map(|at| read(&arguments[at]));
    let (left, right) = (catalog(&left), catalog(&right));
    let truth: HashSet<(&str, &str)> = truth[1..].iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    report("all", &left, &right, &truth);
    if !arguments.iter().any(|argument| argument == "--removed") {
        return;
    }
    for (share, side, seed) in [0.5, 0.8]
        .into_iter()
        .flat_map(|share| (0..2).flat_map(move |side| (1..=5u64).map(move |seed| (share, side, seed))))
    {
        let mut state = seed * 7919;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1u64 << 31) as f64
        };
        let kept: Vec<Record> = [&left, &right][side].iter().filter(|_| draw() >= share).copied().collect();
        let ids: HashSet<&str> = kept.iter().map(|record| record.id).collect();
        let known = truth.iter().filter(|pair| ids.contains([pair.0, pair.1][side])).copied().collect();
        let name = format!("-{share} {} {seed}", ["left", "right"][side]);
        if side == 0 { report(&name, &kept, &right, &known) } else { report(&name, &left, &kept, &known) }
    }
}
