//! What sources read in this run, kept in memory while there is room, so that stages need not read it back from disk.

use std::{collections::BTreeMap, sync::Mutex};

use polars::prelude::{DslPlan, LazyFrame};

use super::fingerprint::Fingerprint;

/// The share of a run's memory that frames may be kept in.
const SHARE: u64 = 32;

/// Frames by checkpoint and port. Their rows are those of the checkpoint's files.
pub struct KeptFrames {
    inner: Mutex<Inner>,
}

struct Inner {
    room: u64,
    frames: BTreeMap<(Fingerprint, String), LazyFrame>,
}

impl KeptFrames {
    /// Nothing yet.
    pub fn new(memory_bytes: u64) -> Self {
        Self { inner: Mutex::new(Inner { room: memory_bytes / SHARE, frames: BTreeMap::new() }) }
    }

    /// Keeps a frame that lies in memory, if there is room for it.
    pub fn keep(&self, fingerprint: &Fingerprint, port: &str, frame: LazyFrame) {
        let DslPlan::DataFrameScan { df, .. } = &frame.logical_plan else { return };
        let bytes = df.estimated_size() as u64;
        let Ok(mut inner) = self.inner.lock() else { return };
        if let Some(left) = inner.room.checked_sub(bytes) {
            inner.room = left;
            inner.frames.insert((fingerprint.clone(), port.to_owned()), frame);
        }
    }

    /// A frame that was kept.
    pub fn get(&self, fingerprint: &Fingerprint, port: &str) -> Option<LazyFrame> {
        self.inner.lock().ok()?.frames.get(&(fingerprint.clone(), port.to_owned())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;

    #[test]
    fn frames_in_memory_are_kept_while_there_is_room() {
        let fingerprint: Fingerprint = serde_json::from_value("f".into()).unwrap();
        let frame = |rows: i64| df!("x" => (0..rows).collect::<Vec<_>>()).unwrap().lazy();
        let kept = KeptFrames::new(SHARE * 1_000);
        kept.keep(&fingerprint, "lazy", frame(1).limit(1));
        kept.keep(&fingerprint, "large", frame(200));
        kept.keep(&fingerprint, "first", frame(100));
        kept.keep(&fingerprint, "second", frame(100));
        kept.keep(&fingerprint, "small", frame(10));
        let has = |port| kept.get(&fingerprint, port).map(|frame| frame.collect().unwrap().height());
        assert_eq!(["lazy", "large", "first", "second", "small"].map(has), [None, None, Some(100), None, Some(10)]);
    }
}
