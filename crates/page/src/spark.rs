//! A figure of the last nights as a small line.

use std::fmt::Write;

use crate::svg;

const WIDTH: f64 = 132.0;
const HEIGHT: f64 = 32.0;
const EDGE: f64 = 4.0;

/// The line of some numbers, tonight's last; nothing for a single one.
pub fn line(numbers: &[f64], about: &str) -> Option<String> {
    let known: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
    if known.len() < 2 {
        return None;
    }
    let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), n| (l.min(*n), h.max(*n)));
    #[expect(clippy::cast_precision_loss, reason = "a few dozen nights")]
    let place = |index: usize| EDGE + (WIDTH - 2.0 * EDGE) * index as f64 / (known.len() - 1) as f64;
    let height = |number: f64| {
        let share = if high > low { (number - low) / (high - low) } else { 0.5 };
        HEIGHT - EDGE - share * (HEIGHT - 2.0 * EDGE)
    };
    let mut points = String::new();
    for (index, number) in known.iter().enumerate() {
        let _ = write!(points, "{:.1},{:.1} ", place(index), height(*number));
    }
    let (x, y) = (place(known.len() - 1), height(known.last().copied().unwrap_or(low)));
    let inside = format!(
        "<polyline class=\"path\" points=\"{}\"/><circle class=\"now\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>",
        points.trim_end()
    );
    Some(svg::picture("spark", WIDTH, HEIGHT, about, &inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_the_left_to_tonight_at_the_right() {
        let svg = line(&[1.0, 3.0, 2.0], "linked").unwrap();
        assert!(
            svg.contains("points=\"4.0,28.0 66.0,4.0 128.0,16.0\"") && svg.contains("cx=\"128.0\" cy=\"16.0\""),
            "{svg}"
        );
    }

    #[test]
    fn one_night_is_no_line_and_nights_alike_are_a_level_one() {
        assert!(line(&[1.0], "").is_none() && line(&[f64::NAN, 1.0], "").is_none());
        assert!(line(&[2.0, 2.0], "").unwrap().contains("4.0,16.0 128.0,16.0"));
    }
}
