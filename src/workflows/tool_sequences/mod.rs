//! `mine-tool-sequences`: runs of tool calls that recur across sessions and are not just normal orchestration.

mod events;
mod kind;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    events::{Calls, Reading},
    kind::{CANDIDATE, Role},
    windows::Sequence,
};
use super::{
    columns::{self, column},
    unread::Unread,
};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
    for_each_batch,
};

/// Mines sequences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MineToolSequences {
    /// Where events have a type, the one that counts: a call is reported before and after it is made.
    pub event_type: String,
    /// Sequences are at least so long.
    pub min_length: u32,
    /// And at most so long; up to 8.
    pub max_length: u32,
    /// Sequences that occur less often are not listed.
    pub listed_from: u32,
    /// Sequences are flagged from so many occurrences on.
    pub min_occurrences: u32,
    /// And from so many different tools on.
    pub min_distinct_tools: u32,
    /// Tools that run commands.
    pub commands: Vec<String>,
    /// Tools that read files.
    pub reads: Vec<String>,
    /// Tools that search; they count as reads too.
    pub searches: Vec<String>,
    /// Tools that change files.
    pub edits: Vec<String>,
    /// Tools that keep lists of things to do.
    pub todos: Vec<String>,
}

impl Default for MineToolSequences {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            event_type: "PostToolUse".to_owned(),
            min_length: 2,
            max_length: 5,
            listed_from: 5,
            min_occurrences: 50,
            min_distinct_tools: 2,
            commands: list(&["Bash"]),
            reads: list(&["Read"]),
            searches: list(&["Grep", "Glob"]),
            edits: list(&["Edit", "MultiEdit", "Write", "NotebookEdit"]),
            todos: list(&["TodoWrite"]),
        }
    }
}

impl Operator for MineToolSequences {
    const NAME: &'static str = "mine-tool-sequences";
    const SUMMARY: &'static str = "Finds sequences of tool calls that recur and could be one tool.";
    const VERSION: u32 = 4;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required(
            "events",
            &[
                ("session_id", ColumnKind::Any),
                ("timestamp", ColumnKind::Any),
                ("sequence", ColumnKind::Any),
                ("tool_name", ColumnKind::Any),
                ("event_type", ColumnKind::Any),
                ("success", ColumnKind::Any),
            ],
            "The history of tool calls, each with its `timestamp` (ISO 8601, or seconds to nanoseconds since 1970) or with its \
             number in the session, `sequence`; those of one instant are in the order of their rows. `success` is true or \
             false, also as 1 or 0; anything else says nothing.",
        )
        .may_lack(&["timestamp", "sequence", "event_type", "success"]),
        Unread::PORT,
    ]);

    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        use ColumnKind::{Bool, Float, Int, Text};
        columns::need_one_of(inputs, "events", &["timestamp", "sequence"])?;
        Ok(vec![
            OutputPort::new(
                "sequences",
                "Sequences by how often they occur; `kind` says which normal orchestration one is, or \"candidate\".",
                &[
                    ("sequence", Text),
                    ("length", Int),
                    ("occurrences", Int),
                    ("sessions", Int),
                    ("distinct_tools", Int),
                    ("success_rate", Float),
                    ("kind", Text),
                    ("flagged", Bool),
                ],
            ),
            OutputPort::new(
                "rejected",
                "Events that could not be used: the row's number in the history, its session and the reason. Events of \
                 another type are not among them.",
                &[("row", Int), ("session_id", Text), ("reason", Text)],
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("max_length", f64::from(self.max_length), 1.0, f64::from(windows::LONGEST))?;
        ParamError::unless_between("min_length", f64::from(self.min_length), 1.0, f64::from(self.max_length))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let unread = Unread::read(inputs.take_optional("unread"))?;
        let calls = self.calls(inputs.take("events")?, context)?;
        let roles: Vec<Role> = calls.names.iter().map(|name| self.role(name)).collect();
        let mut sequences = Vec::new();
        for length in self.min_length..=self.max_length {
            context.check_cancelled()?;
            sequences.extend(windows::count(&calls.calls, length as usize, self.listed_from as usize));
        }
        sequences.sort_unstable_by(|a, b| (b.count, &a.tools).cmp(&(a.count, &b.tools)));
        let rejected = calls.rejected.iter();
        let rejected = rejected.map(|event| (event.place, event.session.as_deref(), event.reason.to_owned()));
        Ok(Frames::new()
            .with("sequences", self.frame(&sequences, &calls.names, &roles)?)
            .with("rejected", unread.rejected("session_id", rejected)?))
    }
}

impl MineToolSequences {
    /// The calls among the events, read batch by batch.
    fn calls(&self, events: LazyFrame, context: &StageContext) -> Result<Calls, StageError> {
        let rows = columns::collect(events.clone().select([len().cast(DataType::Int64).alias("rows")]))?;
        let rows =
            columns::integers(&rows, "rows")?.get(0).and_then(|rows| usize::try_from(rows).ok()).unwrap_or_default();
        context.progress.total(rows as u64);
        let mut reading = Reading::new(&self.event_type, rows);
        let wanted = events::COLUMNS.map(|name| col(name).cast(DataType::String));
        for_each_batch(events.select(wanted), StageError::from, |batch| {
            context.check_cancelled()?;
            reading.add(&batch)?;
            context.progress.advance(batch.height() as u64);
            Ok(())
        })?;
        Ok(reading.finish())
    }

    fn frame(&self, sequences: &[Sequence], names: &[String], roles: &[Role]) -> Result<DataFrame, StageError> {
        let rows = || sequences.iter();
        let role = |tool: &u16| roles.get(usize::from(*tool)).copied().unwrap_or(Role::Other);
        let kind = |row: &Sequence| kind::kind(&row.tools, &row.tools.iter().map(role).collect::<Vec<_>>());
        let kinds: Vec<&str> = rows().map(kind).collect();
        let distinct: Vec<i64> = rows().map(|row| kind::distinct(&row.tools)).collect();
        let flagged = rows().zip(&kinds).zip(&distinct).map(|((row, kind), distinct)| {
            *kind == CANDIDATE
                && row.count >= i64::from(self.min_occurrences)
                && *distinct >= i64::from(self.min_distinct_tools)
                && row.tools.iter().any(|tool| role(tool) == Role::Command)
        });
        let spelt = rows().map(|row| {
            let tools = row.tools.iter().map(|tool| names.get(usize::from(*tool)).map_or("", String::as_str));
            tools.collect::<Vec<_>>().join(" > ")
        });
        columns::frame(vec![
            column("sequence", spelt),
            column("length", rows().map(|row| i64::try_from(row.tools.len()).unwrap_or(i64::MAX))),
            column("occurrences", rows().map(|row| row.count)),
            column("sessions", rows().map(|row| row.sessions)),
            column("distinct_tools", distinct.iter().copied()),
            column("success_rate", rows().map(Sequence::success_rate)),
            column("kind", kinds.iter().copied()),
            column("flagged", flagged),
        ])
    }

    fn role(&self, tool: &str) -> Role {
        let roles = [
            (&self.commands, Role::Command),
            (&self.reads, Role::Read),
            (&self.searches, Role::Search),
            (&self.edits, Role::Edit),
            (&self.todos, Role::Todo),
        ];
        let found = roles.into_iter().find(|(tools, _)| tools.iter().any(|known| known == tool));
        found.map_or(Role::Other, |(_, role)| role)
    }
}
