//! The same orders written in any way that their columns determine give the same tables.

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::super::testing::*;
use crate::orders::ingest::IngestShop;

#[derive(Clone, Debug)]
struct Line {
    sku: u8,
    quantity: i64,
    cents: i64,
}

#[derive(Clone, Debug)]
struct Order {
    /// Hours since the begin of 2025.
    hour: i32,
    status: u8,
    customer: u8,
    lines: Vec<Line>,
    /// For each of what the order says once, bits of the rows that say it; of none the first does.
    said: [u8; 4],
}

/// How dates are written.
const DATES: [&str; 9] = [
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S +0000",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d-%m-%y %I:%M %p",
    "%d.%m.%Y, %H:%M",
    "%b %d, %Y at %I:%M %p UTC",
    "%d. %B %Y %H:%M Uhr",
    "%s",
];

/// What parts thousands, and what stands before the cents.
const NUMBERS: [(&str, &str); 7] =
    [("", "."), (",", "."), ("'", "."), ("", ","), (".", ","), ("\u{202F}", ","), (" ", ",")];

#[derive(Clone, Debug)]
struct Style {
    date: usize,
    number: usize,
    /// Whether prices of whole units have no fraction.
    is_short: bool,
    /// After which orders a file ends.
    cuts: Vec<bool>,
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    let cents =
        prop_oneof![0..100_i64, 100..100_000_i64, 100_000..200_000_000_i64, (0..3_000_i64).prop_map(|n| n * 100)];
    let line = (0..6_u8, 1..4_i64, cents).prop_map(|(sku, quantity, cents)| Line { sku, quantity, cents });
    let order = (0..8_000_i32, 0..3_u8, 0..9_u8, prop::collection::vec(line, 1..5), any::<[u8; 4]>())
        .prop_map(|(hour, status, customer, lines, said)| Order { hour, status, customer, lines, said });
    prop::collection::vec(order, 1..20)
}

fn style() -> impl Strategy<Value = Style> {
    (0..DATES.len(), 0..NUMBERS.len(), any::<bool>(), prop::collection::vec(prop::bool::weighted(0.3), 20))
        .prop_map(|(date, number, is_short, cuts)| Style { date, number, is_short, cuts })
}

impl Style {
    fn price(&self, cents: i64) -> String {
        let (thousands, mark) = NUMBERS[self.number];
        let mut whole = (cents / 100).to_string();
        let mut at = whole.len();
        while at > 3 {
            at -= 3;
            whole.insert_str(at, thousands);
        }
        if self.is_short && cents % 100 == 0 { whole } else { format!("{whole}{mark}{:02}", cents % 100) }
    }

    fn date(&self, hour: i32) -> String {
        let begin = DateTime::constant(2025, 1, 1, 0, 0, 0, 0);
        let at = begin + jiff::SignedDuration::from_hours(i64::from(hour));
        at.to_zoned(jiff::tz::TimeZone::UTC).unwrap().strftime(DATES[self.date]).to_string()
    }

    /// The files; what each order says once stands where `said` wants it, or on all rows.
    fn files(&self, orders: &[Order], is_repeated: bool) -> Vec<(String, String)> {
        let header = "Order ID,Created at,Status,Currency,Customer,SKU,Quantity,Price\n"
            .replace("Status", "Financial Status")
            .replace("Customer", "Customer ID");
        let mut files = vec![header.clone()];
        for (number, order) in orders.iter().enumerate() {
            let once =
                [self.date(order.hour), format!("s{}", order.status), "EUR".into(), format!("c{}", order.customer)];
            for (row, line) in order.lines.iter().enumerate() {
                let says = |field: usize| {
                    let rows = order.said[field] & ((1 << order.lines.len()) - 1);
                    is_repeated || rows >> row & 1 == 1 || (rows == 0 && row == 0)
                };
                let once = |field: usize| if says(field) { once[field].as_str() } else { "" };
                let price = self.price(line.cents);
                *files.last_mut().unwrap() += &format!(
                    "{number},\"{}\",{},{},{},sku-{},{},\"{price}\"\n",
                    once(0),
                    once(1),
                    once(2),
                    once(3),
                    line.sku,
                    line.quantity
                );
            }
            if self.cuts[number] && number + 1 < orders.len() {
                files.push(header.clone());
            }
        }
        files.into_iter().enumerate().map(|(number, text)| (format!("orders_{number}.csv"), text)).collect()
    }
}

/// The tables, in the order of the orders.
fn tables(files: &[(String, String)], partitions: usize, block: usize) -> [Vec<String>; 2] {
    let given: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let operator = IngestShop { max_rejected: 1.0, ..operator() };
    let outputs = try_ingest(&operator, &given, partitions, block).unwrap();
    assert!(outputs.rows("rejected", &["reason"]).iter().all(|reason| reason == "duplicate"), "lines of one item");
    let table = |port: &str| {
        let frame = outputs.frame(port);
        let names: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let order = outputs.rows(port, &["order_id"]);
        let mut rows: Vec<_> = order.into_iter().zip(outputs.rows(port, &names)).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows.into_iter().map(|(_, row)| row).collect()
    };
    [table("orders"), table("order_lines")]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn orders_written_in_any_way_that_the_columns_determine_give_the_same_tables(
        orders in orders(),
        style in style(),
        at in any::<prop::sample::Index>(),
        partitions in 1..4_usize,
        block in 30..2_000_usize,
    ) {
        // One date and one price that can be meant in one way.
        let mut orders = orders;
        let order = at.get(&orders).clone();
        let sure = orders.iter_mut().find(|other| other.hour == order.hour).unwrap();
        sure.hour = 24 * 19 + 13;
        sure.lines[0].cents = 4_990;
        let plain = Style { date: 0, number: 0, is_short: false, cuts: vec![false; 20] };
        let expected = tables(&plain.files(&orders, true), 1, 1 << 20);
        prop_assert_eq!(tables(&style.files(&orders, false), partitions, block), expected);
    }
}
