//! Sequences of calls within sessions, counted by sorting: 32 bytes a call for one length at a time.

use rayon::prelude::*;

use super::events::Call;

/// Bits of a tool in a packed sequence.
const TOOL_BITS: usize = 16;

/// The longest sequence that can be packed.
pub const LONGEST: u32 = 128 / TOOL_BITS as u32;

/// A sequence of tools and how often it was seen.
#[derive(Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The tools, by their places among the names.
    pub tools: Vec<u16>,
    /// How often.
    pub count: i64,
    /// In how many sessions.
    pub sessions: i64,
    /// How often all its calls are known to have succeeded or not.
    known: i64,
    /// How often all succeeded.
    successes: i64,
}

impl Sequence {
    /// The share of successes; `None` where nothing is known.
    pub fn success_rate(&self) -> Option<f64> {
        (self.known > 0).then(|| self.successes as f64 / self.known as f64)
    }
}

/// Calls in a row: the tools, packed; the session; whether all succeeded, if that is known of all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    tools: u128,
    session: u32,
    success: Option<bool>,
}

/// The sequences of `length` calls, at most [`LONGEST`], that occur at least `least` times, in the order of their tools. The
/// calls are in the order of sessions and times.
pub fn count(calls: &[Call], length: usize, least: usize) -> Vec<Sequence> {
    let mut windows = Vec::with_capacity(calls.len());
    for session in calls.chunk_by(|a, b| a.session == b.session) {
        windows.extend(session.windows(length).map(window));
    }
    windows.par_sort_unstable();
    let equal = windows.chunk_by(|a, b| a.tools == b.tools).filter(|equal| equal.len() >= least);
    equal.filter_map(|equal| sequence(equal, length)).collect()
}

fn window(calls: &[Call]) -> Window {
    let success = calls.iter().try_fold(true, |all, call| Some(all & call.success?));
    Window {
        tools: calls.iter().fold(0, |packed, call| packed << TOOL_BITS | u128::from(call.tool)),
        session: calls.first().map_or(0, |call| call.session),
        success,
    }
}

/// What equal windows, in the order of their sessions, make together.
fn sequence(equal: &[Window], length: usize) -> Option<Sequence> {
    let count = |is_counted: fn(&Window) -> bool| equal.iter().filter(|window| is_counted(window)).count() as i64;
    let packed = equal.first()?.tools;
    Some(Sequence {
        tools: (0..length).rev().map(|place| (packed >> (place * TOOL_BITS)) as u16).collect(),
        count: equal.len() as i64,
        sessions: equal.chunk_by(|a, b| a.session == b.session).count() as i64,
        known: count(|window| window.success.is_some()),
        successes: count(|window| window.success == Some(true)),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorting_counts_what_a_map_of_all_windows_does(
            calls in prop::collection::vec((0_u32..4, 0_u16..3, prop::option::of(any::<bool>())), 0..60),
            length in 1_usize..=8,
            least in 0_usize..4,
        ) {
            let mut calls: Vec<Call> = (0..).zip(calls)
                .map(|(at, (session, tool, success))| Call { session, at, tool: tool * 32_767, success }).collect();
            calls.sort_by_key(|call| (call.session, call.at));
            let mut wanted: BTreeMap<Vec<u16>, Vec<&[Call]>> = BTreeMap::new();
            for session in calls.chunk_by(|a, b| a.session == b.session) {
                for window in session.windows(length) {
                    wanted.entry(window.iter().map(|call| call.tool).collect()).or_default().push(window);
                }
            }
            wanted.retain(|_, windows| windows.len() >= least);
            let wanted: Vec<Sequence> = wanted.into_iter().map(|(tools, windows)| {
                let mut sessions: Vec<u32> = windows.iter().map(|window| window[0].session).collect();
                sessions.dedup();
                let known: Vec<_> =
                    windows.iter().filter(|window| window.iter().all(|call| call.success.is_some())).collect();
                let successes = known.iter().filter(|window| window.iter().all(|call| call.success == Some(true)));
                Sequence {
                    tools,
                    count: windows.len() as i64,
                    sessions: sessions.len() as i64,
                    successes: successes.count() as i64,
                    known: known.len() as i64,
                }
            }).collect();
            prop_assert_eq!(count(&calls, length, least), wanted);
        }
    }
}
