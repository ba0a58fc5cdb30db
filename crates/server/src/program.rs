//! What every program of ours does first: a log on standard error, and a runtime.

use std::future::Future;

use tracing_subscriber::EnvFilter;

/// Runs a program to its end. `TILLGUARD_LOG` says what is logged; warnings without it.
///
/// # Errors
/// Its own, or that no runtime is to be had.
pub fn run(program: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("TILLGUARD_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(program)
}
