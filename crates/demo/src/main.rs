//! The binary `tillguard-demo`: everything on one machine, to look at and to measure. Nothing of it is in `tillguard`.
//!
//! May touch: everything. The only crate in which a node and the simulator meet.
//!
//! Invariant: the node in it is the one of `tillguard serve`; only what surrounds it is simulated.

mod alone;
mod bench;
mod estate;
mod show;
mod walk;

use clap::Parser;
use server::program;

/// Show Tillguard on this machine: an estate, a simulated host, terminals that trade, the console. Or measure it.
#[derive(clap::Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    show: show::Args,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    program::run(async {
        match arguments.command {
            None => show::run(arguments.show).await,
            Some(Command::Bench(bench)) => bench::run(bench).await,
        }
    })
}
