//! `match-catalogs`: links two catalogs that share nothing but words, without labels, with a probability for each link.

use std::collections::{BTreeMap, HashSet};

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    columns::{self, column, frame},
    price::cents,
};
use crate::{
    matching::{self, Acceptance, Link, Matching, Options, Partners, Quality, Record},
    operator::{
        ColumnKind, Field, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext,
        StageError,
    },
};

use ColumnKind::{Bool, Float, Int, Records, Text};

/// How many partners a row may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pairs {
    /// At most one on both sides.
    #[default]
    OneToOne,
    /// A left row may have many right rows; a right row at most one left row.
    OneToMany,
    /// Any number on both sides.
    Many,
}

impl From<Pairs> for Partners {
    fn from(pairs: Pairs) -> Self {
        match pairs {
            Pairs::OneToOne => Self::OneToOne,
            Pairs::OneToMany => Self::OneToMany,
            Pairs::Many => Self::Many,
        }
    }
}

/// Links the rows of two catalogs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatchCatalogs {
    /// Pairs of at least this probability become links; 0.5 where `precision` is not given either.
    pub threshold: Option<f64>,
    /// In place of `threshold`: as many pairs become links as keep the expected share of right ones at this value.
    pub precision: Option<f64>,
    /// How many partners a row may have.
    pub pairs: Pairs,
}

const CATALOG: &[(&str, ColumnKind)] =
    &[("id", Text), ("title", Text), ("code", Text), ("brand", Text), ("price", Float), ("description", Text)];

const NEEDED: &[&str] = &["id", "title"];

/// A step of a link's explanation.
const REASON: &[Field] = &[Field::new("evidence", Text), Field::new("says", Text), Field::new("log_odds", Float)];

impl Operator for MatchCatalogs {
    const NAME: &'static str = "match-catalogs";
    const SUMMARY: &'static str =
        "Links two catalogs that share nothing but words, with a probability and an explanation for each link.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("left", CATALOG, "One catalog; prices in the units of its currency.").needs_only(NEEDED),
        InputPort::required("right", CATALOG, "The other, with prices in the same currency.").needs_only(NEEDED),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(ports())
    }

    fn validate(&self) -> Result<(), ParamError> {
        if self.threshold.is_some() && self.precision.is_some() {
            return Err(ParamError {
                path: vec!["precision".to_owned()],
                problem: "precision and threshold are both given".to_owned(),
                mend: "leave one of them out".to_owned(),
            });
        }
        ParamError::unless_between("threshold", self.threshold.unwrap_or_default(), 0.0, 1.0)?;
        ParamError::unless_between("precision", self.precision.unwrap_or_default(), 0.0, 1.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let left = by_id(columns::collect(inputs.take("left")?, CATALOG)?)?;
        let right = by_id(columns::collect(inputs.take("right")?, CATALOG)?)?;
        let (left, mut rejected) = read("left", &left)?;
        let (right, rejected_right) = read("right", &right)?;
        rejected.extend(rejected_right);
        context.check_cancelled()?;
        let matching = matching::match_catalogs(&left, &right, &self.options()).map_err(|error| StageError::Input {
            port: "left".to_owned(),
            problem: error.to_string(),
            mend: "see also the other input".to_owned(),
        })?;
        context.check_cancelled()?;
        Ok(Frames::new()
            .with("links", links(&matching.links, &left, &right)?)
            .with("unsure", unsure(&matching, &left, &right)?)
            .with("quality", quality(&matching)?)
            .with("rejected", rejected_frame(&rejected)?))
    }
}

impl MatchCatalogs {
    fn options(&self) -> Options {
        let threshold = Acceptance::Threshold(self.threshold.unwrap_or(0.5));
        let acceptance = self.precision.map_or(threshold, Acceptance::Precision);
        Options { partners: self.pairs.into(), acceptance, ..Options::default() }
    }
}

fn ports() -> Vec<OutputPort> {
    let pair =
        [("left_id", Text), ("right_id", Text), ("left_title", Text), ("right_title", Text), ("probability", Float)];
    let told = [
        ("rival_left_id", Text),
        ("rival_right_id", Text),
        ("rival_probability", Float),
        ("explanation", Records(REASON)),
    ];
    vec![
        OutputPort::new(
            "links",
            "Pairs that are one product, by their ids, with the best other pair of either row; the log-odds of an explanation \
             sum to those of the probability.",
            &[&pair[..], &told[..]].concat(),
        ),
        OutputPort::new("unsure", "The pairs that are least sure, linked or not, the least sure first.", &pair),
        OutputPort::new(
            "quality",
            "What is to be expected of the links that were taken, and of those from other thresholds on; matches that were \
             no candidates are not counted.",
            &[
                ("taken", Bool),
                ("threshold", Float),
                ("links", Int),
                ("expected_matches", Float),
                ("precision", Float),
                ("recall", Float),
                ("f1", Float),
            ],
        ),
        OutputPort::new("rejected", "Rows that could not be used.", &[("port", Text), ("id", Text), ("reason", Text)]),
    ]
}

/// The frame in ascending order of its ids; rows of one id keep their order.
fn by_id(frame: DataFrame) -> Result<DataFrame, StageError> {
    Ok(frame.sort(["id"], SortMultipleOptions::default().with_maintain_order(true))?)
}

/// A row that was not used: its port, its id if it has one, and why.
type Rejected<'a> = (&'static str, Option<&'a str>, &'static str);

/// The rows of a catalog, which is in order of its ids, as records; of rows with one id the first is used.
fn read<'a>(port: &'static str, catalog: &'a DataFrame) -> Result<(Vec<Record<'a>>, Vec<Rejected<'a>>), StageError> {
    let titles = columns::texts(catalog, "title")?;
    let [codes, brands, descriptions] = ["code", "brand", "description"].map(|name| columns::texts(catalog, name));
    let (codes, brands, descriptions) = (codes?, brands?, descriptions?);
    let prices = columns::floats(catalog, "price")?;
    let text = |texts: &[Option<&'a str>], row: usize| texts.get(row).copied().flatten().unwrap_or_default();
    let mut seen = HashSet::new();
    let (mut records, mut rejected) = (Vec::with_capacity(catalog.height()), Vec::new());
    for (row, id) in columns::texts(catalog, "id")?.into_iter().enumerate() {
        let title = text(&titles, row);
        let reason = match id {
            None | Some("") => Some("no_id"),
            Some(_) if title.trim().is_empty() => Some("no_title"),
            Some(id) if !seen.insert(id) => Some("repeated_id"),
            Some(_) => None,
        };
        if let Some(reason) = reason {
            rejected.push((port, id, reason));
            continue;
        }
        let price = prices.get(row).copied().flatten().filter(|price| price.is_finite()).map(cents);
        let (code, brand, description) = (text(&codes, row), text(&brands, row), text(&descriptions, row));
        records.push(Record { id: id.unwrap_or_default(), title, code, brand, price, description });
    }
    Ok((records, rejected))
}

/// Ids, titles and probability of pairs, which are places of records.
fn pair_columns(pairs: &[(usize, usize, f64)], left: &[Record], right: &[Record]) -> Vec<Column> {
    let lefts = || pairs.iter().map(|pair| left.get(pair.0));
    let rights = || pairs.iter().map(|pair| right.get(pair.1));
    vec![
        column("left_id", lefts().map(|record| record.map(|record| record.id))),
        column("right_id", rights().map(|record| record.map(|record| record.id))),
        column("left_title", lefts().map(|record| record.map(|record| record.title))),
        column("right_title", rights().map(|record| record.map(|record| record.title))),
        column("probability", pairs.iter().map(|pair| pair.2)),
    ]
}

fn links(links: &[Link], left: &[Record], right: &[Record]) -> Result<DataFrame, StageError> {
    let pairs: Vec<_> = links.iter().map(|link| (link.left, link.right, link.probability)).collect();
    let mut all = pair_columns(&pairs, left, right);
    let rivals = || links.iter().map(|link| link.rival);
    let id = |records: &[Record], place: usize| records.get(place).map(|record| record.id.to_owned());
    all.push(column("rival_left_id", rivals().map(|rival| id(left, rival?.left))));
    all.push(column("rival_right_id", rivals().map(|rival| id(right, rival?.right))));
    all.push(column("rival_probability", rivals().map(|rival| Some(rival?.probability))));
    all.push(explanations(links)?);
    frame(all)
}

/// The reasons of each link as a list of records.
fn explanations(links: &[Link]) -> Result<Column, StageError> {
    let steps = || (0_i64..).zip(links).flat_map(|(number, link)| link.reasons.iter().map(move |step| (number, step)));
    let flat = frame(vec![
        column("link", steps().map(|(number, _)| number)),
        column("evidence", steps().map(|(_, step)| step.evidence)),
        column("says", steps().map(|(_, step)| step.says)),
        column("log_odds", steps().map(|(_, step)| step.log_odds)),
    ])?;
    let fields = REASON.iter().map(|field| col(field.name)).collect();
    let lists = flat
        .lazy()
        .group_by_stable([col("link")])
        .agg([as_struct(fields).alias("explanation")])
        .collect_with_engine(Engine::InMemory)?
        .unwrap_single();
    Ok(lists.column("explanation")?.clone())
}

fn unsure(matching: &Matching, left: &[Record], right: &[Record]) -> Result<DataFrame, StageError> {
    let pairs: Vec<_> = matching.unsure.iter().map(|pair| (pair.left, pair.right, pair.probability)).collect();
    frame(pair_columns(&pairs, left, right))
}

fn quality(matching: &Matching) -> Result<DataFrame, StageError> {
    let rows: Vec<(bool, &Quality)> =
        std::iter::once((true, &matching.expected)).chain(matching.table.iter().map(|row| (false, row))).collect();
    let figures = || rows.iter().map(|row| row.1);
    frame(vec![
        column("taken", rows.iter().map(|row| row.0)),
        column("threshold", figures().map(|row| row.threshold)),
        column("links", figures().map(|row| row.links as i64)),
        column("expected_matches", figures().map(|row| row.matches)),
        column("precision", figures().map(Quality::precision)),
        column("recall", figures().map(Quality::recall)),
        column("f1", figures().map(Quality::f1)),
    ])
}

fn rejected_frame(rows: &[Rejected]) -> Result<DataFrame, StageError> {
    frame(vec![
        column("port", rows.iter().map(|row| row.0)),
        column("id", rows.iter().map(|row| row.1)),
        column("reason", rows.iter().map(|row| row.2)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linking::testing::context;

    fn catalog(rows: &[(Option<&str>, Option<&str>)]) -> DataFrame {
        let none = vec![None::<&str>; rows.len()];
        df!(
            "id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "title" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "code" => &none,
            "brand" => &none,
            "price" => vec![None::<f64>; rows.len()],
            "description" => &none,
        )
        .unwrap()
    }

    fn run(left: DataFrame, right: DataFrame) -> Frames {
        MatchCatalogs::default().run(Frames::new().with("left", left).with("right", right), &context()).unwrap()
    }

    #[test]
    fn rows_without_id_or_title_and_repeated_ids_are_rejected() {
        let left = catalog(&[
            (Some("b"), Some("Lamp")),
            (Some("a"), Some(" ")),
            (None, Some("Chair")),
            (Some("b"), Some("Table")),
        ]);
        let rejected = run(left, catalog(&[])).take("rejected").unwrap().collect().unwrap();
        assert_eq!(columns::texts(&rejected, "id").unwrap(), [None, Some("a"), Some("b")]);
        assert_eq!(
            columns::texts(&rejected, "reason").unwrap(),
            [Some("no_id"), Some("no_title"), Some("repeated_id")]
        );
    }

    #[test]
    fn every_output_has_the_columns_its_port_declares_with_rows_and_without() {
        let titles: Vec<String> = (0..30).map(|number| format!("Lamp model {number} brass")).collect();
        let rows: Vec<_> = titles.iter().map(|title| (Some(title.as_str()), Some(title.as_str()))).collect();
        for (left, right) in [(catalog(&rows), catalog(&rows)), (catalog(&[]), catalog(&[]))] {
            let mut frames = run(left, right);
            for port in ports() {
                let frame = frames.take(&port.name).unwrap().collect().unwrap();
                let kinds: Vec<_> = frame.columns().iter().map(|column| ColumnKind::of(column.dtype())).collect();
                assert_eq!(kinds, port.columns.iter().map(|column| column.kind).collect::<Vec<_>>(), "{}", port.name);
                let names: Vec<_> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
                assert_eq!(names, port.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_threshold_and_a_precision_are_one_too_many() {
        let both = MatchCatalogs { threshold: Some(0.5), precision: Some(0.9), pairs: Pairs::Many };
        assert!(both.validate().unwrap_err().to_string().contains("leave one of them out"));
        assert!(MatchCatalogs { precision: Some(1.1), ..MatchCatalogs::default() }.validate().is_err());
        assert!(MatchCatalogs { threshold: Some(0.5), ..MatchCatalogs::default() }.validate().is_ok());
    }
}
