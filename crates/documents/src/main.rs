//! `tillguard-documents [idle]`: reads one job from standard input, writes a PDF, or a picture, to standard output. With `idle` it runs
//! only when little else wants to.
//!
//! What is wrong is one line of JSON on standard error, and an exit status of its own. A template that takes too much memory or
//! time is ended by a signal.
//!
//! Invariant: the limits stand before the first byte of a job is read.

use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;

use documents::{Error, INPUT_LEN_MAX, limit, perform};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line = serde_json::to_string(&error).unwrap_or_default();
            eprintln!("{line}");
            ExitCode::from(error.code.exit_status())
        }
    }
}

fn run() -> Result<(), Error> {
    let is_idle = std::env::args_os().nth(1).is_some_and(|said| said == "idle");
    limit::apply(is_idle)?;
    let mut job = Vec::new();
    // One byte more than allowed, so that a longer job is seen to be one.
    let longest = INPUT_LEN_MAX as u64 + 1;
    stdin()
        .take(longest)
        .read_to_end(&mut job)
        .map_err(|error| Error::system("the job", error))?;
    let made = perform(&job)?;
    let mut out = stdout().lock();
    out.write_all(&made)
        .and_then(|()| out.flush())
        .map_err(|error| Error::system("the document", error))
}
