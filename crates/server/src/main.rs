//! The binary `tillguard`: a node that keeps terminals, and the commands around it.
//!
//! Invariant: a command parses, wires and reports; what it wires decides.

use std::process::ExitCode;

use clap::Parser;
use server::{admin, program, screening, serve, statement, verify};

/// Tillguard keeps POS terminals, and above all their loss: one report stops a terminal everywhere at once.
#[derive(clap::Parser)]
#[command(version, about)]
enum Command {
    Serve(Box<serve::Args>),
    Admin(admin::Args),
    Verify(verify::Args),
    Statement(statement::Args),
    Screening(screening::Args),
    /// Print the API's OpenAPI document.
    Openapi,
    /// Print the shape of a playbook, as a JSON Schema.
    PlaybookSchema,
}

fn main() -> anyhow::Result<ExitCode> {
    match Command::parse() {
        Command::Serve(args) => program::run(serve::run(*args))?,
        Command::Admin(args) => admin::run(args)?,
        Command::Verify(args) => verify::run(args)?,
        Command::Screening(args) => screening::run(&args)?,
        Command::Statement(args) => return Ok(statement::run(&args)),
        Command::Openapi => println!("{}", api::openapi().to_pretty_json()?),
        Command::PlaybookSchema => println!("{:#}", api::playbook_schema()),
    }
    Ok(ExitCode::SUCCESS)
}
