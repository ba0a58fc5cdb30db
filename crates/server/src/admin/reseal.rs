//! `tillguard admin reseal`: moves everything that is sealed to the newest data key, and says how far it is.
//!
//! Nodes do the same by themselves, once an hour and whenever one starts; this is for who does not want to wait, or to see.
//!
//! Invariant: it does what a node's own work does, by the same steps.

use std::sync::Arc;

use anyhow::ensure;
use domain::work::Kind;
use node::seal::keep;
use store::node::Incarnation;
use store::reseal::{Progress, Step, UNITS};
use store::{Store, Tx};

use super::Args;
use crate::data_key;

/// What claims are made as.
const CLAIMER: &str = "tillguard admin";

/// Move what is sealed to the newest data key, and say how far it is.
#[derive(clap::Args)]
pub struct Reseal {
    #[command(flatten)]
    keys: data_key::Args,
    /// Only say how far it is.
    #[arg(long)]
    look: bool,
}

/// Does what was asked.
///
/// # Errors
/// The store or the keys cannot be had, or another key than the last one in the file is the newest.
pub fn run(args: &Args, said: &Reseal) -> anyhow::Result<()> {
    let store = args.open(false)?;
    if said.look {
        return print(&store);
    }
    let sealer = keep(&store, &said.keys.source(Some(&args.data))?, CLAIMER)?;
    store.unlock(Arc::new(sealer));
    let who = Incarnation {
        node: CLAIMER.to_owned(),
        incarnation: 0,
    };
    let claim = move |tx: &Tx<'_>| {
        app::reseal::hasten(tx)?;
        app::work::claim(tx, Kind::Reseal, &Kind::Reseal.policy(), &who, 1)
    };
    let Some(claimed) = store.write(claim)?.pop() else {
        println!("a node is at it");
        return print(&store);
    };
    let ended = loop {
        let claimed = claimed.clone();
        match store.write(move |tx| app::reseal::step(tx, &claimed))? {
            Step::More => {}
            ended => break ended,
        }
    };
    print(&store)?;
    ensure!(
        ended != Step::NotOurs,
        "the store has a newer key than the last one in this file: nothing was moved"
    );
    match ended {
        Step::Done(retired) if retired > 0 => println!("{retired} older keys are not needed any more"),
        Step::Done(_) => println!("everything is sealed with the newest key"),
        _ => {
            println!("older keys are still needed: a node sealed with one lately, or a value opens with none")
        }
    }
    Ok(())
}

/// Column, rows looked at, values moved, values that open with no key, and whether it is done, with tabs between them.
fn print(store: &Store) -> anyhow::Result<()> {
    let all: Vec<Progress> = store.read(|tx: &Tx<'_>| store::reseal::progress(tx))?;
    for unit in UNITS {
        match all.iter().find(|one| one.unit == unit.name) {
            Some(one) => {
                let state = if one.done_at.is_some() {
                    "done"
                } else {
                    "under way"
                };
                println!(
                    "{}\t{}\t{}\t{}\t{state}",
                    unit.name, one.looked, one.moved, one.stuck
                );
            }
            None => println!("{}\t0\t0\t0\twaiting", unit.name),
        }
    }
    Ok(())
}
