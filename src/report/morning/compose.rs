//! The page of a run: what its reports, figures and steps come to, section by section.

use super::{charts, error::MorningError, night::Morning, rejects, steps, tables};
use crate::{
    page::{Block, Figure, FigureGroup, Page, Section, seconds},
    pipeline::{
        checkpoint::{Manifest, OutputFile},
        file::{DatasetRef, Picture, Report},
    },
};

/// The page.
///
/// # Errors
/// When a dataset cannot be read.
pub fn page_of(morning: &Morning<'_>) -> Result<Page, MorningError> {
    let mut sections: Vec<Section> = Vec::new();
    for report in &morning.pipeline.reports {
        let Some(block) = block(morning, report)? else { continue };
        match sections.iter_mut().find(|section| section.title == report.part) {
            Some(section) => section.blocks.push(block),
            None => sections.push(Section { title: report.part.clone(), blocks: vec![block] }),
        }
    }
    let checks = rejects::table(morning)?.into_iter().chain(steps::expectations(morning)).map(Block::Table);
    let checks: Vec<Block> = checks.collect();
    if !checks.is_empty() {
        sections.push(Section { title: "Checks".to_owned(), blocks: checks });
    }
    sections.push(Section { title: "The run".to_owned(), blocks: steps::blocks(morning) });
    Ok(Page {
        title: morning.run.pipeline.clone(),
        status: morning.status(),
        headline: morning.headline(),
        facts: facts(morning),
        problems: morning.problems(),
        figures: grouped(&morning.figures),
        rule: morning.rule,
        unusual: morning.grown.clone(),
        sections,
        made_by: format!("nightloom {}, run {}", env!("CARGO_PKG_VERSION"), morning.run.run_id),
    })
}

fn facts(morning: &Morning<'_>) -> Vec<(String, String)> {
    let day = |text: &str| text.chars().take(16).collect::<String>().replace('T', " ");
    let pairs = [
        ("began", format!("{} UTC", day(&morning.run.started_at))),
        ("took", seconds(morning.ending.seconds)),
        ("as of", format!("{} UTC", day(&morning.as_of))),
        ("run", morning.run.run_id.clone()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn grouped(figures: &[Figure]) -> Vec<FigureGroup> {
    let mut groups: Vec<FigureGroup> = Vec::new();
    for figure in figures {
        match groups.iter_mut().find(|group| group.name == figure.part) {
            Some(group) => group.figures.push(figure.clone()),
            None => groups.push(FigureGroup { name: figure.part.clone(), figures: vec![figure.clone()] }),
        }
    }
    groups
}

/// A report of the run's own steps, as far as its dataset is there.
fn block(morning: &Morning<'_>, report: &Report) -> Result<Option<Block>, MorningError> {
    let step = &morning.pipeline.step(report.from.step).name;
    let is_of_run = morning.steps().any(|row| row.step == *step);
    let Some((manifest, output)) = made(morning, report.from).filter(|_| is_of_run) else { return Ok(None) };
    if report.hide_empty && output.rows == 0 {
        return Ok(None);
    }
    let frame = morning.store.scan(manifest, output)?;
    let title = &report.title;
    Ok(Some(match &report.picture {
        Picture::Table { columns, compare, .. } => {
            let mut frame = frame.limit(report.limit).collect()?;
            if !columns.is_empty() {
                frame = frame.select(columns.iter().map(String::as_str))?;
            }
            Block::Table(tables::table(title, &frame, output.rows, compare.as_ref()))
        }
        Picture::Chart(spec) => Block::Chart(charts::chart(title, (frame, output.rows), spec, report.limit)?),
        Picture::Cards(spec) => {
            let cards = tables::cards(&frame.limit(report.limit).collect()?, spec);
            Block::Cards { title: title.clone(), cards, total: output.rows }
        }
    }))
}

fn made<'a>(morning: &'a Morning<'_>, dataset: DatasetRef) -> Option<(&'a Manifest, &'a OutputFile)> {
    let manifest = morning.manifests.get(&dataset.step)?;
    Some((manifest, manifest.outputs.get(dataset.output)?))
}
