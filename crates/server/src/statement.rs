//! `tillguard statement`: what a file says that a shop downloaded, one JSON object a record.
//!
//! Invariant: on standard output is nothing but records, in the order of the file; what people should know of them is on standard
//! error, and the exit code says whether it is all.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use domain::money::Currency;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;
use statement::{Counted, Error, FILE_BYTES_MAX, Mapping, Options, Part, Record, Setting, Statement, Take};

/// Largest mapping, in bytes.
const MAPPING_BYTES_MAX: u64 = 256 * 1024;
/// Refused rows that are named on standard error.
const REFUSED_SHOWN_MAX: usize = 20;
/// The exit code of a file that is no statement.
const NOT_RECOGNISED: u8 = 1;
/// The exit code of one that cannot be read, or not to its end.
const UNREADABLE: u8 = 2;

/// Print what a statement says, one JSON object a record: the files that shops download from acquirers and wallets (XLSX, XLS, CSV, zip, gzip).
/// Exit 0 when it was read, 1 when it is not recognised, 2 when it cannot be read.
#[derive(clap::Args)]
pub struct Args {
    /// The file; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How to read the file of an acquirer whose layout is not public: a JSON file, see docs/STATEMENTS.md.
    #[arg(long, value_name = "FILE", conflicts_with = "guess")]
    mapping: Option<PathBuf>,
    /// The currency, where the file says none: its three letters.
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<Currency>,
    /// The time zone, where the file says none: `Europe/Berlin`, `+02:00`.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    zone: Option<TimeZone>,
    /// Print a mapping instead, guessed from the file, to be checked and given by --mapping.
    #[arg(long)]
    guess: bool,
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(&text.to_ascii_uppercase()).ok_or_else(|| "not a currency of ISO 4217".to_owned())
}

fn zone(text: &str) -> Result<TimeZone, String> {
    statement::zone(text).ok_or_else(|| "not a time zone".to_owned())
}

/// Prints it.
pub fn run(args: &Args) -> ExitCode {
    let said = match args.guess {
        true => print_guess(args),
        false => print_records(args),
    };
    match said {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}: {error:#}", args.file.display());
            ExitCode::from(UNREADABLE)
        }
    }
}

/// A record as it is printed.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    amount_minor: i64,
    currency: Option<&'static str>,
    direction: &'static str,
    state: &'static str,
    method: &'static str,
    order_id: Option<&'a str>,
    terminal: Option<&'a str>,
    raw_row: u64,
}

impl<'a> Line<'a> {
    fn of(record: &'a Record) -> Self {
        let at = Timestamp::from_millisecond(record.at).unwrap_or_default();
        Self {
            at: at.display_with_offset(Offset::constant(8)).to_string(),
            amount_minor: record.money.minor,
            currency: record.money.currency.letters(),
            direction: record.direction.code(),
            state: record.state.code(),
            method: record.method.code(),
            order_id: record.order_id.as_deref(),
            terminal: record.terminal.as_deref(),
            raw_row: record.row,
        }
    }
}

/// Prints each record as it comes.
struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    failed: Option<io::Error>,
}

impl Printer {
    fn print(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, &Line::of(record))?;
        self.out.write_all(b"\n")
    }
}

impl Take for Printer {
    fn record(&mut self, record: Record) -> bool {
        self.failed = self.print(&record).err();
        self.failed.is_none()
    }
}

fn print_records(args: &Args) -> anyhow::Result<ExitCode> {
    let options = Options {
        currency: args.currency,
        zone: args.zone.clone(),
        mapping: args.mapping.as_deref().map(mapping).transpose()?,
    };
    let mut printer = Printer {
        out: BufWriter::new(io::stdout().lock()),
        failed: None,
    };
    let read = statement::read(open(&args.file)?, &options, &mut printer);
    if let Some(error) = printer.failed.or_else(|| printer.out.flush().err()) {
        // Whoever read along has enough.
        return match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            _ => Err(error).context("standard output"),
        };
    }
    match read {
        Ok(statement) => {
            tell(&args.file, &statement);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(refuse(&args.file, &error)),
    }
}

fn print_guess(args: &Args) -> anyhow::Result<ExitCode> {
    let name = args
        .file
        .file_stem()
        .map(OsStr::to_string_lossy)
        .unwrap_or_default();
    match statement::guess(open(&args.file)?, &name) {
        Ok(mapping) => {
            println!("{}", serde_json::to_string_pretty(&mapping)?);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(refuse(&args.file, &error)),
    }
}

fn mapping(path: &Path) -> anyhow::Result<Mapping> {
    let open = || File::open(path).with_context(|| path.display().to_string());
    let mut text = String::new();
    open()?.take(MAPPING_BYTES_MAX).read_to_string(&mut text)?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// What can be read more than once: a file as it is, what comes through a pipe from a file without a name.
fn open(path: &Path) -> anyhow::Result<File> {
    let mut from: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => {
            let file = File::open(path)?;
            if file.metadata()?.is_file() {
                return Ok(file);
            }
            Box::new(file)
        }
    };
    let mut kept = tempfile::tempfile()?;
    // One byte more than is read says that it is too large.
    io::copy(&mut from.by_ref().take(FILE_BYTES_MAX + 1), &mut kept)?;
    kept.rewind()?;
    Ok(kept)
}

fn refuse(path: &Path, error: &Error) -> ExitCode {
    eprintln!("{}: {error}", path.display());
    match error {
        Error::NotRecognised => {
            eprintln!("--guess prints a mapping to check, if its columns tell what they are");
            ExitCode::from(NOT_RECOGNISED)
        }
        Error::Personal(_) => ExitCode::from(NOT_RECOGNISED),
        Error::Needs(Setting::Currency) => {
            eprintln!("for example --currency USD");
            ExitCode::from(UNREADABLE)
        }
        Error::Needs(Setting::Zone) => {
            eprintln!("for example --zone Europe/Berlin");
            ExitCode::from(UNREADABLE)
        }
        _ => ExitCode::from(UNREADABLE),
    }
}

/// Says what was read, and what people should know of it.
fn tell(path: &Path, statement: &Statement) {
    for part in &statement.parts {
        let name = part.name.clone().unwrap_or_else(|| path.display().to_string());
        eprintln!("{name}: {}", recognised(part));
        for check in part.checks.iter().filter(|check| !check.agrees()) {
            let amount = |value: i64| match check.unit {
                Counted::Rows => value.to_string(),
                Counted::Minor(currency) => currency.amount(value),
            };
            let (what, stated, read) = (check.what, amount(check.stated), amount(check.read));
            eprintln!("{name}: the file says {what} {stated}, what was read is {read}");
        }
        for (count, what) in notes(part).into_iter().filter(|(count, _)| *count > 0) {
            eprintln!("{name}: {count} {what}");
        }
        for refused in part.refused_rows.iter().take(REFUSED_SHOWN_MAX) {
            eprintln!("{name}: row {} is refused: {}", refused.row, refused.reason);
        }
        if part.refused > REFUSED_SHOWN_MAX as u64 {
            eprintln!(
                "{name}: {} more rows are refused",
                part.refused - REFUSED_SHOWN_MAX as u64
            );
        }
    }
    for name in &statement.passed_over {
        eprintln!("{name}: not recognised, passed over");
    }
}

fn recognised(part: &Part) -> String {
    let at = |ms: i64| {
        let at = Timestamp::from_millisecond(ms).unwrap_or_default();
        at.display_with_offset(Offset::constant(8)).to_string()
    };
    let span = part
        .span
        .map(|(first, last)| format!(", from {} to {}", at(first), at(last)));
    let covers = part
        .covers
        .map(|(from, until)| format!(", says it covers {} to {}", at(from), at(until)));
    format!(
        "recognised as {}: {} rows, {} records, {} rows are no transaction, {} refused{}{}",
        part.kind.code(),
        part.rows + part.refused,
        part.records,
        part.passed_over,
        part.refused,
        span.unwrap_or_default(),
        covers.unwrap_or_default(),
    )
}

fn notes(part: &Part) -> [(u64, &'static str); 6] {
    let notes = &part.notes;
    [
        (
            notes.words_unknown,
            "records have a word that nobody knows: their state is unknown",
        ),
        (
            notes.ids_destroyed,
            "identifiers were destroyed by a spreadsheet: they are left out",
        ),
        (notes.seconds_missing, "times have no seconds"),
        (
            notes.hour_uncertain,
            "times may be an hour later: the clocks were set back",
        ),
        (notes.day_uncertain, "times are uncertain, even their day"),
        (
            notes.without_id,
            "records have no identifier: two that say the same are told apart by their order alone",
        ),
    ]
}
