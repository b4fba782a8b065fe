//! The table of candidates: as rows of columns, and back.

use polars::prelude::*;
use rayon::prelude::*;

use super::{
    bundle_type::BundleType,
    candidate::{Candidate, Company, Source, Sources},
    items::Item,
    list_column::{texts_column, texts_of},
    money::Percent,
    objective::Objective,
    pricing::{Bogo, Mode},
    products::{Products, ShopProducts, ShopRows, rows_of_shops},
};
use crate::{
    mining::rounded,
    operator::{ColumnKind, Columns, StageError},
};

use ColumnKind::{Float, Int, Text, Texts};

/// The columns of candidates, which all later tables of bundles have too.
pub const CANDIDATES: Columns = &[
    ("shop_id", Text),
    ("objective", Text),
    ("bundle_type", Text),
    ("items", Texts),
    ("confidence", Float),
    ("lift", Float),
    ("support", Float),
    ("predicted_lift", Float),
    ("similarity", Float),
    ("coherence", Float),
    ("covis_min", Float),
    ("covis_max", Float),
    ("shared_customers", Int),
    ("sources", Texts),
    ("hybrid_score", Float),
    ("provisional_score", Float),
    ("trigger_orders", Int),
    ("rest_orders", Int),
    ("orders_together", Int),
    ("suggested_pct", Float),
    ("buy_quantity", Int),
    ("get_quantity", Int),
    ("reward_pct", Float),
];

/// The columns that a table of candidates lost rows with.
pub const DROPPED: Columns = &[
    ("shop_id", Text),
    ("objective", Text),
    ("bundle_type", Text),
    ("items", Texts),
    ("reason", Text),
    ("detail", Text),
];

/// How often a bundle's items were bought, among all orders. Of a bundle of one item the trigger is a line of it, and both that it
/// has the pieces that the offer asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bought {
    /// Orders with the trigger.
    pub trigger: u32,
    /// Orders with all the rest.
    pub rest: u32,
    /// Orders with all items.
    pub both: u32,
}

/// A candidate with what else its row says.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The bundle.
    pub candidate: Candidate,
    /// The blend of similarity, lift and what is good for the shop (section 5.6), 0 to 1.
    pub hybrid: f64,
    /// What it is worth before it is ranked.
    pub score: f64,
    /// How many orders hold the trigger, all the rest, and all items; of one item its lines, and those of so many pieces.
    pub bought: Bought,
    /// The discount in percent that its source suggests.
    pub suggested: Option<f64>,
    /// The reward of a BOGO.
    pub terms: Option<Bogo>,
}

/// The candidates of one shop.
pub struct ShopMade {
    /// The shop and its rows in the table.
    pub rows: ShopRows,
    /// One a row.
    pub made: Vec<Made>,
}

/// The rows of the shops' candidates, in their order.
///
/// # Errors
/// When the frame cannot be made.
pub fn candidate_rows(shops: &[(ShopProducts<'_>, Option<&str>, &[Made])]) -> Result<DataFrame, StageError> {
    let rows = || shops.iter().flat_map(|(products, shop, made)| made.iter().map(move |made| (products, *shop, made)));
    let float = |of: &dyn Fn(&Made) -> Option<f64>| {
        Column::new("".into(), rows().map(|(.., made)| of(made).map(rounded)).collect::<Vec<_>>())
    };
    let int = |of: &dyn Fn(&Made) -> Option<i64>| {
        Column::new("".into(), rows().map(|(.., made)| of(made)).collect::<Vec<_>>())
    };
    let columns = CANDIDATES.iter().map(|(name, kind)| {
        let column = match *name {
            "shop_id" => Column::new("".into(), rows().map(|(_, shop, _)| shop).collect::<Vec<_>>()),
            "objective" => texts(rows().map(|(.., made)| made.candidate.objective.name())),
            "bundle_type" => texts(rows().map(|(.., made)| made.candidate.bundle_type.name())),
            "items" => {
                let ids = rows().map(|(products, _, made)| {
                    let products = *products;
                    made.candidate.items.iter().map(move |item| products.id(*item))
                });
                texts_column("", ids)
            }
            "sources" => {
                let names =
                    |made: &Made| made.candidate.sources.iter().map(Source::name).collect::<Vec<_>>().into_iter();
                texts_column("", rows().map(|(.., made)| names(made)))
            }
            "confidence" => float(&|made| Some(made.candidate.confidence)),
            "lift" => float(&|made| Some(made.candidate.lift)),
            "support" => float(&|made| Some(made.candidate.support)),
            "predicted_lift" => float(&|made| Some(made.candidate.predicted_lift)),
            "similarity" => float(&|made| made.candidate.similarity),
            "coherence" => float(&|made| made.candidate.company.map(|company| company.coherence)),
            "covis_min" => float(&|made| made.candidate.company.map(|company| company.least)),
            "covis_max" => float(&|made| made.candidate.company.map(|company| company.most)),
            "shared_customers" => int(&|made| made.candidate.shared_customers.map(i64::from)),
            "hybrid_score" => float(&|made| Some(made.hybrid)),
            "provisional_score" => float(&|made| Some(made.score)),
            "trigger_orders" => int(&|made| Some(i64::from(made.bought.trigger))),
            "rest_orders" => int(&|made| Some(i64::from(made.bought.rest))),
            "orders_together" => int(&|made| Some(i64::from(made.bought.both))),
            "suggested_pct" => float(&|made| made.suggested),
            "buy_quantity" => int(&|made| made.terms.map(|terms| i64::from(terms.buy_quantity))),
            "get_quantity" => int(&|made| made.terms.map(|terms| i64::from(terms.get_quantity))),
            "reward_pct" => float(&|made| made.terms.map(|terms| terms.percent.value())),
            _ => Column::full_null("".into(), 0, &kind.data_type().unwrap_or(DataType::Null)),
        };
        column.with_name((*name).into())
    });
    let columns: Vec<Column> = columns.collect();
    Ok(DataFrame::new(columns.first().map_or(0, Column::len), columns)?)
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Column {
    texts.map(Some).collect::<StringChunked>().into_column()
}

/// The columns of a table, each in one piece.
struct Cells {
    objective: StringChunked,
    bundle_type: StringChunked,
    items: (Vec<usize>, StringChunked),
    sources: (Vec<usize>, StringChunked),
    floats: Vec<Float64Chunked>,
    ints: Vec<Int64Chunked>,
}

const FLOATS: [&str; 12] = [
    "confidence",
    "lift",
    "support",
    "predicted_lift",
    "similarity",
    "coherence",
    "covis_min",
    "covis_max",
    "hybrid_score",
    "provisional_score",
    "suggested_pct",
    "reward_pct",
];

const INTS: [&str; 6] =
    ["shared_customers", "trigger_orders", "rest_orders", "orders_together", "buy_quantity", "get_quantity"];

impl Cells {
    fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let text = |name: &str| PolarsResult::Ok(frame.column(name)?.str()?.rechunk().into_owned());
        let float = |name: &&str| PolarsResult::Ok(frame.column(name)?.f64()?.rechunk().into_owned());
        let int = |name: &&str| PolarsResult::Ok(frame.column(name)?.i64()?.rechunk().into_owned());
        Ok(Self {
            objective: text("objective")?,
            bundle_type: text("bundle_type")?,
            items: texts_of(frame.column("items")?)?,
            sources: texts_of(frame.column("sources")?)?,
            floats: FLOATS.iter().map(float).collect::<PolarsResult<_>>()?,
            ints: INTS.iter().map(int).collect::<PolarsResult<_>>()?,
        })
    }

    fn float(&self, place: usize, row: usize) -> Option<f64> {
        self.floats.get(place)?.get(row)
    }

    fn count(&self, place: usize, row: usize) -> Option<u32> {
        self.ints.get(place)?.get(row).and_then(|number| u32::try_from(number).ok())
    }

    /// A row; `Err` says what of it cannot be.
    fn row(&self, row: usize, products: ShopProducts<'_>) -> Result<Made, String> {
        let of_list = |(offsets, texts): &(Vec<usize>, StringChunked)| {
            (offsets[row]..offsets[row + 1]).map(|place| texts.get(place).unwrap_or_default().to_owned()).collect()
        };
        let ids: Vec<String> = of_list(&self.items);
        let find = |id: &String| products.find(id).ok_or_else(|| format!("the item {id} is no product"));
        let items = ids.iter().map(find).collect::<Result<Vec<Item>, _>>()?;
        let name = self.objective.get(row).unwrap_or_default();
        let objective = Objective::of_name(name).ok_or_else(|| format!("'{name}' is no objective"))?;
        let name = self.bundle_type.get(row).unwrap_or_default();
        let bundle_type = BundleType::of_name(name).ok_or_else(|| format!("'{name}' is no type of bundle"))?;
        let names: Vec<String> = of_list(&self.sources);
        let sources = Source::ALL.into_iter().filter(|source| names.iter().any(|name| name == source.name()));
        let number = |place: usize| self.float(place, row).unwrap_or_default();
        let orders = |place: usize| self.count(place, row).unwrap_or_default();
        let company = self.float(5, row).map(|coherence| Company { coherence, least: number(6), most: number(7) });
        let terms = self.count(4, row).zip(self.count(5, row)).zip(self.float(11, row));
        let mode = if items.len() > 1 { Mode::CrossProduct } else { Mode::SameVariant };
        Ok(Made {
            candidate: Candidate {
                items,
                bundle_type,
                objective,
                confidence: number(0),
                lift: number(1),
                support: number(2),
                predicted_lift: number(3),
                similarity: self.float(4, row),
                company,
                shared_customers: self.count(0, row),
                sources: sources.map(Sources::one).fold(Sources::default(), Sources::with),
            },
            hybrid: number(8),
            score: number(9),
            bought: Bought { trigger: orders(1), rest: orders(2), both: orders(3) },
            suggested: self.float(10, row),
            terms: terms.map(|((buy_quantity, get_quantity), percent)| Bogo {
                buy_quantity,
                get_quantity,
                percent: Percent::of(percent),
                mode,
            }),
        })
    }
}

/// The candidates of a table, by shop. The table is that of an earlier phase: rows that name what is no product are refused.
///
/// # Errors
/// What is wrong with which row.
pub fn read_candidates(frame: &DataFrame, port: &str, products: &Products) -> Result<Vec<ShopMade>, StageError> {
    let cells = Cells::of(frame)?;
    let refused = |row: usize, problem: String| StageError::Input {
        port: port.to_owned(),
        problem: format!("row {}: {problem}", row + 1),
        mend: "give the tables of one run: run the stage that makes it again".to_owned(),
    };
    let shops = rows_of_shops(frame)?;
    shops
        .into_par_iter()
        .map(|rows| {
            let name = rows.shop.clone().unwrap_or_default();
            let of_shop = products
                .shop(rows.shop.as_deref())
                .ok_or_else(|| refused(rows.rows.start, format!("shop '{name}' has no products")))?;
            let read = |row: usize| cells.row(row, of_shop).map_err(|problem| refused(row, problem));
            let made = rows.rows.clone().map(read).collect::<Result<Vec<Made>, _>>()?;
            Ok(ShopMade { rows, made })
        })
        .collect()
}

/// Columns one after the other.
pub const fn joined<const N: usize>(parts: &[Columns]) -> [(&'static str, ColumnKind); N] {
    let mut all = [("", ColumnKind::Any); N];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut column = 0;
        while column < parts[part].len() {
            all[at] = parts[part][column];
            at += 1;
            column += 1;
        }
        part += 1;
    }
    all
}

/// Rows of candidates that a phase dropped, and why.
#[derive(Default)]
pub struct Dropped {
    rows: Vec<IdxSize>,
    reasons: Vec<&'static str>,
    details: Vec<Option<String>>,
}

impl Dropped {
    /// Drops a row of the phase's input.
    pub fn push(&mut self, row: usize, reason: &'static str, detail: Option<String>) {
        self.rows.push(row as IdxSize);
        self.reasons.push(reason);
        self.details.push(detail);
    }

    /// The rows of [`DROPPED`], from the phase's input.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn frame(self, input: &DataFrame) -> Result<DataFrame, StageError> {
        let kept: Vec<&str> = DROPPED.iter().take(4).map(|(name, _)| *name).collect();
        let rows: IdxCa = self.rows.iter().copied().map(Some).collect();
        let mut frame = input.select(kept)?.take(&rows)?;
        frame.with_column(Column::new("reason".into(), &self.reasons))?;
        frame.with_column(Column::new("detail".into(), &self.details))?;
        Ok(frame)
    }
}

#[cfg(test)]
pub mod testing {
    //! Candidates for tests.

    use super::*;

    /// A candidate of these items for larger orders.
    pub fn made(bundle_type: BundleType, items: &[u32]) -> Made {
        let candidate = Candidate {
            items: items.iter().map(|item| Item(*item)).collect(),
            bundle_type,
            objective: Objective::IncreaseAov,
            confidence: 0.5,
            lift: 1.5,
            support: 0.05,
            predicted_lift: 1.15,
            similarity: None,
            company: None,
            shared_customers: None,
            sources: Sources::one(Source::Rules),
        };
        let bought = Bought { trigger: 20, rest: 20, both: 10 };
        Made { candidate, hybrid: 0.5, score: 0.75, bought, suggested: None, terms: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::products::testing::{Row, table};

    #[test]
    fn candidates_come_back_as_they_were() {
        let products = Products::read(table(&[Row::new("s", "a", 900), Row::new("s", "b", 500)]).lazy()).unwrap();
        let shop = products.shop(Some("s")).unwrap();
        let candidate = Candidate {
            items: vec![Item(1), Item(0)],
            bundle_type: BundleType::Bogo,
            objective: Objective::ClearSlowMovers,
            confidence: 0.5,
            lift: 1.25,
            support: 0.02,
            predicted_lift: 1.15,
            similarity: None,
            company: Some(Company { coherence: 0.25, least: 0.125, most: 0.5 }),
            shared_customers: Some(3),
            sources: Sources::one(Source::Rewards).with(Sources::one(Source::TopPairs)),
        };
        let made = Made {
            candidate,
            hybrid: 0.75,
            score: 0.625,
            bought: Bought { trigger: 12, rest: 9, both: 6 },
            suggested: Some(8.0),
            terms: Some(Bogo::cross_product(Percent::whole(25))),
        };
        let plain = Made { suggested: None, terms: None, ..made.clone() };
        let frame = candidate_rows(&[(shop, Some("s"), &[made.clone(), plain.clone()])]).unwrap();
        let read = read_candidates(&frame, "candidates", &products).unwrap();
        assert_eq!((read.len(), &read[0].made), (1, &vec![made, plain]));
        let other = Products::read(table(&[Row::new("s", "a", 900)]).lazy()).unwrap();
        let error = read_candidates(&frame, "candidates", &other).err().unwrap().to_string();
        assert!(error.contains("row 1: the item b is no product"), "{error}");
        let none = candidate_rows(&[]).unwrap();
        assert_eq!((none.height(), none.width()), (0, CANDIDATES.len()));
    }

    #[test]
    fn columns_are_joined_in_order() {
        const ALL: [(&str, ColumnKind); 3] = joined(&[&[("a", Int)], &[("b", Text), ("c", Float)]]);
        assert_eq!(ALL, [("a", Int), ("b", Text), ("c", Float)]);
    }
}
