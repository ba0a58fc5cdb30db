//! `tillguard verify`: is this evidence, or this store, what it says it is?
//!
//! Invariant: it exits with 0 only when every byte was verified; it makes no data key, and notes none.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use app::audit::Walk;
use node::now;
use node::seal::open;
use store::Store;
use tlog::Key;

use crate::data_key;

/// Verify an evidence pack, or the audit log of a store: exit 0 when every byte is right, 1 when one is not.
#[derive(clap::Args)]
pub struct Args {
    /// The folder of a pack, or its zip; without it, the store is verified.
    #[arg(value_name = "PATH", required_unless_present_any = ["data", "database"], conflicts_with_all = ["data", "database"])]
    path: Option<PathBuf>,
    /// The log's key, kept from before: `name+id+base64`. Without it, the one beside the records is believed.
    #[arg(long, value_name = "KEY", value_parser = |text: &str| Key::parse(text.trim()))]
    key: Option<Key>,
    /// A checkpoint kept from before, a file: the log must have grown out of it.
    #[arg(long, value_name = "FILE", requires = "data_or_database")]
    checkpoint: Option<PathBuf>,
    /// Where the embedded store is kept.
    #[arg(long, value_name = "DIR", group = "data_or_database")]
    data: Option<PathBuf>,
    /// A PostgreSQL database, whose nodes may run.
    #[arg(long, value_name = "URL", group = "data_or_database")]
    database: Option<String>,
    /// What opens the texts: they are compared as they were said.
    #[command(flatten)]
    keys: data_key::Args,
}

/// Verifies.
///
/// # Errors
/// What is wrong.
pub fn run(args: Args) -> anyhow::Result<()> {
    match &args.path {
        Some(path) => verify_pack(path, args.key.clone()),
        None => verify_store(&args),
    }
}

fn verify_pack(path: &std::path::Path, key: Option<Key>) -> anyhow::Result<()> {
    let is_given = key.is_some();
    let verified = pack::verify(path, key)?;
    if let Some(contents) = &verified.contents {
        println!(
            "pack of incident {} for {}, made at {}: {} files, which say what the records say",
            contents.incident_id,
            contents.r#for,
            contents.made_at,
            contents.files.len()
        );
        for file in &contents.elsewhere {
            println!(
                "not in it, only by what was said of it: {} bytes, SHA-256 {}",
                file.size, file.sha256
            );
        }
    }
    let what = match verified.is_all {
        true => "all of the log",
        false => "each proven to be in the log",
    };
    println!("verified: {} records, {what}", verified.records);
    println!(
        "checkpoint of {} records, key {}",
        verified.checkpoint.size, verified.key
    );
    if verified.erased > 0 {
        println!(
            "{} texts are not there, erased or not for who has this pack; that they were is proven",
            verified.erased
        );
    }
    if verified.is_stamped {
        println!(
            "there is a time stamp: openssl ts -verify -data checkpoint -in checkpoint.tsr -CAfile ca.pem"
        );
    }
    if verified.has_own_stamp {
        println!(
            "there is a time stamp: openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile ca.pem"
        );
    }
    if !is_given {
        println!(
            "the key is the pack's own: compare it with one you have from elsewhere, or give it by --key"
        );
    }
    Ok(())
}

fn verify_store(args: &Args) -> anyhow::Result<()> {
    let source = args.keys.source(args.data.as_deref())?;
    let store = match (&args.database, &args.data) {
        (Some(url), _) => Store::connect(url, Arc::new(now))?,
        (None, Some(data)) => {
            let path = data.join("store.db");
            ensure!(path.exists(), "there is no store in {}", data.display());
            Store::open(&path, Arc::new(now)).map_err(|error| match error {
                store::Error::InUse => anyhow::anyhow!(
                    "a node runs on the store in {}: stop it first. It looks its log through by itself, see its page",
                    data.display()
                ),
                error => error.into(),
            })?
        }
        (None, None) => bail!("nothing to verify"),
    };
    let log = store.read(store::audit::log)?;
    let log = log.context("the audit log has not begun: no node of this version has run")?;
    store.unlock(Arc::new(open(&store, &source)?));
    let own = Key::new(
        &log.origin,
        log.public_key.as_slice().try_into().context("the log's key")?,
    )?;
    let key = args.key.clone().unwrap_or_else(|| own.clone());
    if let Some(path) = &args.checkpoint {
        grown(&store, &key, path)?;
    }
    let mut walk = Walk::new(key);
    while store.read(|tx| walk.go_on(tx))? {}
    for finding in &walk.findings {
        println!("{finding}");
    }
    ensure!(walk.findings.is_empty(), "the audit log is not what it must be");
    println!("verified: {} records of {own}", walk.leaves());
    Ok(())
}

/// Whether the log has grown out of a checkpoint that somebody kept.
fn grown(store: &Store, key: &Key, path: &std::path::Path) -> anyhow::Result<()> {
    let kept = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let kept = tlog::Checkpoint::verify(key, &kept).context("the kept checkpoint")?;
    let newest = store.read(|tx| store::audit::checkpoint(tx, None))?;
    let newest = newest.context("the log has no checkpoint")?;
    let newest = tlog::Checkpoint::verify(key, &newest.note).context("the newest checkpoint")?;
    let proven = match kept.size {
        0 => Ok(()),
        size => {
            let hashes = store.read(|tx| app::audit::consistency(tx, size, newest.size));
            let hashes = hashes.context("the log is shorter than the kept checkpoint")?;
            tlog::verify_consistency(size, &kept.root, newest.size, &newest.root, &hashes)
        }
    };
    proven.context("the log did not grow out of the kept checkpoint: it was rewritten")
}
