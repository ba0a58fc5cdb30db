//! `tillguard admin audit`: evidence packs of the audit log, and its key.
//!
//! Invariant: a pack verifies before it is handed over.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use node::seal::keep;

use super::Args;
use crate::pack::{self, About, Choice};

/// Evidence out of the audit log.
#[derive(clap::Subcommand)]
pub(super) enum Audit {
    Export(Export),
    Key(Key),
}

/// Write an evidence pack into a new folder: all of the log, or what is about some things. `tillguard verify` verifies it.
#[derive(clap::Args)]
pub(super) struct Export {
    /// The folder, which is not there yet.
    folder: PathBuf,
    /// What it is about: incident:ID, terminal:ID, ledger:TERMINAL, account:LOGIN … May be given several times.
    #[arg(long, value_name = "SUBJECT:ID")]
    about: Vec<About>,
    /// With the rows of the terminals' ledgers.
    #[arg(long)]
    rows: bool,
    /// Under the newest checkpoint that has a time stamp, instead of the newest.
    #[arg(long)]
    stamped: bool,
    /// The key that seals what is secret at rest; data.key in --data without it.
    #[arg(long, value_name = "FILE", env = "TILLGUARD_DATA_KEY")]
    data_key: Option<PathBuf>,
}

/// Print the key that verifies the log: give it to whoever shall be able to.
#[derive(clap::Args)]
pub(super) struct Key {
    /// The key that seals what is secret at rest; data.key in --data without it.
    #[arg(long, value_name = "FILE", env = "TILLGUARD_DATA_KEY")]
    data_key: Option<PathBuf>,
}

pub(super) fn run(args: &Args, said: &Audit) -> anyhow::Result<()> {
    let data_key = match said {
        Audit::Export(said) => &said.data_key,
        Audit::Key(said) => &said.data_key,
    };
    let store = args.open(false)?;
    let data_key = data_key.clone().unwrap_or_else(|| args.data.join("data.key"));
    let sealer = keep(&store, &data_key, "tillguard admin")?;
    let signer = node::audit::signer(&store, &sealer)?;
    store.unlock(Arc::new(sealer));
    match said {
        Audit::Key(_) => println!("{}", signer.key()),
        Audit::Export(said) => {
            let choice = Choice {
                with_rows: said.rows,
                is_stamped: said.stamped,
            };
            let count = pack::write(&store, &signer, &said.folder, &said.about, choice)?;
            let key = signer.key().clone();
            pack::verify(&said.folder, Some(key)).context("the pack does not verify")?;
            println!(
                "{count} records in {}; key {}",
                said.folder.display(),
                signer.key()
            );
        }
    }
    Ok(())
}
