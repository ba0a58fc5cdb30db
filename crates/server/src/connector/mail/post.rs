//! What the settings ask of us before they keep a mail server or a sender.
//!
//! Invariant: what is kept here as usable is what a mail is later sent with; nobody else reads an address.

use std::time::Duration;

use api::setting::{MailTried, Post, Ready};
use tokio::time::timeout;

use super::{Server, Unready, message};

/// How long a server is tried: somebody waits, and no request may take longer than ten seconds.
const TRIED_MAX: Duration = Duration::from_secs(8);

/// Judges by the same reading that sending does.
pub const fn post() -> Post {
    Post {
        is_server: |address| Server::parse(address).is_ok(),
        is_sender: message::is_mailbox,
        test: |address| Box::pin(async move { tried(&address).await }),
    }
}

async fn tried(address: &str) -> MailTried {
    let Ok(server) = Server::parse(address) else {
        return (Ready::NotReached, None);
    };
    match timeout(TRIED_MAX, server.test()).await {
        Ok(Ok(())) => (Ready::Ready, None),
        Ok(Err(Unready::Refused { reply, .. })) => (Ready::Refused, Some(reply)),
        Ok(Err(Unready::Unreachable { why })) => (Ready::NotReached, Some(why)),
        Err(_) => (
            Ready::NotReached,
            Some("the server did not answer in time".to_owned()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use simulator::mail::{MailConfig, MailServer};

    use super::*;

    #[tokio::test]
    async fn a_server_that_is_there_one_that_is_away_and_no_server_at_all() {
        let server = MailServer::start(MailConfig::default()).await.unwrap();
        let address = server.addr();
        assert_eq!(tried(&format!("smtp://{address}")).await, (Ready::Ready, None));
        assert_eq!(server.mails().len(), 0, "none is sent");
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let (ready, why) = tried(&format!("smtp://{free}")).await;
        assert_eq!(ready, Ready::NotReached);
        assert!(why.is_some());
        let judged = post();
        assert!((judged.is_server)("smtps://stop:pa%40ss@mail.example"));
        for wrong in [
            "",
            "https://mail.example",
            "smtp://stop@mail.example",
            "smtp://mail.example/x",
            "smtp://mail.example?x=1",
        ] {
            assert!(!(judged.is_server)(wrong), "{wrong}");
        }
        assert!((judged.is_sender)("福记 <stop@shop.example>"));
        for wrong in ["", "stop", "@shop.example", "a@b\nBcc: c@d"] {
            assert!(!(judged.is_sender)(wrong), "{wrong}");
        }
    }
}
