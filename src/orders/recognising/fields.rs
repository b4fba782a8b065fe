//! What the files of a shop can say: the fields of each kind of file, and how their cells are read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a cell is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A global id's number, or the text itself.
    Id,
    /// Trimmed text.
    Text,
    /// Trimmed text that programs may have made a float.
    Code,
    /// Trimmed text in lower case.
    Lower,
    /// Three letters in upper case.
    Currency,
    /// Cents.
    Money,
    /// A whole number.
    Int,
    /// An instant.
    Time,
    /// A truth value.
    Bool,
    /// Read by rules alone, and kept in no row.
    Note,
}

impl Type {
    /// Whether rows keep it as a text; the others are numbers to them.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Id | Self::Text | Self::Code | Self::Lower | Self::Currency)
    }
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Its name in the alias file.
    pub name: &'static str,
    /// How its cells are read.
    pub kind: Type,
}

macro_rules! fields {
    ($(#[$about:meta])* $enum:ident { $($variant:ident $name:literal $kind:ident,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(dead_code, reason = "some fields are known and counted anew")]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the columns")]
        pub enum $enum { $(#[doc = $name] $variant,)+ }

        impl $enum {
            /// All of them, in the order of their places.
            pub const FIELDS: &'static [Field] = &[$(Field { name: $name, kind: Type::$kind },)+];

            /// The place among the fields.
            pub const fn place(self) -> usize {
                self as usize
            }
        }
    };
}

fields! {
    /// The fields of an order line. The order's id comes first: rows are compared by it.
    Order {
        OrderId "order_id" Id,
        CreatedAt "created_at" Time,
        Quantity "quantity" Int,
        UnitPrice "unit_price" Money,
        LineTotal "line_total" Money,
        LineDiscount "line_discount" Money,
        LineItemId "line_item_id" Id,
        LineName "line_name" Text,
        Sku "sku" Code,
        VariantId "variant_id" Id,
        ProductId "product_id" Id,
        ProductTitle "product_title" Text,
        VariantTitle "variant_title" Text,
        Vendor "vendor" Text,
        ProductType "product_type" Text,
        Subcategory "subcategory" Text,
        Color "color" Text,
        Material "material" Text,
        Tags "tags" Text,
        UnitCost "unit_cost" Money,
        Currency "currency" Currency,
        FinancialStatus "financial_status" Text,
        FulfillmentStatus "fulfillment_status" Text,
        Subtotal "subtotal" Money,
        Shipping "shipping" Money,
        Taxes "taxes" Money,
        Total "total" Money,
        Discount "discount" Money,
        DiscountCode "discount_code" Text,
        CustomerId "customer_id" Id,
        CustomerEmail "customer_email" Lower,
        CustomerCountry "customer_country" Text,
        Province "province" Text,
        City "city" Text,
        ClvBand "clv_band" Text,
        Channel "channel" Text,
        Device "device" Text,
        Returned "returned" Bool,
        BasketItemCount "basket_item_count" Int,
        BasketLineCount "basket_line_count" Int,
        BasketValue "basket_value" Money,
        RequiresShipping "requires_shipping" Bool,
        Taxable "taxable" Bool,
        IsGiftCard "is_gift_card" Bool,
        ImageUrl "image_url" Text,
        CurrentQuantity "current_quantity" Int,
        ReturnedQuantity "returned_quantity" Int,
        RefundedAmount "refunded_amount" Money,
        OrderStatus "order_status" Note,
        CancelledAt "cancelled_at" Note,
        PaidAt "paid_at" Note,
        IsCancelled "is_cancelled" Bool,
        IsProduct "is_product" Bool,
        LeftOut "left_out" Int,
        LineLeftOut "line_left_out" Int,
        IsHeader "is_header" Bool,
        IsRefused "is_refused" Bool,
        RowType "row_type" Note,
    }
}

fields! {
    /// The fields of a variant.
    Variant {
        VariantId "variant_id" Id,
        ProductId "product_id" Id,
        VariantTitle "variant_title" Text,
        Price "price" Money,
        CompareAtPrice "compare_at_price" Money,
        Sku "sku" Code,
        InventoryItemId "inventory_item_id" Id,
        InventoryItemCreatedAt "inventory_item_created_at" Time,
        UnitCost "unit_cost" Money,
        ImageUrl "image_url" Text,
    }
}

fields! {
    /// The fields of an inventory level.
    Inventory {
        InventoryItemId "inventory_item_id" Id,
        LocationId "location_id" Id,
        Available "available" Int,
        UpdatedAt "updated_at" Time,
        Handle "handle" Text,
        Option1 "option1" Text,
        Option2 "option2" Text,
        Option3 "option3" Text,
        Sku "sku" Code,
        LeftOut "left_out" Int,
    }
}

fields! {
    /// The fields of a row of a list of products, as shops export it: a row a variant, a product, or a picture.
    Product {
        VariantId "variant_id" Id,
        ProductId "product_id" Id,
        Handle "handle" Text,
        Parent "parent" Text,
        ProductTitle "product_title" Text,
        VariantTitle "variant_title" Text,
        Option1 "option1" Text,
        Option2 "option2" Text,
        Option3 "option3" Text,
        Sku "sku" Code,
        Price "price" Money,
        CompareAtPrice "compare_at_price" Money,
        UnitCost "unit_cost" Money,
        InventoryItemId "inventory_item_id" Id,
        AvailableTotal "available_total" Int,
        StockTracker "stock_tracker" Text,
        ProductType "product_type" Text,
        ProductStatus "product_status" Lower,
        Vendor "vendor" Text,
        Tags "tags" Text,
        ProductCreatedAt "product_created_at" Time,
        ProductPublishedAt "product_published_at" Time,
        Description "description" Text,
        ImageUrl "image_url" Text,
        VariantImageUrl "variant_image_url" Text,
        IsGiftCard "is_gift_card" Bool,
        RowType "row_type" Note,
        LeftOut "left_out" Int,
        StoreView "store_view" Note,
    }
}

fields! {
    /// The fields of a row of the joined catalog.
    Catalog {
        VariantId "variant_id" Id,
        ProductId "product_id" Id,
        ProductTitle "product_title" Text,
        VariantTitle "variant_title" Text,
        ProductType "product_type" Text,
        ProductStatus "product_status" Lower,
        Vendor "vendor" Text,
        Tags "tags" Text,
        Price "price" Money,
        CompareAtPrice "compare_at_price" Money,
        Sku "sku" Code,
        InventoryItemId "inventory_item_id" Id,
        AvailableTotal "available_total" Int,
        ProductCreatedAt "product_created_at" Time,
        ProductPublishedAt "product_published_at" Time,
        LastInventoryUpdate "last_inventory_update" Time,
        InventoryItemCreatedAt "inventory_item_created_at" Time,
        Description "description" Text,
        ImageUrl "image_url" Text,
    }
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A row an order line.
    Orders,
    /// A row a variant.
    #[serde(alias = "products_variants")]
    Variants,
    /// A row an inventory item and location.
    #[serde(alias = "inventory")]
    InventoryLevels,
    /// A row a variant with its product.
    #[serde(alias = "products", alias = "catalog")]
    CatalogJoined,
    /// A list of products as shops export it: what is the product's may stand on one of its rows alone, and ids may be
    /// missing.
    ProductExport,
    /// A row an order, without its lines: these are in other files.
    OrderHeaders,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Orders,
        Self::Variants,
        Self::InventoryLevels,
        Self::CatalogJoined,
        Self::ProductExport,
        Self::OrderHeaders,
    ];

    /// The kind whose rows those of this kind lie among: what orders say of themselves lies among their lines.
    pub fn among(self) -> Self {
        if self == Self::OrderHeaders { Self::Orders } else { self }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Variants => "variants",
            Self::InventoryLevels => "inventory_levels",
            Self::CatalogJoined => "catalog_joined",
            Self::ProductExport => "product_export",
            Self::OrderHeaders => "order_headers",
        }
    }

    /// The place of a field among its fields.
    pub fn field(self, name: &str) -> Option<usize> {
        self.fields().iter().position(|field| field.name == name)
    }

    /// Its fields.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Orders | Self::OrderHeaders => Order::FIELDS,
            Self::Variants => Variant::FIELDS,
            Self::InventoryLevels => Inventory::FIELDS,
            Self::CatalogJoined => Catalog::FIELDS,
            Self::ProductExport => Product::FIELDS,
        }
    }

    /// The fields whose bad cells reject the row.
    pub fn needs_value(self, field: usize) -> bool {
        let needed: &[usize] = match self {
            Self::Orders => &[Order::CreatedAt as usize, Order::UnitPrice as usize],
            Self::OrderHeaders => &[Order::CreatedAt as usize],
            Self::Variants => &[Variant::Price as usize],
            Self::InventoryLevels => &[Inventory::UpdatedAt as usize],
            Self::CatalogJoined => &[Catalog::Price as usize],
            Self::ProductExport => &[Product::Price as usize],
        };
        needed.contains(&field)
    }

    /// The field whose instant a row cannot be without.
    pub fn needed_time(self) -> Option<usize> {
        (0..self.fields().len()).find(|field| {
            self.needs_value(*field) && self.fields().get(*field).is_some_and(|known| known.kind == Type::Time)
        })
    }

    /// The columns that a record must reach where the file has them, of a group one: one that ends before is cut off.
    pub fn needs_to_reach(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Orders => &[&["order_id"], &["created_at"], &["quantity"], &["unit_price"], &["variant_id", "sku"]],
            Self::Variants | Self::CatalogJoined => &[&["product_id"], &["variant_id"], &["price"]],
            Self::InventoryLevels => &[&["inventory_item_id"], &["available"]],
            Self::OrderHeaders => &[&["order_id"]],
            // Rows of pictures alone say little, and that at their begin.
            Self::ProductExport => &[],
        }
    }

    /// The columns that a file must have; of a group, one.
    pub fn needs_columns(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Orders => {
                &[&["order_id"], &["created_at"], &["variant_id", "sku", "line_name", "product_title", "product_id"]]
            }
            Self::OrderHeaders => &[&["order_id"], &["created_at"]],
            Self::Variants => &[&["product_id"], &["variant_id"]],
            // Without a column for it, everything is at one location.
            Self::InventoryLevels => &[&["inventory_item_id", "sku", "handle"], &["available"]],
            Self::CatalogJoined => &[&["product_id"], &["variant_id"], &["product_title"]],
            Self::ProductExport => &[&["variant_id", "product_id", "handle", "sku", "product_title"]],
        }
    }
}

impl Order {
    /// The fields that rows keep as texts, a bit each.
    pub const TEXTS: u64 = text_bits(Self::FIELDS);

    /// The fields that are the order's: what one of its rows says of them counts for all, a bit each.
    pub const OF_ORDER: u64 = {
        let fields = [
            Self::CreatedAt,
            Self::Currency,
            Self::FinancialStatus,
            Self::FulfillmentStatus,
            Self::Subtotal,
            Self::Shipping,
            Self::Taxes,
            Self::Total,
            Self::Discount,
            Self::DiscountCode,
            Self::CustomerId,
            Self::CustomerEmail,
            Self::CustomerCountry,
            Self::Province,
            Self::City,
            Self::ClvBand,
            Self::Channel,
            Self::Device,
            Self::Returned,
            Self::IsCancelled,
            Self::RefundedAmount,
            Self::LeftOut,
        ];
        let (mut bits, mut left) = (0, fields.as_slice());
        while let [field, rest @ ..] = left {
            bits |= 1_u64 << *field as usize;
            left = rest;
        }
        bits
    };
}

/// The fields that rows keep as texts, a bit each.
const fn text_bits(mut fields: &[Field]) -> u64 {
    let (mut bits, mut place) = (0, 0);
    while let [field, rest @ ..] = fields {
        bits |= (field.kind.is_text() as u64) << place;
        place += 1;
        fields = rest;
    }
    bits
}

/// Why a row is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No order id.
    MissingOrderId,
    /// Neither variant id nor SKU; of variants and catalog no product or variant id; of inventory no item.
    MissingItemId,
    /// A date that is needed is none.
    BadDate,
    /// A number that is needed is none.
    BadNumber,
    /// An id that is needed was made a float and lost digits.
    LostDigits,
    /// No location.
    MissingLocation,
    /// No shop, in a file of several.
    MissingShop,
    /// Another row has the same key and is newer, or the row was added to it.
    Duplicate,
    /// Not the currency of most rows of the shop.
    OtherCurrency,
    /// Its cells cannot be told apart for certain, or some are missing.
    BrokenRecord,
    /// Nothing is wrong with the row, but its file is not used.
    UnusedFile,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::MissingOrderId,
        Self::MissingItemId,
        Self::BadDate,
        Self::BadNumber,
        Self::LostDigits,
        Self::MissingLocation,
        Self::MissingShop,
        Self::Duplicate,
        Self::OtherCurrency,
        Self::BrokenRecord,
        Self::UnusedFile,
    ];

    /// The code in the rejected dataset.
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingOrderId => "missing_order_id",
            Self::MissingItemId => "missing_item_id",
            Self::BadDate => "bad_date",
            Self::BadNumber => "bad_number",
            Self::LostDigits => "lost_digits",
            Self::MissingLocation => "missing_location",
            Self::MissingShop => "missing_shop",
            Self::Duplicate => "duplicate",
            Self::OtherCurrency => "other_currency",
            Self::BrokenRecord => "broken_record",
            Self::UnusedFile => "unused_file",
        }
    }
}
