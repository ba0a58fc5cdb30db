//! A mail is taken, refused, not sent, or nobody knows: each by a server that behaves so. And whole, through a real server.

use local_mail::{Authority, MailServer as Exim};
use mail_parser::{Message, MessageParser, MimeHeaders};
use simulator::control::Control;
use simulator::mail::{Fault, Faults, MailConfig, MailServer, Verb};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::*;

/// A letter as a shop sends it.
pub(super) fn letter() -> Mail {
    Mail {
        from: "晨光便利店 <shop@example.test>".to_owned(),
        to: "desk@acquirer.test".to_owned(),
        reply_to: Some("owner@example.test".to_owned()),
        subject: "紧急：请立即停用终端 10450001 / please stop terminal 10450001".to_owned(),
        text: "您好：\n\n我店的收款设备已丢失。\n.\n.. Please stop it at once.\n".to_owned(),
        message_id: "<stop.7@example.test>".to_owned(),
        attachments: vec![Attachment {
            name: "停用申请 7.pdf".to_owned(),
            mime: "application/pdf".to_owned(),
            bytes: (0..200_000_u32)
                .map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
        }],
    }
}

const LOGIN: (&str, &str) = ("shop@example.test", "p@ss:/?#% 店");
const LOGIN_FORM: &str = "shop%40example.test:p%40ss%3A%2F%3F%23%25%20%E5%BA%97";

/// Little enough to wait for, where nothing comes before the message …
const HASTY: Patience = Patience {
    connect: Duration::from_secs(10),
    before: Duration::from_millis(400),
    message: Duration::from_secs(60),
};
/// … or after it.
const HASTY_AT_THE_END: Patience = Patience {
    connect: Duration::from_secs(10),
    before: Duration::from_secs(30),
    message: Duration::from_millis(1_500),
};

async fn double(login: Option<(&str, &str)>) -> MailServer {
    let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
    let config = MailConfig {
        login,
        ..MailConfig::default()
    };
    MailServer::start(config).await.unwrap()
}

fn server(double: &MailServer) -> Server {
    Server::parse(&format!("smtp://{}", double.addr())).unwrap()
}

fn refused(reply: &str, permanent: bool) -> Sent {
    Sent::Refused {
        reply: reply.to_owned(),
        permanent,
    }
}

#[test]
fn no_mail_takes_longer_than_its_claim_counts_on() {
    let Patience { before, message, .. } = Patience::default();
    assert!(before + message + QUIT_TIME_MAX <= SEND_TIME_MAX);
}

#[tokio::test]
async fn a_mail_is_accepted_with_the_servers_words_and_comes_as_it_was_built() {
    let double = double(Some(LOGIN)).await;
    let server = Server::parse(&format!("smtp://{LOGIN_FORM}@{}", double.addr())).unwrap();
    assert_eq!(server.test().await, Ok(()));
    assert_eq!(double.mails(), []);
    let sent = server.send(&letter()).await;
    assert_eq!(
        sent,
        Sent::Accepted {
            reply: "250 2.0.0 taken as 1".to_owned()
        }
    );
    let taken = double.mails().pop().unwrap();
    assert_eq!(
        (taken.from.as_str(), taken.to),
        ("shop@example.test", vec!["desk@acquirer.test".to_owned()])
    );
    is_the_letter(&taken.message);
}

/// Read by another library than the one that wrote it.
fn is_the_letter(raw: &[u8]) {
    let wanted = letter();
    let message: Message<'_> = MessageParser::default().parse(raw).unwrap();
    assert_eq!(message.message_id(), Some("stop.7@example.test"));
    assert_eq!(message.subject(), Some(wanted.subject.as_str()));
    let from = message.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("晨光便利店"), Some("shop@example.test"))
    );
    let answers = message.reply_to().unwrap().first().unwrap();
    assert_eq!(answers.address(), Some("owner@example.test"));
    let text = message.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), wanted.text.trim_end());
    let attachment = message.attachment(0).unwrap();
    assert_eq!(attachment.attachment_name(), Some("停用申请 7.pdf"));
    assert_eq!(attachment.contents(), wanted.attachments[0].bytes);
    assert_eq!(message.attachment_count(), 1);
}

#[tokio::test]
async fn what_is_refused_is_refused_at_its_verb_and_not_taken() {
    let double = double(Some(LOGIN)).await;
    let server = Server::parse(&format!("smtp://{LOGIN_FORM}@{}", double.addr())).unwrap();
    for (verb, name) in [
        (Verb::Greeting, "EHLO"),
        (Verb::Hello, "EHLO"),
        (Verb::Sender, "MAIL FROM"),
        (Verb::Recipient, "RCPT TO"),
        (Verb::Data, "DATA"),
        (Verb::End, "message"),
    ] {
        for (says, permanent) in [("451 4.3.0 later, please", false), ("550 5.7.1 never", true)] {
            let fault = Some((verb, Fault::Says(says.to_owned())));
            double.faults().set(Faults {
                at: fault,
                ..Faults::default()
            });
            let sent = server.send(&letter()).await;
            assert_eq!(sent, refused(&format!("{name}: {says}"), permanent), "{verb:?}");
        }
    }
    assert_eq!(double.mails(), []);
}

#[tokio::test]
async fn a_wrong_log_in_is_refused_without_its_words() {
    let double = double(Some(LOGIN)).await;
    let wrong = Server::parse(&format!("smtp://shop:wrong@{}", double.addr())).unwrap();
    assert_eq!(wrong.send(&letter()).await, refused("AUTH: 535", true));
    let echo = "501 5.5.2 cannot read AHNob3AAd3Jvbmc=".to_owned();
    double.faults().set(Faults {
        at: Some((Verb::Login, Fault::Says(echo))),
        ..Faults::default()
    });
    let wanted = Unready::Refused {
        reply: "AUTH: 501".to_owned(),
        permanent: true,
    };
    assert_eq!(wrong.test().await, Err(wanted));
    // A server without a log-in is told apart from one that refuses ours.
    let open = super::tests::double(None).await;
    let server = Server::parse(&format!("smtp://shop:secret@{}", open.addr())).unwrap();
    let Sent::NotSent { why } = server.send(&letter()).await else {
        panic!()
    };
    assert!(why.starts_with("the server offers no log-in here"), "{why}");
}

#[tokio::test]
async fn whatever_breaks_before_the_end_was_sent_leaves_the_mail_not_sent() {
    let double = double(None).await;
    let server = server(&double).patient(HASTY);
    for verb in [
        Verb::Greeting,
        Verb::Hello,
        Verb::Sender,
        Verb::Recipient,
        Verb::Data,
    ] {
        for fault in [Fault::Closes, Fault::Silent, Fault::Endless] {
            double.faults().set(Faults {
                at: Some((verb, fault.clone())),
                ..Faults::default()
            });
            let sent = server.send(&letter()).await;
            assert!(
                matches!(sent, Sent::NotSent { .. }),
                "{verb:?} {fault:?}: {sent:?}"
            );
        }
    }
    assert_eq!(double.mails(), []);
}

#[tokio::test]
async fn a_message_whose_end_never_left_is_not_sent() {
    let double = double(None).await;
    let server = server(&double).patient(HASTY_AT_THE_END);
    let mut large = letter();
    // More than the buffers between the two hold.
    large.attachments[0].bytes = vec![7; 6_500_000];
    for fault in [Fault::Closes, Fault::Silent] {
        double.faults().set(Faults {
            at: Some((Verb::Inside, fault.clone())),
            ..Faults::default()
        });
        let sent = server.send(&large).await;
        assert!(matches!(sent, Sent::NotSent { .. }), "{fault:?}: {sent:?}");
    }
    assert_eq!(double.mails(), []);
}

#[tokio::test]
async fn a_mail_without_an_answer_to_its_end_is_unknown_even_though_it_was_taken() {
    let double = double(None).await;
    let server = server(&double).patient(HASTY_AT_THE_END);
    for (count, fault) in [Fault::Closes, Fault::Silent, Fault::Endless]
        .into_iter()
        .enumerate()
    {
        double.faults().set(Faults {
            at: Some((Verb::End, fault.clone())),
            ..Faults::default()
        });
        let sent = server.send(&letter()).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{fault:?}: {sent:?}");
        assert_eq!(double.mails().len(), count + 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_unknown() {
    let double = double(None).await;
    for says in ["354 go on", "hello", "999 what", "2"] {
        double.faults().set(Faults {
            at: Some((Verb::End, Fault::Says(says.to_owned()))),
            ..Faults::default()
        });
        let sent = server(&double).patient(HASTY_AT_THE_END).send(&letter()).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{says}: {sent:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_ends_what_it_says_is_not_listened_to() {
    let double = double(None).await;
    double.faults().set(Faults {
        at: Some((Verb::Sender, Fault::Endless)),
        ..Faults::default()
    });
    let Sent::NotSent { why } = server(&double).send(&letter()).await else {
        panic!()
    };
    assert!(why.ends_with("the mail server says too much"), "{why}");
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let faults = Faults {
        delay_ms: 30,
        ..Faults::default()
    };
    let control = Control::default();
    control.set(faults);
    let config = MailConfig {
        faults: control,
        ..MailConfig::default()
    };
    let double = MailServer::start(config).await.unwrap();
    // On a task of its own, as work is done.
    let server = server(&double);
    let sent = tokio::spawn(async move { server.send(&letter()).await })
        .await
        .unwrap();
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_server_that_is_away_was_sent_nothing() {
    let double = double(None).await;
    double.faults().set(Faults {
        away: true,
        ..Faults::default()
    });
    let sent = server(&double).send(&letter()).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let server = Server::parse(&format!("smtp://{nobody}")).unwrap();
    let sent = server.send(&letter()).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    assert!(matches!(server.test().await, Err(Unready::Unreachable { .. })));
}

#[tokio::test]
async fn a_mail_that_is_none_is_not_sent_and_the_server_not_asked() {
    let double = double(None).await;
    let mail = Mail {
        to: "desk".to_owned(),
        ..letter()
    };
    let why = "the recipient's address is none".to_owned();
    assert_eq!(server(&double).send(&mail).await, Sent::NotSent { why });
}

#[tokio::test]
async fn nothing_goes_out_in_clear_where_encryption_is_asked_for() {
    let double = double(None).await;
    let server = Server::parse(&format!("smtp://{}?tls=required", double.addr())).unwrap();
    let why = "the server offers no encryption (STARTTLS)".to_owned();
    assert_eq!(server.send(&letter()).await, Sent::NotSent { why });
    assert_eq!(double.mails(), []);
}

/// Somebody on the way answers in clear what the server should answer encrypted, and lets everything else through.
async fn forger(of: std::net::SocketAddr) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(of).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"STARTTLS\r\n") {
            tokio::select! {
                byte = client.read_u8() => {
                    heard.push(byte.unwrap());
                    server.write_all(&heard[heard.len() - 1..]).await.unwrap();
                }
                byte = server.read_u8() => client.write_all(&[byte.unwrap()]).await.unwrap(),
            }
        }
        while server.read_u8().await.unwrap() != b'\n' {}
        let forged = b"220 go\r\n250-mail.test\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n250 ok\r\n354 go\r\n250 forged\r\n";
        client.write_all(forged).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_slipped_in_before_the_encryption_are_not_believed() {
    let authority = Authority::new().unwrap();
    let exim = Exim::start(&authority, LOGIN.0, LOGIN.1).unwrap();
    let address = format!(
        "smtp://{LOGIN_FORM}@{}?tls=required",
        forger(exim.starttls()).await
    );
    let server = Server::parse(&address).unwrap().trusting(trust(&authority));
    let sent = server.send(&letter()).await;
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
}

fn trust(authority: &Authority) -> Trust {
    Trust::only(vec![CertificateDer::from(authority.root_der.clone())]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_takes_encrypted_mail_whole() {
    let authority = Authority::new().unwrap();
    let exim = Exim::start(&authority, LOGIN.0, LOGIN.1).unwrap();
    for address in [
        format!("smtps://{LOGIN_FORM}@{}", exim.implicit()),
        format!("smtp://{LOGIN_FORM}@{}?tls=required", exim.starttls()),
    ] {
        let server = Server::parse(&address).unwrap().trusting(trust(&authority));
        assert_eq!(server.test().await, Ok(()), "{}", exim.log());
        let sent = server.send(&letter()).await;
        let Sent::Accepted { reply } = sent else {
            panic!("{sent:?}: {}", exim.log())
        };
        assert!(reply.starts_with("250 OK id="), "{reply}");
    }
    let mails = exim.wait_for(2).unwrap();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        is_the_letter(&mail);
        let text = String::from_utf8(mail).unwrap();
        assert!(text.contains("\nMessage-ID: <stop.7@example.test>\n"));
        assert!(text.starts_with("Return-path: <shop@example.test>\nEnvelope-to: desk@acquirer.test\n"));
        assert!(text.contains("esmtpsa"), "not encrypted, or nobody logged in");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_refuses_a_wrong_log_in_and_an_unknown_recipient() {
    let authority = Authority::new().unwrap();
    let exim = Exim::start(&authority, LOGIN.0, LOGIN.1).unwrap();
    let server = |login: &str| {
        let address = format!("smtps://{login}@{}", exim.implicit());
        Server::parse(&address).unwrap().trusting(trust(&authority))
    };
    assert_eq!(
        server("shop%40example.test:wrong").send(&letter()).await,
        refused("AUTH: 535", true)
    );
    let unknown = Mail {
        to: "nobody@acquirer.test".to_owned(),
        ..letter()
    };
    let sent = server(LOGIN_FORM).send(&unknown).await;
    assert_eq!(sent, refused("RCPT TO: 550 no such mailbox here", true));
    assert_eq!(exim.mails().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_name_nobody_vouches_for_is_sent_nothing() {
    let (theirs, ours) = (Authority::new().unwrap(), Authority::new().unwrap());
    let exim = Exim::start(&theirs, LOGIN.0, LOGIN.1).unwrap();
    for address in [
        format!("smtps://{LOGIN_FORM}@{}", exim.implicit()),
        format!("smtp://{LOGIN_FORM}@{}?tls=required", exim.starttls()),
    ] {
        let server = Server::parse(&address).unwrap();
        let Sent::NotSent { why } = server.trusting(trust(&ours)).send(&letter()).await else {
            panic!()
        };
        assert!(why.contains("invalid peer certificate"), "{why}");
    }
    assert!(!exim.log().contains("A=plain"), "somebody logged in");
}
