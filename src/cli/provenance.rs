//! `nightloom provenance`: which run and stage made a Parquet file, from its footer.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::io::checkpoint_file::read_footer_metadata;

/// Say which run and stage made a Parquet file, from its footer.
///
/// Example: nightloom provenance out/links.parquet
#[derive(Args)]
pub struct Arguments {
    /// The file: a checkpoint, or what a sink wrote.
    file: PathBuf,
}

/// Prints the pairs of the footer that nightloom wrote; exit code 1 if there are none.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let pairs = read_footer_metadata(&arguments.file)?;
    let own: Vec<_> = pairs.iter().filter_map(|(key, value)| Some((key.strip_prefix("nightloom.")?, value))).collect();
    if own.is_empty() {
        println!("{} was not made by nightloom.", arguments.file.display());
        return Ok(ExitCode::FAILURE);
    }
    for (key, value) in own {
        println!("{key}: {value}");
    }
    Ok(ExitCode::SUCCESS)
}
