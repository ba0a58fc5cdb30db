//! `cargo xtask openapi`: the API's document and the schema of playbooks, printed by the server itself, and the typed client made from it.
//!
//! Invariant: all files are products of the server's code; `check` fails when one is stale.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, tree, web};

const CLIENT: &str = "src/api/schema.d.ts";
const DOCUMENT: &str = "docs/openapi.json";
/// The pages that the server prints, and by which command.
const PAGES: [(&str, &str); 2] = [
    (DOCUMENT, "openapi"),
    ("docs/playbook.schema.json", "playbook-schema"),
];

/// Writes `docs/openapi.json`, and the console's types when it has the generator among its packages.
///
/// # Errors
/// The server does not build or print the document, or a file cannot be written.
pub fn write() -> Result<()> {
    // Of the workspace: for the package alone, what it is made of would be compiled anew with other features.
    let build = ["build", "--workspace", "--bin", tree::SERVER];
    command::run(command::cargo().current_dir(tree::root()).args(build))?;
    for (page, command) in PAGES {
        std::fs::write(tree::root().join(page), print(command)?).context(page)?;
    }
    if let Some(types) = types()? {
        let client = web::console().join(CLIENT);
        std::fs::write(&client, types).with_context(|| client.display().to_string())?;
    }
    Ok(())
}

/// Compares both files with what the server of the last build prints.
///
/// # Errors
/// A file differs; says which command writes it.
pub fn check() -> Result<()> {
    let stale = |what: &str| format!("{what} is stale: run `cargo xtask openapi` and commit what it writes");
    for (page, command) in PAGES {
        if std::fs::read_to_string(tree::root().join(page)).unwrap_or_default() != print(command)? {
            bail!(stale(page));
        }
    }
    match types()? {
        Some(types) if std::fs::read_to_string(web::console().join(CLIENT)).unwrap_or_default() != types => {
            bail!(stale(CLIENT))
        }
        _ => Ok(()),
    }
}

fn print(command: &str) -> Result<String> {
    command::output(Command::new(tree::program("tillguard")?).arg(command))
}

/// What openapi-typescript makes of the document; `None` when the console does not use it.
fn types() -> Result<Option<String>> {
    let console = web::console();
    web::install(&console)?;
    let generator = console.join("node_modules/.bin/openapi-typescript");
    if !generator.exists() {
        return Ok(None);
    }
    command::output(command::program(generator, &console).arg(tree::root().join(DOCUMENT))).map(Some)
}
