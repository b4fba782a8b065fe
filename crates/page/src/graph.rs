//! The pipeline as a graph: steps in layers from left to right, each with what it came to.

use std::fmt::Write;

use crate::{bounds, svg};

/// How a step of the graph ended, as its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VertexState {
    /// It was done.
    Done,
    /// It did not need to be done.
    Fresh,
    /// It failed.
    Failed,
    /// It was not done: off, skipped, or not selected.
    Not,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Vertex {
    /// Its name.
    pub name: String,
    /// What it came to, a line or two: rows and time, memory.
    pub lines: Vec<String>,
    /// How it ended.
    pub state: VertexState,
}

/// What a step reads of another: places in [`Graph::vertices`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The step that makes it.
    pub from: usize,
    /// The step that reads it.
    pub to: usize,
}

/// A graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The heading.
    pub title: String,
    /// The steps; each comes after those it reads.
    pub vertices: Vec<Vertex>,
    /// What they read. Edges that do not go forward are left out.
    pub edges: Vec<Edge>,
}

const WIDTH: f64 = 178.0;
const HEIGHT: f64 = 52.0;
const GAP_X: f64 = 44.0;
const GAP_Y: f64 = 12.0;
const EDGE: f64 = 6.0;
const SWEEPS: usize = 6;

impl Graph {
    /// The graph of its first steps alone.
    pub(crate) fn within(&self, vertices: usize) -> Self {
        let mut graph = self.clone();
        graph.vertices.truncate(vertices);
        let last = graph.vertices.len();
        graph.edges.retain(|edge| edge.from < edge.to && edge.to < last);
        graph
    }

    /// A picture for each part whose steps read each other, the larger first.
    pub(crate) fn pictures(&self) -> Vec<String> {
        let graph = self.within(self.vertices.len());
        let mut parts = graph.parts();
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        parts.iter().map(|part| graph.picture(part)).collect()
    }

    fn neighbours(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let other = move |edge: &Edge| {
            if edge.from == of { Some(edge.to) } else { (edge.to == of).then_some(edge.from) }
        };
        self.edges.iter().filter_map(other)
    }

    /// The steps that hang together, each part in order.
    fn parts(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.vertices.len()];
        let mut parts = Vec::new();
        for start in 0..self.vertices.len() {
            let (mut part, mut open) = (Vec::new(), vec![start]);
            while let Some(next) = open.pop() {
                if !std::mem::replace(&mut seen[next], true) {
                    part.push(next);
                    open.extend(self.neighbours(next));
                }
            }
            part.sort_unstable();
            if !part.is_empty() {
                parts.push(part);
            }
        }
        parts
    }

    /// The steps of a part in layers: a step lies right of all that it reads, and a step that reads nothing beside what reads it.
    fn layers(&self, part: &[usize]) -> Vec<Vec<usize>> {
        let mut layer = vec![0usize; self.vertices.len()];
        for &to in part {
            let before = self.edges.iter().filter(|edge| edge.to == to).map(|edge| layer[edge.from] + 1);
            layer[to] = before.max().unwrap_or(0);
        }
        for &from in part {
            let is_first = self.edges.iter().all(|edge| edge.to != from);
            let reader = self.edges.iter().filter(|edge| edge.from == from).map(|edge| layer[edge.to]).min();
            if let Some(reader) = reader.filter(|_| is_first) {
                layer[from] = reader.saturating_sub(1);
            }
        }
        let count = part.iter().map(|at| layer[*at] + 1).max().unwrap_or(0);
        let mut layers = vec![Vec::new(); count];
        for &at in part {
            layers[layer[at]].push(at);
        }
        self.untangle(&mut layers);
        layers
    }

    /// Orders each layer by the middle of its neighbours, there and back, so that few edges cross.
    fn untangle(&self, layers: &mut [Vec<usize>]) {
        let mut height = vec![0.0f64; self.vertices.len()];
        let place = |layer: &[usize], height: &mut [f64]| {
            for (index, at) in layer.iter().enumerate() {
                height[*at] = to_float(index) - to_float(layer.len()) / 2.0;
            }
        };
        layers.iter().for_each(|layer| place(layer, &mut height));
        for sweep in 0..SWEEPS {
            let order: Vec<usize> =
                if sweep % 2 == 0 { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
            for index in order {
                let middle = |at: usize| {
                    let near: Vec<f64> = self.neighbours(at).map(|other| height[other]).collect();
                    if near.is_empty() { height[at] } else { near.iter().sum::<f64>() / to_float(near.len()) }
                };
                let mut keyed: Vec<(f64, usize)> = layers[index].iter().map(|at| (middle(*at), *at)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                layers[index] = keyed.into_iter().map(|(_, at)| at).collect();
                place(&layers[index], &mut height);
            }
        }
    }

    fn picture(&self, part: &[usize]) -> String {
        let layers = self.layers(part);
        let tallest = layers.iter().map(Vec::len).max().unwrap_or(0);
        let column = |count: usize| to_float(count) * (HEIGHT + GAP_Y) - GAP_Y;
        let full = column(tallest).max(HEIGHT);
        let mut corner = vec![(0.0, 0.0); self.vertices.len()];
        for (x, layer) in layers.iter().enumerate() {
            for (y, at) in layer.iter().enumerate() {
                let top = (full - column(layer.len())) / 2.0;
                corner[*at] = (EDGE + to_float(x) * (WIDTH + GAP_X), EDGE + top + to_float(y) * (HEIGHT + GAP_Y));
            }
        }
        let mut inside = String::new();
        for edge in self.edges.iter().filter(|edge| part.binary_search(&edge.from).is_ok()) {
            let ((x1, y1), (x2, y2)) = (corner[edge.from], corner[edge.to]);
            let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2.0, y2 + HEIGHT / 2.0);
            let bend = ((x2 - x1) / 2.0).max(GAP_X / 2.0);
            let _ = write!(
                inside,
                "<path class=\"edge\" d=\"M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}\"/>",
                x1 + bend,
                x2 - bend
            );
        }
        for at in part {
            self.vertices[*at].draw(corner[*at], &mut inside);
        }
        let width = to_float(layers.len()) * (WIDTH + GAP_X) - GAP_X + 2.0 * EDGE;
        svg::picture("graph", width, full + 2.0 * EDGE, &self.about(part), &inside)
    }

    fn about(&self, part: &[usize]) -> String {
        let names: Vec<String> =
            part.iter().take(40).map(|at| bounds::label(&self.vertices[*at].name, bounds::LABEL)).collect();
        format!(
            "{}: {} steps, from left to right: {}. All are in the table of steps.",
            bounds::label(&self.title, 80),
            part.len(),
            names.join(", ")
        )
    }
}

impl Vertex {
    fn draw(&self, (x, y): (f64, f64), inside: &mut String) {
        let class = match self.state {
            VertexState::Done => "done",
            VertexState::Fresh => "fresh",
            VertexState::Failed => "failed",
            VertexState::Not => "not",
        };
        let _ = write!(
            inside,
            "<g class=\"vertex {class}\"><rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{WIDTH:.0}\" height=\"{HEIGHT:.0}\" rx=\"6\"/>\
             <text class=\"name\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            x + 9.0,
            y + 17.0,
            svg::escaped(&bounds::label(&self.name, bounds::LABEL))
        );
        for (index, line) in self.lines.iter().take(2).enumerate() {
            let _ = write!(
                inside,
                "<text x=\"{:.0}\" y=\"{:.0}\">{}</text>",
                x + 9.0,
                y + 31.0 + 13.0 * to_float(index),
                svg::escaped(&bounds::label(line, 30))
            );
        }
        inside.push_str("</g>");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn to_float(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(count: usize, edges: &[(usize, usize)]) -> Graph {
        let vertex = |at| Vertex { name: format!("s{at}"), lines: vec!["1 row".into()], state: VertexState::Done };
        Graph {
            title: "Pipeline".into(),
            vertices: (0..count).map(vertex).collect(),
            edges: edges.iter().map(|(from, to)| Edge { from: *from, to: *to }).collect(),
        }
    }

    #[test]
    fn a_step_lies_right_of_all_that_it_reads() {
        let graph = graph(6, &[(0, 1), (1, 3), (0, 3), (2, 3), (4, 5)]);
        assert_eq!(graph.parts(), [vec![0, 1, 2, 3], vec![4, 5]]);
        assert_eq!(graph.layers(&[0, 1, 2, 3]), [vec![0], vec![1, 2], vec![3]]);
        assert_eq!(graph.pictures().len(), 2);
    }

    #[test]
    fn layers_are_turned_until_edges_do_not_cross() {
        let graph = graph(4, &[(0, 3), (1, 2)]);
        let mut layers = vec![vec![0, 1], vec![2, 3]];
        graph.untangle(&mut layers);
        let at = |layer: usize, step: usize| layers[layer].iter().position(|at| *at == step).unwrap();
        assert_eq!(at(0, 0) < at(0, 1), at(1, 3) < at(1, 2));
    }

    #[test]
    fn edges_that_go_nowhere_or_backward_are_left_out_and_nothing_is_no_picture() {
        assert_eq!(graph(2, &[(1, 0), (0, 9), (0, 0), (0, 1)]).within(9).edges, [Edge { from: 0, to: 1 }]);
        assert!(graph(0, &[]).pictures().is_empty());
        assert_eq!(graph(500, &[]).within(3).pictures().len(), 3);
    }

    #[test]
    fn a_name_with_markup_stays_a_name() {
        let mut graph = graph(1, &[]);
        graph.vertices[0].name = "<script>alert(1)</script>".into();
        assert!(!graph.pictures()[0].contains("<script"));
    }
}
