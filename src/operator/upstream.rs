//! What a stage may know of the stages it reads, before any work.

use serde_json::Value;

/// What makes a dataset.
#[derive(Clone, Copy, Debug)]
pub struct Upstream<'a> {
    /// The operator's name.
    pub operator: &'a str,
    /// Its parameters, defaults filled in.
    pub params: &'a Value,
    /// The output that is read.
    pub port: &'a str,
}

impl Upstream<'_> {
    /// The value of a parameter, if it is this output of this operator.
    pub fn param(&self, operator: &str, port: &str, name: &str) -> Option<&Value> {
        (self.operator == operator && self.port == port).then(|| self.params.get(name)).flatten()
    }
}

/// Why a stage cannot use what another makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The input port.
    pub port: String,
    /// The parameter of the stage upstream.
    pub param: String,
    /// What does not fit.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}
