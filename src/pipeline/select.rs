//! Choosing steps by name and by graph: `link`, `link+`, `+link`, `2+link+1`, `tag:nightly`, `source:catalog`, `lin*`.

use std::collections::BTreeSet;

use super::{
    error::PipelineError,
    file::{Pipeline, StepId, diagnostic::suggest},
};

/// What `--select` and `--exclude` said; no `select` means everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Each text holds selectors with spaces between (any of them); commas join those that must all hold.
    pub select: Vec<String>,
    /// The same, taken away.
    pub exclude: Vec<String>,
    /// Whether no step at all is fine, and a tag or pattern that nothing has.
    pub allow_empty: bool,
}

impl Selection {
    /// The selected steps, in pipeline order.
    ///
    /// # Errors
    /// A selector that names nothing; a selection that comes out empty, with the part that emptied it.
    pub fn resolve(&self, pipeline: &Pipeline) -> Result<BTreeSet<StepId>, PipelineError> {
        let mut chosen = if self.select.is_empty() { pipeline.ids().collect() } else { self.selected(pipeline)? };
        for selector in selectors(&self.exclude) {
            let excluded = self.one_selector(pipeline, selector)?.steps;
            let before = chosen.len();
            chosen.retain(|id| !excluded.contains(id));
            if chosen.is_empty() && before > 0 && !self.allow_empty {
                return Err(empty(format!("nothing is left of the selection after --exclude '{selector}'")));
            }
        }
        Ok(chosen)
    }

    fn selected(&self, pipeline: &Pipeline) -> Result<BTreeSet<StepId>, PipelineError> {
        let mut chosen = BTreeSet::new();
        let mut why = None;
        for selector in selectors(&self.select) {
            let found = self.one_selector(pipeline, selector)?;
            why = why.or_else(|| Some((selector, found.emptied_by?)));
            chosen.extend(found.steps);
        }
        if chosen.is_empty() && !self.allow_empty {
            return Err(empty(match why {
                Some((selector, part)) => {
                    format!("'{selector}' selects nothing: '{part}' has no step in common with what stands before it")
                }
                None => "an empty text selects nothing".to_owned(),
            }));
        }
        Ok(chosen)
    }

    /// The steps that all parts of a selector have in common.
    fn one_selector<'s>(&self, pipeline: &Pipeline, selector: &'s str) -> Result<Found<'s>, PipelineError> {
        let mut common: Option<BTreeSet<StepId>> = None;
        let mut emptied_by = None;
        for part in selector.split(',') {
            let found = one(pipeline, part, self.allow_empty)?;
            let both: BTreeSet<StepId> = match common {
                None => found,
                Some(before) => before.intersection(&found).copied().collect(),
            };
            if both.is_empty() {
                emptied_by = emptied_by.or(Some(part));
            }
            common = Some(both);
        }
        Ok(Found { steps: common.unwrap_or_default(), emptied_by })
    }
}

/// What a selector gives.
struct Found<'s> {
    steps: BTreeSet<StepId>,
    /// The part with which nothing was left.
    emptied_by: Option<&'s str>,
}

fn selectors(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().flat_map(|text| text.split_whitespace())
}

fn empty(problem: String) -> PipelineError {
    PipelineError::Usage {
        problem,
        mend: "select other steps; a generated command for which nothing may be right says --allow-empty".to_owned(),
    }
}

/// How many edges to follow: none, some, or all.
type Reach = Option<usize>;

fn one(pipeline: &Pipeline, part: &str, allow_empty: bool) -> Result<BTreeSet<StepId>, PipelineError> {
    let (before, name, after) = split(part);
    let mut found: BTreeSet<StepId> = matching(pipeline, name);
    // A name is misspelt; of a tag or pattern there may be none today.
    if found.is_empty() && !(allow_empty && name.contains([':', '*', '?', '['])) {
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
