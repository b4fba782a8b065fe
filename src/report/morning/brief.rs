//! The end of a run on one screen: at most 40 lines of 80 columns, the worst first.

use std::{fmt::Write, path::Path};

use super::night::Morning;
use crate::page::{Status, count, seconds};

/// The lines of a screen.
const LINES: usize = 40;
const WIDTH: usize = 80;
/// So many lines are for what needs a look, with its heading.
const LOOKS: usize = 9;
/// The name of a part before its figures.
const PART: usize = 12;

/// The summary of a run; `page` is where its page lies.
pub fn brief(morning: &Morning<'_>, page: Option<&Path>) -> String {
    let sign = match morning.status() {
        Status::Good => "✓",
        Status::Look => "!",
        Status::Bad => "✗",
    };
    let mut lines = vec![cut(&format!("{sign} {} {}", morning.pipeline.name, morning.headline()))];
    let (failures, broken, unusual) = (morning.failures(), morning.broken(), morning.unusual());
    // One of each comes first, so that none of the three is pushed down by many of another.
    let first = [("✗", &failures), ("!", &broken), ("!", &unusual)];
    for (sign, sentences) in first {
        lines.extend(sentences.first().map(|sentence| cut(&format!("{sign} {sentence}"))));
    }
    let looks = looks(morning, &[failures, broken, unusual]);
    let page = page.map(|page| format!("Page: {}", page.display()));
    let room = LINES - lines.len() - looks.len() - 3;
    lines.push(String::new());
    lines.extend(parts(morning, room));
    if !looks.is_empty() {
        lines.push(String::new());
        lines.extend(looks);
    }
    lines.extend(page);
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// What needs a look beside what stands at the top.
fn looks(morning: &Morning<'_>, told: &[Vec<String>; 3]) -> Vec<String> {
    let mut looks: Vec<String> = told.iter().flat_map(|sentences| sentences.iter().skip(1).cloned()).collect();
    let rejecting: Vec<String> = morning
        .rows
        .iter()
        .filter(|row| row.rejected > 0)
        .map(|row| format!("{} {}", row.step, count(row.rejected)))
        .collect();
    if !rejecting.is_empty() {
        let rows: u64 = morning.rows.iter().map(|row| row.rejected).sum();
        looks.push(format!("rejected rows {}: {}", count(rows), rejecting.join(", ")));
    }
    looks.extend(morning.grown.iter().cloned());
    looks.extend(morning.amiss().iter().map(|(title, rows)| format!("{title}: {}", count(*rows))));
    if looks.is_empty() {
        return looks;
    }
    let more = looks.len().saturating_sub(LOOKS - 1);
    if more > 0 {
        looks.truncate(LOOKS - 2);
        looks.push(format!("… and {} more, on the page", count(more as u64 + 1)));
    }
    let items = looks.iter().map(|look| cut(&format!("  {look}")));
    std::iter::once("To look at:".to_owned()).chain(items).collect()
}

/// A line or two a part of the pipeline, in at most `room` lines.
fn parts(morning: &Morning<'_>, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let names = part_names(morning);
    for (index, name) in names.iter().enumerate() {
        let part = wrapped(name, &items(morning, name));
        let is_last = index + 1 == names.len();
        if lines.len() + part.len() + usize::from(!is_last) > room {
            lines.push(format!("… and {} more parts, on the page", count((names.len() - index) as u64)));
            break;
        }
        lines.extend(part);
    }
    lines
}

/// The parts in the order of their steps.
fn part_names(morning: &Morning<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let of_figures = morning.pipeline.figures.iter().map(|figure| figure.part.clone());
    let of_steps = morning.pipeline.steps.iter().map(|step| morning.pipeline.part(step));
    for name in of_figures.chain(of_steps) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What is said of a part: its figures, and how long its steps took.
fn items(morning: &Morning<'_>, part: &str) -> Vec<String> {
    let of_part = morning.figures.iter().filter(|figure| figure.part == part);
    let mut items: Vec<String> = of_part.map(|figure| format!("{} {}", figure.name, figure.changed())).collect();
    let is_of =
        |name: &str| morning.pipeline.steps.iter().any(|step| step.name == name && morning.pipeline.part(step) == part);
    let rows: Vec<_> = morning.steps().filter(|row| is_of(&row.step)).collect();
    let time: f64 = rows.iter().map(|row| row.seconds).sum();
    let fresh = rows.iter().filter(|row| row.status == "fresh").count();
    items.push(match rows.len() {
        0 => "no step".to_owned(),
        steps if fresh == steps => "all fresh".to_owned(),
        _ => seconds(time),
    });
    items
}

/// Items after the name of their part, in lines of 80 columns.
fn wrapped(name: &str, items: &[String]) -> Vec<String> {
    let mut lines = vec![format!("{:<PART$}", crop(name, PART - 1))];
    for (index, item) in items.iter().enumerate() {
        let item = if index + 1 < items.len() { format!("{item};") } else { item.clone() };
        let is_begun = lines.last().is_some_and(|line| line.chars().count() > PART);
        let fits = lines.last().is_some_and(|line| line.chars().count() + item.chars().count() < WIDTH);
        match lines.last_mut() {
            Some(line) if fits && is_begun => *line += &format!(" {item}"),
            Some(line) if !is_begun => *line += &item,
            _ => lines.push(format!("{:PART$}{item}", "")),
        }
    }
    lines.iter().map(|line| cut(line.trim_end())).collect()
}

/// A line of at most 80 columns, without what steers a terminal.
fn cut(line: &str) -> String {
    let plain: String = line.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    crop(&plain, WIDTH)
}

fn crop(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_wrapped_below_each_other_and_no_line_is_wider_than_80() {
        let items: Vec<String> = (0..9).map(|at| format!("figure {at} 1,765 of 2,000 (88.2 %, +0.4)")).collect();
        let lines = wrapped("linking", &items);
        assert!(lines.len() > 4 && lines.iter().all(|line| line.chars().count() <= 80), "{lines:?}");
        assert!(
            lines[0].starts_with("linking     figure 0") && lines[1].starts_with("            figure"),
            "{lines:?}"
        );
        assert_eq!(wrapped("a", &["1 s".into()]), ["a           1 s"]);
    }

    #[test]
    fn a_line_is_cut_and_does_not_steer_the_terminal() {
        assert_eq!(cut(&"x".repeat(90)).chars().count(), 80);
        assert_eq!(cut("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
