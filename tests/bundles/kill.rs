//! A night that is killed, at any phase or at any time, leaves what an undisturbed one does; so does one that a time limit ends.

use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use super::{command, copy_of, database, differing, go_on, run, sample_shops, stopped_at, tables, texts};
use crate::support::{Finished, Place};

/// Two shops whose first night is over: a person approved a bundle and rejected another, and new orders came.
fn second_night() -> Place {
    let place = Place::new();
    sample_shops(&place, 1_200, 2);
    run(&place, "bundles.toml", &[]);
    let ids = texts(&database(&place), "SELECT id FROM bundle_recommendations ORDER BY shop_id, rank_position, id");
    for (action, id) in [("approve", &ids[0]), ("reject", &ids[1])] {
        let mut decide = place.command(["bundles", action, id, "--by", "ada", "--db", "bundles.db"]);
        Finished::from(decide.output().expect("the program starts")).expect_success();
    }
    fs::remove_dir_all(place.path("shops")).expect("the folder");
    sample_shops(&place, 1_500, 2);
    place
}

#[test]
fn a_night_killed_after_any_of_its_steps_is_finished_by_the_next_run() {
    let base = second_night();
    let whole = copy_of(&base);
    run(&whole, "bundles.toml", &[]);
    let wanted = tables(&database(&whole));
    assert_ne!(wanted, tables(&database(&base)));
    let mut kills = 0;
    for pass in 1.. {
        let place = copy_of(&base);
        let mut night = command(&place, "bundles.toml", &[]);
        let killed = night.env("NIGHTLOOM_FAILPOINT", format!("step-end:{pass}")).output().expect("a run");
        if killed.status.code() == Some(0) {
            break;
        }
        assert_eq!(killed.status.code(), None, "step {pass}: {}", String::from_utf8_lossy(&killed.stderr));
        kills += 1;
        run(&place, "bundles.toml", &[]);
        assert_eq!(differing(&place, &wanted), [""; 0], "killed at step {pass}");
    }
    assert!(kills >= 20, "a step of each phase: {kills}");
}

#[test]
fn a_night_killed_while_it_writes_is_finished_by_the_next_run() {
    let base = second_night();
    let whole = copy_of(&base);
    run(&whole, "bundles.toml", &[]);
    let wanted = tables(&database(&whole));
    for point in [
        "stage-outputs-written:9",
        "commit-before-intents",
        "commit-after-intents",
        "sqlite-batch",
        "sqlite-before-commit",
        "sqlite-after-commit",
        "commit-database-done",
        "commit-file-renamed:3",
        "commit-before-end",
    ] {
        let place = copy_of(&base);
        let mut night = command(&place, "bundles.toml", &[]);
        let killed = night.env("NIGHTLOOM_FAILPOINT", point).output().expect("a run");
        assert_eq!(killed.status.code(), None, "{point}: {}", String::from_utf8_lossy(&killed.stderr));
        run(&place, "bundles.toml", &[]);
        assert_eq!(differing(&place, &wanted), [""; 0], "{point}");
    }
}

#[test]
fn a_night_killed_at_any_time_is_finished_by_the_next_run() {
    let base = second_night();
    let whole = copy_of(&base);
    let started = Instant::now();
    run(&whole, "bundles.toml", &[]);
    let (mut lasting, wanted) = (started.elapsed(), tables(&database(&whole)));
    let mut dice = Pcg64::seed_from_u64(12);
    let (mut killed, mut round) = (0, 0);
    while killed < 8 {
        round += 1;
        assert!(round <= 40, "only {killed} nights were killed in {round} rounds");
        let place = copy_of(&base);
        let mut night = command(&place, "bundles.toml", &[]);
        let mut night = night.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
        thread::sleep(lasting.mul_f64(dice.random_range(0.05..1.0)));
        night.kill().expect("a kill");
        let was_killed = night.wait().expect("an end").code().is_none();
        killed += u32::from(was_killed);
        lasting = lasting.mul_f64(if was_killed { 1.03 } else { 0.85 });
        run(&place, "bundles.toml", &[]);
        assert_eq!(differing(&place, &wanted), [""; 0], "round {round}");
    }
}

#[test]
fn a_night_whose_time_is_up_publishes_what_is_there_and_is_finished_later() {
    let base = second_night();
    let whole = copy_of(&base);
    run(&whole, "bundles.toml", &[]);
    let wanted = tables(&database(&whole));
    let place = copy_of(&base);
    let mut night = command(&place, "bundles.toml", &[]);
    night.args(["--time-limit", "1"]);
    let night = stopped_at(night, "source-listed");
    thread::sleep(Duration::from_millis(1_100));
    let ended = go_on(night);
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    // What was approved is there all the while.
    let approved = "SELECT id FROM bundle_recommendations WHERE is_approved = 1";
    assert_eq!(texts(&database(&place), approved).len(), 1);
    let mut rest = command(&place, "bundles.toml", &[]);
    Finished::from(rest.arg("--resume").output().expect("a run")).expect_success();
    assert_eq!(differing(&place, &wanted), [""; 0]);
}

#[test]
fn a_thread_and_many_make_the_same_night() {
    let base = Place::new();
    sample_shops(&base, 3_000, 5);
    let [one, many] = ["1", "8"].map(|threads| {
        let place = copy_of(&base);
        let mut night = command(&place, "bundles.toml", &[]);
        night.env("POLARS_MAX_THREADS", threads).env("RAYON_NUM_THREADS", threads);
        Finished::from(night.output().expect("a run")).expect_success();
        place
    });
    let wanted = tables(&database(&one));
    assert_eq!(differing(&many, &wanted), [""; 0]);
    // As the bandit draws, by the run's seed.
    let seeded = |seed: &str| {
        let place = copy_of(&base);
        let mut night = command(&place, "bundles.toml", &["vars.pricing=bandit"]);
        Finished::from(night.args(["--seed", seed]).output().expect("a run")).expect_success();
        texts(&database(&place), "SELECT id || bundle_cents || rank_position FROM bundle_recommendations ORDER BY 1")
    };
    assert_eq!(seeded("7"), seeded("7"));
    assert_ne!(seeded("7"), seeded("8"));
}
