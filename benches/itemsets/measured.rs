//! What was measured, as rows of tables and as figures with targets.

use std::fmt;

use crate::{
    peers::{Mlxtend, Times},
    report::Figure,
};

/// A target set of one row of the data.
pub struct Line {
    pub label: String,
    pub target: &'static str,
    /// With one thread, and with two.
    pub one: Times,
    pub two: Times,
    pub pyfim: Option<Times>,
    pub mlxtend: Option<Mlxtend>,
}

pub const HEAD: &str = "\
| data, support | sets | number | list | pyfim | times faster | count | pyfim | times faster | list, 2 threads | speed-up \
| count, 2 threads | speed-up | mlxtend | times faster |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

impl fmt::Display for Line {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, target, one, two, pyfim, mlxtend } = self;
        let beside = |ours: f64, theirs: Option<f64>| match theirs {
            Some(theirs) => format!("{ours:.4} | {theirs:.4} | {:.1}", theirs / ours),
            None => format!("{ours:.4} | – | –"),
        };
        write!(to, "| {label} | {target} | {} ", one.sets)?;
        write!(to, "| {} ", beside(one.list, pyfim.as_ref().map(|peer| peer.list)))?;
        write!(to, "| {} ", beside(one.count, pyfim.as_ref().map(|peer| peer.count)))?;
        write!(to, "| {:.4} | {:.2} ", two.list, one.list / two.list)?;
        write!(to, "| {:.4} | {:.2} ", two.count, one.count / two.count)?;
        match mlxtend {
            None => write!(to, "| – | – |"),
            Some(Mlxtend::Took(seconds)) => write!(to, "| {seconds:.1} | {:.0} |", seconds / one.list),
            Some(Mlxtend::GivenUpAfter(seconds)) => {
                write!(to, "| given up after {seconds:.0} | at least {:.0} |", seconds / one.list)
            }
            Some(Mlxtend::Failed(why)) => write!(to, "| {why} | – |"),
        }
    }
}

/// Seconds from which a second thread should tell.
const WORTH_A_THREAD: f64 = 0.2;

/// The worst of the rows, each with its target.
pub fn figures(lines: &[Line]) -> Vec<Figure> {
    let least = |what: &str, target, needed: f64, found: Vec<(&Line, f64)>| {
        let (line, times) = found.into_iter().min_by(|one, other| one.1.total_cmp(&other.1))?;
        let what = format!("{what}: least, {} of {}", line.target, line.label);
        Some(Figure::against(what, format!("{times:.2}"), target, times >= needed))
    };
    let beside = |of: fn(&Times) -> f64| {
        lines.iter().filter_map(|line| Some((line, of(line.pyfim.as_ref()?) / of(&line.one)))).collect()
    };
    let mlxtend = lines.iter().filter_map(|line| match line.mlxtend {
        Some(Mlxtend::Took(seconds) | Mlxtend::GivenUpAfter(seconds)) => Some((line, seconds / line.one.list)),
        _ => None,
    });
    let threads = |of: fn(&Times) -> f64| {
        let worth = lines.iter().filter(|line| of(&line.one) > WORTH_A_THREAD);
        worth.map(|line| (line, of(&line.one) / of(&line.two))).collect()
    };
    let figures = [
        least("listing, times faster than pyfim", "> 1", 1.0, beside(|times| times.list)),
        least("counting, times faster than pyfim", "> 1", 1.0, beside(|times| times.count)),
        least("times faster than mlxtend", "≥ 30", 30.0, mlxtend.collect()),
        least("two threads, rows over 0.2 s, listing", "≥ 1.6", 1.6, threads(|times| times.list)),
        least("two threads, rows over 0.2 s, counting", "≥ 1.6", 1.6, threads(|times| times.count)),
    ];
    figures.into_iter().flatten().collect()
}

/// The time without and with a few long baskets.
pub struct LongBaskets {
    pub min_count: u32,
    pub max_size: Option<usize>,
    pub sets: [usize; 2],
    pub seconds: [f64; 2],
}

pub const LONG_WORDS: &str = "100,000 baskets of 2 to 10 of 2,000 items; with 30 of 50 to 500 items among them:";

pub const LONG_HEAD: &str = "\
| support, most items | sets without | sets with | list without | list with | ratio |
|---|---:|---:|---:|---:|---:|";

impl LongBaskets {
    fn label(&self) -> String {
        let size = self.max_size.map_or_else(|| "no limit".to_owned(), |most| format!("{most} items"));
        format!("{} baskets, {size}", self.min_count)
    }

    fn ratio(&self) -> f64 {
        let [without, with] = self.seconds;
        with / without
    }
}

impl fmt::Display for LongBaskets {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([few, many], [without, with]) = (self.sets, self.seconds);
        write!(to, "| {} | {few} | {many} | {without:.4} | {with:.4} | {:.2} |", self.label(), self.ratio())
    }
}

/// The case that long baskets make slowest.
pub fn long_figure(cases: &[LongBaskets]) -> Option<Figure> {
    let worst = cases.iter().max_by(|one, other| one.ratio().total_cmp(&other.ratio()))?;
    let what = format!("long baskets, times the time without them: most, {}", worst.label());
    Some(Figure::against(what, format!("{:.2}", worst.ratio()), "≤ 2", worst.ratio() <= 2.0))
}
