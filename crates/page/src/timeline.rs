//! When each step ran, as bars over the time of the run.

use std::fmt::Write;

use crate::{
    bounds,
    graph::VertexState,
    number::{count, seconds},
    svg,
};

/// When a step ran.
#[derive(Clone, Debug)]
pub struct Span {
    /// The step.
    pub name: String,
    /// Seconds from the run's start to its own.
    pub start: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How it ended.
    pub state: VertexState,
}

/// A timeline.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// The heading.
    pub title: String,
    /// The steps, in the order they began.
    pub spans: Vec<Span>,
    /// How long the run took, in seconds.
    pub seconds: f64,
}

const WIDTH: f64 = 640.0;
const NAMES: f64 = 190.0;
const TIMES: f64 = 70.0;
const ROW: f64 = 20.0;
const TOP: f64 = 24.0;

impl Timeline {
    /// The longest steps alone, in order.
    pub(crate) fn within(&self, spans: usize) -> Self {
        let mut timeline = self.clone();
        let mut longest: Vec<f64> = self.spans.iter().map(|span| span.seconds).collect();
        longest.sort_by(|a, b| b.total_cmp(a));
        let least = longest.get(spans.saturating_sub(1)).copied().unwrap_or(0.0);
        timeline.spans.retain(|span| span.seconds >= least);
        timeline.spans.truncate(spans);
        timeline
    }

    pub(crate) fn picture(&self) -> Option<String> {
        let ends = self.spans.iter().map(|span| span.start + span.seconds);
        let end = ends.fold(self.seconds, f64::max);
        if self.spans.is_empty() || !end.is_finite() || end <= 0.0 {
            return None;
        }
        let room = WIDTH - NAMES - TIMES;
        let scale = |time: f64| NAMES + time.max(0.0) / end * room;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let height = TOP + self.spans.len() as f64 * ROW + 6.0;
        let mut inside = String::new();
        for tick in ticks(end) {
            let x = scale(tick);
            let _ = write!(
                inside,
                "<line class=\"tick\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{:.0}\"/>\
                 <text x=\"{x:.1}\" y=\"14\" text-anchor=\"middle\">{}</text>",
                height - 4.0,
                seconds(tick)
            );
        }
        let mut y = TOP;
        for span in &self.spans {
            let class = if span.state == VertexState::Failed { "failed" } else { "done" };
            let (x, wide) = (scale(span.start), (span.seconds / end * room).max(1.5));
            let _ = write!(
                inside,
                "<text x=\"0\" y=\"{:.0}\">{}</text><rect class=\"span {class}\" x=\"{x:.1}\" y=\"{:.0}\" width=\"{wide:.1}\" \
                 height=\"12\" rx=\"2\"/><text class=\"time\" x=\"{:.1}\" y=\"{:.0}\">{}</text>",
                y + 14.0,
                svg::escaped(&bounds::label(&span.name, bounds::LABEL)),
                y + 4.0,
                x + wide + 5.0,
                y + 14.0,
                seconds(span.seconds)
            );
            y += ROW;
        }
        let about = format!(
            "{}: {} steps over {}. All are in the table of steps.",
            bounds::label(&self.title, 80),
            count(self.spans.len() as u64),
            seconds(self.seconds)
        );
        Some(svg::picture("timeline", WIDTH, height, &about, &inside))
    }
}

/// Three to six round times up to `end`.
fn ticks(end: f64) -> Vec<f64> {
    let power = 10f64.powf((end / 4.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|part| part * power);
    let step = steps.into_iter().find(|step| end / step <= 5.0).unwrap_or(end);
    #[expect(clippy::cast_possible_truncation, reason = "five at most")]
    let count = (end / step).floor() as i32;
    (0..=count).map(|index| f64::from(index) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, start: f64, seconds: f64) -> Span {
        Span { name: name.into(), start, seconds, state: VertexState::Done }
    }

    #[test]
    fn bars_lie_where_the_steps_ran() {
        let spans = vec![span("read", 0.0, 1.0), span("<b>link</b>", 1.0, 3.0)];
        let timeline = Timeline { title: "Steps".into(), spans, seconds: 4.0 };
        let svg = timeline.picture().unwrap();
        assert!(
            svg.contains("x=\"190.0\" y=\"28\" width=\"95.0\"") && svg.contains("x=\"285.0\" y=\"48\" width=\"285.0\""),
            "{svg}"
        );
        assert!(svg.contains("&lt;b&gt;link"), "{svg}");
    }

    #[test]
    fn times_at_the_top_are_round() {
        assert_eq!(ticks(4.0), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(ticks(75.0), [0.0, 20.0, 40.0, 60.0]);
        assert!(ticks(0.003).len() <= 6 && ticks(1e9).len() <= 6);
    }

    #[test]
    fn the_longest_are_kept_and_nothing_is_no_picture() {
        let spans = vec![span("a", 0.0, 1.0), span("b", 1.0, 5.0), span("c", 2.0, 3.0)];
        let timeline = Timeline { title: String::new(), spans, seconds: 6.0 };
        let names: Vec<_> = timeline.within(2).spans.into_iter().map(|span| span.name).collect();
        assert_eq!(names, ["b", "c"]);
        assert!(Timeline::default().picture().is_none());
    }
}
