//! Other programs on the same rows.

use std::{
    error::Error,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::baskets::Baskets;

/// What a search found, and the median seconds of listing and of counting.
pub struct Times {
    pub sets: u64,
    pub list: f64,
    pub count: f64,
}

/// Longer than this mlxtend is not waited for.
const MLXTEND_SECONDS: u64 = 120;

/// Which peers are measured.
pub struct Peers {
    /// The Python that has them.
    pub python: Option<String>,
    pub with_mlxtend: bool,
}

impl Peers {
    /// pyfim's times for all, closed and maximal sets (with a size limit for all only), and mlxtend's in words.
    pub fn measure(
        &self,
        baskets: &Baskets,
        min_count: u32,
        max_size: Option<usize>,
    ) -> Result<(Vec<Times>, String), Box<dyn Error>> {
        let Some(python) = &self.python else { return Ok((Vec::new(), String::new())) };
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("baskets.dat");
        fs::write(&file, baskets.to_lines())?;
        let run = |script: &str| {
            let mut command = Command::new(python);
            command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(script));
            command.arg(&file).arg(min_count.to_string()).args(max_size.map(|most| most.to_string()));
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let done = run("itemsets_pyfim.py").output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into());
        }
        let printed = String::from_utf8(done.stdout)?;
        let pyfim = printed.lines().map(parse).collect::<Result<_, _>>()?;
        let mlxtend = if self.with_mlxtend { mlxtend(run("itemsets_mlxtend.py"))? } else { String::new() };
        Ok((pyfim, mlxtend))
    }
}

fn parse(line: &str) -> Result<Times, Box<dyn Error>> {
    match line.split(' ').collect::<Vec<_>>().as_slice() {
        [sets, list, count] => Ok(Times { sets: sets.parse()?, list: list.parse()?, count: count.parse()? }),
        _ => Err(format!("the peer printed '{line}'").into()),
    }
}

fn mlxtend(mut command: Command) -> Result<String, Box<dyn Error>> {
    let start = Instant::now();
    let mut child = command.spawn()?;
    while child.try_wait()?.is_none() {
        if start.elapsed() > Duration::from_secs(MLXTEND_SECONDS) {
            child.kill()?;
            child.wait()?;
            return Ok(format!("over {MLXTEND_SECONDS}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let done = child.wait_with_output()?;
    if !done.status.success() {
        return Ok("failed".to_owned());
    }
    let printed = String::from_utf8(done.stdout)?;
    Ok(printed.split_whitespace().nth(1).unwrap_or("?").to_owned())
}
