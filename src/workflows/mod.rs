//! Workflow history: recurring operations, what they cost, and what automating them would save.

mod aggregate;
mod characteristics;
mod columns;
mod detect;
mod durations;
mod evaluate;
mod identity;
mod rules;
mod scanner;
mod signature;
#[cfg(test)]
mod testing;
mod time;
mod tool_sequences;
mod unread;

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![
        OperatorKind::of::<detect::DetectPatterns>(),
        OperatorKind::of::<aggregate::AggregatePatterns>(),
        OperatorKind::of::<evaluate::EvaluatePatterns>(),
        OperatorKind::of::<tool_sequences::MineToolSequences>(),
    ]
}
