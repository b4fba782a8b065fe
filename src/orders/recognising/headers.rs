//! Headers as they are compared, and the names that columns may have in any shop's files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operator::ParamError;
use crate::orders::{
    recognising::{fields::Kind, left_out::LeftOutRule, no_items::NamesByReason},
    values::{
        currencies,
        letters::{bare, plain},
    },
};

/// The names that columns may have, field by field and best first: the content of `rules/shop-columns.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShopColumns {
    /// The shop, in every kind of file.
    pub shop: Vec<String>,
    /// Of files of order lines.
    pub orders: Aliases,
    /// Of files of variants.
    pub variants: Aliases,
    /// Of files of inventory levels.
    pub inventory_levels: Aliases,
    /// Of files of the joined catalog.
    pub catalog_joined: Aliases,
    /// Of lists of products.
    pub product_export: Aliases,
    /// By kind: names that count only where none of the above is a column of the file.
    pub last_resort: BTreeMap<String, Aliases>,
    /// Headers that tell orders from lists of things that have a name, a price and a quantity too; a name may begin or end
    /// with `*`.
    pub tell_orders: Vec<String>,
    /// Headers of cells about a person; they are shown nowhere. A name may begin or end with `*`.
    pub personal: Vec<String>,
    /// What makes an order or a line none, in files of any shop.
    pub left_out: Vec<LeftOutRule>,
    /// Names of lines that are no items, by reason.
    pub no_items: NamesByReason,
}

/// Field → names.
pub type Aliases = BTreeMap<String, Vec<String>>;

impl ShopColumns {
    /// The names of a kind's fields.
    pub fn of(&self, kind: Kind) -> &Aliases {
        match kind {
            Kind::Orders | Kind::OrderHeaders => &self.orders,
            Kind::Variants => &self.variants,
            Kind::InventoryLevels => &self.inventory_levels,
            Kind::CatalogJoined => &self.catalog_joined,
            Kind::ProductExport => &self.product_export,
        }
    }

    /// Refuses fields that are not known and names of two fields.
    ///
    /// # Errors
    /// The first thing wrong, with the way to it.
    pub fn check(&self) -> Result<(), ParamError> {
        for kind in Kind::ALL {
            let name = kind.name().to_owned();
            check_kind(kind, self.of(kind), vec![name.clone()])?;
            if let Some(aliases) = self.last_resort.get(&name) {
                check_kind(kind, aliases, vec!["last_resort".to_owned(), name])?;
            }
        }
        for (place, rule) in self.left_out.iter().enumerate() {
            rule.check(Kind::Orders).map_err(|mut error| {
                error.path.splice(..0, ["left_out".to_owned(), place.to_string()]);
                error
            })?;
        }
        let is_kind = |name: &String| Kind::ALL.iter().any(|kind| kind.name() == name);
        match self.last_resort.keys().find(|name| !is_kind(name)) {
            None => Ok(()),
            Some(name) => Err(ParamError {
                path: vec!["last_resort".to_owned(), name.clone()],
                problem: format!("there is no kind '{name}'"),
                mend: "use orders, variants, inventory_levels, catalog_joined or product_export".to_owned(),
            }),
        }
    }
}

fn check_kind(kind: Kind, aliases: &Aliases, path: Vec<String>) -> Result<(), ParamError> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (field, names) in aliases {
        let at = || path.iter().cloned().chain([field.clone()]).collect::<Vec<_>>();
        if !kind.fields().iter().any(|known| known.name == field) {
            let known: Vec<_> = kind.fields().iter().map(|known| known.name).collect();
            return Err(ParamError {
                path: at(),
                problem: format!("{} have no field '{field}'", kind.name()),
                mend: format!("use one of {}", known.join(", ")),
            });
        }
        for (place, name) in names.iter().enumerate() {
            let at = || at().into_iter().chain([place.to_string()]).collect::<Vec<_>>();
            let folded = fold(name);
            if folded.is_empty() {
                return Err(ParamError {
                    path: at(),
                    problem: "an empty name".to_owned(),
                    mend: "take it out".to_owned(),
                });
            }
            if let Some(other) = owners.insert(folded, field)
                && other != field
            {
                return Err(ParamError {
                    path: at(),
                    problem: format!("'{name}' is a name of {other} too"),
                    mend: "a header can mean one field only; take it out of one of them".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// A header as it is compared: words parted by underscores, in lower case, without accents, without the points and colons
/// of abbreviations and labels (`Nº`, `N.º` and `No.` are one) and without a currency in brackets behind (`Price (€)`).
pub fn fold(header: &str) -> String {
    let header = bare(&header.replace(".º", "º").replace(".°", "°"));
    let chars: Vec<char> = without_currency(header.trim()).chars().filter(|c| *c != '\u{FEFF}').collect();
    let mut out = String::with_capacity(chars.len() + 4);
    for (place, c) in chars.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(place + 1);
        if c.is_whitespace() || matches!(c, '-' | '/' | '_') {
            part(&mut out);
            continue;
        }
        // A point between letters parts the steps of a way, `line_items.sku`.
        if matches!(c, '.' | ':') && after.is_none_or(|c| !c.is_alphanumeric()) {
            continue;
        }
        if c.is_uppercase() {
            let begins = before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit());
            let ends_capitals =
                before.is_some_and(|before| before.is_uppercase()) && after.is_some_and(|c| c.is_lowercase());
            if begins || ends_capitals {
                part(&mut out);
            }
        }
        out.extend(c.to_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

/// A header without the currency of its amounts: `Price (EUR)`, `Prix [€]`, `Preis in €`.
fn without_currency(header: &str) -> &str {
    let Some((before, last)) = header.rsplit_once(|c: char| c.is_whitespace() || c == '_') else { return header };
    let inner = ['(', '['].iter().zip([')', ']']).find_map(|(open, close)| {
        let inner = last.strip_prefix(*open)?.strip_suffix(close)?;
        currencies::is_currency(inner).then_some(())
    });
    if inner.is_some() || currencies::is_sign(last) {
        return before.strip_suffix(" in").or(before.strip_suffix(" en")).unwrap_or(before).trim_end();
    }
    header
}

fn part(out: &mut String) {
    if !out.is_empty() && !out.ends_with('_') {
        out.push('_');
    }
}

/// A name of headers that may begin or end with `*`.
pub struct Pattern {
    name: String,
    is_open: (bool, bool),
}

impl Pattern {
    /// The pattern of a name.
    pub fn of(name: &str) -> Self {
        let inner = name.strip_prefix('*').unwrap_or(name);
        let inner = inner.strip_suffix('*').unwrap_or(inner);
        let is_open = (name.starts_with('*'), name.len() > 1 && name.ends_with('*'));
        // A part of a word is not folded as a whole one is: `lineitem_*` keeps its underscore.
        let name = if is_open == (false, false) { fold(inner) } else { plain(inner) };
        Self { name, is_open }
    }

    /// Whether a folded header is of this name.
    pub fn is_of(&self, header: &str) -> bool {
        match self.is_open {
            (false, false) => header == self.name,
            (false, true) => header.starts_with(&self.name),
            (true, false) => header.ends_with(&self.name),
            (true, true) => header.contains(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_the_same_in_every_spelling() {
        for (folded, headers) in [
            ("order_id", vec!["Order ID", "orderId", "order-id", "ORDER_ID", " Order  Id "]),
            ("no_de_pedido", vec!["Nº de pedido", "N.º de pedido", "N° de pedido", "No. de pedido", "№ de pedido"]),
            (
                "numero_de_orden",
                vec!["Número de orden", "Numero de orden", "Nu\u{301}mero de orden", "NÚMERO DE ORDEN"],
            ),
            ("siparis_no", vec!["Sipariş No", "SİPARİŞ NO", "Siparis No", "sipariş_no"]),
            ("bestell_nr", vec!["Bestell-Nr.", "Bestell-Nr", "bestell_nr."]),
            ("price", vec!["Price", "Price (EUR)", "Price (€)", "Price [usd]", "Price in €", "PRICE $"]),
            ("line_type", vec!["Line: Type", "Line Type"]),
            ("price_(tax_incl)", vec!["Price (tax incl.)"]),
            ("line_items.sku", vec!["line_items.sku"]),
            ("price_canada", vec!["Price / Canada"]),
            ("price_(gross)", vec!["Price (gross)"]),
        ] {
            headers.iter().for_each(|header| assert_eq!(fold(header), folded, "{header}"));
        }
        assert!(Pattern::of("telé*").is_of(&fold("Teléfono del comprador")));
    }
}
