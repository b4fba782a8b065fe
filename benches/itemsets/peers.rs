//! Other programs on the same rows.

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::baskets::Baskets;

/// What a search found, and the median seconds of listing and of counting.
pub struct Times {
    pub sets: u64,
    pub list: f64,
    pub count: f64,
}

/// How long mlxtend took.
pub enum Mlxtend {
    Took(f64),
    GivenUpAfter(f64),
    Failed(String),
}

/// mlxtend is waited for so many times our seconds, within bounds.
const PATIENCE: f64 = 60.0;
const LEAST_SECONDS: f64 = 10.0;
const MOST_SECONDS: f64 = 60.0;

/// Which peers are measured.
pub struct Peers {
    /// The Python that has them.
    pub python: Option<String>,
    pub with_mlxtend: bool,
}

impl Peers {
    /// Writes the rows that the peers read.
    pub fn write(&self, baskets: &Baskets, folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
        let file = folder.join("baskets.dat");
        if self.python.is_some() {
            fs::write(&file, baskets.to_lines())?;
        }
        Ok(file)
    }

    /// pyfim's times for all, closed and maximal sets; with a size limit for all only.
    pub fn pyfim(&self, rows: &Path, min_count: u32, max_size: Option<usize>) -> Result<Vec<Times>, Box<dyn Error>> {
        let Some(mut command) = self.command("itemsets_pyfim.py", rows, min_count, max_size) else {
            return Ok(Vec::new());
        };
        let done = command.output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into());
        }
        String::from_utf8(done.stdout)?.lines().map(parse).collect()
    }

    /// mlxtend's seconds for all sets, where it is asked for; `ours` are the seconds that we take.
    pub fn mlxtend(
        &self,
        rows: &Path,
        min_count: u32,
        max_size: Option<usize>,
        ours: f64,
    ) -> Result<Option<Mlxtend>, Box<dyn Error>> {
        let command = self.command("itemsets_mlxtend.py", rows, min_count, max_size).filter(|_| self.with_mlxtend);
        let patience = Duration::from_secs_f64((PATIENCE * ours).clamp(LEAST_SECONDS, MOST_SECONDS));
        command.map(|command| wait_for_mlxtend(command, patience)).transpose()
    }

    /// What is measured, as words to add to a list.
    pub fn versions(&self) -> Result<String, Box<dyn Error>> {
        let Some(python) = &self.python else { return Ok(String::new()) };
        let program = "import platform\nfrom importlib.metadata import version\n\
                       names = ['pyfim', 'mlxtend', 'pandas']\n\
                       print('Python ', platform.python_version(), *(f', {name} {version(name)}' for name in names), sep='')";
        let done = Command::new(python).args(["-c", program]).output()?;
        Ok(format!("; peers: {}", String::from_utf8_lossy(&done.stdout).trim()))
    }

    fn command(&self, script: &str, rows: &Path, min_count: u32, max_size: Option<usize>) -> Option<Command> {
        let mut command = Command::new(self.python.as_ref()?);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(script));
        command.arg(rows).arg(min_count.to_string()).args(max_size.map(|most| most.to_string()));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Some(command)
    }
}

fn parse(line: &str) -> Result<Times, Box<dyn Error>> {
    match line.split(' ').collect::<Vec<_>>().as_slice() {
        [sets, list, count] => Ok(Times { sets: sets.parse()?, list: list.parse()?, count: count.parse()? }),
        _ => Err(format!("the peer printed '{line}'").into()),
    }
}

/// mlxtend prints a line when its table is made, and one when the sets are found: the time between is waited for.
fn wait_for_mlxtend(mut command: Command, patience: Duration) -> Result<Mlxtend, Box<dyn Error>> {
    let mut child = command.spawn()?;
    let printed = child.stdout.take().ok_or("mlxtend prints nowhere")?;
    let (send, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        // Whoever waits for lines no longer needs them when sending fails.
        BufReader::new(printed).lines().map_while(Result::ok).for_each(|line| drop(send.send(line)));
    });
    let mut outcome = None;
    if lines.recv().is_ok() {
        let start = Instant::now();
        outcome = match lines.recv_timeout(patience) {
            Ok(line) => Some(Mlxtend::Took(line.split(' ').nth(1).ok_or("mlxtend printed no seconds")?.parse()?)),
            Err(RecvTimeoutError::Timeout) => Some(Mlxtend::GivenUpAfter(start.elapsed().as_secs_f64())),
            Err(RecvTimeoutError::Disconnected) => None,
        };
        child.kill()?;
    }
    let mut problem = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_string(&mut problem)?;
    }
    child.wait()?;
    reader.join().map_err(|_| "reading what mlxtend printed failed")?;
    let last = problem.lines().last().unwrap_or("failed").to_owned();
    Ok(outcome.unwrap_or(Mlxtend::Failed(last)))
}
