//! `tillguard admin audit`: evidence packs of the audit log, and its key.
//!
//! Invariant: a pack verifies before it is handed over.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use node::seal::{keep, open};

use super::Args;
use crate::data_key;
use pack::{About, Choice};

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
    #[command(flatten)]
    keys: data_key::Args,
}

/// Print the key that verifies the log: give it to whoever shall be able to.
#[derive(clap::Args)]
pub(super) struct Key {
    #[command(flatten)]
    keys: data_key::Args,
}

pub(super) fn run(args: &Args, said: &Audit) -> anyhow::Result<()> {
    let keys = match said {
        Audit::Export(said) => &said.keys,
        Audit::Key(said) => &said.keys,
    };
    let store = args.open(false)?;
    let source = keys.source(Some(&args.data))?;
    // A log that no node has begun yet is begun here, and its key sealed.
    let sealer = match store.read(store::audit::log)? {
        Some(_) => open(&store, &source)?,
        None => keep(&store, &source, "tillguard admin")?,
    };
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
