//! `mine-tool-sequences`: runs of tool calls that recur across sessions and are not just normal orchestration.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    columns::{self, column},
    time,
};
use crate::operator::{
    Column as PortColumn, ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema,
    StageContext, StageError,
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

/// What a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Command,
    Read,
    Search,
    Edit,
    Todo,
    Other,
}

/// How often a sequence was seen.
#[derive(Default)]
struct Tally {
    count: i64,
    sessions: i64,
    last_session: Option<usize>,
    successes: i64,
    known: i64,
}

/// A tool call.
struct Call {
    at: i64,
    tool: u16,
    success: Option<bool>,
}

/// An event that could not be used.
struct Rejected<'a> {
    /// Its place in the history, from 1.
    row: i64,
    session: Option<&'a str>,
    reason: &'static str,
}

/// The calls of a history.
struct Calls<'a> {
    /// The tools' names, in order.
    names: Vec<&'a str>,
    /// Each session's calls in the order of their times.
    sessions: Vec<Vec<Call>>,
    rejected: Vec<Rejected<'a>>,
}

/// A sequence of tools, by their places among the names.
type Sequence = Vec<u16>;

impl Operator for MineToolSequences {
    const NAME: &'static str = "mine-tool-sequences";
    const SUMMARY: &'static str = "Finds sequences of tool calls that recur and could be one tool.";
    const VERSION: u32 = 2;

    fn inputs() -> Inputs {
        use ColumnKind::Any;
        let columns = vec![
            PortColumn::new("session_id", Any),
            PortColumn::new("timestamp", Any),
            PortColumn::new("tool_name", Any),
            PortColumn::optional("event_type", Any),
            PortColumn::optional("success", Any),
        ];
        Inputs::Ports(vec![InputPort { name: "events", required: true, columns, about: "The history of tool calls." }])
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        use ColumnKind::{Bool, Float, Int, Text};
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
        ParamError::unless_between("max_length", f64::from(self.max_length), 1.0, 8.0)?;
        ParamError::unless_between("min_length", f64::from(self.min_length), 1.0, f64::from(self.max_length))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let text = |name: &str| col(name).cast(DataType::String);
        let wanted = ["session_id", "timestamp", "tool_name", "event_type", "success"].map(text);
        let events = columns::collect(inputs.take("events")?.select(wanted))?;
        context.check_cancelled()?;
        let calls = self.calls(&events)?;
        let roles: Vec<Role> = calls.names.iter().map(|name| self.role(name)).collect();
        let tallies = self.count(&calls.sessions);
        let rejected = || calls.rejected.iter();
        Ok(Frames::new().with("sequences", self.frame(&tallies, &calls.names, &roles)?).with(
            "rejected",
            columns::frame(vec![
                column("row", rejected().map(|event| event.row)),
                column("session_id", rejected().map(|event| event.session)),
                column("reason", rejected().map(|event| event.reason)),
            ])?,
        ))
    }
}

impl MineToolSequences {
    /// The calls among the events.
    fn calls<'a>(&self, events: &'a DataFrame) -> Result<Calls<'a>, StageError> {
        let text = |name| columns::texts(events, name);
        let (sessions, times, tools) = (text("session_id")?, text("timestamp")?, text("tool_name")?);
        let (types, successes) = (text("event_type")?, text("success")?);
        let names: Vec<&str> = tools.iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
        let mut calls: BTreeMap<&str, Vec<Call>> = BTreeMap::new();
        let mut rejected = Vec::new();
        for row in 0..events.height() {
            if types.get(row).is_some_and(|kind| kind != self.event_type) {
                continue;
            }
            let session = sessions.get(row);
            let number = |tool: &str| names.binary_search(&tool).ok().and_then(|place| u16::try_from(place).ok());
            let call = match (session, times.get(row).map(time::parse), tools.get(row).map(number)) {
                (None, ..) => Err("no session_id"),
                (_, None, _) => Err("no timestamp"),
                (_, Some(None), _) => Err("timestamp is no time"),
                (.., None) => Err("no tool_name"),
                (.., Some(None)) => Err("one of more than 65,536 tools"),
                (Some(session), Some(Some(at)), Some(Some(tool))) => Ok((session, at, tool)),
            };
            match call {
                Ok((session, at, tool)) => {
                    let success = successes.get(row).map(|word| word.eq_ignore_ascii_case("true") || word == "1");
                    calls.entry(session).or_default().push(Call { at, tool, success });
                }
                Err(reason) => rejected.push(Rejected { row: row as i64 + 1, session, reason }),
            }
        }
        let mut sessions: Vec<Vec<Call>> = calls.into_values().collect();
        for session in &mut sessions {
            session.sort_by_key(|call| (call.at, call.tool, call.success));
        }
        Ok(Calls { names, sessions, rejected })
    }

    fn count(&self, sessions: &[Vec<Call>]) -> BTreeMap<Sequence, Tally> {
        let mut tallies: BTreeMap<Sequence, Tally> = BTreeMap::new();
        for (place, session) in sessions.iter().enumerate() {
            for length in self.min_length as usize..=self.max_length as usize {
                for calls in session.windows(length) {
                    let tally = tallies.entry(calls.iter().map(|call| call.tool).collect()).or_default();
                    tally.count += 1;
                    tally.sessions += i64::from(tally.last_session.replace(place) != Some(place));
                    let known = calls.iter().all(|call| call.success.is_some());
                    tally.known += i64::from(known);
                    tally.successes += i64::from(known && calls.iter().all(|call| call.success == Some(true)));
                }
            }
        }
        tallies
    }

    fn frame(
        &self,
        tallies: &BTreeMap<Sequence, Tally>,
        names: &[&str],
        roles: &[Role],
    ) -> Result<DataFrame, StageError> {
        let mut rows: Vec<(&Sequence, &Tally)> =
            tallies.iter().filter(|(_, tally)| tally.count >= i64::from(self.listed_from)).collect();
        rows.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
        let role = |tool: &u16| roles.get(usize::from(*tool)).copied().unwrap_or(Role::Other);
        let kinds: Vec<&str> =
            rows.iter().map(|(sequence, _)| kind(sequence, &sequence.iter().map(role).collect::<Vec<_>>())).collect();
        let distinct: Vec<i64> = rows.iter().map(|(sequence, _)| distinct(sequence)).collect();
        let flagged = rows.iter().zip(&kinds).zip(&distinct).map(|(((sequence, tally), kind), distinct)| {
            *kind == CANDIDATE
                && tally.count >= i64::from(self.min_occurrences)
                && *distinct >= i64::from(self.min_distinct_tools)
                && sequence.iter().any(|tool| role(tool) == Role::Command)
        });
        let spelt = rows.iter().map(|(sequence, _)| {
            let tools = sequence.iter().map(|tool| names.get(usize::from(*tool)).copied().unwrap_or_default());
            tools.collect::<Vec<_>>().join(" > ")
        });
        let rate = |tally: &Tally| (tally.known > 0).then(|| tally.successes as f64 / tally.known as f64);
        columns::frame(vec![
            column("sequence", spelt),
            column("length", rows.iter().map(|(sequence, _)| i64::try_from(sequence.len()).unwrap_or(i64::MAX))),
            column("occurrences", rows.iter().map(|(_, tally)| tally.count)),
            column("sessions", rows.iter().map(|(_, tally)| tally.sessions)),
            column("distinct_tools", distinct.iter().copied()),
            column("success_rate", rows.iter().map(|(_, tally)| rate(tally))),
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

const CANDIDATE: &str = "candidate";

fn distinct(sequence: &[u16]) -> i64 {
    sequence.iter().collect::<BTreeSet<_>>().len() as i64
}

/// Which normal orchestration a sequence is, the first that holds; else a candidate.
fn kind(sequence: &[u16], roles: &[Role]) -> &'static str {
    let count = |wanted: &[Role]| roles.iter().filter(|role| wanted.contains(role)).count();
    let only = |wanted: &[Role]| count(wanted) == roles.len();
    let has = |role| count(&[role]) > 0;
    let looks = [Role::Read, Role::Search];
    if has(Role::Todo) && only(&[Role::Todo, Role::Command, Role::Read, Role::Search]) {
        return "todo tracking";
    }
    if only(&looks) {
        return "only reads";
    }
    let commands = count(&[Role::Command]);
    if only(&[Role::Command, Role::Read, Role::Search]) && commands <= 2 && count(&looks) <= 2 {
        return "commands and reads";
    }
    if has(Role::Edit) {
        let others: Vec<u16> =
            sequence.iter().zip(roles).filter(|(_, role)| **role != Role::Edit).map(|(tool, _)| *tool).collect();
        if distinct(&others) <= 1 {
            return "edits";
        }
        if only(&[Role::Search, Role::Read, Role::Edit]) {
            return "search, read, edit";
        }
        if only(&[Role::Read, Role::Edit, Role::Command]) {
            return "read, edit, run";
        }
    }
    CANDIDATE
}

#[cfg(test)]
mod tests {
    use super::{super::testing::context, *};

    fn kind_of(tools: &[&str]) -> &'static str {
        let operator = MineToolSequences::default();
        let names: Vec<&str> = tools.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let sequence: Vec<u16> = tools.iter().map(|tool| names.binary_search(tool).unwrap() as u16).collect();
        kind(&sequence, &tools.iter().map(|tool| operator.role(tool)).collect::<Vec<_>>())
    }

    #[test]
    fn normal_orchestration_is_told_from_candidates() {
        assert_eq!(kind_of(&["TodoWrite", "Bash", "Read"]), "todo tracking");
        assert_eq!(kind_of(&["Read", "Grep", "Read", "Read", "Read"]), "only reads");
        assert_eq!(kind_of(&["Bash", "Read", "Bash", "Grep"]), "commands and reads");
        assert_eq!(kind_of(&["Edit", "Bash", "Edit"]), "edits");
        assert_eq!(kind_of(&["Grep", "Read", "Edit"]), "search, read, edit");
        assert_eq!(kind_of(&["Read", "Edit", "Bash"]), "read, edit, run");
        assert_eq!(kind_of(&["Bash", "Bash", "Bash"]), CANDIDATE);
        assert_eq!(kind_of(&["Task", "Bash", "Read"]), CANDIDATE);
    }

    #[test]
    fn frequent_candidates_with_a_command_and_two_tools_are_flagged_whatever_the_order_of_rows() {
        let tools = ["Bash", "Task", "Bash"];
        let rows: Vec<(String, &str, String, bool)> = (0..60)
            .flat_map(|run| {
                tools.iter().enumerate().map(move |(place, tool)| {
                    (format!("s{run}"), *tool, format!("2026-01-01T00:00:0{place}"), run % 2 == 0)
                })
            })
            .collect();
        let mine = |rows: Vec<&(String, &str, String, bool)>| {
            let events = df!(
                "session_id" => rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
                "tool_name" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
                "timestamp" => rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(),
                "success" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
                "event_type" => vec!["PostToolUse"; rows.len()],
            );
            let mut made =
                MineToolSequences::default().run(Frames::new().with("events", events.unwrap()), &context()).unwrap();
            made.take("sequences").unwrap().collect().unwrap()
        };
        let forward = mine(rows.iter().collect());
        assert!(forward.equals_missing(&mine(rows.iter().rev().collect())));
        let sequences: Vec<_> = columns::texts(&forward, "sequence").unwrap().iter().flatten().collect();
        assert_eq!(sequences, ["Bash > Task", "Bash > Task > Bash", "Task > Bash"]);
        assert!(forward.column("flagged").unwrap().bool().unwrap().all());
        assert_eq!(columns::floats(&forward, "success_rate").unwrap().get(0), Some(0.5));
        assert_eq!(columns::integers(&forward, "sessions").unwrap().get(0), Some(60));
    }
    #[test]
    fn an_event_that_cannot_be_used_is_rejected_and_one_of_another_type_is_left_out() {
        let events = df!(
            "session_id" => [Some("s"), None, Some("s"), Some("s"), Some("s"), None],
            "timestamp" => [Some("2026-01-01T00:00:00Z"), Some("2026-01-01T00:00:00Z"), None, Some("soon"), Some("2026-01-01"), None],
            "tool_name" => [Some("Bash"), Some("Bash"), Some("Bash"), Some("Bash"), None, None],
            "event_type" => [Some("PostToolUse"), None, None, None, None, Some("PreToolUse")],
            "success" => [true; 6],
        );
        let inputs = Frames::new().with("events", events.unwrap());
        let mut made = MineToolSequences::default().run(inputs, &context()).unwrap();
        let rejected = made.take("rejected").unwrap().collect().unwrap();
        let rows: Vec<_> = columns::integers(&rejected, "row").unwrap().iter().flatten().collect();
        assert_eq!(rows, [2, 3, 4, 5]);
        let sessions: Vec<_> = columns::texts(&rejected, "session_id").unwrap().iter().collect();
        assert_eq!(sessions, [None, Some("s"), Some("s"), Some("s")]);
        let reasons: Vec<_> = columns::texts(&rejected, "reason").unwrap().iter().flatten().collect();
        assert_eq!(reasons, ["no session_id", "no timestamp", "timestamp is no time", "no tool_name"]);
    }
}
