//! An index of products in PostgreSQL with the extension vector, as a kind of sink.

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use polars::prelude::{BinaryChunked, Column, DataFrame, DataType, LazyFrame, ListChunked, PolarsError, PolarsResult};

use super::{
    IoError, ReadWatch,
    index::missing_column,
    postgres::{Values, apply_writes, kind_for, server_of, write_of},
    sinks::{
        Applied, Applying, Landed, RefusedSetting, SettingPlaces, SinkTable, SinkTarget, SinkWrite, TransactionSink,
        Writing, refuse, seconds,
    },
};
use crate::{
    operator::{ColumnKind, PortSchema, for_each_batch},
    postgres::{
        self, Cells, DatasetColumn, Error, Kind, OPERATION_COLUMNS, Put, Rows, Server, Session, VectorSink, Work,
        of_caller, put_bytea, put_floats,
    },
};

/// An index, and how it is written.
struct VectorTarget {
    server: Server,
    place: PathBuf,
    sink: VectorSink,
    patience: Duration,
}

/// Reads the settings of an index in PostgreSQL.
///
/// # Errors
/// Settings of other kinds; names of columns that an index has already.
pub(super) fn open_sink(
    table: &SinkTable,
    _: &dyn SettingPlaces,
    _: PathBuf,
) -> Result<Arc<dyn SinkTarget>, RefusedSetting> {
    refuse(
        &[
            ("mode", table.mode.is_some()),
            ("keys", table.keys.is_some()),
            ("columns", table.columns.is_some()),
            ("add_columns", table.add_columns),
            ("insert_only", !table.insert_only.is_empty()),
            ("definitions", table.definitions.is_some()),
            ("nested", table.nested.is_some()),
        ],
        "an index takes operations",
    )?;
    let is_taken = |name: &&String| OPERATION_COLUMNS.iter().any(|(taken, _)| taken == name);
    if let Some(name) = table.metadata.iter().find(is_taken) {
        let problem = format!("an index has a column '{name}' of its own");
        return Err(RefusedSetting::new("metadata", problem, "cannot be used", "give the column another name"));
    }
    let server = server_of("pgvector", table.pgvector.as_deref().unwrap_or_default())?;
    let name = table.table.clone().unwrap_or_else(|| "products".to_owned());
    Ok(Arc::new(VectorTarget {
        place: PathBuf::from(server.place()),
        server,
        sink: VectorSink { table: name, metadata: table.metadata.clone() },
        patience: seconds("busy_timeout", table.busy_timeout)?,
    }))
}

/// A sink as one of this kind, if it is.
fn as_vectors(target: &dyn SinkTarget) -> Option<&VectorTarget> {
    let target: &dyn Any = target;
    target.downcast_ref()
}

impl SinkTarget for VectorTarget {
    fn place(&self) -> &Path {
        &self.place
    }

    fn named_columns(&self) -> Vec<&str> {
        self.sink.metadata.iter().map(String::as_str).collect()
    }

    fn check(&self, dataset: &PortSchema) -> Result<(), IoError> {
        if let Some(missing) = missing_column(dataset, &self.sink.metadata).filter(|_| !dataset.is_empty()) {
            return Err(IoError::Table {
                path: self.place.clone(),
                table: self.sink.table.clone(),
                problem: format!("an index takes operations, and the dataset has no column '{missing}'"),
                mend: "write the operations of sync-index".to_owned(),
            });
        }
        Ok(self.sink.check(&Session::open(&self.server)?)?)
    }

    fn takes_from(&self, other: &dyn SinkTarget) -> Option<(&'static str, &'static str)> {
        let is_taken =
            self.place == other.place() && as_vectors(other).is_none_or(|other| other.sink.table == self.sink.table);
        is_taken
            .then_some(("pgvector", "give the index a database of its own, or a table of its own beside other indexes"))
    }

    fn writing(&self) -> Writing<'_> {
        Writing::Transaction(self)
    }
}

impl TransactionSink for VectorTarget {
    fn holds(&self, owner: &str, batch: &str) -> Result<bool, IoError> {
        Ok(self.sink.holds(&Session::open(&self.server)?, owner, batch)?)
    }

    fn apply(&self, writes: &[SinkWrite<'_>], applying: &Applying<'_>) -> Result<Applied, IoError> {
        let targets: Vec<(&SinkWrite<'_>, &VectorTarget)> =
            writes.iter().filter_map(|write| Some((write, as_vectors(write.target)?))).collect();
        let rows: Vec<OperationRows<'_>> = targets
            .iter()
            .map(|(write, target)| OperationRows {
                frame: write.frame.clone(),
                place: &target.place,
                watch: applying.watch,
            })
            .collect();
        let works = targets.iter().zip(&rows).map(|((write, target), rows)| write_of(write, &target.sink, rows));
        let applied = apply_writes(&self.server, &works.collect::<Vec<_>>(), self.patience, applying)?;
        let landed = applied.landed.iter().map(landed_of).collect();
        Ok(Applied { landed, commit_seconds: applied.commit_seconds, own_write: None })
    }
}

fn landed_of(landed: &postgres::Landed) -> Landed {
    let failed = (landed.failed > 0).then(|| {
        format!("{} items have vectors that cannot be written; they are tried again in the next run", landed.failed)
    });
    Landed {
        rows: landed.rows,
        left_out: landed.left_out + landed.failed,
        seconds: landed.seconds,
        warnings: failed.into_iter().collect(),
    }
}

/// Operations, with their vectors as numbers and their digests as bytes.
struct OperationRows<'a> {
    frame: LazyFrame,
    place: &'a Path,
    watch: &'a ReadWatch<'a>,
}

impl OperationRows<'_> {
    fn refused(&self, error: PolarsError) -> Error {
        of_caller(IoError::frame(self.place, error))
    }
}

impl Rows for OperationRows<'_> {
    fn columns(&self) -> Result<Vec<DatasetColumn>, Error> {
        let schema = self.frame.clone().collect_schema().map_err(|error| self.refused(error))?;
        let kind = |data_type: &DataType| match kind_for(ColumnKind::of(data_type)) {
            Some(kind @ (Kind::Int | Kind::Float | Kind::Bool)) => kind,
            _ => Kind::Text,
        };
        let column = |(name, data_type): (&polars::prelude::PlSmallStr, &DataType)| DatasetColumn {
            name: name.to_string(),
            kind: Some(kind(data_type)),
        };
        Ok(schema.iter().map(column).collect())
    }

    fn each(&self, names: &[&str], put: &mut Put<'_>) -> Result<(), Error> {
        for_each_batch(
            self.frame.clone(),
            |error| self.refused(error),
            |batch: DataFrame| {
                let of = |name: &&str| Item::of(batch.column(name)?);
                let items = names.iter().map(of).collect::<PolarsResult<Vec<_>>>();
                let items = items.map_err(|error| self.refused(error))?;
                let cells: Vec<Box<dyn Cells + '_>> =
                    items.iter().map(|item| Box::new(item) as Box<dyn Cells + '_>).collect();
                put(batch.height(), &cells)?;
                self.watch.progress.advance(batch.height() as u64);
                Ok(())
            },
        )
    }
}

/// A column of operations.
enum Item {
    Vectors(ListChunked),
    Bytes(BinaryChunked),
    Single(Values),
}

impl Item {
    fn of(column: &Column) -> PolarsResult<Self> {
        Ok(match (column.name().as_str(), column.dtype()) {
            ("vector", DataType::List(_)) => {
                Self::Vectors(column.rechunk().cast(&DataType::List(Box::new(DataType::Float32)))?.list()?.clone())
            }
            ("digests", _) => Self::Bytes(column.rechunk().cast(&DataType::Binary)?.binary()?.clone()),
            _ if kind_for(ColumnKind::of(column.dtype()))
                .is_some_and(|kind| matches!(kind, Kind::Int | Kind::Float | Kind::Bool)) =>
            {
                Self::Single(Values::of(column, false)?)
            }
            _ => Self::Single(Values::of(&column.cast(&DataType::String)?, false)?),
        })
    }
}

impl Cells for &Item {
    fn put(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Item::Vectors(lists) => {
                let vector = lists.get_as_series(row);
                let numbers = vector.as_ref().and_then(|vector| vector.f32().ok());
                let numbers: Option<Vec<f32>> =
                    numbers.map(|numbers| numbers.iter().map(|value| value.unwrap_or(f32::NAN)).collect());
                put_floats(numbers.as_deref(), out);
            }
            Item::Bytes(bytes) => put_bytea(bytes.get(row), out),
            Item::Single(values) => values.put(row, out),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Item::Vectors(lists) => lists.get_as_series(row).is_none(),
            Item::Bytes(bytes) => bytes.get(row).is_none(),
            Item::Single(values) => values.is_null(row),
        }
    }
}
