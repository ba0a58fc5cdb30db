//! `tillguard admin data-key`: data keys that a token wraps.
//!
//! Invariant: no key is printed; and nothing is deleted or written over: what is to be, a person is told.

use std::path::PathBuf;

use node::seal::token::{add, wrap_file};

use super::Args;
use crate::data_key;

/// Keep the data keys wrapped by a key in a PKCS#11 token. Run it as the node's own user.
#[derive(clap::Subcommand)]
pub(super) enum DataKey {
    TokenKey(TokenKey),
    Wrap(Wrap),
    New(New),
}

/// Make the key that wraps, in the token: AES-256, never to leave it.
#[derive(clap::Args)]
pub(super) struct TokenKey {
    #[command(flatten)]
    keys: data_key::Args,
}

/// Write the keys of a plain file, wrapped, to the data keys' file, which is not there yet.
#[derive(clap::Args)]
pub(super) struct Wrap {
    /// The plain file.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    keys: data_key::Args,
}

/// Make a new data key and put it, wrapped, before the last one of the data keys' file; or alone into a new one.
#[derive(clap::Args)]
pub(super) struct New {
    #[command(flatten)]
    keys: data_key::Args,
}

pub(super) fn run(args: &Args, said: &DataKey) -> anyhow::Result<()> {
    match said {
        DataKey::TokenKey(said) => {
            said.keys.token()?.make_key()?;
            println!(
                "the key is made; have the token's own backup made now: without it every data key is lost with the token"
            );
        }
        DataKey::Wrap(said) => {
            let into = said.keys.file(&args.data);
            let names = wrap_file(&said.keys.token()?, &said.from, &into)?;
            for name in names {
                println!("{name} is wrapped");
            }
            println!(
                "start the nodes with {} and the token; then delete {} and every copy of it",
                into.display(),
                said.from.display()
            );
        }
        DataKey::New(said) => {
            let path = said.keys.file(&args.data);
            let name = add(&said.keys.token()?, &path)?;
            println!("{name} is in {}", path.display());
            println!(
                "restart every node; then move its line to the end, and restart them again: it seals from then on"
            );
        }
    }
    Ok(())
}
