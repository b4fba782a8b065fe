//! Operators with their types erased, so that the engine can keep them in one table.

use std::collections::BTreeMap;

use schemars::Schema;
use serde_json::Value;

use super::{
    Frames, Inputs, Misfit, Operator, OutputPort, ParamError, Phase, PortSchema, StageContext, StageError, Upstream,
};
use crate::flags::Flag;

/// One entry of the operator table.
pub struct OperatorKind {
    /// The name used in pipeline files.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Part of every fingerprint of this operator's stages.
    pub version: u32,
    /// Whether the as-of time is part of the fingerprint.
    pub uses_as_of: bool,
    /// Whether the seed is part of the fingerprint.
    pub uses_seed: bool,
    /// See [`Operator::FLAGS`].
    pub flags: &'static [&'static Flag],
    /// See [`Operator::SWITCH`].
    pub switch: Option<&'static Flag>,
    /// See [`Operator::PHASE`].
    pub phase: Option<Phase>,
    /// The datasets it reads.
    pub inputs: Inputs,
    /// The JSON Schema of its parameters, with defaults.
    pub params_schema: fn() -> Schema,
    /// Parameters in, a stage's operator out.
    pub bind: fn(Value) -> Result<Box<dyn BoundOperator>, BindError>,
}

/// Why parameters were refused.
#[derive(Debug)]
pub enum BindError {
    /// A value has the wrong type, or a key is unknown; `path` is where in the parameters.
    Shape { path: String, problem: String },
    /// A value is refused by [`Operator::validate`].
    Value(ParamError),
}

/// An operator with its parameters.
pub trait BoundOperator: Send + Sync {
    /// The parameters with their defaults filled in, as fingerprinted.
    fn params(&self) -> Value;
    /// See [`Operator::INPUTS`].
    fn inputs(&self) -> Inputs;
    /// See [`Operator::outputs`].
    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError>;
    /// See [`Operator::check_upstream`].
    fn check_upstream(&self, inputs: &BTreeMap<&str, Upstream<'_>>) -> Result<(), Misfit>;
    /// See [`Operator::run`].
    fn run(&self, inputs: Frames, context: &StageContext) -> Result<Frames, StageError>;
}

struct Bound<O>(O);

impl<O: Operator> BoundOperator for Bound<O> {
    fn params(&self) -> Value {
        serde_json::to_value(&self.0).unwrap_or(Value::Null)
    }

    fn inputs(&self) -> Inputs {
        O::INPUTS
    }

    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        self.0.outputs(inputs)
    }

    fn check_upstream(&self, inputs: &BTreeMap<&str, Upstream<'_>>) -> Result<(), Misfit> {
        self.0.check_upstream(inputs)
    }

    fn run(&self, inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        self.0.run(inputs, context)
    }
}

impl OperatorKind {
    /// The table entry of an operator.
    pub fn of<O: Operator>() -> Self {
        Self {
            name: O::NAME,
            summary: O::SUMMARY,
            version: O::VERSION,
            uses_as_of: O::USES_AS_OF,
            uses_seed: O::USES_SEED,
            flags: O::FLAGS,
            switch: O::SWITCH,
            phase: O::PHASE,
            inputs: O::INPUTS,
            params_schema: || schemars::schema_for!(O),
            bind: |params| {
                let operator: O = serde_path_to_error::deserialize(params).map_err(|error| BindError::Shape {
                    path: error.path().to_string(),
                    problem: error.inner().to_string(),
                })?;
                operator.validate().map_err(BindError::Value)?;
                Ok(Box::new(Bound(operator)))
            },
        }
    }
}
