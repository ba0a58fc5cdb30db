//! Mail, by SMTP to the one server that the settings name.
//!
//! The library speaks the protocol; which verb was reached decides what a failure means. Whatever happens before the end of
//! the message is sent leaves nothing behind: a server cancels what was under way when a connection breaks (RFC 5321,
//! 4.1.1.10). From there on only its reply tells (4.2.5), and without one nobody knows.
//!
//! Invariant: a mail that may have been taken is never reported as not sent; every step ends in its time; neither the log-in
//! nor what the server says about it is in a reply, an error or a debug print.

mod address;
mod message;
mod post;
mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Noop, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;

pub use address::{Security, Server, WrongAddress};
pub use post::post;
use wire::Wire;

use super::as_said;
use super::tls::Trust;

/// The longest that [`Server::send`] takes with the usual [`Patience`]; a claim on sending lasts longer.
pub const SEND_TIME_MAX: Duration = Duration::from_secs(150);
/// How long a farewell is waited for.
const QUIT_TIME_MAX: Duration = Duration::from_secs(1);
/// The message goes out in parts of this many bytes.
const PART_BYTES: usize = 64 * 1024;

/// How long each step may take. Servers may think for minutes about a message (RFC 5321, 4.5.3.2); a person who has lost a
/// terminal may not wait that long for the next try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The connection, and again its encryption.
    pub connect: Duration,
    /// Everything before the message's first byte.
    pub before: Duration,
    /// The message, and the reply to its end.
    pub message: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            before: Duration::from_secs(50),
            message: Duration::from_secs(90),
        }
    }
}

/// A mail to one person or desk.
#[derive(Clone, Debug)]
pub struct Mail {
    /// From whom: `shop@example` or `Name <shop@example>`.
    pub from: String,
    /// To whom, likewise.
    pub to: String,
    /// Who gets the answer, when it is another.
    pub reply_to: Option<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// What names it for good, `<left@right>`: a mail sent twice is known by it.
    pub message_id: String,
    /// What comes with it.
    pub attachments: Vec<Attachment>,
}

/// A file that comes with a mail.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its name, as people see it.
    pub name: String,
    /// For example `application/pdf`.
    pub mime: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The server has taken it and answers for it; its reply often has the number it gave.
    Accepted {
        /// As it said it.
        reply: String,
    },
    /// The server said no; it has not taken it.
    Refused {
        /// At which verb, and as it said it.
        reply: String,
        /// Whether the same would be refused again (5xx).
        permanent: bool,
    },
    /// It was surely not taken.
    NotSent {
        /// In a few words.
        why: String,
    },
    /// It may have been taken.
    Unknown {
        /// In a few words.
        why: String,
    },
}

/// Why a server cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    /// It said no.
    Refused {
        /// At which verb, and as it said it.
        reply: String,
        /// Whether it would say so again.
        permanent: bool,
    },
    /// It could not be asked.
    Unreachable {
        /// In a few words.
        why: String,
    },
}

impl From<Unready> for Sent {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::Refused { reply, permanent } => Self::Refused { reply, permanent },
            Unready::Unreachable { why } => Self::NotSent { why },
        }
    }
}

impl Server {
    /// Sends it once.
    pub async fn send(&self, mail: &Mail) -> Sent {
        let message = match message::build(mail) {
            Ok(message) => message,
            Err(why) => return Sent::NotSent { why },
        };
        let prepared = self.before(async {
            let mut connection = self.open().await?;
            announce(&mut connection, message.envelope()).await?;
            Ok(connection)
        });
        match prepared.await {
            Ok(connection) => hand_over(connection, &message.formatted(), self.patience.message).await,
            Err(unready) => unready.into(),
        }
    }

    /// Connects, encrypts and logs in as for a mail, and sends none.
    ///
    /// # Errors
    /// [`Unready`], which says at which step it ends.
    pub async fn test(&self) -> Result<(), Unready> {
        let tested = self.before(async {
            let mut connection = self.open().await?;
            connection.command(Noop).await.map_err(at("NOOP"))?;
            Ok(connection)
        });
        farewell(tested.await?).await;
        Ok(())
    }

    async fn before<T>(&self, steps: impl Future<Output = Result<T, Unready>>) -> Result<T, Unready> {
        let in_time = timeout(self.patience.before, steps).await;
        in_time.unwrap_or_else(|_| Err(unreachable("the server did not answer in time")))
    }

    /// A connection that is encrypted as it must be, and logged in where there is a log-in.
    async fn open(&self) -> Result<AsyncSmtpConnection, Unready> {
        let stream = timeout(
            self.patience.connect,
            TcpStream::connect((self.host.as_str(), self.port)),
        )
        .await
        .map_err(|_| unreachable("no connection in time"))?
        .map_err(|error| unreachable(&error.to_string()))?;
        let _ = stream.set_nodelay(true);
        let us = ClientId::default();
        let mut connection = match self.security {
            Security::Implicit => {
                let name = ServerName::try_from(self.host.clone())
                    .map_err(|error| unreachable(&error.to_string()))?;
                let encrypted = self.trust()?.connector().connect(name, stream);
                let encrypted = timeout(self.patience.connect, encrypted)
                    .await
                    .map_err(|_| unreachable("no encryption in time"))?
                    .map_err(|error| unreachable(&error.to_string()))?;
                let wire = Wire::encrypted(encrypted);
                AsyncSmtpConnection::connect_with_transport(Box::new(wire), &us).await
            }
            Security::StartTls | Security::None => {
                AsyncSmtpConnection::connect_with_transport(Box::new(Wire::plain(stream)), &us).await
            }
        }
        .map_err(at("EHLO"))?;
        if self.security == Security::StartTls {
            self.encrypt(&mut connection, &us).await?;
        }
        self.log_in(&mut connection).await?;
        Ok(connection)
    }

    async fn encrypt(&self, connection: &mut AsyncSmtpConnection, us: &ClientId) -> Result<(), Unready> {
        if !connection.server_info().supports_feature(Extension::StartTls) {
            return Err(unreachable("the server offers no encryption (STARTTLS)"));
        }
        let mut parameters =
            TlsParameters::builder(self.host.clone()).certificate_store(CertificateStore::None);
        for root in self.trust()?.certificates() {
            let root = Certificate::from_der(root.to_vec()).map_err(at("STARTTLS"))?;
            parameters = parameters.add_root_certificate(root);
        }
        let parameters = parameters.build().map_err(at("STARTTLS"))?;
        connection.starttls(parameters, us).await.map_err(at("STARTTLS"))
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Unready> {
        let Some(login) = &self.login else { return Ok(()) };
        let credentials = Credentials::new(login.user.clone(), login.password.to_string());
        let known = [Mechanism::Plain, Mechanism::Login];
        if connection.server_info().get_auth_mechanism(&known).is_none() {
            return Err(unreachable(
                "the server offers no log-in here (AUTH PLAIN or LOGIN); many offer it only on an encrypted connection",
            ));
        }
        match connection.auth(&known, &credentials).await {
            Ok(_) => Ok(()),
            // Some servers repeat what they were sent.
            Err(error) => Err(match error.status() {
                Some(code) => Unready::Refused {
                    reply: format!("AUTH: {code}"),
                    permanent: error.is_permanent(),
                },
                None => unreachable("the connection was lost at the log-in"),
            }),
        }
    }

    fn trust(&self) -> Result<Trust, Unready> {
        match &self.trust {
            Some(trust) => Ok(trust.clone()),
            None => Trust::system().map_err(|error| unreachable(&error.to_string())),
        }
    }
}

/// Says from whom and to whom, up to the word that the message may come.
async fn announce(connection: &mut AsyncSmtpConnection, envelope: &Envelope) -> Result<(), Unready> {
    let mut options = Vec::new();
    let is_ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
    if !envelope.to().iter().chain(envelope.from()).all(is_ascii) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(unreachable(
                "the server takes no address that is not ASCII (SMTPUTF8)",
            ));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    let from = lettre::transport::smtp::commands::Mail::new(envelope.from().cloned(), options);
    connection.command(from).await.map_err(at("MAIL FROM"))?;
    for to in envelope.to() {
        let to = Rcpt::new(to.clone(), Vec::new());
        connection.command(to).await.map_err(at("RCPT TO"))?;
    }
    let go_on = connection.command(Data).await.map_err(at("DATA"))?;
    match go_on.has_code(354) {
        true => Ok(()),
        false => Err(unreachable(
            "the server answered DATA with something else than 354",
        )),
    }
}

/// Sends the message, and its end.
async fn hand_over(mut connection: AsyncSmtpConnection, message: &[u8], time_max: Duration) -> Sent {
    // The library writes and flushes each part before it asks for the next, and the end after there is none.
    let is_whole = AtomicBool::new(false);
    let mut parts = message.chunks(PART_BYTES);
    let parts = std::iter::from_fn(|| {
        let part = parts.next();
        is_whole.store(part.is_none(), Ordering::Relaxed);
        part
    });
    let replied = timeout(time_max, connection.message_iter(parts)).await;
    let lost = |why: &str| match is_whole.load(Ordering::Relaxed) {
        true => Sent::Unknown { why: as_said(why) },
        false => Sent::NotSent { why: as_said(why) },
    };
    match replied {
        Ok(Ok(reply)) if reply.code().severity == Severity::PositiveCompletion => {
            farewell(connection).await;
            Sent::Accepted { reply: line(&reply) }
        }
        Ok(Ok(_)) => lost("the server answered the message with what is no answer to it"),
        Ok(Err(error)) => match error.status() {
            Some(_) => at("message")(error).into(),
            None => lost(&error.to_string()),
        },
        Err(_) => lost("the server did not answer the message in time"),
    }
}

async fn farewell(mut connection: AsyncSmtpConnection) {
    let _ = timeout(QUIT_TIME_MAX, connection.quit()).await;
}

/// What an error at a verb before the message's end means.
fn at(verb: &'static str) -> impl Fn(lettre::transport::smtp::Error) -> Unready {
    move |error| match error.status() {
        Some(code) => Unready::Refused {
            reply: as_said(&format!("{verb}: {code} {}", words(&error))),
            permanent: error.is_permanent(),
        },
        None => unreachable(&format!("{verb}: {error}")),
    }
}

/// What the server said beside its code.
fn words(error: &lettre::transport::smtp::Error) -> String {
    std::error::Error::source(error).map_or_else(String::new, ToString::to_string)
}

fn line(reply: &Response) -> String {
    as_said(&format!(
        "{} {}",
        reply.code(),
        reply.message().collect::<Vec<_>>().join(" ")
    ))
}

fn unreachable(why: &str) -> Unready {
    Unready::Unreachable { why: as_said(why) }
}

#[cfg(test)]
mod tests;
