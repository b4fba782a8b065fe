//! Indexes elsewhere, whose journal lies on this machine: the sink of a pipeline, taken by itself.

use std::{path::Path, sync::Arc};

use crate::{
    cli::arguments::PipelineArguments,
    io::{Difference, JournalledSink, Noting, SinkTarget, Writing, index},
    pipeline::registry::Registry,
};

/// The index elsewhere that a pipeline writes, by its journal.
pub struct Elsewhere(Arc<dyn SinkTarget>);

impl Elsewhere {
    /// The sink of a pipeline whose journal is `journal`; `None` if it writes no index elsewhere.
    ///
    /// # Errors
    /// When the pipeline cannot be read.
    pub fn of(pipeline: &PipelineArguments, journal: &Path) -> anyhow::Result<Option<Self>> {
        let pipeline = pipeline.read(&Registry::standard())?;
        let journal = std::path::absolute(journal)?;
        let is_it = |target: &Arc<dyn SinkTarget>| {
            matches!(target.writing(), Writing::Journalled(_)) && target.place() == journal
        };
        Ok(pipeline.sinks.into_iter().map(|sink| sink.target).find(is_it).map(Self))
    }

    fn sink(&self) -> anyhow::Result<&dyn JournalledSink> {
        match self.0.writing() {
            Writing::Journalled(sink) => Ok(sink),
            Writing::Transaction(_) | Writing::Replacement(_) => anyhow::bail!("this index is on this machine"),
        }
    }

    /// Takes back what a run wrote.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn rollback(&self, run_id: &str) -> anyhow::Result<Option<u64>> {
        Ok(self.sink()?.rollback(run_id)?)
    }

    /// Compares the namespaces that it is known to have, and `more`, with what was confirmed.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn compare(&self, more: Option<&str>, noting: Noting) -> anyhow::Result<Vec<(String, Difference)>> {
        let known = index::status(self.0.place(), 1)?.unwrap_or_default().products;
        let mut namespaces: Vec<String> = known.into_iter().map(|(namespace, _)| namespace).collect();
        namespaces.extend(more.map(ToOwned::to_owned));
        namespaces.sort_unstable();
        namespaces.dedup();
        let sink = self.sink()?;
        let each = namespaces.into_iter().map(|namespace| -> anyhow::Result<_> {
            let difference = sink.compare(&namespace, noting)?;
            Ok((namespace, difference))
        });
        each.collect()
    }
}
