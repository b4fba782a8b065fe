//! Which sequences are normal orchestration.

use std::collections::BTreeSet;

/// What a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It runs commands.
    Command,
    /// It reads files.
    Read,
    /// It searches.
    Search,
    /// It changes files.
    Edit,
    /// It keeps a list of things to do.
    Todo,
    /// Something else.
    Other,
}

/// The kind of a sequence that is no normal orchestration.
pub const CANDIDATE: &str = "candidate";

/// How many different tools there are.
pub fn distinct(sequence: &[u16]) -> i64 {
    sequence.iter().collect::<BTreeSet<_>>().len() as i64
}

/// Which normal orchestration a sequence is, the first that holds; else a candidate.
pub fn kind(sequence: &[u16], roles: &[Role]) -> &'static str {
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
