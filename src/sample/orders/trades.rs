//! What the made-up shops sell.

/// A line of business.
pub struct Trade {
    /// The first part of a shop's name.
    pub name: &'static str,
    /// What it sells.
    pub kinds: &'static [Kind],
}

/// A kind of product.
pub struct Kind {
    /// The product type, as in the catalog.
    pub product_type: &'static str,
    /// What products of the kind are called, after an adjective.
    pub nouns: &'static [&'static str],
    /// What tells its variants apart.
    pub options: &'static [&'static str],
    /// Prices in whole units, from and to.
    pub units: (u32, u32),
}

/// The part of the year in which some products sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Season {
    /// The word among a product's tags.
    pub tag: &'static str,
    /// The first and the last month, from 1.
    pub months: (i8, i8),
}

pub const SEASONS: &[Season] = &[
    Season { tag: "christmas", months: (11, 12) },
    Season { tag: "summer", months: (6, 8) },
    Season { tag: "valentine", months: (2, 2) },
];

pub const ADJECTIVES: &[&str] = &[
    "Amber",
    "Bright",
    "Coastal",
    "Daily",
    "Evergreen",
    "Field",
    "Granite",
    "Harbour",
    "Indigo",
    "Juniper",
    "Kindred",
    "Linden",
    "Meadow",
    "Northern",
    "Olive",
    "Plain",
    "Quiet",
    "Rustic",
    "Sierra",
    "Timber",
    "Upland",
    "Velvet",
    "Willow",
    "Yarrow",
];

pub const VENDORS: &[&str] = &["Ashdown & Co", "Birchwood", "Calder Works", "Dunmore", "Eastlight", "Fenwick Supply"];

const SIZES: &[&str] = &["S", "M", "L", "XL"];
const COLOURS: &[&str] = &["Black", "Sand", "Forest", "Rust", "Sky"];
const PACKS: &[&str] = &["Single", "Pack of 3", "Pack of 6"];
const WEIGHTS: &[&str] = &["250 g", "500 g", "1 kg"];
const ONLY: &[&str] = &["Default Title"];

const fn kind(
    product_type: &'static str,
    nouns: &'static [&'static str],
    options: &'static [&'static str],
    units: (u32, u32),
) -> Kind {
    Kind { product_type, nouns, options, units }
}

pub const TRADES: &[Trade] = &[
    Trade {
        name: "coffee",
        kinds: &[
            kind("Coffee", &["Espresso", "Filter Roast", "Decaf", "House Blend", "Single Estate"], WEIGHTS, (8, 30)),
            kind("Grinder", &["Hand Grinder", "Burr Grinder"], ONLY, (35, 240)),
            kind("Brewer", &["Dripper", "French Press", "Moka Pot", "Cold Brew Jug"], SIZES, (15, 90)),
            kind("Filter", &["Paper Filters", "Steel Filter", "Cloth Filter"], PACKS, (4, 25)),
            kind("Cup", &["Mug", "Tumbler", "Espresso Cup", "Travel Cup"], COLOURS, (7, 32)),
            kind("Care", &["Descaler", "Brush", "Cleaning Tablets"], PACKS, (5, 22)),
        ],
    },
    Trade {
        name: "cycling",
        kinds: &[
            kind("Light", &["Front Light", "Rear Light", "Light Set"], COLOURS, (18, 120)),
            kind("Helmet", &["Road Helmet", "City Helmet"], SIZES, (45, 190)),
            kind("Lock", &["Chain Lock", "D-Lock", "Cable Lock"], ONLY, (20, 110)),
            kind("Tyre", &["Road Tyre", "Gravel Tyre", "Inner Tube"], PACKS, (6, 70)),
            kind("Bag", &["Pannier", "Saddle Bag", "Frame Bag"], COLOURS, (22, 140)),
            kind("Tool", &["Multi-Tool", "Mini Pump", "Tyre Levers", "Chain Oil"], ONLY, (5, 60)),
        ],
    },
    Trade {
        name: "garden",
        kinds: &[
            kind("Seeds", &["Tomato Seeds", "Basil Seeds", "Wildflower Mix", "Lettuce Seeds"], PACKS, (2, 12)),
            kind("Pot", &["Clay Pot", "Planter", "Hanging Basket"], SIZES, (8, 85)),
            kind("Soil", &["Compost", "Potting Mix", "Bark Mulch"], WEIGHTS, (6, 28)),
            kind("Tool", &["Trowel", "Secateurs", "Hand Fork", "Watering Can"], ONLY, (9, 65)),
            kind("Glove", &["Garden Gloves", "Kneeling Pad"], SIZES, (8, 30)),
            kind("Light", &["Lantern", "Path Light", "String Lights"], PACKS, (12, 75)),
        ],
    },
    Trade {
        name: "outdoor",
        kinds: &[
            kind("Jacket", &["Rain Jacket", "Fleece", "Down Jacket"], SIZES, (60, 320)),
            kind("Footwear", &["Trail Shoes", "Hiking Boots", "Wool Socks"], SIZES, (12, 210)),
            kind("Pack", &["Daypack", "Trek Pack", "Dry Bag"], COLOURS, (18, 230)),
            kind("Camp", &["Tent", "Sleeping Mat", "Camp Stove", "Headlamp"], ONLY, (20, 420)),
            kind("Food", &["Trail Meal", "Energy Bars"], PACKS, (3, 32)),
            kind("Bottle", &["Water Bottle", "Flask", "Water Filter"], COLOURS, (10, 70)),
        ],
    },
    Trade {
        name: "paper",
        kinds: &[
            kind("Notebook", &["Dotted Notebook", "Pocket Notebook", "Sketchbook"], COLOURS, (6, 35)),
            kind("Pen", &["Fountain Pen", "Gel Pen", "Brush Pen", "Pencil Set"], COLOURS, (3, 95)),
            kind("Ink", &["Bottled Ink", "Ink Cartridges"], COLOURS, (5, 28)),
            kind("Card", &["Greeting Card", "Postcards", "Gift Tags"], PACKS, (2, 18)),
            kind("Wrap", &["Wrapping Paper", "Ribbon", "Washi Tape"], PACKS, (3, 20)),
            kind("Desk", &["Desk Tray", "Pen Case", "Letter Opener"], ONLY, (12, 80)),
        ],
    },
];
