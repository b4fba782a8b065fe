//! The six figures: what is run, how often, and what it is held against.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    peers::{Peer, Peers, differing_links},
    process::{Measured, measure, median},
    report::Figure,
    steps,
    worlds::{Prices, Worlds, copy},
};

/// One of the figures to show.
pub struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Measures it.
    pub measure: fn(&Bench) -> Result<Vec<Figure>, String>,
}

/// All of them, in the order they are run.
pub const CASES: [Case; 6] = [
    Case { name: "20k", title: "Linking 20,000 × 20,000 beside the original", measure: beside_the_original },
    Case { name: "100k", title: "Linking 100,000 × 100,000 beside an afternoon's work", measure: at_100k },
    Case { name: "1m", title: "1,000,000 × 1,000,000, cold, all operators", measure: at_a_million },
    Case { name: "fresh", title: "Nothing changed, 1,000,000 rows", measure: nothing_changed },
    Case { name: "growth", title: "Ten times the rows", measure: growth },
    Case { name: "crowd", title: "One price and titles of one template", measure: crowd },
];

const MILLION: u64 = 1_000_000;

/// How the pipeline is run.
#[derive(Clone, Copy)]
enum Mode {
    /// As a user runs it.
    Default,
    /// The original's rules and its similarity.
    Original,
    /// The original's rules with the peer's similarity, so that the links are equal.
    LikePeer,
}

/// How much of the pipeline is run.
#[derive(Clone, Copy, PartialEq)]
enum Job {
    /// All operators and sinks.
    Everything,
    /// The stage `link`, what it reads, and its sinks.
    Linking,
}

/// What the cases share.
pub struct Bench {
    worlds: Worlds,
    peers: Peers,
    original_runs: usize,
    /// Another build of the program to be measured beside this one.
    beside: Option<PathBuf>,
}

/// The runs of one kind: their figures, and the database the last of them left.
struct Runs {
    measured: Measured,
    database: PathBuf,
}

impl Runs {
    fn seconds(&self) -> f64 {
        self.measured.wall.as_secs_f64()
    }

    fn text(&self) -> String {
        format!("{:.2} s, {:.2} GiB", self.seconds(), self.gibibytes())
    }

    /// Where the time of our last run went; to be asked before the next runs begin.
    fn steps(&self) -> Result<Vec<Figure>, String> {
        let folder = self.database.parent().unwrap_or(Path::new("."));
        steps::figures(&folder.join("workspace"))
    }

    fn gibibytes(&self) -> f64 {
        self.measured.peak as f64 / f64::from(1 << 30)
    }
}

impl Bench {
    /// Finds the worlds.
    pub fn new(peers: Peers, original_runs: usize, beside: Option<PathBuf>) -> Result<Self, String> {
        Ok(Self { worlds: Worlds::new()?, peers, original_runs, beside })
    }

    /// The peers.
    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Runs the pipeline `times` times, each on a fresh copy of `world` with an empty workspace.
    fn ours(&self, world: &Path, mode: Mode, job: Job, times: usize) -> Result<Runs, String> {
        self.repeat("ours", world, times, |folder, database| Ok(pipeline(folder, database, mode, job)))
    }

    /// Runs the other build once as [`Bench::ours`] runs this one, with its own pipelines if they lie in `pipelines` beside it.
    fn other(&self, world: &Path, program: &Path) -> Result<Runs, String> {
        self.repeat("other", world, 1, |folder, database| {
            Ok(pipeline_of(program, &pipelines_of(program), folder, database, Mode::Default, Job::Everything))
        })
    }

    /// Runs a peer `times` times; the inner error says why it is skipped.
    fn theirs(&self, world: &Path, peer: Peer, times: usize) -> Result<Result<Runs, String>, String> {
        if let Err(reason) = self.peers.command(peer, world) {
            return Ok(Err(reason));
        }
        self.repeat("theirs", world, times, |_, database| self.peers.command(peer, database)).map(Ok)
    }

    fn repeat(
        &self,
        name: &str,
        world: &Path,
        times: usize,
        command: impl Fn(&Path, &Path) -> Result<Command, String>,
    ) -> Result<Runs, String> {
        let (mut runs, mut database) = (Vec::with_capacity(times), PathBuf::new());
        for _ in 0..times {
            let folder = self.worlds.fresh_folder(name)?;
            database = copy(world, &folder)?;
            runs.push(measure(&mut command(&folder, &database)?, &folder.join("log"))?);
        }
        let measured = median(runs).ok_or("no runs were asked for".to_owned())?;
        Ok(Runs { measured, database })
    }

    /// Our times in `mode` beside a peer's on the same database: the peer's job alone and all operators, their ratios, and
    /// the differing links. What is held against the target is the same job: the peers link and do nothing else.
    fn beside(
        &self,
        world: &Path,
        mode: Mode,
        peer: Peer,
        (our_runs, peer_runs): (usize, usize),
        (target, factor): (&'static str, f64),
    ) -> Result<Vec<Figure>, String> {
        let all = self.ours(world, mode, Job::Everything, our_runs)?;
        let ours = self.ours(world, mode, Job::Linking, our_runs)?;
        let mut figures = vec![
            Figure::plain("nightloom, the peer's rules and job (--select link)", ours.text()),
            Figure::plain("nightloom, the peer's rules, all operators", all.text()),
        ];
        let name = match peer {
            Peer::Original => "the original's linking script",
            Peer::Afternoon => "Polars in Python with rapidfuzz, linking only",
        };
        match self.theirs(world, peer, peer_runs)? {
            Err(reason) => figures.push(Figure::plain(name, reason)),
            Ok(theirs) => {
                let ratio = theirs.seconds() / ours.seconds();
                figures.push(Figure::plain(name, theirs.text()));
                figures.push(Figure::against(
                    "times faster at the same job",
                    format!("{ratio:.1}"),
                    target,
                    ratio >= factor,
                ));
                let ratio = theirs.seconds() / all.seconds();
                figures.push(Figure::plain("times faster with all operators", format!("{ratio:.1}")));
                let differing = differing_links(&ours.database, &theirs.database)?;
                figures.push(Figure::against("differing links", differing.to_string(), "0", differing == 0));
            }
        }
        Ok(figures)
    }
}

/// `nightloom run pipelines/linking.toml` with everything it writes in `folder`.
fn pipeline(folder: &Path, database: &Path, mode: Mode, job: Job) -> Command {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    pipeline_of(Path::new(env!("CARGO_BIN_EXE_nightloom")), &ours, folder, database, mode, job)
}

/// The pipelines of another build: a folder beside it, else our own.
fn pipelines_of(program: &Path) -> PathBuf {
    let beside = program.with_file_name("pipelines");
    if beside.is_dir() { beside } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines") }
}

fn pipeline_of(program: &Path, pipelines: &Path, folder: &Path, database: &Path, mode: Mode, job: Job) -> Command {
    let mut command = Command::new(program);
    command.arg("run").arg(pipelines.join("linking.toml"));
    command.arg("--workspace").arg(folder.join("workspace"));
    command.arg("--set").arg(format!("vars.db={}", database.display()));
    command.arg("--set").arg(format!("vars.out={}", folder.join("out").display()));
    if job == Job::Linking {
        command.args(["--select", "link"]);
    }
    match mode {
        Mode::Default => {}
        Mode::Original => {
            command.args(["--set", "vars.original_quirks=true"]);
        }
        Mode::LikePeer => {
            command.args(["--set", "vars.original_quirks=true", "--set", "stages.link.params.measure=indel"]);
        }
    }
    command
}

fn beside_the_original(bench: &Bench) -> Result<Vec<Figure>, String> {
    let world = bench.worlds.shop(20_000, Prices::Crowded)?;
    let runs = (5, bench.original_runs);
    let mut figures = bench.beside(&world, Mode::Original, Peer::Original, runs, ("≥ 500", 500.0))?;
    let ours = bench.ours(&world, Mode::Default, Job::Everything, 5)?;
    figures.push(Figure::plain("nightloom, default rules", ours.text()));
    figures.extend(ours.steps()?);
    Ok(figures)
}

fn at_100k(bench: &Bench) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for (prices, name) in [(Prices::Even, "even prices"), (Prices::Crowded, "crowded prices")] {
        let world = bench.worlds.shop(100_000, prices)?;
        let beside = bench.beside(&world, Mode::LikePeer, Peer::Afternoon, (5, 5), ("≥ 3", 3.0))?;
        figures.extend(beside.into_iter().map(|figure| Figure { what: format!("{name}: {}", figure.what), ..figure }));
    }
    Ok(figures)
}

fn at_a_million(bench: &Bench) -> Result<Vec<Figure>, String> {
    let world = bench.worlds.shop(MILLION, Prices::Crowded)?;
    let cold = bench.ours(&world, Mode::Default, Job::Everything, 3)?;
    let (seconds, memory) = (cold.seconds(), cold.gibibytes());
    let mut figures = vec![
        Figure::against("nightloom, default rules, cold", format!("{seconds:.2} s"), "≤ 30 s", seconds <= 30.0),
        Figure::against("its peak memory", format!("{memory:.2} GiB"), "≤ 4 GiB", memory <= 4.0),
    ];
    figures.extend(cold.steps()?);
    figures.extend(bench.beside(&world, Mode::LikePeer, Peer::Afternoon, (3, 3), ("≥ 5", 5.0))?);
    Ok(figures)
}

fn nothing_changed(bench: &Bench) -> Result<Vec<Figure>, String> {
    let world = bench.worlds.shop(MILLION, Prices::Crowded)?;
    let folder = bench.worlds.fresh_folder("fresh")?;
    let database = copy(&world, &folder)?;
    let again = || measure(&mut pipeline(&folder, &database, Mode::Default, Job::Everything), &folder.join("log"));
    again()?;
    let runs = (0..3).map(|_| again()).collect::<Result<Vec<_>, _>>()?;
    let seconds = median(runs).map_or(f64::INFINITY, |run| run.wall.as_secs_f64());
    Ok(vec![Figure::against("the second run", format!("{seconds:.3} s"), "< 0.5 s", seconds < 0.5)])
}

fn growth(bench: &Bench) -> Result<Vec<Figure>, String> {
    let small = bench.ours(&bench.worlds.shop(MILLION / 10, Prices::Crowded)?, Mode::Default, Job::Everything, 5)?;
    let large = bench.ours(&bench.worlds.shop(MILLION, Prices::Crowded)?, Mode::Default, Job::Everything, 3)?;
    let ratio = large.seconds() / small.seconds();
    Ok(vec![
        Figure::plain("100,000 × 100,000", small.text()),
        Figure::plain("1,000,000 × 1,000,000", large.text()),
        Figure::against("times the time", format!("{ratio:.1}"), "≤ 15", ratio <= 15.0),
    ])
}

fn crowd(bench: &Bench) -> Result<Vec<Figure>, String> {
    let (small, large) = (bench.worlds.crowd(50_000)?, bench.worlds.crowd(200_000)?);
    let few = bench.ours(&small, Mode::Default, Job::Everything, 3)?;
    let many = bench.ours(&large, Mode::Default, Job::Everything, 3)?;
    let ratio = many.seconds() / few.seconds();
    let mut figures = vec![
        Figure::plain("50,000 × 50,000", few.text()),
        Figure::plain("200,000 × 200,000", many.text()),
        Figure::against("times the time", format!("{ratio:.1}"), "≤ 6", ratio <= 6.0),
    ];
    let Some(program) = &bench.beside else {
        figures.push(Figure::plain("beside another build", "skipped: give its path with --beside"));
        return Ok(figures);
    };
    let other = bench.other(&large, program)?;
    let faster = other.seconds() / many.seconds();
    let differing = differing_links(&many.database, &other.database)?;
    figures.push(Figure::plain("200,000 × 200,000, the build before", other.text()));
    figures.push(Figure::against("times faster", format!("{faster:.1}"), "≥ 10", faster >= 10.0));
    figures.push(Figure::against("differing links", differing.to_string(), "0", differing == 0));
    Ok(figures)
}
