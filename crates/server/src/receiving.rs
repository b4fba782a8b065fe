//! Files that come: kept apart until the program has looked at them, then moved into the shop's folder, whole.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value as Json;

use super::{
    app::App,
    caller::Caller,
    failure::Failure,
    generating, program,
    store::{GenerationKind, Upload, UploadStatus, now},
};

/// Bytes of a file, at most (section 0.3, D20).
pub const LARGEST: u64 = 50 * 1024 * 1024;

/// How names of files that are read end, before `.gz` and `.zst`.
const ENDINGS: [&str; 9] = [".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".pqt"];

/// A file that is coming. It is removed unless it is looked at.
pub struct Incoming {
    /// The id of the upload.
    pub id: String,
    folder: PathBuf,
    file: File,
    bytes: u64,
}

impl Incoming {
    /// A file that begins to come.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(app: &App) -> Result<Self, Failure> {
        let id = super::secret::uuid()?;
        let folder = app.settings.state_folder.join("uploads").join(&id);
        fs::create_dir_all(&folder)?;
        let file = File::create(folder.join("incoming"))?;
        Ok(Self { id, folder, file, bytes: 0 })
    }

    /// A part of it.
    ///
    /// # Errors
    /// When it is too large (413), or cannot be written.
    pub fn add(&mut self, part: &[u8]) -> Result<(), Failure> {
        self.bytes += part.len() as u64;
        if self.bytes > LARGEST {
            let words = format!("a file has at most {LARGEST} bytes");
            return Err(Failure::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, words));
        }
        Ok(self.file.write_all(part)?)
    }

    /// Notes it as an upload that is looked at now, beside the answer.
    ///
    /// # Errors
    /// When it has no name that can be read, or cannot be kept.
    pub fn finish(mut self, app: &Arc<App>, about: &About, caller: &Caller) -> Result<Upload, Failure> {
        let filename = plain_name(&about.filename)?;
        let inside = self.folder.join(&about.shop);
        fs::create_dir_all(&inside)?;
        self.file.flush()?;
        self.file.sync_all()?;
        let path = inside.join(&filename);
        fs::rename(self.folder.join("incoming"), &path)?;
        let upload = Upload {
            id: self.id.clone(),
            run_id: about.run_id.clone(),
            shop_id: about.shop.clone(),
            filename,
            csv_type: about.csv_type.clone(),
            total_rows: 0,
            processed_rows: 0,
            status: UploadStatus::Processing,
            error_message: None,
            reasons: Vec::new(),
            warnings: Vec::new(),
            created_at: now(),
            updated_at: now(),
        };
        app.store.begin_upload(&upload)?;
        let (looking, mut looked, caller) = (Arc::clone(app), upload.clone(), caller.clone());
        let then = about.then;
        std::thread::spawn(move || {
            look(&looking, &mut looked, &path, then, &caller);
            drop(self);
        });
        Ok(upload)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // What cannot be removed is in nobody's way: no pipeline reads there.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is said of a file.
pub struct About {
    /// The shop.
    pub shop: String,
    /// Its name.
    pub filename: String,
    /// What it is.
    pub csv_type: Option<String>,
    /// The sync that it comes with.
    pub run_id: String,
    /// What is done when it is there.
    pub then: Then,
}

/// What is done when a file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Wait,
    /// A run.
    Run,
}

/// The name of a shop that can be a folder's.
///
/// # Errors
/// When it cannot (422).
pub fn plain_shop(shop: &str) -> Result<(), Failure> {
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if shop.is_empty() || shop.len() > 100 || shop.starts_with('.') || !shop.chars().all(is_plain) {
        let words = "a shop has letters, digits, points, hyphens and low lines, at most 100";
        return Err(Failure::invalid("body", "shopId", words, "value_error"));
    }
    Ok(())
}

/// The name of a file without what a file system takes for more than a name.
fn plain_name(name: &str) -> Result<String, Failure> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let plain = plain.trim_start_matches('.').to_owned();
    let small = plain.to_ascii_lowercase();
    let stem = small.strip_suffix(".gz").or_else(|| small.strip_suffix(".zst")).unwrap_or(&small);
    if plain.len() > 120 || !ENDINGS.iter().any(|ending| stem.len() > ending.len() && stem.ends_with(ending)) {
        let words = format!("name a file that ends with one of {}, also with .gz or .zst", ENDINGS.join(", "));
        return Err(Failure::invalid("body", "file", words, "value_error"));
    }
    Ok(plain)
}

/// Looks at a file as a run would read it, and moves it into the shop's folder if it can be used.
fn look(app: &Arc<App>, upload: &mut Upload, path: &Path, then: Then, caller: &Caller) {
    match program::detect(&app.settings.runs, path) {
        Ok(told) => judge(upload, &told),
        Err(problem) => {
            (app.log)(&format!("upload {}: {problem}", upload.id));
            fail(upload, "the file could not be looked at");
        }
    }
    if upload.status != UploadStatus::Failed {
        upload.status = UploadStatus::Completed;
        let target = app.settings.shop_data.join(&upload.shop_id).join(&upload.filename);
        if let Err(error) = put(path, &target, &upload.id) {
            (app.log)(&format!("upload {}: {}: {error}", upload.id, target.display()));
            fail(upload, "the file could not be put into the shop's folder");
        }
    }
    if upload.status == UploadStatus::Completed
        && then == Then::Run
        && let Err(failure) = generating::start(app, &upload.id, &upload.shop_id, GenerationKind::Bundles, caller)
    {
        upload.warnings.push(format!("no run was started: {}", failure.words));
    }
    if let Err(error) = app.store.end_upload(upload) {
        (app.log)(&format!("upload {}: what became of it cannot be noted: {error}", upload.id));
    }
}

fn fail(upload: &mut Upload, problem: &str) {
    upload.status = UploadStatus::Failed;
    upload.error_message = Some(problem.to_owned());
}

/// What the program says of a file. One with rows of another shop is not used: whoever brings it may not speak for that shop.
fn judge(upload: &mut Upload, told: &Json) {
    let text = |key: &str| told.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let number = |key: &str| told.get(key).and_then(Json::as_i64).unwrap_or_default();
    upload.total_rows = number("rows");
    upload.processed_rows = number("accepted");
    upload.reasons = parts(told.get("reasons"));
    upload.warnings = parts(told.get("warnings"));
    let kind = text("kind");
    if let (Some(said), Some(found)) = (&upload.csv_type, &kind)
        && !found.starts_with(said.as_str())
    {
        upload.warnings.push(format!("it was sent as {said} and is read as {found}"));
    }
    upload.csv_type = kind.or_else(|| upload.csv_type.take());
    if text("status").as_deref() != Some("completed") {
        let problem = text("problem").unwrap_or_else(|| "the file cannot be used".to_owned());
        return fail(upload, &problem);
    }
    if parts(told.get("shops")).iter().any(|shop| super::caller::normalised(shop) != upload.shop_id) {
        fail(upload, "the file has rows of another shop");
    }
}

/// A list, or a text of parts with `; ` between.
fn parts(told: Option<&Json>) -> Vec<String> {
    match told {
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Some(Json::String(text)) => text.split("; ").filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Moves a file to its place, where it is either the old one or the whole new one.
fn put(path: &Path, target: &Path, id: &str) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Named as no pattern of sources is.
    let beside = folder.join(format!(".incoming-{id}"));
    if fs::rename(path, &beside).is_err() {
        // On another file system.
        fs::copy(path, &beside)?;
        File::open(&beside)?.sync_all()?;
    }
    fs::rename(&beside, target)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_plain_and_end_as_files_do() {
        assert_eq!(plain_name("../../etc/Orders 2026.CSV").unwrap(), "Orders_2026.CSV");
        assert_eq!(plain_name("C:\\x\\orders.csv.gz").unwrap(), "orders.csv.gz");
        for name in ["", ".csv", "orders", "orders.exe", "..", "x.gz", &format!("{}.csv", "a".repeat(200))] {
            assert!(plain_name(name).is_err(), "{name}");
        }
        for shop in ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", &"a".repeat(101)] {
            assert!(plain_shop(shop).is_err(), "{shop}");
        }
        assert!(plain_shop("shop-1.example_a").is_ok());
    }

    #[test]
    fn a_file_of_another_shop_or_of_no_use_is_failed() {
        let upload = || Upload {
            id: "1".to_owned(),
            run_id: "r".to_owned(),
            shop_id: "north".to_owned(),
            filename: "orders.csv".to_owned(),
            csv_type: Some("catalog".to_owned()),
            total_rows: 0,
            processed_rows: 0,
            status: UploadStatus::Processing,
            error_message: None,
            reasons: Vec::new(),
            warnings: Vec::new(),
            created_at: String::new(),
            updated_at: String::new(),
        };
        let judged = |told: Json| {
            let mut upload = upload();
            judge(&mut upload, &told);
            upload
        };
        let good = judged(
            json!({ "status": "completed", "kind": "orders", "rows": 9, "accepted": 7, "shops": "North", "reasons": "2 no_line" }),
        );
        assert_eq!((good.status, good.total_rows, good.processed_rows), (UploadStatus::Processing, 9, 7));
        assert_eq!((good.reasons.len(), good.warnings.len(), good.csv_type.as_deref()), (1, 1, Some("orders")));
        let other = judged(json!({ "status": "completed", "shops": ["north", "south"] }));
        assert_eq!(other.error_message.as_deref(), Some("the file has rows of another shop"));
        let bad = judged(json!({ "status": "failed", "problem": "no header" }));
        assert_eq!((bad.status, bad.error_message.as_deref()), (UploadStatus::Failed, Some("no header")));
    }
}
