//! One session with a mail server: verbs in, replies out.
//!
//! Invariant: lines and messages are bounded; a fault acts at its verb and nowhere else.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{Fault, Shared, Taken, Verb};

/// The longest line of a command or a message, in bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024;
/// The longest message.
const MESSAGE_BYTES_MAX: usize = 32 << 20;

struct Session<'a> {
    stream: BufReader<TcpStream>,
    shared: &'a Shared,
}

/// Serves until the client leaves, or a fault ends it.
pub(super) async fn run(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let stream = BufReader::new(stream);
    Session { stream, shared }.serve().await
}

impl Session<'_> {
    async fn serve(&mut self) -> io::Result<()> {
        self.reply(Verb::Greeting, "220 mail.test ESMTP").await?;
        let mut is_known = self.shared.login.is_none();
        let (mut from, mut to) = (None, Vec::new());
        loop {
            let line = self.line().await?;
            let upper = line.to_ascii_uppercase();
            if upper.starts_with("EHLO") {
                let offers = [
                    "250-mail.test\r\n250-8BITMIME\r\n",
                    "250-AUTH PLAIN LOGIN\r\n",
                    "250 HELP",
                ];
                let wants = self.shared.login.is_some();
                let offers: String = offers
                    .into_iter()
                    .filter(|offer| wants || !offer.contains("AUTH"))
                    .collect();
                self.reply(Verb::Hello, &offers).await?;
            } else if let Some(method) = upper.strip_prefix("AUTH ") {
                let method = method.split(' ').next().unwrap_or_default().to_owned();
                is_known = self
                    .log_in(&method, line.splitn(3, ' ').nth(2).unwrap_or_default())
                    .await?;
                let reply = if is_known {
                    "235 2.7.0 welcome"
                } else {
                    "535 5.7.8 who are you"
                };
                self.reply(Verb::Login, reply).await?;
            } else if !is_known
                && (upper.starts_with("MAIL") || upper.starts_with("RCPT") || upper.starts_with("DATA"))
            {
                self.write("530 5.7.0 log in first").await?;
            } else if upper.starts_with("MAIL FROM:") {
                (from, to) = (Some(path(&line)), Vec::new());
                self.reply(Verb::Sender, "250 2.1.0 go on").await?;
            } else if upper.starts_with("RCPT TO:") && from.is_some() {
                if self.reply(Verb::Recipient, "250 2.1.5 go on").await? {
                    to.push(path(&line));
                }
            } else if upper.starts_with("DATA") && !to.is_empty() {
                if self.reply(Verb::Data, "354 end with a dot").await? {
                    self.message(from.take().unwrap_or_default(), std::mem::take(&mut to))
                        .await?;
                }
            } else if upper.starts_with("NOOP") {
                self.reply(Verb::Noop, "250 2.0.0 here").await?;
            } else if upper.starts_with("QUIT") {
                return self.write("221 2.0.0 goodbye").await;
            } else {
                self.write("503 5.5.1 not now").await?;
            }
        }
    }

    /// AUTH, with the first word if it came along; whether it is who we know.
    async fn log_in(&mut self, method: &str, first: &str) -> io::Result<bool> {
        let Some((user, password)) = self.shared.login.clone() else {
            return Ok(false);
        };
        let asked = |word: &str| word.to_owned();
        if method == "PLAIN" {
            let word = if first.is_empty() {
                self.ask("").await?
            } else {
                asked(first)
            };
            return Ok(word == base64(format!("\0{user}\0{password}").as_bytes()));
        }
        let name = if first.is_empty() {
            self.ask("VXNlcm5hbWU6").await?
        } else {
            asked(first)
        };
        let secret = self.ask("UGFzc3dvcmQ6").await?;
        Ok(name == base64(user.as_bytes()) && secret == base64(password.as_bytes()))
    }

    async fn ask(&mut self, what: &str) -> io::Result<String> {
        self.write(&format!("334 {what}")).await?;
        self.line().await
    }

    async fn message(&mut self, from: String, to: Vec<String>) -> io::Result<()> {
        let faults = self.shared.faults.get();
        if let Some((Verb::Inside, fault)) = &faults.at {
            // Some of it came, not all.
            self.stream.fill_buf().await?;
            match fault {
                Fault::Closes => return Err(io::ErrorKind::ConnectionAborted.into()),
                _ => return std::future::pending().await,
            }
        }
        let mut message = Vec::new();
        loop {
            let start = message.len();
            let read = (&mut self.stream)
                .take(LINE_BYTES_MAX)
                .read_until(b'\n', &mut message)
                .await?;
            if read == 0 || message.len() > MESSAGE_BYTES_MAX {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if &message[start..] == b".\r\n" {
                message.truncate(start);
                break;
            }
            if message[start] == b'.' {
                message.remove(start);
            }
        }
        let is_refused = matches!(faults.at, Some((Verb::End, Fault::Says(_))));
        if !is_refused && !self.shared.take(Taken { from, to, message }) {
            return self.write("452 4.3.1 the box is full").await;
        }
        self.reply(Verb::End, "250 2.0.0 taken as 1").await.map(drop)
    }

    /// Answers as it should, and says so, or as a fault wants it.
    async fn reply(&mut self, verb: Verb, reply: &str) -> io::Result<bool> {
        let faults = self.shared.faults.get();
        tokio::time::sleep(Duration::from_millis(faults.delay_ms)).await;
        match faults.at.filter(|(at, _)| *at == verb).map(|(_, fault)| fault) {
            None => self.write(reply).await.map(|()| true),
            Some(Fault::Says(other)) => self.write(&other).await.map(|()| false),
            Some(Fault::Silent) => std::future::pending().await,
            Some(Fault::Closes) => Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Fault::Endless) => loop {
                self.stream.get_mut().write_all(&[b'2'; 4_096]).await?;
            },
        }
    }

    async fn write(&mut self, reply: &str) -> io::Result<()> {
        self.stream
            .get_mut()
            .write_all(format!("{reply}\r\n").as_bytes())
            .await
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        let read = (&mut self.stream)
            .take(LINE_BYTES_MAX)
            .read_line(&mut line)
            .await?;
        match read {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

/// What stands between `<` and `>`.
fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(inner, _)| inner.to_owned()).unwrap_or_default()
}

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_the_standard_has_it() {
        // RFC 4648, section 10.
        let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (length, wanted) in vectors.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), wanted);
        }
    }
}
