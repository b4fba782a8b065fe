//! The `sql` operator: a query over frames, so that an engineer adds a step without a build.

use std::collections::BTreeMap;

use polars::{
    prelude::{DataFrame, DataType, IntoLazy, Schema},
    sql::SQLContext,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operator::{
    Column, ColumnKind, Frames, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

/// Parameters of `sql`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// A query in the SQL of Polars; the tables are the names under `inputs`, and `${sql:vars.x}` is a variable's value. Add ORDER BY where the order matters:
    /// results are compared as written. Sums and means of floats are added in no fixed order, so that their last bits
    /// may differ from run to run: sum integers (money in cents), or ROUND.
    pub query: String,
}

impl Sql {
    fn execute(
        &self,
        tables: impl IntoIterator<Item = (String, polars::prelude::LazyFrame)>,
    ) -> Result<polars::prelude::LazyFrame, StageError> {
        let mut context = SQLContext::new();
        for (name, frame) in tables {
            context.register(&name, frame);
        }
        Ok(context.execute(&self.query)?)
    }
}

impl Operator for Sql {
    const NAME: &'static str = "sql";
    const SUMMARY: &'static str = "Runs a query over its inputs.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Any;

    fn validate(&self) -> Result<(), ParamError> {
        if self.query.trim().is_empty() {
            return Err(ParamError {
                path: vec!["query".to_owned()],
                problem: "the query is empty".to_owned(),
                mend: "for example SELECT retailer, COUNT(*) AS n FROM links GROUP BY retailer ORDER BY retailer"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// Plans the query over empty tables. Columns whose type is known only when read make the result's types unknown too.
    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        let port = |columns| OutputPort { columns, ..OutputPort::new("result", "The rows of the query.", &[]) };
        if inputs.is_empty() {
            return Ok(vec![port(Vec::new())]);
        }
        let unknown = inputs
            .values()
            .any(|columns| columns.is_empty() || columns.iter().any(|column| column.kind == ColumnKind::Any));
        let empty = inputs.iter().map(|(name, columns)| {
            let schema: Schema = columns
                .iter()
                .map(|column| (column.name.as_str().into(), column.kind.data_type().unwrap_or(DataType::String)))
                .collect();
            (name.clone(), DataFrame::empty_with_schema(&schema).lazy())
        });
        let planned = self.execute(empty).and_then(|mut frame| Ok(frame.collect_schema()?));
        match planned {
            Ok(schema) if !unknown => {
                let columns =
                    schema.iter().map(|(name, kind)| Column::new(name.as_str(), ColumnKind::of(kind))).collect();
                Ok(vec![port(columns)])
            }
            Err(error) if !unknown => Err(error),
            _ => Ok(vec![port(Vec::new())]),
        }
    }

    fn run(&self, inputs: Frames, _: &StageContext) -> Result<Frames, StageError> {
        Ok(Frames::new().with("result", self.execute(inputs)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> BTreeMap<String, PortSchema> {
        BTreeMap::from([(
            "links".to_owned(),
            vec![Column::new("retailer", ColumnKind::Text), Column::new("n", ColumnKind::Int)],
        )])
    }

    #[test]
    fn the_columns_of_a_query_are_known_before_it_runs() {
        let sql = Sql { query: "SELECT retailer, SUM(n) AS total FROM links GROUP BY retailer".to_owned() };
        let ports = sql.outputs(&inputs()).unwrap();
        assert_eq!(
            ports[0].columns,
            vec![Column::new("retailer", ColumnKind::Text), Column::new("total", ColumnKind::Int)]
        );
    }

    #[test]
    fn a_query_that_names_an_unknown_column_is_refused_before_it_runs() {
        let sql = Sql { query: "SELECT retailr FROM links".to_owned() };
        assert!(sql.outputs(&inputs()).unwrap_err().to_string().contains("retailr"));
    }
}
