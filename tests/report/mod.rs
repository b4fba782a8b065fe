//! What the night found: the summary on one screen, the page, and the figures that are kept for later nights.

mod hostile;
mod lineage;
mod nightly;

use crate::support::{Finished, Place};

/// Rows that are linked or not; a stage that may fail, and one whose expectation may be broken.
const PIPELINE: &str = r#"
name = "shop"

[vars]
most = { default = 1000000 }
expected = { default = 0 }

[report]
page = "newest/report.html"

[sources.rows]
csv = "rows.csv"

[stages.links]
operator = "sql"
inputs = { r = "rows" }
params = { query = "SELECT id, shop, price FROM r WHERE linked = 1 ORDER BY id" }

[stages.cheap]
operator = "sql"
inputs = { l = "links" }
params = { query = "SELECT id FROM l WHERE price < 50 ORDER BY id" }
expect = { cheap = { rows = ["${vars.expected}", 1000000], severity = "warn" } }

[stages.checked]
operator = "sql"
inputs = { l = "cheap" }
params = { query = "SELECT COUNT(*) AS n FROM l" }
expect = { checked = { between = { n = [0, "${vars.most}"] } } }

[figures.linked]
from = "links"
of = "rows"

[figures.worth]
from = "links"
column = "price"

[reports.by_shop]
from = "links"
chart = "bar"
x = "shop"
"#;

impl Place {
    fn shop(linked: u32) -> Self {
        let place = Self::new();
        std::fs::write(place.path("p.toml"), PIPELINE).expect("a pipeline");
        place.rows(linked);
        place
    }

    /// 300 rows, of which so many are linked.
    fn rows(&self, linked: u32) {
        let row = |id: u32| format!("{id},shop-{},{},{}\n", id % 3, id % 100, u32::from(id < linked));
        let text: String = (0..300).map(row).collect();
        std::fs::write(self.path("rows.csv"), format!("id,shop,price,linked\n{text}")).expect("rows");
    }

    fn night(&self, day: u32, more: &[&str]) -> Finished {
        let as_of = format!("2026-03-{day:02}");
        self.nightloom(["run", "p.toml", "--workspace", ".", "--as-of", &as_of].iter().chain(more))
    }
}

/// Whether one of the first five lines has all the words.
#[track_caller]
fn assert_at_the_top(stdout: &str, words: &[&str]) {
    let found = stdout.lines().take(5).any(|line| words.iter().all(|word| line.contains(word)));
    assert!(found, "{words:?} is not in the first five lines:\n{stdout}");
    let lines = stdout.lines().count();
    assert!(lines <= 40 && stdout.lines().all(|line| line.chars().count() <= 80), "{lines} lines:\n{stdout}");
}

#[test]
fn a_drop_of_a_third_is_at_the_top_of_the_summary_and_of_the_page() {
    let place = Place::shop(240);
    for day in 1..=7 {
        place.rows(240 + day % 3);
        let told = place.night(day, &[]).expect_success();
        assert!(!told.stdout.contains("less than"), "{}", told.stdout);
    }
    place.rows(160);
    let told = place.night(8, &[]).expect_success();
    assert_at_the_top(&told.stdout, &["linked 160 of 300 (53.3 %)", "less than usual", "80.3 %", "7 nights"]);
    assert!(told.stdout.contains("linked 160 of 300 (53.3 %, −27.0)"), "{}", told.stdout);
    let page = std::fs::read_to_string(place.path("newest/report.html")).expect("a page");
    assert!(page.contains("linked 160 of 300 (53.3 %), less than usual: 80.3 % in 7 nights"));
}

#[test]
fn a_second_night_is_compared_with_the_first_alone() {
    let place = Place::shop(240);
    place.night(1, &[]).expect_success();
    place.rows(150);
    let told = place.night(2, &[]).expect_success();
    assert_at_the_top(&told.stdout, &["linked 150 of 300 (50.0 %)", "less than last night: 80.0 %"]);
}

#[test]
fn a_failed_stage_a_broken_expectation_and_a_drop_are_each_in_the_first_five_lines() {
    let place = Place::shop(240);
    place.night(1, &[]).expect_success();
    place.rows(150);
    let failed = place.night(2, &["--set", "vars.most=10", "--set", "vars.expected=200"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert_at_the_top(&failed.stdout, &["shop", "failed"]);
    assert_at_the_top(&failed.stdout, &["stage 'checked'", "expectations are broken"]);
    assert_at_the_top(&failed.stdout, &["cheap", "expected 200 to"]);
    assert_at_the_top(&failed.stdout, &["linked 150 of 300", "less than last night"]);
    let page = std::fs::read_to_string(place.path("newest/report.html")).expect("the page of a failed night");
    assert!(page.contains("Failed:") && page.contains("stage &#x27;checked&#x27;"), "{page}");
    // A night that failed is none that later ones are compared with.
    let told = place.night(3, &[]).expect_success();
    assert!(told.stdout.contains("less than last night: 80.0 %"), "{}", told.stdout);
}

#[test]
fn each_run_leaves_its_page_unless_told_not_to_and_report_makes_it_again() {
    let place = Place::shop(240);
    let told = place.night(1, &[]).expect_success();
    assert!(told.stdout.contains("newest/report.html"), "{}", told.stdout);
    let runs: Vec<_> = std::fs::read_dir(place.path(".nightloom/runs")).expect("runs").flatten().collect();
    let kept = std::fs::read_to_string(runs[0].path().join("report.html")).expect("the run's page");
    let run = runs[0].file_name().to_string_lossy().into_owned();
    let idle = place.night(1, &[]).expect_success();
    assert!(idle.stdout.contains("are fresh; nothing to do"), "{}", idle.stdout);

    let made = place.nightloom(["report", "p.toml", "--workspace", ".", "--out", "again.html"]).expect_success();
    assert!(made.stdout.contains("again.html"), "{}", made.stdout);
    let again = std::fs::read_to_string(place.path("again.html")).expect("a page");
    for part in ["linked", "240 of 300 (80.0 %)", "by_shop", "When each step ran", run.as_str()] {
        assert!(kept.contains(part) && again.contains(part), "{part}");
    }
    let shown = place.nightloom(["report", "p.toml", "--workspace", ".", "--run", &run, "--out", "-"]).expect_success();
    assert!(shown.stdout.starts_with("<!DOCTYPE html>"), "{}", shown.stdout);
    let unknown = place.nightloom(["report", "p.toml", "--workspace", ".", "--run", "x"]);
    assert!(unknown.code == Some(2) && unknown.stderr.contains("there is no run 'x'"), "{}", unknown.stderr);

    place.rows(200);
    let quiet = place.night(2, &["--no-report"]).expect_success();
    assert!(!quiet.stdout.contains("Page:"), "{}", quiet.stdout);
    let pages = std::fs::read_dir(place.path(".nightloom/runs")).expect("runs").flatten();
    assert_eq!(pages.filter(|run| run.path().join("report.html").exists()).count(), 1);
}

#[test]
fn a_chart_of_a_column_that_is_not_there_or_no_number_is_refused_at_its_line() {
    let place = Place::shop(10);
    let with = |old: &str, new: &str| {
        let text = PIPELINE.replace(old, new);
        assert_ne!(text, PIPELINE, "{old}");
        std::fs::write(place.path("p.toml"), text).expect("a pipeline");
        place.nightloom(["check", "p.toml", "--workspace", "."])
    };
    let refused = [
        ("x = \"shop\"", "x = \"shopp\"", "has no column 'shopp'"),
        ("x = \"shop\"", "x = \"id\"\ny = \"shop\"", "'shop' is text"),
        ("chart = \"bar\"\n", "", "'x' has no meaning in this report"),
        ("chart = \"bar\"", "chart = \"pie\"", "unknown value 'pie'"),
        ("chart = \"bar\"", "chart = \"heat_map\"", "the key 'series' is missing"),
        ("column = \"price\"", "column = \"prize\"", "has no column 'prize'"),
        ("of = \"rows\"", "of = \"row\"", "nothing makes the dataset 'row'"),
        ("page = \"newest/report.html\"", "score = 0", "'score' is out of range"),
    ];
    for (old, new, words) in refused {
        let said = with(old, new);
        assert!(said.code == Some(2) && said.stderr.contains(words), "{new}: {}", said.stderr);
        assert!(said.stderr.contains("p.toml:"), "{}", said.stderr);
    }
}

/// Takes one request on a free port and gives its body, or nothing if none comes.
fn listen() -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let heard = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a request");
        let mut reader = std::io::BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while std::io::BufRead::read_line(&mut reader, &mut line).expect("a line") > 2 {
            let lower = line.to_ascii_lowercase();
            length =
                lower.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().expect("a length"));
            line.clear();
        }
        let mut body = vec![0; length];
        std::io::Read::read_exact(&mut reader, &mut body).expect("a body");
        std::io::Write::write_all(reader.get_mut(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .expect("an answer");
        String::from_utf8(body).expect("UTF-8")
    });
    (url, heard)
}

#[test]
fn a_program_and_a_webhook_are_told_of_an_unusual_and_of_a_failed_night_only() {
    let place = Place::shop(240);
    let (url, heard) = listen();
    let told = |with: &str| {
        let settings =
            format!("page = \"newest/report.html\"\ncommand = [\"sh\", \"-c\", \"cat > told.json\"]\n{with}");
        let text = PIPELINE.replace("page = \"newest/report.html\"", &settings);
        std::fs::write(place.path("p.toml"), text).expect("a pipeline");
    };
    told("");
    place.night(1, &[]).expect_success();
    assert!(!place.path("told.json").exists(), "of a usual night nobody is told");
    told(&format!("webhook = \"{url}\""));
    place.rows(150);
    place.night(2, &[]).expect_success();
    for text in [
        std::fs::read_to_string(place.path("told.json")).expect("the program was told"),
        heard.join().expect("a notice"),
    ] {
        let notice: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(notice["status"], "done");
        assert!(notice["unusual"][0].as_str().is_some_and(|words| words.contains("less than last night")), "{notice}");
        assert!(notice["text"].as_str().is_some_and(|words| words.starts_with("shop done in ")), "{notice}");
    }
    // Nobody listens there any more: the night is done all the same.
    place.rows(160);
    let failed = place.night(3, &["--set", "vars.most=10"]);
    assert!(
        failed.code == Some(1) && failed.stderr.contains("nobody was told of the night: the webhook"),
        "{}",
        failed.stderr
    );
    let text = std::fs::read_to_string(place.path("told.json")).expect("the program was told");
    assert!(text.contains("expectations are broken") && text.contains("\"status\":\"failed\""), "{text}");
}
