//! Choosing steps by name and by graph: `link`, `link+`, `+link`, `2+link+1`, `tag:nightly`, `source:catalog`, `lin*`.

use std::collections::BTreeSet;

use super::{
    error::PipelineError,
    file::{Pipeline, StepId, diagnostic::suggest},
};

/// What `--select` and `--exclude` said; empty `select` means everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Each text holds selectors with spaces between (any of them); commas join those that must all hold.
    pub select: Vec<String>,
    /// The same, taken away.
    pub exclude: Vec<String>,
}

impl Selection {
    /// The selected steps, in pipeline order.
    ///
    /// # Errors
    /// A selector that names nothing.
    pub fn resolve(&self, pipeline: &Pipeline) -> Result<BTreeSet<StepId>, PipelineError> {
        let mut chosen = if self.select.is_empty() { pipeline.ids().collect() } else { union(pipeline, &self.select)? };
        for id in union(pipeline, &self.exclude)? {
            chosen.remove(&id);
        }
        Ok(chosen)
    }
}

fn union(pipeline: &Pipeline, texts: &[String]) -> Result<BTreeSet<StepId>, PipelineError> {
    let mut all = BTreeSet::new();
    for selector in texts.iter().flat_map(|text| text.split_whitespace()) {
        let mut both: Option<BTreeSet<StepId>> = None;
        for part in selector.split(',') {
            let found = one(pipeline, part)?;
            both = Some(match both {
                None => found,
                Some(before) => before.intersection(&found).copied().collect(),
            });
        }
        all.extend(both.unwrap_or_default());
    }
    Ok(all)
}

/// How many edges to follow: none, some, or all.
type Reach = Option<usize>;

fn one(pipeline: &Pipeline, part: &str) -> Result<BTreeSet<StepId>, PipelineError> {
    let (before, name, after) = split(part);
    let mut found: BTreeSet<StepId> = matching(pipeline, name);
    if found.is_empty() {
        let names: Vec<&str> = pipeline.steps.iter().map(|step| step.name.as_str()).collect();
        return Err(PipelineError::Usage {
            problem: format!("'{part}' selects nothing in pipeline '{}'", pipeline.name),
            mend: suggest(name, names),
        });
    }
    let seeds = found.clone();
    if let Some(reach) = before {
        found.extend(walk(&seeds, reach, &|id| pipeline.step(id).reads().map(|dataset| dataset.step).collect()));
    }
    if let Some(reach) = after {
        found.extend(walk(&seeds, reach, &|id| readers(pipeline, id)));
    }
    Ok(found)
}

/// Splits `2+name+1` into its parts; a plus without a number reaches all the way.
fn split(part: &str) -> (Option<Reach>, &str, Option<Reach>) {
    let reach = |digits: &str| if digits.is_empty() { Some(None) } else { digits.parse().ok().map(Some) };
    let (before, rest) = match part.split_once('+').map(|(digits, rest)| (reach(digits), rest)) {
        Some((Some(depth), rest)) if !rest.is_empty() => (Some(depth), rest),
        _ => (None, part),
    };
    match rest.rsplit_once('+').map(|(name, digits)| (name, reach(digits))) {
        Some((name, Some(depth))) => (before, name, Some(depth)),
        _ => (before, rest, None),
    }
}

fn matching(pipeline: &Pipeline, name: &str) -> BTreeSet<StepId> {
    let (kind, pattern) = name.split_once(':').unwrap_or(("", name));
    let Ok(pattern) = glob::Pattern::new(pattern) else { return BTreeSet::new() };
    pipeline
        .ids()
        .filter(|id| {
            let step = pipeline.step(*id);
            match kind {
                "" => pattern.matches(&step.name),
                "tag" => step.tags.iter().any(|tag| pattern.matches(tag)),
                "source" => step.is_source() && pattern.matches(&step.name),
                "stage" => !step.is_source() && pattern.matches(&step.name),
                _ => false,
            }
        })
        .collect()
}

/// The steps that read an output of `id`.
pub fn readers(pipeline: &Pipeline, id: StepId) -> Vec<StepId> {
    pipeline.ids().filter(|other| pipeline.step(*other).reads().any(|dataset| dataset.step == id)).collect()
}

/// A step, the steps that read it, those that read them, and so on.
pub fn all_readers(pipeline: &Pipeline, id: StepId) -> BTreeSet<StepId> {
    walk(&BTreeSet::from([id]), None, &|id| readers(pipeline, id))
}

fn walk(seeds: &BTreeSet<StepId>, reach: Reach, next: &dyn Fn(StepId) -> Vec<StepId>) -> BTreeSet<StepId> {
    let mut seen = seeds.clone();
    let mut edge: Vec<StepId> = seeds.iter().copied().collect();
    let mut left = reach.unwrap_or(usize::MAX);
    while left > 0 && !edge.is_empty() {
        edge = edge.iter().flat_map(|id| next(*id)).filter(|id| seen.insert(*id)).collect();
        left -= 1;
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pluses_and_numbers_are_read_as_dbt_reads_them() {
        assert_eq!(split("link"), (None, "link", None));
        assert_eq!(split("link+"), (None, "link", Some(None)));
        assert_eq!(split("+link"), (Some(None), "link", None));
        assert_eq!(split("2+link+1"), (Some(Some(2)), "link", Some(Some(1))));
        assert_eq!(split("+tag:night+"), (Some(None), "tag:night", Some(None)));
    }
}
