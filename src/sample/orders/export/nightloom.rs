//! A made-up shop as four CSV files of nightloom's own kinds, each shop with headers and ids in its own manner.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use jiff::Timestamp;

use super::{
    super::{
        baskets::{Flaw, Line, Order},
        catalog::{FIRST_VARIANT, Shop, Variant},
    },
    manner::{FIRST_ORDER, Manner, OrderExport},
    words::{Money, stock_in_places},
};

/// Ids of a shop's order lines, products and stock items begin here.
const FIRST_LINE: u64 = 10_000_000;
const FIRST_PRODUCT: u64 = 5_000_000;
const FIRST_STOCK_ITEM: u64 = 9_000_000;

impl Manner {
    fn order_header(self) -> &'static str {
        match self {
            Self::GlobalIds => "orderId,lineItemId,variantId,sku,createdAt,lineItemQuantity,originalUnitPrice,currency",
            Self::Snake => {
                "order_id,line_item_id,variant_id,sku,created_at,quantity,unit_price,currency,customer_email"
            }
            Self::Spaced => {
                "Order ID,Line Item ID,Variant ID,Lineitem sku,Created At,Lineitem quantity,Lineitem price,Currency,Email"
            }
        }
    }

    fn id(self, out: &mut impl Write, kind: &str, number: u64) -> io::Result<()> {
        match self {
            Self::GlobalIds => write!(out, "gid://shopify/{kind}/{number}"),
            Self::Snake | Self::Spaced => write!(out, "{number}"),
        }
    }
}

/// The writer of a shop's orders.
pub struct OrderFile {
    out: BufWriter<File>,
    manner: Manner,
    /// The day that was written last, and its text.
    day: (i64, String),
    /// Order lines, and rows: a line that stands there twice is two of them.
    lines: u64,
    rows: u64,
}

impl OrderExport for OrderFile {
    fn write(&mut self, shop: &Shop, order: &Order) -> io::Result<()> {
        for line in &order.lines {
            self.write_line(shop, order, line)?;
            if line.flaw == Some(Flaw::Twice) {
                self.write_line(shop, order, line)?;
            }
            self.lines += 1;
        }
        Ok(())
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl OrderFile {
    /// Begins the file.
    pub fn create(folder: &Path, manner: Manner) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create_new(folder.join("orders.csv"))?);
        writeln!(out, "{}", manner.order_header())?;
        Ok(Self { out, manner, day: (i64::MIN, String::new()), lines: 0, rows: 0 })
    }

    fn write_line(&mut self, shop: &Shop, order: &Order, line: &Line) -> io::Result<()> {
        let manner = self.manner;
        self.rows += 1;
        manner.id(&mut self.out, "Order", FIRST_ORDER + order.number)?;
        self.out.write_all(b",")?;
        manner.id(&mut self.out, "LineItem", FIRST_LINE + self.lines)?;
        self.out.write_all(b",")?;
        if line.flaw == Some(Flaw::Item) {
            self.out.write_all(b",,")?;
        } else {
            manner.id(&mut self.out, "ProductVariant", FIRST_VARIANT + u64::from(line.variant))?;
            write!(self.out, ",{},", shop.variants[line.variant as usize].sku)?;
        }
        if line.flaw == Some(Flaw::Date) {
            self.out.write_all(b"yesterday")?;
        } else {
            self.write_instant(order.second)?;
        }
        write!(self.out, ",{},{},USD", line.quantity, Money(line.cents))?;
        if manner != Manner::GlobalIds {
            write!(self.out, ",customer{}@example.com", order.customer)?;
        }
        self.out.write_all(b"\n")
    }

    fn write_instant(&mut self, second: i64) -> io::Result<()> {
        let (day, rest) = (second.div_euclid(86_400), second.rem_euclid(86_400));
        if self.day.0 != day {
            let date = Timestamp::from_second(second).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
            let text = match self.manner {
                Manner::Spaced => format!("{:02}/{:02}/{:04}", date.month(), date.day(), date.year()),
                Manner::GlobalIds | Manner::Snake => date.to_string(),
            };
            self.day = (day, text);
        }
        let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
        match self.manner {
            Manner::Spaced => write!(self.out, "{} {hours:02}:{minutes:02}:{seconds:02}", self.day.1),
            Manner::GlobalIds | Manner::Snake => {
                write!(self.out, "{}T{hours:02}:{minutes:02}:{seconds:02}Z", self.day.1)
            }
        }
    }
}

/// Writes the variants, inventory levels and catalog of a shop into `folder`.
pub fn write_catalog(folder: &Path, shop: &Shop, manner: Manner, as_of: Timestamp) -> io::Result<()> {
    let file = |name: &str| File::create_new(folder.join(name)).map(BufWriter::new);
    let (mut variants, mut levels, mut catalog) =
        (file("variants.csv")?, file("inventory_levels.csv")?, file("catalog_joined.csv")?);
    writeln!(variants, "product_id,variant_id,sku,variant_title,price,compare_at_price,cost,inventory_item_id")?;
    writeln!(levels, "inventory_item_id,location_id,available,updated_at")?;
    writeln!(
        catalog,
        "product_id,product_title,vendor,product_type,tags,variant_id,sku,variant_title,price,compare_at_price,\
         inventory_item_id,product_status,product_created_at"
    )?;
    for (place, variant) in shop.variants.iter().enumerate() {
        let ids = Ids::new(manner, place as u64, variant)?;
        write_variant(&mut variants, &ids, variant)?;
        for (location, available) in (1..).zip(stock_in_places(place, variant)) {
            if let Some(available) = available {
                writeln!(levels, "{},{location},{available},{as_of}", ids.stock_item)?;
            }
        }
        write_product(&mut catalog, &ids, variant, as_of)?;
    }
    variants.flush()?;
    levels.flush()?;
    catalog.flush()
}

struct Ids {
    product: String,
    variant: String,
    stock_item: String,
}

impl Ids {
    fn new(manner: Manner, place: u64, variant: &Variant) -> io::Result<Self> {
        let text = |kind: &str, number: u64| -> io::Result<String> {
            let mut bytes = Vec::new();
            manner.id(&mut bytes, kind, number)?;
            String::from_utf8(bytes).map_err(io::Error::other)
        };
        Ok(Self {
            product: text("Product", FIRST_PRODUCT + u64::from(variant.product))?,
            variant: text("ProductVariant", FIRST_VARIANT + place)?,
            stock_item: text("InventoryItem", FIRST_STOCK_ITEM + place)?,
        })
    }
}

fn write_variant(out: &mut impl Write, ids: &Ids, variant: &Variant) -> io::Result<()> {
    write!(out, "{},{},{},{},{},", ids.product, ids.variant, variant.sku, variant.option, Money(variant.cents))?;
    optional(out, variant.compare_at_cents)?;
    out.write_all(b",")?;
    optional(out, variant.cost_cents)?;
    writeln!(out, ",{}", ids.stock_item)
}

fn write_product(out: &mut impl Write, ids: &Ids, variant: &Variant, as_of: Timestamp) -> io::Result<()> {
    let tags = variant.season.map_or("", |season| season.tag);
    let created = Timestamp::from_second(as_of.as_second() - i64::from(variant.age_days) * 86_400 - 3_600);
    write!(
        out,
        "{},{},{},{},{tags},{},{},{},{},",
        ids.product,
        variant.title,
        variant.vendor,
        variant.kind.product_type,
        ids.variant,
        variant.sku,
        variant.option,
        Money(variant.cents)
    )?;
    optional(out, variant.compare_at_cents)?;
    writeln!(out, ",{},active,{}", ids.stock_item, created.unwrap_or(as_of))
}

fn optional(out: &mut impl Write, cents: Option<u32>) -> io::Result<()> {
    match cents {
        Some(cents) => write!(out, "{}", Money(cents)),
        None => Ok(()),
    }
}
