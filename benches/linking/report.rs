//! Tables for people: on the terminal, and between markers in docs/benchmarks.md.

use std::{fmt::Write, path::Path};

/// One line of a table.
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The figure with its unit, or why there is none.
    pub value: String,
    /// What it should be, if there is a target.
    pub target: &'static str,
    /// Whether the target is met; `None` without a target or a figure.
    pub met: Option<bool>,
}

impl Figure {
    /// A figure without a target.
    pub fn plain(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into(), target: "", met: None }
    }

    /// A figure with a target.
    pub fn against(what: impl Into<String>, value: String, target: &'static str, met: bool) -> Self {
        Self { what: what.into(), value, target, met: Some(met) }
    }
}

/// A heading, the machine, and the table.
pub fn section(title: &str, machine: &str, figures: &[Figure]) -> String {
    let mut text = format!("## {title}\n\n{machine}\n\n| measured | figure | target | met |\n|---|---:|---:|---|\n");
    for figure in figures {
        let met = figure.met.map_or("", |met| if met { "yes" } else { "no" });
        let _ = writeln!(text, "| {} | {} | {} | {met} |", figure.what, figure.value, figure.target);
    }
    text
}

/// Puts a section into docs/benchmarks.md in place of the one that was there.
pub fn keep(case: &str, section: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "# Benchmarks\n\nWritten by `make bench`; whole processes, warm file cache, medians.\n".to_owned()
        }
        Err(error) => return Err(failed(error)),
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(&path, replaced(&old, case, section)).map_err(failed)
}

fn replaced(old: &str, case: &str, section: &str) -> String {
    let (begin, end) = (format!("<!-- linking {case} -->"), format!("<!-- end of linking {case} -->"));
    let new = format!("{begin}\n{section}{end}");
    match (old.find(&begin), old.find(&end)) {
        (Some(from), Some(to)) if from < to => format!("{}{new}{}", &old[..from], &old[to + end.len()..]),
        _ => format!("{}\n\n{new}\n", old.trim_end()),
    }
}
