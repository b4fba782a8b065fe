//! A made-up shop as the two files of Tiendanube's admin: semicolons, decimal commas, days first, Latin-1.

use std::{fmt::Display, io, path::Path};

use jiff::Timestamp;

use super::{
    super::{
        baskets::{Flaw, Line, Order},
        catalog::{Shop, Variant},
    },
    cells::{Table, column},
    manner::{FIRST_ORDER, Manner, OrderExport},
    words::{handle, is_only, line_name, total_cents},
};

/// The columns of an export of sales.
const SALES: [&str; 43] = [
    "Número de orden",
    "Email",
    "Fecha",
    "Estado de la orden",
    "Estado del pago",
    "Estado del envío",
    "Moneda",
    "Subtotal de productos",
    "Descuento",
    "Costo de envío",
    "Total",
    "Nombre del comprador",
    "DNI / CUIT",
    "Teléfono",
    "Nombre para el envío",
    "Teléfono para el envío",
    "Dirección",
    "Número",
    "Piso",
    "Localidad",
    "Ciudad",
    "Código postal",
    "Provincia o estado",
    "País",
    "Medio de envío",
    "Medio de pago",
    "Cupón de descuento",
    "Notas del comprador",
    "Notas del vendedor",
    "Fecha de pago",
    "Fecha de envío",
    "Nombre del producto",
    "Precio del producto",
    "Cantidad del producto",
    "SKU",
    "Canal",
    "Código de tracking del envío",
    "Identificador de la transacción en el medio de pago",
    "Identificador de la orden",
    "Producto Fisico",
    "Persona que registró la venta",
    "Sucursal de venta",
    "Vendedor",
];

/// The columns of an export of products.
const PRODUCTS: [&str; 30] = [
    "Identificador de URL",
    "Nombre",
    "Categorías",
    "Nombre de propiedad 1",
    "Valor de propiedad 1",
    "Nombre de propiedad 2",
    "Valor de propiedad 2",
    "Nombre de propiedad 3",
    "Valor de propiedad 3",
    "Precio",
    "Precio promocional",
    "Peso (kg)",
    "Alto (cm)",
    "Ancho (cm)",
    "Profundidad (cm)",
    "Stock",
    "SKU",
    "Código de barras",
    "Mostrar en tienda",
    "Envío sin cargo",
    "Descripción",
    "Tags",
    "Título para SEO",
    "Descripción para SEO",
    "Marca",
    "Producto Físico",
    "MPN (Número de pieza del fabricante)",
    "Sexo",
    "Rango de edad",
    "Costo",
];

/// The writer of a shop's orders.
pub struct OrderFile {
    table: Table,
    has_customers: bool,
}

impl OrderFile {
    /// Begins the file.
    pub fn create(folder: &Path, manner: Manner) -> io::Result<Self> {
        let table = Table::create_latin(&folder.join("ventas.csv"), &SALES)?;
        Ok(Self { table, has_customers: manner != Manner::GlobalIds })
    }

    fn write_row(&mut self, shop: &Shop, order: &Order, line: &Line, is_first: bool) -> io::Result<()> {
        const fn at(name: &str) -> usize {
            column(&SALES, name)
        }
        let table = &mut self.table;
        let time = time(order.second);
        let variant = &shop.variants[line.variant as usize];
        let is_named = line.flaw != Some(Flaw::Item);
        table.set(const { at("Número de orden") }, FIRST_ORDER + order.number)?;
        let email = self.has_customers.then(|| format!("customer{}@example.com", order.customer));
        table.set_if(const { at("Email") }, email)?;
        table.set(const { at("Fecha") }, if line.flaw == Some(Flaw::Date) { "ayer" } else { &time })?;
        if is_first {
            let total = total_cents(&order.lines);
            table.set(const { at("Estado de la orden") }, "Cerrada")?;
            table.set(const { at("Estado del pago") }, "Recibido")?;
            table.set(const { at("Estado del envío") }, "Enviado")?;
            table.set(const { at("Moneda") }, "USD")?;
            table.set(const { at("Subtotal de productos") }, Comma(total))?;
            table.set(const { at("Descuento") }, "0,00")?;
            table.set(const { at("Costo de envío") }, "5,00")?;
            table.set(const { at("Total") }, Comma(total + 500))?;
            table.set(const { at("Medio de envío") }, "Correo")?;
            table.set(const { at("Medio de pago") }, "Efectivo")?;
            table.set(const { at("Fecha de pago") }, &time)?;
        }
        table.set_if(const { at("Nombre del producto") }, is_named.then(|| sold_name(variant)))?;
        table.set(const { at("Precio del producto") }, Comma(line.cents))?;
        table.set(const { at("Cantidad del producto") }, line.quantity)?;
        table.set_if(const { at("SKU") }, is_named.then_some(&variant.sku))?;
        if is_first {
            table.set(const { at("Canal") }, "Tienda online")?;
            table.set(const { at("Identificador de la orden") }, FIRST_ID + order.number)?;
            table.set(const { at("Producto Fisico") }, "Si")?;
        }
        table.end_row()
    }
}

/// Numbers of orders in the admin's own addresses begin here.
const FIRST_ID: u64 = 800_000_000;

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

/// What a line calls a variant: `Title (Option)`.
fn sold_name(variant: &Variant) -> String {
    if is_only(variant) { line_name(variant) } else { format!("{} ({})", variant.title, variant.option) }
}

/// `28/02/2026 20:15:00`.
fn time(second: i64) -> String {
    let at = Timestamp::from_second(second).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    format!("{:02}/{:02}/{:04} {}", at.day(), at.month(), at.year(), at.time())
}

/// Writes the products of a shop into `folder`, with their stock.
pub fn write_catalog(folder: &Path, shop: &Shop) -> io::Result<()> {
    const fn at(name: &str) -> usize {
        column(&PRODUCTS, name)
    }
    let mut table = Table::create_latin(&folder.join("productos.csv"), &PRODUCTS)?;
    let mut last = None;
    for variant in &shop.variants {
        let is_first = last != Some(variant.product);
        last = Some(variant.product);
        table.set(const { at("Identificador de URL") }, handle(variant))?;
        if is_first {
            table.set(const { at("Nombre") }, &variant.title)?;
            table.set(const { at("Categorías") }, variant.kind.product_type)?;
        }
        if !is_only(variant) {
            table.set(const { at("Nombre de propiedad 1") }, "Variante")?;
            table.set(const { at("Valor de propiedad 1") }, variant.option)?;
        }
        table.set(const { at("Precio") }, Comma(variant.compare_at_cents.unwrap_or(variant.cents)))?;
        table.set_if(
            const { at("Precio promocional") },
            variant.compare_at_cents.is_some().then_some(Comma(variant.cents)),
        )?;
        table.set(const { at("Peso (kg)") }, "0,10")?;
        table.set(const { at("Stock") }, variant.stock)?;
        table.set(const { at("SKU") }, &variant.sku)?;
        table.set(const { at("Mostrar en tienda") }, "SÍ")?;
        table.set(const { at("Envío sin cargo") }, "NO")?;
        if is_first {
            table.set_if(const { at("Tags") }, variant.season.map(|season| season.tag))?;
            table.set(const { at("Marca") }, variant.vendor)?;
        }
        table.set(const { at("Producto Físico") }, "SÍ")?;
        table.set_if(const { at("Costo") }, variant.cost_cents.map(Comma))?;
        table.end_row()?;
    }
    table.finish()
}

/// Cents as units with two places after a comma.
struct Comma(u32);

impl Display for Comma {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{},{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_a_comma_and_the_day_comes_first() {
        assert_eq!(
            (Comma(1_205).to_string(), time(1_772_323_200)),
            ("12,05".to_owned(), "01/03/2026 00:00:00".to_owned())
        );
    }
}
