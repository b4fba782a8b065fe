//! Pages in headless Chromium: no console error, no request, no horizontal scroll on a phone, and what axe-core finds.
//!
//! Needs Debian's `chromium` and `chromium-driver`; axe-core is looked for where `AXE_CORE` says (`npm install axe-core`). What is
//! not there is not tested, and the test says so. `PAGES` names more files to look at, `SHOTS` a folder for pictures of all.

mod driver;
mod sample;

use std::{fs, path::Path};

use driver::Browser;
use serde_json::Value as Json;

/// Runs axe-core, which is put before it, and gives what it finds that is serious or worse.
const AXE: &str = "
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'] }).then(
  result => done(result.violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))),
  error => done(['axe itself failed: ' + error]));";

const WIDER: &str = "return [document.documentElement.scrollWidth, window.innerWidth]";

/// Presses of Tab until the focus comes to the first table; every stop is seen.
const STOPS: &str = "
const all = [...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')];
return all.filter(e => e.tabIndex < 0 || (e.getAttribute('aria-label') ?? e.textContent).trim() === '').length";

fn pages() -> Vec<(String, String)> {
    let mut pages = vec![
        ("usual".to_owned(), nightloom_page::html(&sample::page("night")).unwrap()),
        (
            "hostile".to_owned(),
            nightloom_page::html(&sample::page("<script>document.title='ran'</script>\"'><img src=x>")).unwrap(),
        ),
    ];
    for path in std::env::var("PAGES").unwrap_or_default().split_whitespace() {
        let name = Path::new(path).file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        pages.push((name, fs::read_to_string(path).unwrap()));
    }
    pages
}

#[test]
fn a_page_in_a_browser_has_no_fault_in_light_and_dark_on_a_phone_and_on_a_wide_screen() {
    let Some(mut browser) = Browser::start() else {
        println!("not tested: chromedriver is not there (apt install chromium chromium-driver)");
        return;
    };
    let axe = std::env::var("AXE_CORE").ok().and_then(|path| fs::read_to_string(path).ok());
    if axe.is_none() {
        println!("not tested: axe-core (npm install axe-core, then AXE_CORE=…/axe-core/axe.min.js)");
    }
    let folder = std::env::temp_dir().join(format!("nightloom-pages-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in pages() {
        let path = folder.join(format!("{name}.html"));
        fs::write(&path, text).unwrap();
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            for width in [400, 1600] {
                browser.resize(width, 900);
                browser.open(&path);
                let what = format!("{name} {scheme} {width}");
                let size = browser.run(WIDER);
                assert!(size[0].as_i64() <= size[1].as_i64(), "{what} scrolls sideways: {size}");
                assert_eq!(size[1], width, "{what} is not as wide as asked");
                assert_eq!(browser.run(STOPS), 0, "{what}: a stop of the keyboard without a name");
                assert_ne!(browser.run("return document.title"), "ran", "{what} ran a script");
                if let Ok(shots) = std::env::var("SHOTS") {
                    browser.shoot(&Path::new(&shots).join(format!("{name}-{scheme}-{width}.png")));
                    fs::copy(&path, Path::new(&shots).join(format!("{name}.html"))).unwrap();
                }
                if let Some(axe) = &axe {
                    let faults = browser.run_async(&format!("{axe}\n{AXE}"));
                    assert_eq!(faults, Json::Array(Vec::new()), "{what}");
                }
                let asked = browser.requests();
                assert_eq!(asked.len(), 1, "{what} asks for {asked:?}");
                assert_eq!(browser.errors(), Vec::<String>::new(), "{what}");
            }
        }
    }
    let _ = fs::remove_dir_all(&folder);
}
