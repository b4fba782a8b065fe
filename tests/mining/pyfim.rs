//! The sets that `nightloom itemsets` prints are those of Borgelt's program, on public data.

use std::process::Command;

use crate::support::{Place, project, shared};

/// The data, a support, and the same as a count.
const ROWS: [(&str, &str, &str); 6] = [
    ("retail", "0.001", "89"),
    ("retail", "0.0002", "18"),
    ("T10I4D100K", "0.001", "100"),
    ("T10I4D100K", "0.0005", "50"),
    ("chess", "0.8", "2557"),
    ("chess", "0.6", "1918"),
];

#[test]
fn every_set_and_count_equals_pyfims() {
    // A Python that has pyfim: `python3`, unless the variable names another.
    let python = std::env::var("PYFIM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !Command::new(&python).args(["-c", "import fim"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {python} has no pyfim; name one that has in PYFIM_PYTHON");
        return;
    }
    for (data, support, count) in ROWS {
        let Some(file) = shared("data/baskets", &format!("{data}.dat")) else {
            eprintln!("skipped: there is no {data} in the shared data");
            continue;
        };
        for target in ["all", "closed", "maximal"] {
            let script = project().join("benches/peers/itemsets_pyfim.py");
            let peer = Command::new(&python).arg(script).args(["--print", target]).arg(&file).arg(count).output();
            let peer = peer.expect("the peer starts");
            assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
            let arguments = [file.as_os_str(), "--support".as_ref(), support.as_ref(), "--target".as_ref()];
            let ours = Place::new()
                .nightloom(["itemsets".as_ref()].into_iter().chain(arguments).chain([target.as_ref()]))
                .expect_success();
            assert!(
                sorted(&ours.stdout) == sorted(&String::from_utf8_lossy(&peer.stdout)),
                "{data} at {support}, {target}: other sets than pyfim's"
            );
        }
    }
}

/// The lines, the items of each in order; sorted.
fn sorted(lines: &str) -> Vec<String> {
    let mut lines: Vec<String> = lines
        .lines()
        .map(|line| {
            let mut words: Vec<&str> = line.split(' ').collect();
            words.sort_unstable();
            words.join(" ")
        })
        .collect();
    lines.sort_unstable();
    lines
}
