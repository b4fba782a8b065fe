//! The order world: shops with their exports as CSV files, and the bundles that were planted in their orders.

mod baskets;
mod catalog;
mod draw;
mod export;
mod trades;

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use self::export::Profile;
use self::{
    baskets::Orders,
    catalog::{FIRST_VARIANT, Shop},
    export::Manner,
};
use super::{database::SampleError, shop_options::DEFAULT_AS_OF};
use crate::{dice::Dice, operator::Progress};

/// The file, beside the shops' folders, with a JSON object a planted bundle: `shop_id`, `items` (variant ids, rising), `skus` and
/// `orders`, the number of orders in which the whole bundle was planted and can be used.
pub const BUNDLES_FILE: &str = "true_bundles.ndjson";

/// How often progress and interruption are looked at, in orders.
const WATCH_EVERY: u64 = 16_384;

/// The streams of a shop's dice: its catalog and its orders.
const CATALOG_STREAM: u64 = 0;
const ORDER_STREAM: u64 = 1 << 32;

/// What orders to make. Equal options make equal files.
#[derive(Clone, Debug)]
pub struct OrdersOptions {
    /// Order lines in all shops.
    pub lines: u64,
    /// Shops; the first ones are the largest.
    pub shops: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The orders end before this instant, and span the year before it.
    pub as_of: Timestamp,
    /// Whose exports the files look like.
    pub profile: Profile,
}

impl Default for OrdersOptions {
    fn default() -> Self {
        Self { lines: 6_000, shops: 3, seed: 1, as_of: DEFAULT_AS_OF, profile: Profile::Nightloom }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrdersSummary {
    pub shops: u64,
    pub orders: u64,
    /// Lines of the orders' files, without headers.
    pub lines: u64,
    pub variants: u64,
    /// Planted bundles.
    pub bundles: u64,
}

/// Writes the new folder `path`: a folder a shop with the files of the profile, such as `orders.csv`, `variants.csv`,
/// `inventory_levels.csv` and `catalog_joined.csv`, and [`BUNDLES_FILE`]. Orders are made one after another in constant memory, shops in parallel,
/// under a temporary name that becomes `path` when all is written.
///
/// # Errors
/// When `path` exists, cannot be written, or `cancelled` was set.
pub fn write_orders(
    path: &Path,
    options: &OrdersOptions,
    progress: &dyn Progress,
    cancelled: &AtomicBool,
) -> Result<OrdersSummary, SampleError> {
    if path.exists() {
        return Err(SampleError::Exists { path: path.to_owned() });
    }
    let refused = |source| SampleError::File { path: path.to_owned(), source };
    progress.total(options.lines);
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(refused)?;
    let unfinished = tempfile::Builder::new()
        .prefix(".sample-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(parent)
        .map_err(refused)?;
    let work = Work { folder: unfinished.path(), options, progress, cancelled };
    let shops: Vec<ShopSummary> =
        (0..options.shops).into_par_iter().map(|number| work.shop(number)).collect::<Result<_, _>>().map_err(
            |stop| match stop {
                Stop::Cancelled => SampleError::Interrupted,
                Stop::File(source) => refused(source),
            },
        )?;
    write_bundles(&unfinished.path().join(BUNDLES_FILE), &shops).map_err(refused)?;
    fs::rename(unfinished.path(), path).map_err(refused)?;
    // It has another name by now: there is nothing to remove.
    let _ = unfinished.keep();
    Ok(shops.iter().fold(OrdersSummary::default(), |sum, shop| OrdersSummary {
        shops: sum.shops + 1,
        orders: sum.orders + shop.orders,
        lines: sum.lines + shop.lines,
        variants: sum.variants + shop.variants,
        bundles: sum.bundles + shop.bundles.len() as u64,
    }))
}

/// Why the writing ended early.
enum Stop {
    Cancelled,
    File(std::io::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

struct ShopSummary {
    id: String,
    orders: u64,
    lines: u64,
    variants: u64,
    /// Variant ids with SKUs, and the orders that hold all of them on purpose.
    bundles: Vec<(Vec<(u64, String)>, u64)>,
}

struct Work<'a> {
    folder: &'a Path,
    options: &'a OrdersOptions,
    progress: &'a dyn Progress,
    cancelled: &'a AtomicBool,
}

impl Work<'_> {
    fn shop(&self, number: u32) -> Result<ShopSummary, Stop> {
        let Self { options, .. } = self;
        let lines = lines_before(options, number + 1) - lines_before(options, number);
        let stream = |kind: u64| Dice::new(options.seed, kind | u64::from(number));
        let shop = Shop::new(number, lines, &mut stream(CATALOG_STREAM));
        let folder = self.folder.join(&shop.id);
        fs::create_dir(&folder)?;
        let manner = Manner::of(number);
        options.profile.write_catalog(&folder, &shop, manner, options.as_of)?;
        let mut file = options.profile.orders(&folder, manner)?;
        let mut planted = vec![0; shop.bundles.len()];
        let (mut orders, mut told) = (0, 0);
        for order in Orders::new(&shop, lines, options.as_of, stream(ORDER_STREAM)) {
            file.write(&shop, &order)?;
            if let Some(count) = order.bundle.and_then(|bundle| planted.get_mut(bundle as usize)) {
                *count += 1;
            }
            orders += 1;
            if orders % WATCH_EVERY == 0 {
                if self.cancelled.load(Ordering::Relaxed) {
                    return Err(Stop::Cancelled);
                }
                self.progress.advance(file.rows() - told);
                told = file.rows();
            }
        }
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        self.progress.advance(file.rows() - told);
        file.finish()?;
        let id = |variant: &u32| (FIRST_VARIANT + u64::from(*variant), shop.variants[*variant as usize].sku.clone());
        let ids = |variants: &[u32]| variants.iter().map(id).collect();
        let bundles = shop.bundles.iter().zip(planted).map(|(bundle, count)| (ids(&bundle.variants), count)).collect();
        Ok(ShopSummary { id: shop.id, orders, lines, variants: shop.variants.len() as u64, bundles })
    }
}

/// The order lines of all shops before the one with this number. A shop has about as many as the next two or three, so
/// that a few are large and most small.
fn lines_before(options: &OrdersOptions, number: u32) -> u64 {
    let weight = |place: u32| u128::from(1_000_000 / (place + 4));
    let sum = |count: u32| (0..count).map(weight).sum::<u128>();
    (u128::from(options.lines) * sum(number) / sum(options.shops).max(1)) as u64
}

fn write_bundles(path: &Path, shops: &[ShopSummary]) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create_new(path)?);
    for shop in shops {
        for (items, orders) in &shop.bundles {
            let (items, skus): (Vec<_>, Vec<_>) = items.iter().map(|(id, sku)| (id.to_string(), sku)).unzip();
            let line = serde_json::json!({ "shop_id": shop.id, "items": items, "skus": skus, "orders": orders });
            writeln!(out, "{line}")?;
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::operator::Silent;

    fn write(path: &Path, options: &OrdersOptions) -> Result<OrdersSummary, SampleError> {
        write_orders(path, options, &Silent, &AtomicBool::new(false))
    }

    /// All files by their path in the folder.
    fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let pattern = folder.join("**/*.*");
        glob::glob(&pattern.to_string_lossy())
            .expect("a pattern")
            .map(|path| path.expect("a path"))
            .filter(|path| path.is_file())
            .map(|path| {
                let name = path.strip_prefix(folder).expect("inside").to_string_lossy().into_owned();
                (name, fs::read(&path).expect("a file"))
            })
            .collect()
    }

    #[test]
    fn the_same_options_make_the_same_bytes_and_another_seed_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = |name: &str, seed| {
            let path = folder.path().join(name);
            write(&path, &OrdersOptions { lines: 900, shops: 3, seed, ..OrdersOptions::default() }).expect("orders");
            files(&path)
        };
        let first = made("a", 1);
        assert_eq!(first.len(), 13);
        assert_eq!(first, made("b", 1));
        assert_ne!(first, made("c", 2));
    }

    #[test]
    fn the_files_hold_exactly_the_lines_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let profiles = [
            (Profile::Nightloom, "orders.csv"),
            (Profile::Shopify, "orders_export_1.csv"),
            (Profile::ShopifyWithoutSkus, "orders_export_1.csv"),
            (Profile::Tiendanube, "ventas.csv"),
        ];
        for (profile, file) in profiles {
            for (name, lines, shops) in [("a", 1, 1), ("b", 10_000, 7), ("c", 3, 5)] {
                let path = folder.path().join(format!("{name}-{profile:?}"));
                let options = OrdersOptions { lines, shops, profile, ..OrdersOptions::default() };
                let summary = write(&path, &options).expect("orders");
                let rows: usize = files(&path)
                    .iter()
                    .filter(|(name, _)| name.ends_with(file))
                    .map(|(_, bytes)| bytes.iter().filter(|byte| **byte == b'\n').count() - 1)
                    .sum();
                assert_eq!((rows as u64, summary.lines, summary.shops), (lines, lines, u64::from(shops)));
            }
        }
    }

    #[test]
    fn an_existing_folder_is_refused_and_an_interrupted_writing_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(write(folder.path(), &OrdersOptions::default()), Err(SampleError::Exists { .. })));
        let path = folder.path().join("orders");
        let result = write_orders(&path, &OrdersOptions::default(), &Silent, &AtomicBool::new(true));
        assert!(matches!(result, Err(SampleError::Interrupted)));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
