//! The binary `tillguard`: a node that keeps terminals, and the commands around it.
//!
//! May touch: everything. The only crate with wire types, HTTP, the system clock and the operating system's randomness.
//!
//! Invariant: no rule lives here; handlers and the gate translate, call one use case, and translate back.

mod api;
mod assets;
mod auth;
mod command;
mod connector;
mod gate;
mod http;
mod node;
mod run;
mod seal;
mod work;

use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Tillguard keeps POS terminals, and above all their loss: one report stops a terminal everywhere at once.
#[derive(clap::Parser)]
#[command(version, about)]
enum Command {
    Demo(command::demo::Args),
    Serve(command::serve::Args),
    /// Measure this machine: the codec, or the whole gate.
    #[command(subcommand)]
    Bench(command::bench::Bench),
    /// Print the API's OpenAPI document.
    Openapi,
}

fn main() -> anyhow::Result<()> {
    let command = Command::parse();
    let filter = EnvFilter::try_from_env("TILLGUARD_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Demo(args) => command::demo::run(args).await,
            Command::Serve(args) => command::serve::run(args).await,
            Command::Bench(bench) => command::bench::run(bench).await,
            Command::Openapi => command::openapi::run(),
        }
    })
}
