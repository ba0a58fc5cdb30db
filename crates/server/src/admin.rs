//! `tillguard admin`: what a person at the machine itself does with accounts, and with a whole estate.
//!
//! A shared store is worked on while its nodes run. An embedded one belongs to the node that has it open, and to this command
//! only while none runs.
//!
//! Invariant: a password is typed unseen or read from standard input; it is never an argument, which others can see.

mod audit;
#[cfg(feature = "pkcs11")]
mod data_key;
mod import;
mod reseal;

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use app::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Unfit};
use app::setup::First;
use clap::ValueEnum;
use domain::MerchantId;
use domain::account::{Account, Scope, is_login};
use domain::actor::By;
use domain::money::Currency;
use domain::setting::{Language, Mode, Settings};
use store::{Store, Tx};
use zeroize::Zeroizing;

use node::now;
use node::seal::random;

/// How this command is named in events.
const WHO: By<'static> = By::outside("tillguard admin");
/// Accounts read at a time.
const PAGE: i64 = 500;
/// Longest password line that is read.
const LINE_BYTES_MAX: u64 = 4_096;
/// What merchant identifiers are made of; no letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Look after accounts from a shell: make the first one, reset a password, forget second factors, list them; and import an estate.
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
    FirstAccount(FirstAccount),
    ResetPassword(ResetPassword),
    ForgetFactors(ForgetFactors),
    /// List the accounts.
    List,
    Import(import::Import),
    #[command(subcommand)]
    Audit(audit::Audit),
    Reseal(reseal::Reseal),
    #[cfg(feature = "pkcs11")]
    #[command(subcommand)]
    DataKey(data_key::DataKey),
}

/// Set the house up with its first account, as the set-up page does.
#[derive(clap::Args)]
struct FirstAccount {
    /// For whom the house is run.
    #[arg(long)]
    mode: ModeName,
    /// What the person types to log in.
    #[arg(long)]
    login: String,
    /// How others see the person.
    #[arg(long)]
    name: String,
    /// The merchant's name, in a shop's house.
    #[arg(long, required_if_eq("mode", "shop"))]
    merchant: Option<String>,
    /// What people are spoken to in.
    #[arg(long, default_value = "zh")]
    language: LanguageName,
    /// An IANA time zone.
    #[arg(long, default_value = "Asia/Shanghai")]
    time_zone: String,
    /// ISO 4217, three letters.
    #[arg(long, default_value = "CNY")]
    currency: String,
}

/// Give an account another password; its sessions end.
#[derive(clap::Args)]
struct ResetPassword {
    /// Whose.
    #[arg(long)]
    login: String,
}

/// Forget the second factors of an account whose owner has lost them all; its sessions end.
#[derive(clap::Args)]
struct ForgetFactors {
    /// Whose.
    #[arg(long)]
    login: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModeName {
    Shop,
    Acquirer,
}

#[derive(Clone, Copy, ValueEnum)]
enum LanguageName {
    Zh,
    En,
}

/// Does what was asked.
///
/// # Errors
/// It cannot be done; nothing was.
pub fn run(args: Args) -> anyhow::Result<()> {
    match &args.command {
        Command::FirstAccount(said) => first_account(&args, said),
        Command::ResetPassword(said) => reset_password(&args, &said.login),
        Command::ForgetFactors(said) => forget_factors(&args, &said.login),
        Command::List => list(&args),
        Command::Import(said) => import::run(&args, said),
        Command::Audit(said) => audit::run(&args, said),
        Command::Reseal(said) => reseal::run(&args, said),
        #[cfg(feature = "pkcs11")]
        Command::DataKey(said) => data_key::run(&args, said),
    }
}

impl Args {
    /// The store; `make` an embedded one that is not there yet.
    fn open(&self, make: bool) -> anyhow::Result<Store> {
        opened(&self.data, self.database.as_deref(), make)
    }
}

/// The store that a command works on: the database that nodes share, else the embedded one in the folder; `make` one that is not there
/// yet.
pub(crate) fn opened(data: &Path, database: Option<&str>, make: bool) -> anyhow::Result<Store> {
    if let Some(url) = database {
        return Ok(Store::connect(url, Arc::new(now))?);
    }
    let path = data.join("store.db");
    if make {
        crate::run::make_private(data)?;
    }
    ensure!(
        make || path.exists(),
        "there is no store in {}: nothing has been set up there",
        data.display()
    );
    Store::open(&path, Arc::new(now)).map_err(|error| match error {
        store::Error::InUse => anyhow::anyhow!(
            "a node runs on the store in {}: stop it first, or use its pages. Nothing was done.",
            data.display()
        ),
        error => error.into(),
    })
}

fn first_account(args: &Args, said: &FirstAccount) -> anyhow::Result<()> {
    let first = checked(said)?;
    let store = args.open(true)?;
    // Asked before the password is, so that nobody types one in vain.
    if store.read(store::account::exists)? {
        bail!(app::setup::Error::Done);
    }
    let password_hash = new_password(&theirs(&first.login, &first.name, said.merchant.as_deref()))?;
    let first = First {
        password_hash,
        ..first
    };
    let account = store.write(move |tx| app::setup::set_up(tx, first))?;
    println!("{}", line(&account));
    Ok(())
}

fn checked(said: &FirstAccount) -> anyhow::Result<First> {
    let merchant = match (said.mode, &said.merchant) {
        (ModeName::Shop, Some(name)) => Some((new_merchant_id()?, named("--merchant", name)?)),
        (ModeName::Shop, None) => bail!("--merchant is missing"),
        (ModeName::Acquirer, None) => None,
        (ModeName::Acquirer, Some(_)) => bail!("--merchant is for a shop"),
    };
    ensure!(
        is_login(&said.login),
        "--login takes 2 to 64 letters, digits or . _ - @ +, with a letter or digit in front"
    );
    let zone = jiff::tz::TimeZone::get(&said.time_zone).ok();
    let zone = zone.as_ref().and_then(jiff::tz::TimeZone::iana_name);
    let mode = match said.mode {
        ModeName::Shop => Mode::Shop,
        ModeName::Acquirer => Mode::Acquirer,
    };
    let language = match said.language {
        LanguageName::Zh => Language::Chinese,
        LanguageName::En => Language::English,
    };
    Ok(First {
        settings: Settings::new(
            mode,
            language,
            zone.context("--time-zone takes an IANA time zone like Asia/Shanghai")?,
            Currency::parse(&said.currency).context("--currency takes an ISO 4217 currency like CNY")?,
        ),
        merchant,
        login: said.login.clone(),
        name: named("--name", &said.name)?,
        email: None,
        password_hash: String::new(),
    })
}

fn named(flag: &str, name: &str) -> anyhow::Result<String> {
    let name = name.trim();
    let fits = (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control);
    ensure!(fits, "{flag} takes 1 to 100 characters");
    Ok(name.to_owned())
}

fn new_merchant_id() -> anyhow::Result<MerchantId> {
    let letters = random::<8>()?.map(|byte| ALPHABET[usize::from(byte % 32)]);
    MerchantId::parse(&letters).context("a new identifier")
}

fn reset_password(args: &Args, login: &str) -> anyhow::Result<()> {
    let store = args.open(false)?;
    let asked = login.to_owned();
    let known = store.read(move |tx: &Tx<'_>| store::account::get(tx, &asked))?;
    let (account, _) = known.with_context(|| format!("there is no account {login}"))?;
    let hash = new_password(&theirs(&account.login, &account.name, None))?;
    let login = account.login.clone();
    let done = store.write(move |tx| app::account::reset_password(tx, WHO, &login, &hash))?;
    ensure!(done, "there is no account {} any more", account.login);
    println!(
        "{}: the password is changed, and every session has ended",
        account.login
    );
    Ok(())
}

fn forget_factors(args: &Args, login: &str) -> anyhow::Result<()> {
    let store = args.open(false)?;
    let whose = login.to_owned();
    let done = store.write(move |tx| app::account::forget_factors(tx, WHO, &whose))?;
    ensure!(done, "there is no account {login}");
    println!("{login}: the second factors are forgotten, and every session has ended");
    Ok(())
}

fn list(args: &Args) -> anyhow::Result<()> {
    let store = args.open(false)?;
    let mut after = String::new();
    loop {
        let from = after.clone();
        let page = store.read(move |tx: &Tx<'_>| store::account::list(tx, &from, PAGE))?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.login);
        for account in &page {
            println!("{}", line(account));
        }
    }
}

/// Login, role, what it sees, and name, with tabs between them.
fn line(account: &Account) -> String {
    let sees = match &account.scope {
        Scope::All => "all".to_owned(),
        Scope::Merchant(merchant_id) => merchant_id.to_string(),
        Scope::Shop(merchant_id, shop_id) => format!("{merchant_id}/{shop_id}"),
    };
    format!(
        "{}\t{}\t{sees}\t{}",
        account.login,
        account.role.code(),
        account.name
    )
}

fn theirs(login: &str, name: &str, merchant: Option<&str>) -> Vec<String> {
    [Some(login), Some(name), merchant]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}

/// Asks for a new password, twice where somebody types it, and hashes it.
fn new_password(theirs: &[String]) -> anyhow::Result<String> {
    let password = match std::io::stdin().is_terminal() {
        true => typed_twice()?,
        false => line_of_stdin()?,
    };
    let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
    app::password::fit(&password, &theirs).map_err(|unfit| match unfit {
        Unfit::TooShort => anyhow::anyhow!("a password has at least {PASSWORD_CHARS_MIN} characters"),
        Unfit::TooLong => anyhow::anyhow!("a password has at most {PASSWORD_BYTES_MAX} bytes"),
        Unfit::TooCommon => anyhow::anyhow!("this password is too easy to guess: take another one"),
    })?;
    Ok(app::password::hash(&password, &random()?)?)
}

fn typed_twice() -> anyhow::Result<Zeroizing<String>> {
    let once = Zeroizing::new(rpassword::prompt_password("Password: ")?);
    let twice = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
    ensure!(once == twice, "the two are not the same");
    Ok(once)
}

fn line_of_stdin() -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    let mut stdin = std::io::Read::take(std::io::stdin().lock(), LINE_BYTES_MAX);
    stdin
        .read_line(&mut line)
        .context("no password on standard input")?;
    Ok(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}
