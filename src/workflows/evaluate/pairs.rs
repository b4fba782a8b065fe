//! Which patterns a workflow has: pairs of the two, 20 bytes each, however long the ids are.

use rayon::prelude::*;

/// What stands for a workflow: 128 bits of the hash of its id. Two of a thousand million ids share them once in 10²⁰ times.
pub type WorkflowKey = [u8; 16];

/// The number of a pattern.
pub type PatternNumber = u32;

/// Pairs on their way into a [`Pairs`].
#[derive(Default)]
pub struct Builder(Vec<(WorkflowKey, PatternNumber)>);

impl Builder {
    /// Adds a pair; one that is there already changes nothing.
    pub fn add(&mut self, workflow: &str, pattern: PatternNumber) {
        self.0.push((key(workflow), pattern));
    }

    /// All pairs added.
    pub fn finish(mut self) -> Pairs {
        self.0.par_sort_unstable();
        self.0.dedup();
        Pairs(self.0)
    }
}

/// Pairs of a workflow and a pattern, each once.
pub struct Pairs(Vec<(WorkflowKey, PatternNumber)>);

impl Pairs {
    /// The key of each workflow with its patterns.
    pub fn by_workflow(&self) -> impl Iterator<Item = (&WorkflowKey, impl Iterator<Item = PatternNumber>)> {
        let chunks = self.0.chunk_by(|a, b| a.0 == b.0);
        chunks.filter_map(|chunk| Some((&chunk.first()?.0, chunk.iter().map(|(_, pattern)| *pattern))))
    }

    /// The patterns of a workflow, in order.
    pub fn of(&self, workflow: &WorkflowKey) -> impl Iterator<Item = PatternNumber> {
        let start = self.0.partition_point(|(key, _)| key < workflow);
        let pairs = self.0.get(start..).unwrap_or_default().iter();
        pairs.take_while(move |(key, _)| key == workflow).map(|(_, pattern)| *pattern)
    }
}

/// The key of the workflow with this id.
pub fn key(workflow: &str) -> WorkflowKey {
    let mut key = WorkflowKey::default();
    for (to, from) in key.iter_mut().zip(blake3::hash(workflow.as_bytes()).as_bytes()) {
        *to = *from;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflows_patterns_are_found_each_once() {
        let mut builder = Builder::default();
        for (workflow, pattern) in [("b", 2), ("a", 7), ("b", 1), ("b", 2)] {
            builder.add(workflow, pattern);
        }
        let pairs = builder.finish();
        let of = |workflow: &str| pairs.of(&key(workflow)).collect::<Vec<_>>();
        assert_eq!((of("a"), of("b"), of("c")), (vec![7], vec![1, 2], vec![]));
        assert_eq!(pairs.by_workflow().map(|(_, patterns)| patterns.count()).sum::<usize>(), 3);
    }
}
