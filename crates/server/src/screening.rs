//! `tillguard screening`: what a person at the machine itself does with what marks teach.
//!
//! Invariant: it goes the way of the page: with somebody's rights, and a second person signs off what it keeps.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use api::problem::Problem;
use app::model::Learnt;
use app::suspect::training::Training;
use domain::Timestamp;
use domain::actor::Actor;
use domain::setting::Language;
use node::now;
use node::seal::keep;
use store::{Store, Tx};

use crate::admin::opened;
use crate::data_key;

/// How the command is named among those that hold a key.
const WHO: &str = "tillguard screening";

/// Train the model of payments on what people marked around losses.
#[derive(clap::Args)]
pub struct Args {
    /// Where the embedded store is kept.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The PostgreSQL database that nodes share, instead of the store in --data.
    #[arg(long, value_name = "URL", env = "TILLGUARD_DATABASE", hide_env_values = true)]
    database: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Train(Train),
}

/// Train a model and print its card. It is kept as a draft, for a second person to sign off on the page.
#[derive(clap::Args)]
struct Train {
    /// With whose rights, and in whose name.
    #[arg(long)]
    login: String,
    /// Write the model to a new file instead of keeping a draft: the number of its currency on the first line, then JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    keys: data_key::Args,
}

/// Does what was asked.
///
/// # Errors
/// It cannot be done; nothing was kept.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let Command::Train(said) = &args.command;
    let store = opened(&args.data, args.database.as_deref(), false)?;
    let sealer = keep(&store, &said.keys.source(Some(&args.data))?, WHO)?;
    store.unlock(Arc::new(sealer));
    let login = said.login.clone();
    let account = store.read(move |tx: &Tx<'_>| store::account::usable(tx, &login))?;
    let (account, _) = account.with_context(|| format!("there is no account {}", said.login))?;
    let actor = Actor::Person(account);
    let learnt = trained(&store, &actor)?;
    print!("{}", learnt.model.card_markdown(Language::English, written));
    match &said.out {
        Some(path) => {
            ensure!(!path.exists(), "{} is there already", path.display());
            let failed = || format!("{} cannot be written", path.display());
            std::fs::write(path, learnt.write()).with_context(failed)?;
        }
        None => {
            let id = api::new_id().map_err(told)?;
            let kept = store.write(move |tx: &Tx<'_>| {
                app::model::create(tx, &actor, &id, &learnt).map_err(Problem::from)
            });
            let kept = kept.map_err(told)?;
            println!(
                "\nKept as version {} ({}): a draft, to be proposed and signed off on the page.",
                kept.version, kept.revision_id
            );
        }
    }
    Ok(())
}

fn trained(store: &Store, actor: &Actor) -> anyhow::Result<Learnt> {
    let begun = store.read(|tx: &Tx<'_>| Training::begin(tx, actor).map_err(Problem::from));
    let (mut training, incidents) = begun.map_err(told)?;
    for incident_id in incidents {
        if !training.has_room() {
            break;
        }
        let look = |tx: &Tx<'_>| training.look(tx, actor, &incident_id).map_err(Problem::from);
        store.read(look).map_err(told)?;
    }
    if training.is_cut {
        eprintln!("There is more than is looked at: the newest is.");
    }
    Ok(training.train(now())?)
}

/// A problem as a shell says it.
fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!(problem.reason(api::problem::Language::English))
}

fn written(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
