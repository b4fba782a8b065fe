//! The sets that `nightloom itemsets` prints are those of Borgelt's program, on public data.

use std::{path::Path, process::Command};

use crate::support::{Place, project, shared};

/// The data, supports from coarse to fine, and the same as counts.
const ROWS: [(&str, &[(&str, &str)]); 3] = [
    ("retail", &[("0.01", "882"), ("0.001", "89"), ("0.0002", "18"), ("0.0001", "9")]),
    ("T10I4D100K", &[("0.01", "1000"), ("0.001", "100"), ("0.0005", "50"), ("0.0001", "10")]),
    ("chess", &[("0.8", "2557"), ("0.6", "1918"), ("0.5", "1598"), ("0.45", "1439")]),
];

#[test]
fn every_set_and_count_equals_pyfims() {
    // A Python that has pyfim: `python3`, unless the variable names another.
    let python = std::env::var("PYFIM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !Command::new(&python).args(["-c", "import fim"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {python} has no pyfim; name one that has in PYFIM_PYTHON");
        return;
    }
    for (data, supports) in ROWS {
        let Some(file) = shared("data/baskets", &format!("{data}.dat")) else {
            eprintln!("skipped: there is no {data} in the shared data");
            continue;
        };
        for (support, count) in supports {
            for target in ["all", "closed", "maximal"] {
                let peer = pyfims(&python, &file, target, count);
                let arguments = [file.as_os_str(), "--support".as_ref(), support.as_ref(), "--target".as_ref()];
                let ours = Place::new()
                    .nightloom(["itemsets".as_ref()].into_iter().chain(arguments).chain([target.as_ref()]))
                    .expect_success();
                assert!(
                    sorted(&ours.stdout) == sorted(&peer),
                    "{data} at {support}, {target}: other sets than pyfim's"
                );
            }
        }
    }
}

fn pyfims(python: &str, file: &Path, target: &str, count: &str) -> String {
    let script = project().join("benches/peers/itemsets_pyfim.py");
    let peer = Command::new(python).arg(script).args(["--print", target]).arg(file).arg(count).output();
    let peer = peer.expect("the peer starts");
    assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
    String::from_utf8(peer.stdout).expect("text")
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
