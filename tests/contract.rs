//! The API against its own document, by somebody who knows nothing else of it: Schemathesis makes requests that fit the
//! document and requests that do not, and looks whether the answers are those that the document promises.
//!
//! `cargo xtask test contract` installs it; `TILLGUARD_SCHEMATHESIS` names the program.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tests::{Folder, Launch};

/// How long it may make up requests, and for each operation how many at most, in each of its ways to make them: as somebody who
/// may do everything, and as nobody.
const TRIES: [(bool, u32, u32); 2] = [(true, 75, 20), (false, 25, 5)];
/// A stream does not end; a log-out would end the session that all other requests have.
const LEFT_OUT: [[&str; 2]; 2] = [
    ["--exclude-path", "/api/v1/incidents/{incident_id}/events"],
    ["--exclude-operation-id", "session_log_out"],
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis: cargo xtask test contract"]
async fn every_answer_is_one_that_the_document_promises() -> Result<()> {
    let program = std::env::var_os("TILLGUARD_SCHEMATHESIS").context("TILLGUARD_SCHEMATHESIS is not set")?;
    let folder = Folder::new()?;
    let launch = Launch {
        arguments: ["--no-walk", "--rate", "3", "--history-days", "1"]
            .map(str::to_owned)
            .into(),
        ..Launch::new(&folder)?
    };
    let mut node = launch.start().await?;
    // Whoever sees everything and may do everything.
    let risk = node.api_as("risk").await?;
    let token = risk.token().context("no token")?;
    for (logged_in, seconds_max, examples_max) in TRIES {
        let mut tried = schemathesis(&program, &folder, &node.ready.api_url);
        if logged_in {
            tried.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        tried
            .args(["--max-time", &seconds_max.to_string()])
            .args(["--max-examples", &examples_max.to_string()]);
        let status = tokio::task::spawn_blocking(move || tried.status()).await??;
        ensure!(
            status.success(),
            "the API and its document disagree (logged in: {logged_in}): {status}"
        );
    }
    node.check_alive()
}

fn schemathesis(program: &OsStr, folder: &Folder, api_url: &str) -> Command {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis.toml");
    let mut tried = Command::new(program);
    tried
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(rules)
        .arg("run")
        .arg(format!("{api_url}/api/openapi.json"))
        .args(LEFT_OUT.as_flattened())
        .args(["--phases", "examples,coverage,fuzzing", "--workers", "1"])
        .args([
            "--generation-deterministic",
            "--continue-on-failure",
            "--no-color",
        ])
        .args(["--warnings", "off", "--output-sanitize", "false"]);
    tried
}
