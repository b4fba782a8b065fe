//! A made-up shop as the three files of Shopify's admin: orders_export, products_export and inventory_export, which have no ids.

use std::{io, path::Path};

use jiff::Timestamp;

use super::{
    super::{
        baskets::{Flaw, Line, Order},
        catalog::{Shop, Variant},
    },
    cells::{Table, column},
    manner::{FIRST_ORDER, Manner, OrderExport},
    words::{Money, handle, is_only, line_name, stock_in_places, total_cents},
};

/// The columns of an export of orders.
const ORDERS: [&str; 79] = [
    "Name",
    "Email",
    "Financial Status",
    "Paid at",
    "Fulfillment Status",
    "Fulfilled at",
    "Accepts Marketing",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
    "Discount Code",
    "Discount Amount",
    "Shipping Method",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem compare at price",
    "Lineitem sku",
    "Lineitem requires shipping",
    "Lineitem taxable",
    "Lineitem fulfillment status",
    "Billing Name",
    "Billing Street",
    "Billing Address1",
    "Billing Address2",
    "Billing Company",
    "Billing City",
    "Billing Zip",
    "Billing Province",
    "Billing Country",
    "Billing Phone",
    "Shipping Name",
    "Shipping Street",
    "Shipping Address1",
    "Shipping Address2",
    "Shipping Company",
    "Shipping City",
    "Shipping Zip",
    "Shipping Province",
    "Shipping Country",
    "Shipping Phone",
    "Notes",
    "Note Attributes",
    "Cancelled at",
    "Payment Method",
    "Payment Reference",
    "Refunded Amount",
    "Vendor",
    "Outstanding Balance",
    "Employee",
    "Location",
    "Device ID",
    "Id",
    "Tags",
    "Risk Level",
    "Source",
    "Lineitem discount",
    "Tax 1 Name",
    "Tax 1 Value",
    "Tax 2 Name",
    "Tax 2 Value",
    "Tax 3 Name",
    "Tax 3 Value",
    "Tax 4 Name",
    "Tax 4 Value",
    "Tax 5 Name",
    "Tax 5 Value",
    "Phone",
    "Receipt Number",
    "Duties",
    "Billing Province Name",
    "Shipping Province Name",
    "Payment ID",
    "Payment Terms Name",
    "Next Payment Due At",
    "Payment References",
];

/// The columns of an export of products.
const PRODUCTS: [&str; 41] = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Tracker",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Fulfillment Service",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
    "SEO Title",
    "SEO Description",
    "Google Shopping / Google Product Category",
    "Google Shopping / Condition",
    "Variant Image",
    "Variant Weight Unit",
    "Variant Tax Code",
    "Cost per item",
    "Included / Canada",
    "Price / Canada",
    "Compare At Price / Canada",
    "Status",
];

/// The columns of an export of inventory.
const INVENTORY: [&str; 17] = [
    "Handle",
    "Title",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "SKU",
    "HS Code",
    "COO",
    "Location",
    "Incoming",
    "Unavailable",
    "Committed",
    "Available",
    "On hand",
];

/// The clock that the shop goes by: hours behind UTC.
const HOURS_BEHIND: i64 = 4;

/// Numbers of orders in the admin's own addresses begin here.
const FIRST_ID: u64 = 5_000_000_000;

/// The writer of a shop's orders.
pub struct OrderFile {
    table: Table,
    has_customers: bool,
    has_skus: bool,
}

impl OrderFile {
    /// Begins the file.
    pub fn create(folder: &Path, manner: Manner, has_skus: bool) -> io::Result<Self> {
        let table = Table::create(&folder.join("orders_export_1.csv"), &ORDERS)?;
        Ok(Self { table, has_customers: manner != Manner::GlobalIds, has_skus })
    }

    /// A line's row. What is the order's stands in the first alone; name, e-mail and time in each.
    fn write_row(&mut self, shop: &Shop, order: &Order, line: &Line, is_first: bool) -> io::Result<()> {
        const fn at(name: &str) -> usize {
            column(&ORDERS, name)
        }
        let has_customers = self.has_customers;
        let table = &mut self.table;
        let time = local_time(order.second);
        let variant = &shop.variants[line.variant as usize];
        table.set(const { at("Name") }, format_args!("#{}", FIRST_ORDER + order.number))?;
        table
            .set_if(const { at("Email") }, has_customers.then(|| format!("customer{}@example.com", order.customer)))?;
        if is_first {
            let total = total_cents(&order.lines);
            table.set(const { at("Financial Status") }, "paid")?;
            table.set(const { at("Paid at") }, &time)?;
            table.set(const { at("Fulfillment Status") }, "fulfilled")?;
            table.set(const { at("Fulfilled at") }, &time)?;
            table.set(const { at("Accepts Marketing") }, "no")?;
            table.set(const { at("Currency") }, "USD")?;
            table.set(const { at("Subtotal") }, Money(total))?;
            table.set(const { at("Shipping") }, "5.00")?;
            table.set(const { at("Taxes") }, "0.00")?;
            table.set(const { at("Total") }, Money(total + 500))?;
            table.set(const { at("Discount Amount") }, "0.00")?;
            table.set(const { at("Shipping Method") }, "Standard")?;
        }
        table.set(const { at("Created at") }, if line.flaw == Some(Flaw::Date) { "yesterday" } else { &time })?;
        table.set(const { at("Lineitem quantity") }, line.quantity)?;
        let is_named = line.flaw != Some(Flaw::Item);
        table.set_if(const { at("Lineitem name") }, is_named.then(|| line_name(variant)))?;
        table.set(const { at("Lineitem price") }, Money(line.cents))?;
        table.set_if(const { at("Lineitem compare at price") }, variant.compare_at_cents.map(Money))?;
        table.set_if(const { at("Lineitem sku") }, (is_named && self.has_skus).then_some(&variant.sku))?;
        table.set(const { at("Lineitem requires shipping") }, "true")?;
        table.set(const { at("Lineitem taxable") }, "true")?;
        table.set(const { at("Lineitem fulfillment status") }, "fulfilled")?;
        if is_first {
            table
                .set_if(const { at("Billing Name") }, has_customers.then(|| format!("Customer {}", order.customer)))?;
            table.set(const { at("Shipping City") }, "Norwick")?;
            table.set(const { at("Shipping Country") }, "US")?;
            table.set(const { at("Payment Method") }, "Shopify Payments")?;
            table.set(const { at("Refunded Amount") }, "0.00")?;
        }
        table.set(const { at("Vendor") }, variant.vendor)?;
        if is_first {
            table.set(const { at("Outstanding Balance") }, "0.00")?;
            table.set(const { at("Id") }, FIRST_ID + order.number)?;
            table.set(const { at("Risk Level") }, "Low")?;
            table.set(const { at("Source") }, "web")?;
        }
        table.set(const { at("Lineitem discount") }, "0.00")?;
        table.end_row()
    }
}

impl OrderExport for OrderFile {
    fn write(&mut self, shop: &Shop, order: &Order) -> io::Result<()> {
        for (place, line) in order.lines.iter().enumerate() {
            self.write_row(shop, order, line, place == 0)?;
            if line.flaw == Some(Flaw::Twice) {
                self.write_row(shop, order, line, false)?;
            }
        }
        Ok(())
    }

    fn rows(&self) -> u64 {
        self.table.rows()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.table.finish()
    }
}

/// `2026-02-28 20:15:00 -0400`.
fn local_time(second: i64) -> String {
    let local = Timestamp::from_second(second - HOURS_BEHIND * 3_600).unwrap_or_default();
    let local = local.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    format!("{} {} -0{HOURS_BEHIND}00", local.date(), local.time())
}

/// Writes the products and the inventory of a shop into `folder`.
pub fn write_catalog(folder: &Path, shop: &Shop, has_skus: bool) -> io::Result<()> {
    let mut products = Table::create(&folder.join("products_export_1.csv"), &PRODUCTS)?;
    let mut inventory = Table::create(&folder.join("inventory_export_1.csv"), &INVENTORY)?;
    let mut place = 0;
    for product in shop.variants.chunk_by(|one, next| one.product == next.product) {
        // As many pictures as variants, and one more: rows of pictures alone are no variants.
        for row in 0..=product.len() {
            write_product_row(&mut products, product, row, has_skus)?;
        }
        for variant in product {
            for (name, available) in ["Shop", "Warehouse"].into_iter().zip(stock_in_places(place, variant)) {
                write_level(&mut inventory, variant, name, available, has_skus)?;
            }
            place += 1;
        }
    }
    products.finish()?;
    inventory.finish()
}

/// A row of a product's variants and pictures; what is the product's stands in the first.
fn write_product_row(table: &mut Table, product: &[Variant], row: usize, has_skus: bool) -> io::Result<()> {
    const fn at(name: &str) -> usize {
        column(&PRODUCTS, name)
    }
    let Some(first) = product.first() else { return Ok(()) };
    let handle = handle(first);
    table.set(const { at("Handle") }, &handle)?;
    if row == 0 {
        table.set(const { at("Title") }, &first.title)?;
        table.set(const { at("Body (HTML)") }, "<p>Made up.</p>")?;
        table.set(const { at("Vendor") }, first.vendor)?;
        table.set(const { at("Type") }, first.kind.product_type)?;
        table.set_if(const { at("Tags") }, first.season.map(|season| season.tag))?;
        table.set(const { at("Published") }, "true")?;
        table.set(const { at("Option1 Name") }, option_name(first))?;
    }
    if let Some(variant) = product.get(row) {
        table.set(const { at("Option1 Value") }, variant.option)?;
        table.set_if(const { at("Variant SKU") }, has_skus.then_some(&variant.sku))?;
        table.set(const { at("Variant Grams") }, 100)?;
        table.set(const { at("Variant Inventory Tracker") }, "shopify")?;
        table.set(const { at("Variant Inventory Qty") }, variant.stock)?;
        table.set(const { at("Variant Inventory Policy") }, "deny")?;
        table.set(const { at("Variant Fulfillment Service") }, "manual")?;
        table.set(const { at("Variant Price") }, Money(variant.cents))?;
        table.set_if(const { at("Variant Compare At Price") }, variant.compare_at_cents.map(Money))?;
        table.set(const { at("Variant Requires Shipping") }, "true")?;
        table.set(const { at("Variant Taxable") }, "true")?;
    }
    table.set(const { at("Image Src") }, format_args!("https://cdn.example.com/{handle}-{}.jpg", row + 1))?;
    table.set(const { at("Image Position") }, row + 1)?;
    if row == 0 {
        table.set(const { at("Gift Card") }, "false")?;
    }
    table.set_if(const { at("Cost per item") }, product.get(row).and_then(|variant| variant.cost_cents).map(Money))?;
    if row == 0 {
        table.set(const { at("Status") }, "active")?;
    }
    table.end_row()
}

fn write_level(
    table: &mut Table,
    variant: &Variant,
    location: &str,
    available: Option<u32>,
    has_skus: bool,
) -> io::Result<()> {
    const fn at(name: &str) -> usize {
        column(&INVENTORY, name)
    }
    const COUNTS: [(usize, bool); 5] = [
        (at("Incoming"), false),
        (at("Unavailable"), false),
        (at("Committed"), false),
        (at("Available"), true),
        (at("On hand"), true),
    ];
    table.set(const { at("Handle") }, handle(variant))?;
    table.set(const { at("Title") }, &variant.title)?;
    table.set(const { at("Option1 Name") }, option_name(variant))?;
    table.set(const { at("Option1 Value") }, variant.option)?;
    table.set_if(const { at("SKU") }, has_skus.then_some(&variant.sku))?;
    table.set(const { at("Location") }, location)?;
    for (column, is_there) in COUNTS {
        match available {
            Some(available) => table.set(column, if is_there { available } else { 0 })?,
            None => table.set(column, "not stocked")?,
        }
    }
    table.end_row()
}

fn option_name(variant: &Variant) -> &'static str {
    if is_only(variant) { "Title" } else { "Option" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_shops_clock() {
        assert_eq!(local_time(1_772_323_200), "2026-02-28 20:00:00 -0400");
    }
}
