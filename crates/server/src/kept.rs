//! Answers that are kept while the database they were read from does not change.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::body::Bytes;

/// Answers by what was asked, each with the version of the database that it is at least as new as.
pub struct Kept {
    most_bytes: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    bytes: usize,
    clock: u64,
}

struct Answer {
    version: u64,
    body: Bytes,
    link: Option<String>,
    used: u64,
}

impl Kept {
    /// Keeps so many bytes.
    pub fn new(most_bytes: usize) -> Self {
        Self { most_bytes, state: Mutex::default() }
    }

    /// The answer to what is asked, with where more is, if it is of this version.
    pub fn get(&self, asked: &str, version: u64) -> Option<(Bytes, Option<String>)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let clock = state.clock;
        let answer = state.answers.get_mut(asked).filter(|answer| answer.version == version)?;
        answer.used = clock;
        Some((answer.body.clone(), answer.link.clone()))
    }

    /// Keeps an answer. `version` is that of before it was read.
    pub fn put(&self, asked: String, version: u64, body: Bytes, link: Option<String>) {
        if body.len() > self.most_bytes / 4 {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bytes + body.len() > self.most_bytes {
            state.forget(version, self.most_bytes / 2);
        }
        state.clock += 1;
        let answer = Answer { version, used: state.clock, link, body };
        state.bytes += answer.body.len();
        if let Some(old) = state.answers.insert(asked, answer) {
            state.bytes -= old.body.len();
        }
    }
}

impl State {
    /// Forgets what is of other versions, and then what was not asked for longest, until only so many bytes are left.
    fn forget(&mut self, version: u64, until: usize) {
        self.answers.retain(|_, answer| answer.version == version);
        let mut used: Vec<(u64, usize)> =
            self.answers.values().map(|answer| (answer.used, answer.body.len())).collect();
        used.sort_unstable();
        self.bytes = used.iter().map(|(_, bytes)| bytes).sum();
        let mut oldest = 0;
        for (of, bytes) in used {
            if self.bytes <= until {
                break;
            }
            self.bytes -= bytes;
            oldest = of;
        }
        self.answers.retain(|_, answer| answer.used > oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_while_its_version_is_the_newest_and_the_oldest_go_first() {
        let kept = Kept::new(1_000);
        let body = |letter: u8| Bytes::from(vec![letter; 200]);
        kept.put("a".to_owned(), 1, body(1), Some("next".to_owned()));
        assert_eq!(kept.get("a", 1), Some((body(1), Some("next".to_owned()))));
        assert_eq!(kept.get("a", 2), None);
        for name in ["b", "c", "d", "e"] {
            kept.put(name.to_owned(), 1, body(2), None);
        }
        assert!(kept.get("a", 1).is_some(), "it was asked for");
        kept.put("f".to_owned(), 1, body(3), None);
        assert!(kept.get("b", 1).is_none() && kept.get("c", 1).is_none() && kept.get("a", 1).is_some());
        kept.put("g".to_owned(), 1, Bytes::from(vec![0; 300]), None);
        assert!(kept.get("g", 1).is_none(), "one must leave room for others");
    }
}
