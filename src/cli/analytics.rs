//! `nightloom analytics`: what the bundles of a shop brought.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::bundles::{Database, usage, write};
use crate::{
    report::table::{Table, count},
    review::analytics::{self, CoPurchase, Figures, Point, Range, Step},
};

/// Show what the bundles of a shop brought, from its orders: only what was measured.
///
/// An order holds a bundle when it has all its items; of quantities, so many pieces as the first tier asks for. Approved and
/// active bundles count.
///
/// Examples:
///   nightloom analytics --shop north
///   nightloom analytics --shop north --range month --step week --csv --out north.csv
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    database: Database,
    /// The shop.
    #[arg(long)]
    shop: String,
    /// How far back the series goes from the last order.
    #[arg(long, value_enum, default_value_t = RangeArgument::All)]
    range: RangeArgument,
    /// What a point of the series covers.
    #[arg(long, value_enum, default_value_t = StepArgument::Week)]
    step: StepArgument,
    /// Print JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print date, metric, dimension and value of everything as CSV.
    #[arg(long)]
    csv: bool,
    /// The file that CSV or JSON is written to [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RangeArgument {
    /// The last day.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
    /// All there is.
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum StepArgument {
    /// A day.
    Day,
    /// A week, from Monday on.
    Week,
}

/// Prints the figures.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let connection = arguments.database.open()?;
    let (shop, rules) = analytics::read(&connection, &arguments.shop).map_err(usage)?;
    let held = shop.held();
    let figures = analytics::figures(&shop, &held);
    let last = shop.orders.iter().map(|order| order.day).max().unwrap_or_default();
    let range = match arguments.range {
        RangeArgument::Day => Range::Day,
        RangeArgument::Week => Range::Week,
        RangeArgument::Month => Range::Month,
        RangeArgument::All => Range::All,
    };
    let step = match arguments.step {
        StepArgument::Day => Step::Day,
        StepArgument::Week => Step::Week,
    };
    let series = analytics::series(&shop, &held, last, range, step);
    if arguments.csv {
        let as_of = analytics::date(last);
        write(arguments.out.as_ref(), &analytics::analytics_csv(&figures, &series, &rules, &as_of))?;
    } else if arguments.json {
        let all =
            json!({ "shopId": arguments.shop, "figures": figures, "timeSeries": series, "coPurchaseAnalysis": rules });
        write(arguments.out.as_ref(), &(serde_json::to_string_pretty(&all)? + "\n"))?;
    } else {
        print!("{}", shown(&figures, &series, &rules));
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(figures: &Figures, series: &[Point], rules: &[CoPurchase]) -> String {
    let mut text = heads(figures);
    let mut types = Table::new(&["type", "bundles", "approved", "confidence", "lift", "revenue"]);
    for (name, of) in &figures.bundle_performance {
        types.row(vec![
            name.clone(),
            of.count.to_string(),
            of.approved.to_string(),
            format!("{:.3}", of.mean_confidence),
            format!("{:.2}", of.mean_lift),
            format!("{:.2}", of.revenue),
        ]);
    }
    types.right(&[1, 2, 3, 4, 5]);
    text += &format!("\n{types}");
    let mut points = Table::new(&["from", "orders", "revenue", "an order", "with a bundle", "bundles"]);
    for point in series {
        points.row(vec![
            point.date.clone(),
            count(point.orders as u64),
            format!("{:.2}", point.revenue),
            format!("{:.2}", point.aov),
            count(point.orders_with_bundle as u64),
            format!("{:.2}", point.bundle_revenue),
        ]);
    }
    points.right(&[1, 2, 3, 4, 5]);
    text += &format!("\n{points}");
    let mut top = Table::new(&["bundle", "type", "orders", "revenue"]);
    for bundle in figures.top_bundles.iter().filter(|bundle| bundle.orders > 0) {
        let revenue = format!("{:.2}", bundle.revenue);
        top.row(vec![bundle.title.clone(), bundle.bundle_type.clone(), count(bundle.orders as u64), revenue]);
    }
    top.right(&[2, 3]);
    text += &format!("\n{top}");
    let mut together = Table::new(&["bought together", "%", "lift"]);
    for rule in rules {
        together.row(vec![rule.items.join(" + "), rule.percent.to_string(), format!("{:.1}", rule.lift)]);
    }
    together.right(&[1, 2]);
    text + &format!("\n{together}")
}

fn heads(figures: &Figures) -> String {
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.row(vec![name.to_owned(), value]);
    row("active bundles", count(figures.active_bundles as u64));
    let (all, approved) = (figures.total_recommendations as u64, figures.approved_recommendations as u64);
    row("recommendations", format!("{}, {} approved", count(all), count(approved)));
    row("orders", count(figures.total_orders as u64));
    row("products", count(figures.total_products));
    row("paid for bundles", format!("{:.2}", figures.bundle_revenue));
    row("orders with a bundle", format!("{:.1} %", 100.0 * figures.conversion_rate));
    row("a bundle costs", format!("{:.2} on average", figures.avg_bundle_size));
    row("a bundle has", format!("{:.1} items on average", figures.avg_bundle_items));
    table.to_string().trim_start_matches('\n').to_owned()
}
