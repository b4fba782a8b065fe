//! Runs of an operator that reads flags, has a switch, and gives a part when its time is up.

use std::{collections::BTreeMap, fs, path::Path, sync::Mutex};

use polars::prelude::df;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;

use super::{
    super::{file::Overrides as Settings, plan, registry::Registry, select::Selection},
    *,
};
use crate::{
    flags::{Flag, Overrides, flag},
    operator::{
        ColumnKind, Frames, InputPort, Inputs, Operator, OperatorKind, OutputPort, Phase, PortSchema, StageContext,
        StageError,
    },
};

const PAIR: &Flag = flag("bundling.max_per_pair");

/// Gives the flag's value for the workspace and for shop `a`; with a limit of time, only the first.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Flagged {}

impl Operator for Flagged {
    const NAME: &'static str = "flagged";
    const SUMMARY: &'static str = "Gives what flags say.";
    const VERSION: u32 = 1;
    const FLAGS: &'static [&'static Flag] = &[PAIR];
    const SWITCH: Option<&'static Flag> = Some(flag("bundling.enabled"));
    const PHASE: Option<Phase> = Some(Phase { name: "ranking", from: 50, to: 75 });
    const INPUTS: Inputs = Inputs::Ports(&[InputPort::required("rows", &[("id", ColumnKind::Int)], "Any rows.")]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![OutputPort::new("values", "The flag's values.", &[("value", ColumnKind::Int)])])
    }

    fn run(&self, _: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut values = vec![context.flags.int(None, PAIR)];
        if context.time.is_over() {
            context.time.give_part();
        } else {
            values.push(context.flags.int(Some("a"), PAIR));
        }
        Ok(Frames::new().with("values", df!("value" => values)?))
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn event(&self, event: &Event<'_>) {
        if let Event::Warning { text } = event {
            self.0.lock().unwrap().push((*text).to_owned());
        }
    }
}

struct Night {
    folder: TempDir,
    pipeline: Pipeline,
}

impl Night {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.toml");
        fs::write(folder.path().join("rows.csv"), "id\n1\n").unwrap();
        let text = "name = 'p'\n[sources.rows]\ncsv = 'rows.csv'\n\
             [stages.flagged]\noperator = 'flagged'\ninputs = { rows = 'rows' }\noutputs = { values = 'values' }\n\
             [stages.twice]\noperator = 'sql'\ninputs = { v = 'values' }\nparams = { query = 'SELECT value * 2 AS value FROM v' }\n\
             [stages.beside]\noperator = 'sql'\ninputs = { r = 'rows' }\nparams = { query = 'SELECT id FROM r' }\n\
             [sinks.values_file]\nfrom = 'twice'\ncsv = 'values.csv'\n[sinks.beside_file]\nfrom = 'beside'\ncsv = 'beside.csv'\n";
        fs::write(&file, text).unwrap();
        let registry = Registry::standard().with(OperatorKind::of::<Flagged>());
        let settings = Settings { sets: &[], environment: &|_| None, folder: folder.path() };
        let Ok(pipeline) = Pipeline::read(&file, &settings, &registry) else { panic!("the file is right") };
        Self { folder, pipeline }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn options(&self, flags: &serde_json::Value) -> PlanOptions {
        PlanOptions {
            selection: Selection { select: Vec::new(), exclude: Vec::new(), allow_empty: false },
            force: false,
            full_refresh: false,
            as_of: Timestamp::UNIX_EPOCH,
            seed: 0,
            flags: Arc::new(Overrides::from_json(flags).unwrap()),
        }
    }

    fn run(&self, flags: &serde_json::Value, time_limit: Option<Duration>, told: &Told) -> Outcome {
        let options = RunOptions {
            plan: self.options(flags),
            jobs: 2,
            memory_bytes: 1 << 40,
            time_limit,
            holder: "a test".to_owned(),
            cancelled: Arc::default(),
            failpoint: Failpoint::none(),
            writes: Writes::Sinks,
            run_id: None,
        };
        let journal = Journal::open(self.path()).unwrap();
        run(&self.pipeline, self.path(), &journal, &options, told).unwrap()
    }

    fn plan(&self, flags: &serde_json::Value) -> BTreeMap<String, String> {
        let store = CheckpointStore::new(self.path(), &self.pipeline);
        let journal = Journal::look(self.path()).unwrap();
        let plan = plan::plan(&self.pipeline, &store, &self.options(flags), &journal).unwrap();
        let rows = plan.rows(&self.pipeline).into_iter();
        rows.map(|row| (row.name, format!("{} {}", row.state, row.reasons.join("; ")).trim().to_owned())).collect()
    }

    fn values(&self) -> String {
        fs::read_to_string(self.path().join("values.csv")).unwrap_or_default()
    }
}

fn states(outcome: &Outcome) -> BTreeMap<&str, &str> {
    assert!(outcome.problem.is_none(), "{:?}", outcome.problem);
    outcome.rows.iter().map(|row| (row.step.as_str(), row.status.as_str())).collect()
}

#[test]
fn a_flag_that_is_set_makes_its_readers_stale_and_the_plan_says_which() {
    let night = Night::new();
    let none = json!({});
    assert_eq!(states(&night.run(&none, None, &Told::default()))["flagged"], "done");
    assert_eq!(night.values(), "value\n4\n4\n");
    assert_eq!(night.plan(&none)["flagged"], "fresh");
    let other = json!({ "bundling.max_per_bundle_type": 3, "shops": { "a": { "bundling.max_per_pair": 2 } } });
    assert_eq!(night.plan(&other)["flagged"], "fresh", "a flag that it does not read, and one that changes nothing");
    let of_shop = json!({ "shops": { "a": { "bundling.max_per_pair": 7 } } });
    assert_eq!(night.plan(&of_shop)["flagged"], "stale flag bundling.max_per_pair of shop 'a' (none) → 7");
    assert_eq!(states(&night.run(&of_shop, None, &Told::default()))["beside"], "fresh");
    assert_eq!(night.values(), "value\n4\n14\n");
    let of_all = json!({ "bundling.max_per_pair": 3 });
    let reasons = "stale flag bundling.max_per_pair 2 → 3; flag bundling.max_per_pair of shop 'a' 7 → (none)";
    assert_eq!(night.plan(&of_all)["flagged"], reasons);
    assert_eq!(night.plan(&none)["flagged"], "fresh", "set back, it finds the checkpoint it had");
}

#[test]
fn a_kill_switch_stops_its_stages_and_their_readers_and_nothing_else_and_what_was_written_stays() {
    let night = Night::new();
    night.run(&json!({}), None, &Told::default());
    fs::write(night.path().join("rows.csv"), "id\n1\n2\n").unwrap();
    let thrown = json!({ "emergency.disable_all_bundling": true });
    let plan = night.plan(&thrown);
    assert_eq!(plan["flagged"], "off flag bundling.enabled is held off by emergency.disable_all_bundling");
    assert_eq!(plan["twice"], "off reads values, which is not made");
    assert_eq!(plan["values_file"], "off");
    let told = Told::default();
    let outcome = night.run(&thrown, None, &told);
    let states = states(&outcome);
    assert_eq!(["flagged", "twice", "beside"].map(|step| states[step]), ["off", "off", "done"]);
    assert!(!states.contains_key("values_file") && outcome.status() == "done");
    assert_eq!(night.values(), "value\n4\n4\n");
    assert_eq!(fs::read_to_string(night.path().join("beside.csv")).unwrap(), "id\n1\n2\n");
    let told = told.0.into_inner().unwrap();
    assert!(told[0].starts_with("stage 'flagged' is off: flag bundling.enabled is held off by emergency"), "{told:?}");
    assert_eq!(night.plan(&json!({ "bundling.enabled": false }))["flagged"], "off flag bundling.enabled is off");
}

#[test]
fn what_is_made_when_the_time_is_up_is_published_marked_and_made_whole_by_the_next_run() {
    let night = Night::new();
    let none = json!({});
    let outcome = night.run(&none, Some(Duration::ZERO), &Told::default());
    assert_eq!(outcome.status(), "timed_out_partial");
    assert_eq!(["flagged", "twice"].map(|step| states(&outcome)[step]), ["partial", "done"]);
    assert_eq!(night.values(), "value\n4\n");
    assert_eq!(night.plan(&none)["flagged"], "stale it gave a part: the time was up");
    let outcome = night.run(&none, None, &Told::default());
    assert_eq!((outcome.status(), states(&outcome)["flagged"]), ("done", "done"));
    assert_eq!(night.values(), "value\n4\n4\n");
    let undisturbed = Night::new();
    undisturbed.run(&none, None, &Told::default());
    assert_eq!(undisturbed.values(), night.values());
    let journal = Journal::look(night.path()).unwrap();
    let sql = "SELECT group_concat(step || progress || status || metadata) FROM generation_progress";
    let progress: String = journal.run(|connection| connection.query_row(sql, [], |row| row.get(0))).unwrap();
    let wanted = "finalization100completed{\"partial\":true},finalization100completed{\"partial\":false}";
    assert_eq!(progress, wanted);
    let runs = journal.runs(None, 2).unwrap();
    assert_eq!(runs.iter().map(|run| run.status.as_str()).collect::<Vec<_>>(), ["done", "timed_out_partial"]);
}
