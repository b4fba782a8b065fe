//! `nightloom sample`: made-up data to try things on.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use signal_hook::{consts::TERM_SIGNALS, flag};

use crate::{
    operator::Silent,
    report::table::count,
    sample::{
        Dirt, OrdersOptions, PriceSpread, Profile, ShopOptions, WorkflowOptions, write_orders, write_shop,
        write_workflows,
    },
};

/// Make up data to try things on; the same seed gives the same data.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    world: World,
}

#[derive(Subcommand)]
enum World {
    Shop(Shop),
    Workflows(Workflows),
    Orders(Orders),
}

/// Ten retailers' catalogs against our own products, as a SQLite database.
///
/// Example: nightloom sample shop --rows 2000 --seed 1 --out data/demo/products.db
#[derive(Args)]
struct Shop {
    /// Rows of the catalog, and as many products.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rows: u64,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The database to make; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How prices are spread.
    #[arg(long, value_enum, default_value_t = Prices::Crowded)]
    prices: Prices,
    /// How dirty the rows are.
    #[arg(long, value_enum, default_value_t = Dirtiness::Mild)]
    dirt: Dirtiness,
}

/// A history of requests to agents, as a SQLite database, with the tables that `pipelines/workflows.toml` fills.
///
/// Example: nightloom sample workflows --rows 2000 --seed 1 --out data/demo/workflows.db
#[derive(Args)]
struct Workflows {
    /// Rows of the history.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rows: u64,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The database to make; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Shops' exports of a year's orders, variants, inventory and catalog: a folder a shop with CSV files.
///
/// Bundles are planted in the orders; true_bundles.ndjson, beside the shops' folders, says which.
///
/// Example: nightloom sample orders --lines 6000 --shops 3 --seed 1 --out data/demo/shops
#[derive(Args)]
struct Orders {
    /// Order lines in all shops.
    #[arg(long, default_value_t = 6_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    lines: u64,
    /// Shops, the largest first.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shops: u32,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to make; it must not be there yet.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Whose exports the files look like.
    #[arg(long, value_enum, default_value_t = Exports::Nightloom)]
    profile: Exports,
}

#[derive(Clone, Copy, ValueEnum)]
enum Exports {
    /// Orders, variants, inventory levels and joined catalog, with ids.
    Nightloom,
    /// The three files of Shopify's admin, which have no ids.
    Shopify,
    /// The same of a shop without SKUs: names tell the items.
    ShopifyWithoutSkus,
    /// Tiendanube's two files: semicolons, decimal commas, days first, Latin-1.
    Tiendanube,
}

#[derive(Clone, Copy, ValueEnum)]
enum Prices {
    /// Low prices are more common, and most end in .99, .95, 5 or 0.
    Crowded,
    /// Every cent from 10.00 to 1,009.99 is equally likely.
    Even,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dirtiness {
    /// Rows without title, price or images, empty texts, prices of 0.
    Mild,
    /// Also products without a title, rows without a URL, negative prices, texts that are no URL.
    Harsh,
}

/// Makes the data.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let cancelled = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        flag::register(*signal, cancelled.clone()).context("cannot listen to signals")?;
    }
    match &arguments.world {
        World::Shop(shop) => make_shop(shop, &cancelled)?,
        World::Workflows(workflows) => make_workflows(workflows, &cancelled)?,
        World::Orders(orders) => make_orders(orders, &cancelled)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make_shop(shop: &Shop, cancelled: &AtomicBool) -> anyhow::Result<()> {
    let options = ShopOptions {
        rows: shop.rows,
        seed: shop.seed,
        prices: match shop.prices {
            Prices::Crowded => PriceSpread::Crowded,
            Prices::Even => PriceSpread::Even,
        },
        dirt: match shop.dirt {
            Dirtiness::Mild => Dirt::Mild,
            Dirtiness::Harsh => Dirt::Harsh,
        },
        ..ShopOptions::default()
    };
    let made = write_shop(&shop.out, &options, &Silent, cancelled)?;
    println!(
        "{}: {} products, {} catalog rows, of which {} have a product.",
        shop.out.display(),
        count(made.products),
        count(made.catalog_rows),
        count(made.true_links)
    );
    Ok(())
}

fn make_workflows(workflows: &Workflows, cancelled: &AtomicBool) -> anyhow::Result<()> {
    let options = WorkflowOptions { rows: workflows.rows, seed: workflows.seed, ..WorkflowOptions::default() };
    let made = write_workflows(&workflows.out, &options, &Silent, cancelled)?;
    println!(
        "{}: {} workflows and {} tool events.",
        workflows.out.display(),
        count(made.workflows),
        count(made.events)
    );
    Ok(())
}

fn make_orders(orders: &Orders, cancelled: &AtomicBool) -> anyhow::Result<()> {
    let options = OrdersOptions {
        lines: orders.lines,
        shops: orders.shops,
        seed: orders.seed,
        profile: match orders.profile {
            Exports::Nightloom => Profile::Nightloom,
            Exports::Shopify => Profile::Shopify,
            Exports::ShopifyWithoutSkus => Profile::ShopifyWithoutSkus,
            Exports::Tiendanube => Profile::Tiendanube,
        },
        ..OrdersOptions::default()
    };
    let made = write_orders(&orders.out, &options, &Silent, cancelled)?;
    println!(
        "{}: {} shops with {} orders in {} lines, {} variants and {} planted bundles.",
        orders.out.display(),
        count(made.shops),
        count(made.orders),
        count(made.lines),
        count(made.variants),
        count(made.bundles)
    );
    Ok(())
}
