//! `tillguard admin import`: an estate from a table, as the page does it.
//!
//! Invariant: it goes through the same import as the page: looked through, then taken over whole or not at all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use api::import::{FILE_BYTES_MAX, File, kept, new_id, opened, part, pieces};
use api::problem::Problem;
use app::import::New;
use domain::actor::Actor;
use domain::import::{Import as Noun, Outcome, State};
use domain::work::{Kind, Work};
use node::now;
use node::seal::{Sealer, keep};
use store::node::Incarnation;
use store::{Store, Tx};

use super::{Args, PAGE};
use crate::data_key;

/// Who claims the work of looking through, where no node does.
const CLAIMER: &str = "tillguard admin";
/// How often it is looked how far a node is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Bring an estate as a table, CSV or XLSX, one terminal a line: all of it, or nothing. Wrong lines are named.
#[derive(clap::Args)]
pub(super) struct Import {
    /// The table.
    file: PathBuf,
    /// With whose rights, and in whose name.
    #[arg(long)]
    login: String,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    keys: data_key::Args,
}

/// Does it.
pub(super) fn run(args: &Args, said: &Import) -> anyhow::Result<()> {
    let named = || format!("{} cannot be read", said.file.display());
    let length = std::fs::metadata(&said.file).with_context(named)?.len();
    ensure!(
        length <= FILE_BYTES_MAX as u64,
        "{} is larger than 8 MiB",
        said.file.display()
    );
    let bytes = std::fs::read(&said.file).with_context(named)?;
    let shell = Shell::open(args, said)?;
    let name = said
        .file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into());
    let import_id = shell.bring(&name, &bytes)?;
    let done = shell.finish(&import_id, said.dry_run);
    if !matches!(done, Ok(State::Done)) {
        shell.discard(&import_id);
    }
    done.map(drop)
}

/// What the command works with.
struct Shell {
    store: Store,
    sealer: Arc<Sealer>,
    actor: Actor,
}

/// A problem as a shell says it.
fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!(problem.reason(api::problem::Language::English))
}

impl Shell {
    fn open(args: &Args, said: &Import) -> anyhow::Result<Self> {
        let store = args.open(false)?;
        let sealer = Arc::new(keep(&store, &said.keys.source(Some(&args.data))?, CLAIMER)?);
        store.unlock(sealer.clone());
        let login = said.login.clone();
        let account = store.read(move |tx: &Tx<'_>| store::account::usable(tx, &login))?;
        let (account, _) = account.with_context(|| format!("there is no account {}", said.login))?;
        Ok(Self {
            store,
            sealer,
            actor: Actor::Person(account),
        })
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.store.write(work).map_err(told)
    }

    /// Brings the file; answers the import.
    fn bring(&self, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
        let new = New {
            import_id: new_id(now()).map_err(told)?,
            file_name: name.to_owned(),
            has_gate: false,
        };
        let import_id = new.import_id.clone();
        let actor = self.actor.clone();
        self.write(move |tx| Ok(app::import::begin(tx, &actor, new).map(drop)?))?;
        for (number, sealed) in pieces(&self.sealer, &import_id, bytes) {
            let (actor, id, sealed) = (self.actor.clone(), import_id.clone(), sealed.map_err(told)?);
            self.write(move |tx| Ok(app::import::keep_file(tx, &actor, &id, number, &sealed)?))?;
        }
        let (actor, id) = (self.actor.clone(), import_id.clone());
        self.write(move |tx| Ok(app::import::uploaded(tx, &actor, &id).map(drop)?))?;
        Ok(import_id)
    }

    /// Has it looked through, says what it would do, and takes it over.
    fn finish(&self, import_id: &str, dry_run: bool) -> anyhow::Result<State> {
        let import = self.looked_through(import_id)?;
        if let Some(trouble) = import.trouble {
            bail!("this is no table of terminals: {}", trouble.code());
        }
        self.print_wrong(import_id)?;
        let counts = import.counts;
        println!(
            "{} new, {} changed, {} unchanged, {} wrong; {} merchants and {} shops besides",
            counts.added, counts.changed, counts.unchanged, counts.wrong, counts.merchants, counts.shops
        );
        ensure!(
            counts.wrong == 0,
            "nothing was done: put the wrong lines right first"
        );
        if dry_run || counts.added + counts.changed == 0 {
            return Ok(import.state);
        }
        let (actor, id) = (self.actor.clone(), import_id.to_owned());
        let done = self.write(move |tx| Ok(app::import::commit(tx, &actor, &id)?))?;
        Ok(done.state)
    }

    /// The import once its lines have been looked through, by this command or by a node on the same store.
    fn looked_through(&self, import_id: &str) -> anyhow::Result<Noun> {
        loop {
            let who = Incarnation {
                node: CLAIMER.to_owned(),
                incarnation: 0,
            };
            let claim = move |tx: &Tx<'_>| {
                Ok(app::work::claim(
                    tx,
                    Kind::Import,
                    &Kind::Import.policy(),
                    &who,
                    1,
                )?)
            };
            for work in self.write(claim)? {
                self.look_through(&work)?;
            }
            let id = import_id.to_owned();
            let import = self
                .store
                .read(move |tx: &Tx<'_>| store::row::by_id::<Noun>(tx, &id))?;
            let import = import.context("the import is gone")?;
            if import.state != State::Checking {
                return Ok(import);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn look_through(&self, work: &Work) -> anyhow::Result<()> {
        let id = work.id.subject_id().to_owned();
        let pieces = self.store.read(|tx: &Tx<'_>| kept(tx, &id)).map_err(told)?;
        let bytes = opened(&self.sealer, &id, &pieces).map_err(told)?;
        let file = match File::read(&bytes) {
            Ok(file) => Arc::new(file),
            Err(trouble) => {
                let work = work.clone();
                return self.write(move |tx| Ok(app::import::unreadable(tx, &work, trouble)?));
            }
        };
        loop {
            let (work, file, sealer) = (work.clone(), file.clone(), self.sealer.clone());
            if !self.write(move |tx| part(tx, &sealer, &work, &file))? {
                return Ok(());
            }
        }
    }

    /// Row, column and reason of each wrong line, with tabs between them.
    fn print_wrong(&self, import_id: &str) -> anyhow::Result<()> {
        let mut after = 0;
        loop {
            let id = import_id.to_owned();
            let read = move |tx: &Tx<'_>| store::import::lines(tx, &id, Some(Outcome::Wrong), after, PAGE);
            let lines = self.store.read(read)?;
            let Some(last) = lines.last() else { return Ok(()) };
            after = last.line;
            for line in &lines {
                let reason = line.reason.as_ref().map_or("", |reason| &reason.en);
                println!(
                    "{}\t{}\t{reason}",
                    line.line,
                    line.field.as_deref().unwrap_or_default()
                );
            }
        }
    }

    /// Leaves an import that was not taken over, as far as it has not ended.
    fn discard(&self, import_id: &str) {
        let (actor, id) = (self.actor.clone(), import_id.to_owned());
        let discarded = self.write(move |tx| Ok(app::import::discard(tx, &actor, &id).map(drop)?));
        if let Err(error) = discarded {
            tracing::debug!(%error, "an import was not discarded");
        }
    }
}
