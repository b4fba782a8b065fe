//! What the cells of a block become, settled once for all its rows.

use std::collections::BTreeMap;

use crate::delimited::records::Records;
use crate::orders::{
    reading::cell::best,
    recognising::{
        fields::{Kind, Order, Type},
        layout::Layout,
    },
    values::options::with_variant,
};

/// What else a value means for its row, beside being a value of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing.
    Plain,
    /// The instant of an order.
    CreatedAt,
    /// The id of the variant of an order line.
    VariantId,
    /// The options of the variant of an order line.
    VariantTitle,
    /// What an order cost.
    Total,
    /// What was paid back of an order.
    Refunded,
}

/// Where the value of a field stands, and what is made of it.
pub struct PlannedCell<'l> {
    /// The place of the field among those of its kind.
    pub field: usize,
    /// Its name.
    pub name: &'static str,
    /// The columns that may hold it, the best first.
    pub columns: &'l [usize],
    /// What its values are.
    pub kind: Type,
    /// What cells mean by the words of the file's profile.
    pub words: Option<&'l BTreeMap<String, String>>,
    /// Whether it is the first: what names the order, or whatever the row is of.
    pub is_key: bool,
    /// Whether a value that cannot be read makes the row useless.
    pub is_needed: bool,
    /// What else it means.
    pub role: Role,
}

/// The cells of the rows of a file, in the order of the fields, and how its lines are named.
pub struct Plan<'l> {
    /// The cells.
    pub cells: Vec<PlannedCell<'l>>,
    /// How lines are named.
    pub naming: Naming,
    /// Whether they are rows of orders.
    pub is_of_orders: bool,
    /// Whether the currency is the customer's, so that it is not the order's.
    pub has_customers_currency: bool,
}

impl<'l> Plan<'l> {
    /// What the layout of a file tells.
    pub fn of(layout: &'l Layout) -> Self {
        let kind = layout.kind;
        let is_of_orders = kind.among() == Kind::Orders;
        let fields = layout.fields.iter().enumerate();
        let cells = fields.filter_map(|(number, (field, columns))| {
            let known = kind.fields().get(*field)?;
            Some(PlannedCell {
                field: *field,
                name: known.name,
                columns,
                kind: known.kind,
                words: layout.words.get(field),
                is_key: number == 0,
                is_needed: kind.needs_value(*field),
                role: if is_of_orders { role(kind, *field) } else { Role::Plain },
            })
        });
        Self {
            cells: cells.collect(),
            naming: Naming::of(layout),
            is_of_orders,
            has_customers_currency: layout.has_customers_currency(),
        }
    }
}

fn role(kind: Kind, field: usize) -> Role {
    let is_line = kind == Kind::Orders;
    match field {
        field if field == Order::CreatedAt.place() => Role::CreatedAt,
        field if field == Order::Total.place() => Role::Total,
        field if field == Order::RefundedAmount.place() => Role::Refunded,
        field if is_line && field == Order::VariantId.place() => Role::VariantId,
        field if is_line && field == Order::VariantTitle.place() => Role::VariantTitle,
        _ => Role::Plain,
    }
}

/// How the lines of a file are named: the field that has the name, and the columns of what tells a variant, a SKU or an id.
#[derive(Default)]
pub struct Naming {
    field: usize,
    variant: Vec<usize>,
    known_by: Vec<usize>,
}

impl Naming {
    fn of(layout: &Layout) -> Self {
        let columns = |field: Order| {
            let found = layout.fields.iter().find(|(place, _)| *place == field.place());
            found.map(|(_, columns)| columns.clone()).unwrap_or_default()
        };
        if layout.kind != Kind::Orders {
            return Self::default();
        }
        let has_name = layout.has(Order::LineName.place());
        Self {
            field: if has_name { Order::LineName } else { Order::ProductTitle }.place(),
            variant: columns(Order::VariantTitle),
            known_by: [columns(Order::Sku), columns(Order::VariantId)].concat(),
        }
    }

    /// The name of a line that is known by nothing else, with what tells its variant.
    #[inline]
    pub fn full(&self, field: usize, name: &[u8], records: &Records<'_>, room: &mut Vec<u8>) -> Option<Vec<u8>> {
        if self.variant.is_empty() || field != self.field || name.is_empty() {
            return None;
        }
        if !best(records, &self.known_by, room).is_empty() {
            return None;
        }
        let variant = String::from_utf8_lossy(best(records, &self.variant, room)).into_owned();
        Some(with_variant(&String::from_utf8_lossy(name), &variant).into_bytes())
    }
}
