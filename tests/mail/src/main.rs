//! `mail-server USER PASSWORD`: the mail server for tests in another language. It prints three lines once it takes mail, and runs
//! until its input ends, however whoever started it has ended.
//!
//! 1. where it takes mail encrypted from the first byte, 2. the file for `SSL_CERT_FILE`, 3. the folder of the mails it has delivered

use std::io::{copy, sink, stdin};

use anyhow::{Result, bail};
use local_mail::{Authority, MailServer};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [user, password] = words.as_slice() else {
        bail!("usage: mail-server USER PASSWORD");
    };
    let server = MailServer::start(&Authority::new()?, user, password)?;
    println!("{}", server.implicit());
    println!("{}", server.roots().display());
    println!("{}", server.mailbox().display());
    copy(&mut stdin(), &mut sink())?;
    Ok(())
}
