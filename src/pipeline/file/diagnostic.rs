//! Errors of a pipeline file: what is wrong, the lines it is wrong in, and the mend.

use std::{fmt, ops::Range, path::PathBuf, sync::Arc};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A text that settings come from: a pipeline file, or an argument of the command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// What messages call it: a path, `--set` or the name of an environment variable.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The folder that relative paths written in it start from.
    pub folder: PathBuf,
}

/// A place in an [`Origin`].
#[derive(Clone, Debug)]
pub struct At {
    /// The text.
    pub origin: Arc<Origin>,
    /// Byte range in the text.
    pub span: Range<usize>,
}

/// An error of a pipeline file, found before any work.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub mend: Option<String>,
    /// Where, with a word on each place; the first is the primary one.
    pub places: Vec<(At, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(problem: impl Into<String>, at: &At, label: impl Into<String>) -> Self {
        Self { problem: problem.into(), mend: None, places: vec![(at.clone(), label.into())] }
    }

    /// Adds the mend.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, at: &At, label: impl Into<String>) -> Self {
        self.places.push((at.clone(), label.into()));
        self
    }

    /// The message with the lines of the file and carets, in colour or plain.
    pub fn render(&self, colour: bool) -> String {
        let title = Level::ERROR.primary_title(self.problem.as_str());
        let mut group = annotate_snippets::Group::with_title(title);
        for (index, (at, label)) in self.places.iter().enumerate() {
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let span = clamp(&at.origin.text, &at.span);
            group = group.element(
                Snippet::source(at.origin.text.as_str())
                    .path(at.origin.name.as_str())
                    .annotation(kind.span(span).label(label.as_str())),
            );
        }
        if let Some(mend) = &self.mend {
            group = group.element(Level::HELP.message(mend.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        crate::postgres::hide_passwords(&renderer.render(&[group]).to_string())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

/// Keeps a span inside its text, on character boundaries and on one line, as the renderer needs it.
fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_end = text[start..].find('\n').map_or(text.len(), |offset| start + offset);
    let mut end = span.end.clamp(start, line_end);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// The candidate most like `word`, for "did you mean".
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

/// "did you mean 'x'?", or the names there are.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(word, candidates.clone()) {
        return format!("did you mean '{name}'?");
    }
    let names: Vec<&str> = candidates.into_iter().collect();
    if names.is_empty() { "there is none".to_owned() } else { format!("there are: {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Arc<Origin> {
        Arc::new(Origin { name: "p.toml".into(), text: text.into(), folder: PathBuf::new() })
    }

    #[test]
    fn a_message_shows_the_line_with_a_caret_and_the_mend() {
        let at = At { origin: origin("name = \"x\"\noperater = 1\n"), span: 11..19 };
        let message =
            Diagnostic::new("unknown key 'operater'", &at, "not a key of a stage").mend("did you mean 'operator'?");
        let text = message.to_string();
        assert!(text.contains("p.toml:2:1"), "{text}");
        assert!(text.contains("^^^^^^^^"), "{text}");
        assert!(text.contains("did you mean 'operator'?"), "{text}");
    }

    #[test]
    fn a_span_beyond_the_text_is_shown_at_its_end() {
        let at = At { origin: origin("né"), span: 2..900 };
        assert!(Diagnostic::new("odd", &at, "here").to_string().contains("p.toml"));
    }

    #[test]
    fn a_word_far_from_all_names_gets_the_list() {
        assert_eq!(suggest("zzz", ["link", "learn"]), "there are: link, learn");
        assert_eq!(suggest("lnik", ["link", "learn"]), "did you mean 'link'?");
    }
}
