//! Which server takes our mail, as one address: `smtps://user:password@host:port`.
//!
//! Invariant: a server elsewhere is talked to unencrypted only when the address says `tls=none`; no debug print shows the
//! password.

use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

use super::Patience;
use crate::connector::is_loopback;
use crate::connector::tls::Trust;

/// The longest address of a server.
const ADDRESS_LEN_MAX: usize = 1_024;
/// Submission with STARTTLS (RFC 6409).
const PORT: u16 = 587;
/// Submission over TLS from the first byte (RFC 8314).
const PORT_IMPLICIT: u16 = 465;

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, or not at all.
    StartTls,
    /// Not: to this machine, or because the address says so.
    None,
}

/// A mail server and how to use it.
pub struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) login: Option<Login>,
    pub(super) trust: Option<Trust>,
    pub(super) patience: Patience,
}

/// As whom mail is sent.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
}

/// Why an address names no mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongAddress {
    /// It is none, is too long, or has a path.
    #[error(
        "a mail server is written smtps://user:password@host:port or smtp://…; what is not a letter or digit in user and password as %XX"
    )]
    Shape,
    /// The scheme is another.
    #[error("a mail server begins with smtp:// or smtps://")]
    Scheme,
    /// The text after `?` is not `tls=required` or `tls=none`.
    #[error("after the ? of a mail server stands tls=required or tls=none, and nothing beside smtps://")]
    Option,
    /// One of user and password is missing.
    #[error("a mail server has both a user and a password, or neither")]
    HalfALogin,
}

impl Server {
    /// Reads an address:
    ///
    /// | address | encryption |
    /// |---|---|
    /// | `smtps://…`, port 465 | from the first byte |
    /// | `smtp://…`, port 587 | STARTTLS; without it nothing is sent |
    /// | `smtp://` to this machine | none |
    /// | `smtp://…?tls=required`, `?tls=none` | STARTTLS to this machine too; none elsewhere too |
    ///
    /// # Errors
    /// [`WrongAddress`], which never repeats the address.
    pub fn parse(address: &str) -> Result<Self, WrongAddress> {
        if address.len() > ADDRESS_LEN_MAX {
            return Err(WrongAddress::Shape);
        }
        let url = Url::parse(address).map_err(|_| WrongAddress::Shape)?;
        let is_implicit = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(WrongAddress::Scheme),
        };
        let has_more = !matches!(url.path(), "" | "/") || url.fragment().is_some();
        let host = url.host_str().filter(|host| !host.is_empty() && !has_more);
        let host = host.ok_or(WrongAddress::Shape)?;
        let host = decoded(host.trim_start_matches('[').trim_end_matches(']'))?.to_ascii_lowercase();
        let security = match (is_implicit, url.query()) {
            (true, None) => Security::Implicit,
            (false, None) if is_loopback(&host) => Security::None,
            (false, None | Some("tls=required")) => Security::StartTls,
            (false, Some("tls=none")) => Security::None,
            _ => return Err(WrongAddress::Option),
        };
        Ok(Self {
            port: url
                .port()
                .unwrap_or(if is_implicit { PORT_IMPLICIT } else { PORT }),
            login: login(&url)?,
            host,
            security,
            trust: None,
            patience: Patience::default(),
        })
    }

    /// Trusting others than the system does.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Self {
            trust: Some(trust),
            ..self
        }
    }

    /// With other limits of time.
    #[must_use]
    pub fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// How its connections are encrypted.
    pub const fn security(&self) -> Security {
        self.security
    }
}

fn login(url: &Url) -> Result<Option<Login>, WrongAddress> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None | Some("")) => Err(WrongAddress::HalfALogin),
        (user, Some(password)) => Ok(Some(Login {
            user: decoded(user)?,
            password: Zeroizing::new(decoded(password)?),
        })),
    }
}

/// Without its `%XX`. A zero byte would end a log-in early.
fn decoded(text: &str) -> Result<String, WrongAddress> {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| WrongAddress::Shape)?;
    match text.contains(char::is_control) {
        true => Err(WrongAddress::Shape),
        false => Ok(text.into_owned()),
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let login = if self.login.is_some() {
            "a log-in"
        } else {
            "no log-in"
        };
        write!(
            f,
            "Server({}:{}, {:?}, {login})",
            self.host, self.port, self.security
        )
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    /// Where, how, and as whom.
    type Read = (String, u16, Security, Option<(String, String)>);

    fn read(address: &str) -> Result<Read, WrongAddress> {
        let server = Server::parse(address)?;
        let login = server.login.map(|login| (login.user, login.password.to_string()));
        Ok((server.host, server.port, server.security, login))
    }

    #[test]
    fn an_address_says_where_how_and_as_whom() {
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (address, wanted) in [
            (
                "smtps://mail.example",
                ("mail.example", 465, Security::Implicit, None),
            ),
            (
                "smtps://127.0.0.1:4465",
                ("127.0.0.1", 4465, Security::Implicit, None),
            ),
            (
                "smtp://Mail.Example/",
                ("mail.example", 587, Security::StartTls, None),
            ),
            (
                "smtp://mail.example:25?tls=none",
                ("mail.example", 25, Security::None, None),
            ),
            ("smtp://localhost:2525", ("localhost", 2525, Security::None, None)),
            ("smtp://[::1]:2525", ("::1", 2525, Security::None, None)),
            (
                "smtp://localhost?tls=required",
                ("localhost", 587, Security::StartTls, None),
            ),
            (
                "smtps://shop%40example.com:p%40ss%3A%2F%3F%23%25@mail.example:465",
                (
                    "mail.example",
                    465,
                    Security::Implicit,
                    login("shop@example.com", "p@ss:/?#%"),
                ),
            ),
            (
                "smtp://%E5%BA%97:%E5%AF%86%20%E7%A0%81@mail.example",
                ("mail.example", 587, Security::StartTls, login("店", "密 码")),
            ),
        ] {
            let (host, port, security, login) = wanted;
            assert_eq!(
                read(address),
                Ok((host.to_owned(), port, security, login)),
                "{address}"
            );
        }
    }

    #[test]
    fn what_names_no_server_is_refused_and_not_repeated() {
        for (address, wanted) in [
            ("", WrongAddress::Shape),
            ("mail.example:25", WrongAddress::Scheme),
            ("https://mail.example", WrongAddress::Scheme),
            ("smtp://", WrongAddress::Shape),
            ("smtp:mail.example", WrongAddress::Shape),
            ("smtp://mail.example/box", WrongAddress::Shape),
            ("smtp://mail.example#x", WrongAddress::Shape),
            ("smtp://mail.example:99999", WrongAddress::Shape),
            ("smtp://u:p%00w@mail.example", WrongAddress::Shape),
            ("smtp://u:p%FFw@mail.example", WrongAddress::Shape),
            ("smtp://mail.example?tls=maybe", WrongAddress::Option),
            ("smtps://mail.example?tls=none", WrongAddress::Option),
            ("smtp://u@mail.example", WrongAddress::HalfALogin),
            ("smtp://u:@mail.example", WrongAddress::HalfALogin),
            ("smtp://:secret@mail.example", WrongAddress::HalfALogin),
        ] {
            assert_eq!(read(address).err(), Some(wanted), "{address}");
            assert!(!wanted.to_string().contains("secret"));
        }
        assert_eq!(
            read(&format!("smtp://{}", "m".repeat(2_000))).err(),
            Some(WrongAddress::Shape)
        );
    }

    #[test]
    fn no_debug_print_shows_a_password() {
        let printed = format!("{:?}", Server::parse("smtps://shop:hush@mail.example").unwrap());
        assert_eq!(printed, "Server(mail.example:465, Implicit, a log-in)");
    }

    proptest! {
        #[test]
        fn any_log_in_is_read_back_from_its_percent_form(user in "[^\\p{Cc}]{1,40}", password in "[^\\p{Cc}]{1,40}") {
            let form = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let address = format!("smtps://{}:{}@mail.example", form(&user), form(&password));
            prop_assert_eq!(read(&address).map(|read| read.3), Ok(Some((user, password))));
        }

        #[test]
        fn no_text_makes_it_panic_or_send_unencrypted_elsewhere(text in "(smtps?://)?[!-~]{0,40}") {
            if let Ok(server) = Server::parse(&text) {
                let is_plain = server.security == Security::None;
                prop_assert!(!is_plain || is_loopback(&server.host) || text.ends_with("?tls=none"));
            }
        }
    }
}
