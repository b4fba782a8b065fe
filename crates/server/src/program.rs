//! The program itself as a child: runs take the locks that every other run takes, and a file is read as a run reads it.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value as Json;

use super::{settings::RunCommand, store::GenerationKind};

/// Seconds that a run waits for another one of the workspace (section 11.6).
const WAIT: &str = "900";

/// How a file would be read: what it is, its rows and what is wrong with them, as `nightloom exports detect --json` says.
///
/// # Errors
/// A sentence, when the program cannot be started or says nothing.
pub fn detect(command: &RunCommand, file: &Path) -> Result<Json, String> {
    let output = Command::new(&command.program)
        .args(["exports", "detect", "--json", "--pipeline"])
        .arg(&command.pipeline)
        .arg("--")
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", command.program.display()))?;
    let told: Json = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    told.get("files").and_then(|files| files.get(0)).cloned().ok_or_else(|| "nothing was said of the file".to_owned())
}

/// Starts a run of the pipeline. What it says goes to the file `log`. It outlives the server.
///
/// # Errors
/// When the program cannot be started.
pub fn start(command: &RunCommand, kind: GenerationKind, log: &Path) -> std::io::Result<Child> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let (out, error) = (File::create(log)?, File::options().append(true).open(log)?);
    let mut process = Command::new(&command.program);
    process.arg("run").arg(&command.pipeline).args(&command.arguments).args(["--wait", WAIT, "--log-format", "text"]);
    match kind {
        GenerationKind::Bundles => {}
        GenerationKind::Rules => {
            process.args(["--select", "+rules"]);
        }
        GenerationKind::Resume => {
            process.arg("--resume");
        }
    }
    process.envs(command.environment.iter().map(|(name, value)| (name, value)));
    process.stdin(Stdio::null()).stdout(out).stderr(error);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C at the server ends the server alone.
        process.process_group(0);
    }
    process.spawn()
}
