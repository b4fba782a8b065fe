//! Prices as columns, and back.

use polars::prelude::*;

use super::{
    candidate_rows::Made,
    list_column::{texts_column, texts_of},
    money::{Cents, Percent},
    objective::Caps,
    pricing::{Chosen, Line, Methodology, Pricing, Terms, Tier},
};
use crate::{
    mining::rounded,
    operator::{ColumnKind, Columns},
};

use ColumnKind::{Float, Floats, Int, Ints, Text, Texts};

/// The columns of prices. Lists of lines are in the order of the items; tiers by rising quantity.
pub const PRICES: Columns = &[
    ("original_cents", Int),
    ("bundle_cents", Int),
    ("discount_cents", Int),
    ("discount_pct", Float),
    ("greatest_pct", Float),
    ("discount_type", Text),
    ("methodology", Text),
    ("baseline_pct", Float),
    ("most_discount_pct", Float),
    ("line_cents", Ints),
    ("line_discount_cents", Ints),
    ("line_baseline_pct", Floats),
    ("tier_quantities", Ints),
    ("tier_pct", Floats),
    ("tier_labels", Texts),
    ("selected_pct", Float),
    ("selection_method", Text),
    ("candidate_pct", Ints),
];

/// A price with how it was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// The price.
    pub pricing: Pricing,
    /// What the bandit chose, where it was asked.
    pub chosen: Option<Chosen>,
}

/// Labels of tiers.
const LABELS: [&str; 3] = ["Starter Pack", "Popular", "Best Value"];

/// The columns of prices in order.
pub fn price_columns(priced: &[Priced]) -> Vec<Column> {
    let of = |pricing: fn(&Pricing) -> i64| priced.iter().map(|priced| pricing(&priced.pricing)).collect::<Vec<_>>();
    let tiers = |priced: &Priced| match &priced.pricing.terms {
        Terms::Tiered(tiers) => tiers.clone(),
        Terms::Percentage | Terms::Bogo(_) => Vec::new(),
    };
    let percent = |of: &dyn Fn(&Priced) -> Option<f64>| {
        Column::new("".into(), priced.iter().map(|priced| of(priced).map(rounded)).collect::<Vec<_>>())
    };
    let text = |of: &dyn Fn(&Priced) -> Option<&'static str>| {
        Column::new("".into(), priced.iter().map(of).collect::<Vec<_>>())
    };
    let columns = [
        Column::new("".into(), of(|pricing| pricing.original().0)),
        Column::new("".into(), of(|pricing| pricing.bundle().0)),
        Column::new("".into(), of(|pricing| pricing.discount().0)),
        percent(&|priced| Some(priced.pricing.percent().value())),
        percent(&|priced| Some(priced.pricing.greatest_percent().value())),
        text(&|priced| Some(priced.pricing.terms.name())),
        text(&|priced| Some(priced.pricing.methodology.name())),
        percent(&|priced| mean(&priced.pricing.baselines)),
        percent(&|priced| Some(priced.pricing.caps.most.value())),
        ints(priced.iter().map(|priced| priced.pricing.lines.iter().map(|line| line.original.0).collect())),
        ints(priced.iter().map(|priced| priced.pricing.lines.iter().map(|line| line.discount.0).collect())),
        floats(priced.iter().map(|priced| priced.pricing.baselines.iter().map(|pct| pct.value()).collect())),
        ints(priced.iter().map(|priced| tiers(priced).iter().map(|tier| i64::from(tier.min_quantity)).collect())),
        floats(priced.iter().map(|priced| tiers(priced).iter().map(|tier| tier.percent.value()).collect())),
        texts_column(
            "",
            priced.iter().map(|priced| {
                tiers(priced).iter().map(|tier| tier.label.unwrap_or_default()).collect::<Vec<_>>().into_iter()
            }),
        ),
        percent(&|priced| priced.chosen.as_ref().map(|chosen| chosen.percent.value())),
        text(&|priced| priced.chosen.as_ref().map(|chosen| chosen.method.name())),
        ints(priced.iter().map(|priced| {
            let arms = priced.chosen.as_ref().map(|chosen| chosen.arms.percents()).unwrap_or_default();
            arms.iter().map(|arm| i64::from(*arm)).collect()
        })),
    ];
    columns.into_iter().zip(PRICES).map(|(column, (name, _))| column.with_name((*name).into())).collect()
}

fn mean(percents: &[Percent]) -> Option<f64> {
    let count = percents.len();
    (count > 0).then(|| percents.iter().map(|percent| percent.value()).sum::<f64>() / count as f64)
}

fn ints(lists: impl ExactSizeIterator<Item = Vec<i64>>) -> Column {
    let mut builder = ListPrimitiveChunkedBuilder::<Int64Type>::new("".into(), lists.len(), 0, DataType::Int64);
    lists.for_each(|list| builder.append_slice(&list));
    builder.finish().into_column()
}

fn floats(lists: impl ExactSizeIterator<Item = Vec<f64>>) -> Column {
    let mut builder = ListPrimitiveChunkedBuilder::<Float64Type>::new("".into(), lists.len(), 0, DataType::Float64);
    lists.for_each(|list| builder.append_slice(&list));
    builder.finish().into_column()
}

/// The columns of prices, to be read row by row.
pub struct PriceCells {
    terms: StringChunked,
    methodology: StringChunked,
    most: Float64Chunked,
    lines: Vec<Vec<i64>>,
    discounts: Vec<Vec<i64>>,
    baselines: Vec<Vec<f64>>,
    quantities: Vec<Vec<i64>>,
    percents: Vec<Vec<f64>>,
    labels: (Vec<usize>, StringChunked),
}

impl PriceCells {
    /// The columns of a table.
    ///
    /// # Errors
    /// When one is not there.
    pub fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let text = |name: &str| PolarsResult::Ok(frame.column(name)?.str()?.rechunk().into_owned());
        Ok(Self {
            terms: text("discount_type")?,
            methodology: text("methodology")?,
            most: frame.column("most_discount_pct")?.f64()?.rechunk().into_owned(),
            lines: int_lists(frame.column("line_cents")?)?,
            discounts: int_lists(frame.column("line_discount_cents")?)?,
            baselines: float_lists(frame.column("line_baseline_pct")?)?,
            quantities: int_lists(frame.column("tier_quantities")?)?,
            percents: float_lists(frame.column("tier_pct")?)?,
            labels: texts_of(frame.column("tier_labels")?)?,
        })
    }

    /// The price of a row's bundle.
    pub fn row(&self, row: usize, made: &Made) -> Pricing {
        let cells = |lists: &[Vec<i64>]| lists.get(row).cloned().unwrap_or_default();
        let percents = |lists: &[Vec<f64>]| {
            lists.get(row).map(|list| list.iter().map(|pct| Percent::of(*pct)).collect::<Vec<_>>()).unwrap_or_default()
        };
        let lines = cells(&self.lines).into_iter().zip(cells(&self.discounts)).zip(&made.candidate.items);
        let lines = lines.map(|((original, discount), item)| Line {
            item: *item,
            original: Cents(original),
            discount: Cents(discount),
        });
        let label = |tier: usize| {
            let (offsets, texts) = &self.labels;
            let text = texts.get(offsets[row] + tier)?;
            LABELS.into_iter().find(|label| *label == text)
        };
        let tiers = cells(&self.quantities).into_iter().zip(percents(&self.percents)).enumerate();
        let tiers = tiers.map(|(place, (quantity, percent))| Tier {
            min_quantity: u32::try_from(quantity).unwrap_or(1),
            percent,
            label: label(place),
        });
        let caps = made.candidate.objective.caps();
        let most = self.most.get(row).map_or(caps.most, Percent::of);
        let terms = match (self.terms.get(row), made.terms) {
            (Some("tiered"), _) => Terms::Tiered(tiers.collect()),
            (Some("bogo"), Some(bogo)) => Terms::Bogo(bogo),
            _ => Terms::Percentage,
        };
        let name = self.methodology.get(row).unwrap_or_default();
        let methodology = METHODOLOGIES.into_iter().find(|known| known.name() == name).unwrap_or(Methodology::Flat);
        Pricing {
            lines: lines.collect(),
            terms,
            methodology,
            baselines: percents(&self.baselines),
            caps: Caps { least: caps.least.min(most), most },
        }
    }
}

const METHODOLOGIES: [Methodology; 5] = [
    Methodology::BayesianShrinkage,
    Methodology::MultiArmedBandit,
    Methodology::Flat,
    Methodology::Tiers,
    Methodology::Reward,
];

/// The lists of whole numbers of a column.
///
/// # Errors
/// When it is none of lists of numbers.
pub fn int_lists(column: &Column) -> PolarsResult<Vec<Vec<i64>>> {
    lists(column, |list| Ok(list.i64()?.iter().flatten().collect()))
}

/// The lists of floats of a column.
///
/// # Errors
/// When it is none of lists of floats.
pub fn float_lists(column: &Column) -> PolarsResult<Vec<Vec<f64>>> {
    lists(column, |list| Ok(list.f64()?.iter().flatten().collect()))
}

fn lists<T>(column: &Column, read: impl Fn(&Series) -> PolarsResult<Vec<T>>) -> PolarsResult<Vec<Vec<T>>> {
    let mut lists = Vec::with_capacity(column.len());
    for list in column.list()?.amortized_iter() {
        lists.push(list.map_or_else(|| Ok(Vec::new()), |list| read(list.as_ref()))?);
    }
    Ok(lists)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{
        bundle_type::BundleType,
        candidate_rows::testing::made,
        items::Item,
        objective::Objective,
        pricing::{DEFAULT_TIERS, price_lines, price_tiers},
    };

    #[test]
    fn prices_come_back_as_they_were() {
        let caps = Objective::IncreaseAov.caps();
        let items = [(Item(0), Cents(2221)), (Item(1), Cents(1362))];
        let both = price_lines(&items, &[Percent::of(12.5), Percent::of(3.0)], caps).unwrap();
        let tiers = price_tiers(Item(0), Cents(999), &DEFAULT_TIERS, caps).unwrap();
        let priced = [both, tiers].map(|pricing| Priced { pricing, chosen: None });
        let frame = DataFrame::new(2, price_columns(&priced)).unwrap();
        let cells = PriceCells::of(&frame).unwrap();
        let of = [made(BundleType::Fbt, &[0, 1]), made(BundleType::Volume, &[0])];
        for (row, (priced, made)) in priced.iter().zip(&of).enumerate() {
            assert_eq!(cells.row(row, made), priced.pricing);
        }
    }
}
