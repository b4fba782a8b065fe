//! What an operator is: its ports, its parameters, its version, and the function from frames to frames.
//!
//! This room lies below the engine and the domain rooms: the domain rooms implement [`Operator`],
//! the engine runs what implements it, and neither needs to know the other.

mod batches;
mod column_kind;
mod context;
mod error;
mod file_name;
mod kind;
mod ports;
mod services;
mod upstream;

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, IntoLazy, LazyFrame};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::flags::Flag;

pub use batches::{for_each_batch, with_own_texts};
pub use column_kind::{ColumnKind, Field};
#[cfg(test)]
pub use context::NoStorage;
pub use context::{Phase, Progress, Scratch, Silent, StageContext, Storage, TimeLimit};
pub use error::{ParamError, StageError};
pub use file_name::{Packing, has_ending};
pub use kind::{BindError, BoundOperator, OperatorKind};
pub use ports::{Column, Columns, InputPort, Inputs, JsonStyle, OutputPort, PortSchema};
pub use services::{ChatService, EmbeddingService, NoServices, Question, Services};
pub use upstream::{Misfit, Upstream};

/// A kind of step. The implementing type is the operator's parameters; one value of it is one stage's settings.
///
/// An implementing type must derive `Serialize`, `Deserialize` and `JsonSchema` with
/// `#[serde(deny_unknown_fields, default)]`, so that unknown parameters are refused and every default is documented.
pub trait Operator: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The name used in pipeline files, in kebab case.
    const NAME: &'static str;
    /// One sentence that says what the operator does.
    const SUMMARY: &'static str;
    /// Raised whenever the output for the same input changes, so that old checkpoints become stale.
    const VERSION: u32;
    /// Whether the result depends on [`StageContext::as_of`]; only then is it part of the fingerprint.
    const USES_AS_OF: bool = false;
    /// Whether the result depends on [`StageContext::seed`]; only then is it part of the fingerprint.
    const USES_SEED: bool = false;
    /// The flags whose values decide the result: ingredients of the fingerprint, by workspace and by shop. An operator is
    /// given no others; see [`StageContext::flags`].
    const FLAGS: &'static [&'static Flag] = &[];
    /// The flag without which its stages are not run; what they made before stays.
    const SWITCH: Option<&'static Flag> = None;
    /// Which part of a longer work it is, for those who watch.
    const PHASE: Option<Phase> = None;
    /// The datasets the operator reads.
    const INPUTS: Inputs;

    /// The datasets the operator writes, for these parameters and these input schemas.
    ///
    /// # Errors
    /// When the inputs cannot give the outputs, for example a query that names an unknown column.
    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError>;

    /// Refuses parameters whose types are right but whose values are not.
    ///
    /// # Errors
    /// The way to the value, what is wrong with it and the mend.
    fn validate(&self) -> Result<(), ParamError> {
        Ok(())
    }

    /// Refuses a stage whose parameters do not fit those of the stages it reads. `inputs` holds what makes the dataset of
    /// each connected port; a source has no parameters.
    ///
    /// # Errors
    /// The port, what does not fit, and the mend.
    fn check_upstream(&self, _inputs: &BTreeMap<&str, Upstream<'_>>) -> Result<(), Misfit> {
        Ok(())
    }

    /// Does the work. `inputs` holds every declared input port with exactly its declared columns
    /// (an optional port that was not connected is absent; an optional column that is missing is null).
    ///
    /// # Errors
    /// When the work cannot be done; rows that cannot be used are not errors but rows of a `rejected` output.
    fn run(&self, inputs: Frames, context: &StageContext) -> Result<Frames, StageError>;
}

/// Datasets by port name. Lazy throughout: an eager frame is wrapped at no cost.
#[derive(Clone, Default)]
pub struct Frames(BTreeMap<String, LazyFrame>);

impl Frames {
    /// No datasets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dataset under a port's name.
    #[must_use]
    pub fn with(mut self, port: &str, frame: impl Into<Frame>) -> Self {
        self.0.insert(port.to_owned(), frame.into().0);
        self
    }

    /// Takes a dataset out.
    ///
    /// # Errors
    /// When no dataset is connected to `port`.
    pub fn take(&mut self, port: &str) -> Result<LazyFrame, StageError> {
        self.0.remove(port).ok_or_else(|| StageError::MissingInput { port: port.to_owned() })
    }

    /// Takes a dataset out if it is connected.
    pub fn take_optional(&mut self, port: &str) -> Option<LazyFrame> {
        self.0.remove(port)
    }
}

impl IntoIterator for Frames {
    type Item = (String, LazyFrame);
    type IntoIter = std::collections::btree_map::IntoIter<String, LazyFrame>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A lazy or an eager frame on its way into [`Frames`].
pub struct Frame(LazyFrame);

impl From<LazyFrame> for Frame {
    fn from(frame: LazyFrame) -> Self {
        Self(frame)
    }
}

impl From<DataFrame> for Frame {
    fn from(frame: DataFrame) -> Self {
        Self(frame.lazy())
    }
}
