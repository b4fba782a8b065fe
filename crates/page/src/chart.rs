//! Charts as SVG, drawn by charts-rs in marker colours which the page's style turns into those of light and dark.

use std::sync::LazyLock;

use charts_rs::{
    BarChart, ChartBase, Color, HeatmapChart, HorizontalBarChart, LineChart, Position, Series as Drawn, Symbol,
    YAxisConfig, add_theme, get_theme, svg_with_accessibility,
};

use crate::{bounds, error::PageError, number::spelled};

/// What a chart looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Horizontal bars, a group of them a category where there are several series.
    Bar,
    /// Horizontal bars, the series one after the other.
    StackedBar,
    /// Lines over the categories.
    Line,
    /// Upright bars side by side: a range of values each.
    Histogram,
    /// A field a category and series, darker where there is more.
    HeatMap,
}

/// A chart: a number for each category and series.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The heading.
    pub title: String,
    /// What it looks like.
    pub kind: ChartKind,
    /// What the categories are.
    pub x: String,
    /// What the numbers are.
    pub y: String,
    /// The categories, in the order they are drawn.
    pub categories: Vec<String>,
    /// The series, each with a number a category.
    pub series: Vec<Series>,
    /// How many categories there are, of which `categories` may be the first.
    pub total: u64,
}

/// A series of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// A number a category, as far as there is one.
    pub values: Vec<Option<f64>>,
}

/// The width that charts are drawn for: one column of a phone. On wider screens two or three stand side by side.
const WIDTH: f32 = 460.0;
/// Series have as many colours; what comes after them shares the last.
pub(crate) const SERIES: [&str; 8] =
    ["#0B0001", "#0B0002", "#0B0003", "#0B0004", "#0B0005", "#0B0006", "#0B0007", "#0B0008"];
/// From little to much; the library writes on the first three in one ink and on the others in another, by how light they are.
pub(crate) const HEAT: [&str; 6] = ["#FCFFF1", "#FCFFF2", "#FCFFF3", "#0C0004", "#0C0005", "#0C0006"];
pub(crate) const INK: &str = "#0A0001";
pub(crate) const AXIS: &str = "#0A0002";
pub(crate) const GRID: &str = "#0A0003";
pub(crate) const PAPER: &str = "#0A0004";
/// On light heat, and on dark.
pub(crate) const HEAT_INK: [&str; 2] = ["#0A0005", "#0A0006"];

/// Texts are measured at this size and written at 12 by the page's style: fonts of other machines are wider than the one that
/// the library measures with.
const FONT: f32 = 13.5;
/// The longest name of a category beside its bar.
const NAME: usize = 22;

impl Chart {
    /// The chart with at most so many categories and, in a legend, series.
    pub(crate) fn within(&self, bars: usize) -> Self {
        let mut chart = self.clone();
        let most = match self.kind {
            ChartKind::Line => bars * 4,
            ChartKind::Histogram => bars * 2,
            _ => bars,
        };
        chart.categories.truncate(most);
        chart.series.truncate(if self.kind == ChartKind::HeatMap { bars } else { SERIES.len() });
        for series in &mut chart.series {
            series.values.truncate(chart.categories.len());
        }
        chart
    }

    /// The names of its series, where there is more than one to tell apart by colour.
    pub(crate) fn legend(&self) -> Vec<String> {
        let is_coloured = self.series.len() > 1 && !matches!(self.kind, ChartKind::HeatMap | ChartKind::Histogram);
        let names = self.series.iter().filter(|_| is_coloured);
        names.map(|series| bounds::label(&series.name, bounds::LABEL)).collect()
    }

    /// What it shows, in a sentence, for those who cannot see it.
    pub(crate) fn about(&self) -> String {
        let kind = match self.kind {
            ChartKind::Bar => "Bar chart",
            ChartKind::StackedBar => "Stacked bar chart",
            ChartKind::Line => "Line chart",
            ChartKind::Histogram => "Histogram",
            ChartKind::HeatMap => "Heat map",
        };
        let (title, x, y) = (bounds::label(&self.title, 80), bounds::label(&self.x, 40), bounds::label(&self.y, 40));
        let most = self.greatest().map_or_else(String::new, |(category, value)| {
            format!("; most is {} at {}", spelled(value), bounds::label(category, 60))
        });
        format!(
            "{kind} {title}: {y} by {x}, {} values{most}. Its data is in the table below it.",
            self.categories.len()
        )
    }

    fn greatest(&self) -> Option<(&str, f64)> {
        let values = |(place, category): (usize, &'_ String)| -> Option<f64> {
            let _ = category;
            let of = self.series.iter().filter_map(|series| series.values.get(place).copied().flatten());
            of.reduce(|sum, value| sum + value)
        };
        let sums = self
            .categories
            .iter()
            .enumerate()
            .filter_map(|(place, name)| Some((name.as_str(), values((place, name))?)));
        sums.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    /// The picture; none where there is nothing to draw.
    ///
    /// # Errors
    /// What the library cannot draw.
    pub(crate) fn svg(&self) -> Result<Option<String>, PageError> {
        let is_empty =
            self.categories.is_empty() || self.series.iter().all(|series| series.values.iter().all(Option::is_none));
        if is_empty {
            return Ok(None);
        }
        let drawn = match self.kind {
            ChartKind::Bar | ChartKind::StackedBar => self.bars(),
            ChartKind::Line => self.lines(),
            ChartKind::Histogram => self.histogram(),
            ChartKind::HeatMap => self.heat(),
        };
        let svg = drawn.map_err(|error| PageError::Chart { title: self.title.clone(), problem: error.to_string() })?;
        Ok(Some(svg_with_accessibility(&svg, &self.about(), "").replace("\n", "")))
    }

    fn bars(&self) -> Result<String, charts_rs::Error> {
        let is_stacked = self.kind == ChartKind::StackedBar;
        // The library draws from the bottom; people read from the top.
        let turned = |values: &[Option<f64>]| (0..self.categories.len()).rev().map(|at| float(values, at)).collect();
        let series = self.series.iter().map(|series| {
            let mut drawn = Drawn::new_nullable(bounds::label(&series.name, NAME), turned(&series.values));
            drawn.stack = is_stacked.then(|| "all".to_owned());
            drawn.label_show = !is_stacked && self.series.len() == 1;
            drawn
        });
        let names = self.categories.iter().rev().map(|name| bounds::label(name, NAME)).collect();
        let mut chart = HorizontalBarChart::new(series.collect(), names);
        let thick = if is_stacked { 1 } else { self.series.len() };
        let height = 40.0 + to_float(self.categories.len()) * (10.0 + 14.0 * to_float(thick));
        dress(&mut chart.base, height);
        dress_axes(&mut chart.y_axis_configs);
        chart.x_axis.formatter = Some("{t}".to_owned());
        chart.base.series.label.formatter = "{t}".to_owned();
        chart.series_label_position = Some(Position::Right);
        chart.svg()
    }

    fn lines(&self) -> Result<String, charts_rs::Error> {
        let values = |series: &Series| (0..self.categories.len()).map(|at| float(&series.values, at)).collect();
        let series =
            self.series.iter().map(|series| Drawn::new_nullable(bounds::label(&series.name, NAME), values(series)));
        let mut chart = LineChart::new(series.collect(), self.names());
        dress(&mut chart.base, 220.0);
        dress_axes(&mut chart.y_axis_configs);
        chart.series.symbol = Some(if self.categories.len() > 40 { Symbol::None } else { Symbol::Circle(2.0, None) });
        chart.svg()
    }

    fn histogram(&self) -> Result<String, charts_rs::Error> {
        let values = |series: &Series| (0..self.categories.len()).map(|at| float(&series.values, at)).collect();
        let series = self.series.iter().take(1).map(|series| Drawn::new_nullable(String::new(), values(series)));
        let mut chart = BarChart::new(series.collect(), self.names());
        dress(&mut chart.base, 220.0);
        dress_axes(&mut chart.y_axis_configs);
        chart.svg()
    }

    fn heat(&self) -> Result<String, charts_rs::Error> {
        let (columns, rows) = (self.categories.len(), self.series.len());
        let mut data = Vec::new();
        for (row, series) in self.series.iter().rev().enumerate() {
            for column in 0..columns {
                if let Some(value) = float(&series.values, column) {
                    data.push((row * columns + column, value));
                }
            }
        }
        let most = data.iter().map(|(_, value)| *value).fold(0.0, f32::max);
        let least = data.iter().map(|(_, value)| *value).fold(most, f32::min);
        let names = self.series.iter().rev().map(|series| bounds::label(&series.name, NAME)).collect();
        let mut chart = HeatmapChart::new_with_theme(data, self.names(), names, heat_theme());
        dress(&mut chart.base, 70.0 + 26.0 * to_float(rows));
        chart.heatmap_series.colors = HEAT.iter().map(|colour| Color::from(*colour)).collect();
        chart.heatmap_series.steps = HEAT.len();
        (chart.heatmap_series.min, chart.heatmap_series.max) = (least.min(0.0), most.max(1e-6));
        chart.heatmap_series.min_font_color = HEAT_INK[0].into();
        chart.heatmap_series.max_font_color = HEAT_INK[1].into();
        chart.svg()
    }

    fn names(&self) -> Vec<String> {
        self.categories.iter().map(|name| bounds::label(name, 14)).collect()
    }
}

/// The name of a theme whose axis of rows is not seen: a heat map takes it from its theme alone, and has ticks of its own there.
fn heat_theme() -> &'static str {
    static THEME: LazyLock<&str> = LazyLock::new(|| {
        let mut theme = (*get_theme("light")).clone();
        theme.y_axis.stroke_color = PAPER.into();
        (theme.y_axis.font.color, theme.y_axis.font.size) = (INK.into(), FONT);
        add_theme("nightloom-heat", theme);
        "nightloom-heat"
    });
    &THEME
}

/// What all charts have in common.
fn dress(base: &mut ChartBase, height: f32) {
    (base.width, base.height) = (WIDTH, height);
    base.background_color = Color::transparent();
    base.font_family = "sans-serif".to_owned();
    base.title.text = String::new();
    // The page has a legend of its own, which is read aloud and wraps.
    base.legend.show = Some(false);
    base.x_axis.stroke_color = AXIS.into();
    (base.x_axis.font.color, base.x_axis.font.size) = (INK.into(), FONT);
    base.grid.stroke_color = GRID.into();
    base.series.colors = SERIES.iter().map(|colour| Color::from(*colour)).collect();
    (base.series.label.font.color, base.series.label.font.size) = (INK.into(), FONT);
    base.margin.right = 24.0;
}

fn dress_axes(axes: &mut [YAxisConfig]) {
    for axis in axes {
        axis.stroke_color = AXIS.into();
        (axis.font.color, axis.font.size) = (INK.into(), FONT);
        axis.formatter = Some("{t}".to_owned());
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a picture has no more than three digits of worth")]
fn float(values: &[Option<f64>], at: usize) -> Option<f32> {
    values.get(at).copied().flatten().filter(|value| value.is_finite()).map(|value| value as f32)
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen")]
fn to_float(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(kind: ChartKind, names: &[&str]) -> Chart {
        let values = |factor: f64| (0..names.len()).map(|at| Some(factor * (at as f64 + 1.0))).collect();
        Chart {
            title: "Links".into(),
            kind,
            x: "retailer".into(),
            y: "links".into(),
            categories: names.iter().map(|name| (*name).to_owned()).collect(),
            series: vec![
                Series { name: "exact_url".into(), values: values(100.0) },
                Series { name: "fuzzy".into(), values: values(7.0) },
            ],
            total: names.len() as u64,
        }
    }

    const KINDS: [ChartKind; 5] =
        [ChartKind::Bar, ChartKind::StackedBar, ChartKind::Line, ChartKind::Histogram, ChartKind::HeatMap];

    #[test]
    fn every_kind_is_a_picture_with_a_name_in_colours_that_the_page_knows() {
        let known = [&SERIES[..], &HEAT[..], &HEAT_INK[..], &[INK, AXIS, GRID, PAPER]].concat();
        for kind in KINDS {
            let svg = chart(kind, &["petalworks", "revolve", "zara"]).svg().unwrap().unwrap();
            assert!(svg.starts_with("<svg") && svg.contains("role=\"img\"") && svg.contains("<title>"), "{svg}");
            let seen = svg.replace(" fill-opacity=\"0\" fill=\"#000000\"", "");
            for colour in seen.split("=\"#").skip(1) {
                let colour = format!("#{}", colour.split('"').next().unwrap());
                assert!(known.contains(&colour.to_uppercase().as_str()), "{kind:?} draws in {colour}: {svg}");
            }
            assert!(!svg.contains("style="), "{svg}");
        }
    }

    #[test]
    fn names_with_markup_stay_names() {
        for kind in KINDS {
            let long = "x".repeat(10_000);
            let mut chart = chart(kind, &["<script>a</script>", "\" onload=\"a\"", &long, "\u{202e}שלום"]);
            chart.series[0].name = "</svg><script>".into();
            chart.title = "<img src=x onerror=a>".into();
            let svg = chart.svg().unwrap().unwrap();
            assert!(!svg.contains("<script") && !svg.contains("<img") && svg.len() < 30_000, "{svg}");
            assert_eq!(svg.matches("</svg>").count(), 1, "{svg}");
        }
    }

    #[test]
    fn nothing_and_no_numbers_are_no_picture() {
        for kind in KINDS {
            assert!(chart(kind, &[]).svg().unwrap().is_none());
            let mut empty = chart(kind, &["a"]);
            empty.series.iter_mut().for_each(|series| series.values = vec![None]);
            assert!(empty.svg().unwrap().is_none());
            let mut odd = chart(kind, &["a", "b"]);
            odd.series[0].values = vec![Some(f64::NAN), Some(f64::INFINITY)];
            odd.series[1].values = vec![Some(-3.0)];
            assert!(!odd.svg().unwrap().unwrap().contains("NaN"));
        }
    }
}
