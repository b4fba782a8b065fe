//! Made-up shops: popular products, pairs that go together, four files a shop.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// So many shops of so many orders and products each.
#[derive(Clone, Copy)]
pub struct Shops {
    pub shops: u32,
    pub orders: u32,
    pub products: u32,
}

/// A stream of numbers that is the same everywhere (a linear congruence of 64 bits).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 33) * u64::from(bound)) >> 31) as u32
    }
}

const KINDS: [&str; 8] = ["Shirt", "Mug", "Lamp", "Bag", "Candle", "Scarf", "Notebook", "Tea"];
const COLOURS: [&str; 6] = ["Blue", "Red", "Green", "White", "Black", "Sand"];

impl Shops {
    /// The folder with the files, which are written if it is not there.
    pub fn write(self, folder: &Path) -> Result<PathBuf, String> {
        let data = folder.join(format!("shops-{}-{}-{}", self.shops, self.orders, self.products));
        let failed = |error: std::io::Error| format!("{}: {error}", data.display());
        if data.exists() {
            return Ok(data);
        }
        for shop in 0..self.shops {
            let of_shop = data.join(format!("shop-{shop:04}"));
            fs::create_dir_all(&of_shop).map_err(failed)?;
            let mut numbers = Numbers(u64::from(shop) + 1);
            let prices: Vec<u32> = (0..self.products).map(|_| 499 + numbers.below(9_000)).collect();
            fs::write(of_shop.join("orders.csv"), self.orders_csv(&mut numbers, &prices)).map_err(failed)?;
            fs::write(of_shop.join("catalog.csv"), self.catalog_csv(shop, &mut numbers, &prices)).map_err(failed)?;
        }
        Ok(data)
    }

    fn orders_csv(self, numbers: &mut Numbers, prices: &[u32]) -> String {
        let mut text =
            "order_id,line_item_id,variant_id,created_at,quantity,unit_price,currency,customer_id\n".to_owned();
        let mut line = 0;
        for order in 0..self.orders {
            let mut items = Vec::new();
            for _ in 0..1 + numbers.below(3) {
                // The lower of two draws: the first products sell most.
                let item = numbers.below(self.products).min(numbers.below(self.products));
                items.push(item);
                // Each product has one that goes with it.
                if numbers.below(100) < 25 {
                    items.push((item * 7 + 3) % self.products);
                }
            }
            items.sort_unstable();
            items.dedup();
            let (month, day) = (1 + order % 6, 1 + order % 28);
            let customer = numbers.below(self.orders / 3 + 1);
            for item in items {
                let quantity = 1 + u32::from(numbers.below(10) == 0) + u32::from(numbers.below(20) == 0);
                let cents = prices[item as usize];
                line += 1;
                let _ = writeln!(
                    text,
                    "{order},{line},{item},2025-{month:02}-{day:02}T10:00:00Z,{quantity},{}.{:02},EUR,c{customer}",
                    cents / 100,
                    cents % 100
                );
            }
        }
        text
    }

    fn catalog_csv(self, shop: u32, numbers: &mut Numbers, prices: &[u32]) -> String {
        let header = "product_id,variant_id,product_title,variant_title,vendor,product_type,tags,sku,price,cost,inventory_item_id,\
                      product_status,available_total\n";
        let mut text = header.to_owned();
        for (item, cents) in (0_u32..).zip(prices) {
            let (kind, colour) = (KINDS[(item % 8) as usize], COLOURS[(item / 8 % 6) as usize]);
            let (cost, stock) = (cents * (40 + numbers.below(40)) / 100, numbers.below(200));
            let season = if item % 9 == 0 { "christmas" } else { "all year" };
            let _ = writeln!(
                text,
                "{},{item},{colour} {kind} {},Default Title,Maker {},{kind},{season},S{shop}-{item},{}.{:02},{}.{:02},{item},active,{stock}",
                item / 2,
                item / 48,
                item % 5,
                cents / 100,
                cents % 100,
                cost / 100,
                cost % 100,
            );
        }
        text
    }
}
