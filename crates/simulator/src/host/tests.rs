//! The simulated host answers as an acquirer would, and misbehaves as it is told.

use std::time::Duration;

use iso8583::frame::{self, Header, Tpdu};
use iso8583::{Message, Mti, Writer, unionpay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::issuer::{Card, Outcome, cards};
use crate::kind::{EntryMode, Kind};
use crate::terminal::wire::{self, Ask, Encoder, Session};
use crate::terminal::{Error, Terminal, TerminalIdentity};

const MAC_KEY: [u8; 16] = [0x2A; 16];
const PIN_KEY: [u8; 16] = [0x4C; 16];
const TERMINAL_ID: &str = "30501101";

async fn host() -> Host {
    let config = HostConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        mac_key: ZoneKey(MAC_KEY),
        pin_key: ZoneKey(PIN_KEY),
        issuer: Issuer::new(),
        faults: FaultControl::default(),
    };
    Host::start(config).await.unwrap()
}

fn session() -> Session {
    Session::new(1, &PIN_KEY, &MAC_KEY).unwrap()
}

/// A terminal that talks to the host directly, under the zone keys.
async fn terminal(host: &Host) -> Terminal {
    let mut terminal = Terminal::new(TerminalIdentity::new(
        TERMINAL_ID,
        "899305058140017",
        [0x11; 16],
        "001",
    ));
    terminal.adopt(session());
    terminal.connect(host.addr()).await.unwrap();
    terminal
}

fn card(outcome: Outcome) -> Card {
    cards().into_iter().find(|card| card.outcome == outcome).unwrap()
}

fn purchase(trace: u32, session: &Session) -> Vec<u8> {
    let card = &card(Outcome::Approved);
    let entry_mode = EntryMode::Manual;
    let ask = Ask {
        kind: Kind::Purchase,
        trace,
        amount_minor: 100,
        card,
        entry_mode,
        with_pin: false,
        original: None,
    };
    Encoder::new(TERMINAL_ID, "899305058140017")
        .financial(session, &ask)
        .unwrap()
        .to_vec()
}

/// Reads one frame without its length.
async fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let bytes = stream.read_u16().await.unwrap();
    let mut frame = vec![0; bytes.into()];
    stream.read_exact(&mut frame).await.unwrap();
    frame
}

fn field39(answer: &[u8]) -> String {
    let envelope = frame::open(answer).unwrap();
    let message = Message::parse(&unionpay::POS, envelope.message).unwrap();
    message.text_str(39).unwrap().to_owned()
}

#[tokio::test]
async fn a_purchase_is_approved_and_stands() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    let reply = terminal.purchase(2_000, &card(Outcome::Approved)).await.unwrap();
    assert_eq!(
        (
            reply.code(),
            reply.retrieval_reference.len(),
            reply.approval_code.len()
        ),
        ("00", 12, 6)
    );
    let standing = host.standing();
    assert_eq!(standing.len(), 1);
    assert_eq!(
        (standing[0].position.terminal_id, standing[0].amount_minor),
        (*b"30501101", 2_000)
    );
    let journal = host.journal();
    assert_eq!(
        (journal.len(), journal[0].trace, journal[0].kind),
        (1, 1, Some(Kind::Purchase))
    );
    host.shutdown().await;
}

#[tokio::test]
async fn every_transaction_of_a_terminal_is_answered() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    let card = card(Outcome::Approved);
    let modes = [
        EntryMode::Chip,
        EntryMode::Swipe,
        EntryMode::Contactless,
        EntryMode::Manual,
        EntryMode::Qr,
        EntryMode::Chip,
    ];
    let mut sales = Vec::new();
    for entry_mode in modes {
        terminal.entry_mode = entry_mode;
        sales.push(terminal.purchase(1_000, &card).await.unwrap().approved.unwrap());
    }
    assert!(
        terminal
            .balance(&card)
            .await
            .unwrap()
            .balance_minor
            .is_some_and(|minor| minor > 0)
    );
    assert_eq!(terminal.void(&sales[0]).await.unwrap().code(), "00");
    assert_eq!(terminal.refund(400, &sales[1]).await.unwrap().code(), "00");
    let hold = terminal
        .pre_authorise(5_000, &card)
        .await
        .unwrap()
        .approved
        .unwrap();
    assert_eq!(terminal.pre_authorise_void(&hold).await.unwrap().code(), "00");
    let hold = terminal
        .pre_authorise(5_000, &card)
        .await
        .unwrap()
        .approved
        .unwrap();
    let completion = terminal.complete(4_000, &hold).await.unwrap().approved.unwrap();
    assert_eq!(terminal.complete_void(&completion).await.unwrap().code(), "00");
    assert_eq!(terminal.echo().await.unwrap().code(), "00");
    assert_eq!(host.stats().approved, 15);
}

#[tokio::test]
async fn a_batch_that_matches_is_settled_and_one_that_does_not_is_uploaded() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    for _ in 0..10 {
        terminal.purchase(1_000, &card(Outcome::Approved)).await.unwrap();
    }
    let settlement = terminal.settle().await.unwrap();
    assert_eq!(
        (settlement.finding, settlement.uploaded_count),
        (Some(unionpay::Reply::Equal), 0)
    );
    terminal.adopt(session()); // the same batch again, so the host knows more than the terminal
    for _ in 0..10 {
        terminal.purchase(1_000, &card(Outcome::Approved)).await.unwrap();
    }
    let settlement = terminal.settle().await.unwrap();
    assert_eq!(
        (settlement.finding, settlement.uploaded_count),
        (Some(unionpay::Reply::Unequal), 10)
    );
    assert_eq!(settlement.response_code, *b"00");
    assert_eq!(terminal.books().count(), 0);
}

#[tokio::test]
async fn no_debug_output_shows_a_card_number_or_pin() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    let card = card(Outcome::Approved);
    let reply = terminal.purchase(1_000, &card).await.unwrap();
    let shown = format!("{host:?} {terminal:?} {reply:?}");
    assert!(!shown.contains(&card.pan) && !shown.contains(&card.pin) && !shown.contains("frame:"));
}

#[tokio::test]
async fn refusals_carry_the_card_s_reason() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    for (outcome, code) in [
        (Outcome::WrongPin, "55"),
        (Outcome::LostCard, "41"),
        (Outcome::Expired, "54"),
    ] {
        let reply = terminal.purchase(2_000, &card(outcome)).await.unwrap();
        assert_eq!((reply.code(), reply.approved.is_none()), (code, true));
    }
    assert!(host.standing().is_empty());
}

#[tokio::test]
async fn a_wrong_mac_is_answered_a0_and_a_pin_block_under_another_key_99() {
    let host = host().await;
    let mut stream = TcpStream::connect(host.addr()).await.unwrap();
    let other_mac = Session::new(1, &PIN_KEY, &[0x77; 16]).unwrap();
    stream.write_all(&purchase(1, &other_mac)).await.unwrap();
    assert_eq!(field39(&read_frame(&mut stream).await), "A0");
    let mut terminal = terminal(&host).await;
    terminal.adopt(Session::new(1, &[0x77; 16], &MAC_KEY).unwrap());
    assert_eq!(
        terminal
            .purchase(1, &card(Outcome::Approved))
            .await
            .unwrap()
            .code(),
        "99"
    );
    assert_eq!(host.stats().mac_failures, 1);
    assert!(host.standing().is_empty());
}

#[tokio::test]
async fn a_reversal_undoes_and_may_be_repeated() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    terminal.purchase(2_000, &card(Outcome::Approved)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(terminal.reverse_last().await.unwrap().code(), "00");
        assert!(host.standing().is_empty());
    }
    assert_eq!(terminal.books().count(), 0);
    terminal
        .purchase(2_000, &card(Outcome::InsufficientFunds))
        .await
        .unwrap();
    assert_eq!(terminal.reverse_last().await.unwrap().code(), "25");
}

#[tokio::test]
async fn a_reversal_needs_no_card_data() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    terminal.purchase(2_000, &card(Outcome::Approved)).await.unwrap();
    let bare = {
        let mut writer = Writer::new(&unionpay::POS);
        writer
            .begin(Mti(0x0400))
            .digits(3, "000000")
            .number(4, 2_000)
            .number(11, 1)
            .digits(25, "00");
        writer
            .text(39, b"06")
            .text(41, TERMINAL_ID.as_bytes())
            .digits(60, &unionpay::write_field60(22, 1, None));
        writer.finish_with_mac(&session().mac_key).unwrap().to_vec()
    };
    let mut request = Vec::new();
    let tpdu = Tpdu {
        id: 0x60,
        destination: 1,
        source: 0,
    };
    frame::write(&mut request, tpdu, Header([0x60, 0x31, 0, 0, 0, 0]), &bare).unwrap();
    let mut stream = TcpStream::connect(host.addr()).await.unwrap();
    stream.write_all(&request).await.unwrap();
    assert_eq!(field39(&read_frame(&mut stream).await), "00");
    assert!(host.standing().is_empty());
}

#[tokio::test]
async fn different_delays_put_answers_out_of_order_and_none_is_lost() {
    let host = host().await;
    host.faults().set(Faults {
        delay_ms_min: 1,
        delay_ms_max: 60,
        ..Faults::default()
    });
    let mut stream = TcpStream::connect(host.addr()).await.unwrap();
    let requests: Vec<Vec<u8>> = (1..=30).map(|trace| purchase(trace, &session())).collect();
    stream.write_all(&requests.concat()).await.unwrap();
    let mut order = Vec::new();
    for _ in &requests {
        let answer = read_frame(&mut stream).await;
        let found = requests.iter().position(|request| {
            wire::check(request, &answer, Some(&session().mac_key)).is_ok_and(|reply| reply.is_approved())
        });
        order.push(found.unwrap());
    }
    let in_order: Vec<usize> = (0..30).collect();
    assert_ne!(order, in_order);
    order.sort_unstable();
    assert_eq!(order, in_order);
}

#[tokio::test]
async fn a_silent_host_has_decided_and_can_be_asked_to_reverse() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    host.faults().set(Faults {
        silent: true,
        ..Faults::default()
    });
    terminal.answer_timeout = Duration::from_millis(200);
    let answered = terminal.purchase(2_000, &card(Outcome::Approved)).await;
    assert!(matches!(answered, Err(Error::Timeout)));
    assert_eq!(host.standing().len(), 1);
    host.faults().set(Faults::default());
    terminal.answer_timeout = Duration::from_secs(10);
    assert_eq!(terminal.reverse_last().await.unwrap().code(), "00");
    assert!(host.standing().is_empty());
}

#[tokio::test]
async fn a_doubled_answer_does_not_confuse_the_next_question() {
    let host = host().await;
    host.faults().set(Faults {
        twice: true,
        ..Faults::default()
    });
    let mut terminal = terminal(&host).await;
    for trace in 1..=5 {
        assert_eq!(
            terminal
                .purchase(2_000, &card(Outcome::Approved))
                .await
                .unwrap()
                .trace,
            trace
        );
    }
    assert_eq!(host.stats().requests, 5);
}

#[tokio::test]
async fn a_spoilt_mac_is_noticed_by_the_terminal() {
    let host = host().await;
    host.faults().set(Faults {
        wrong_mac: true,
        ..Faults::default()
    });
    let mut terminal = terminal(&host).await;
    let answered = terminal.purchase(2_000, &card(Outcome::Approved)).await;
    assert!(matches!(answered, Err(Error::BadAnswer(wire::Mismatch::Mac))));
}

#[tokio::test]
async fn a_connection_ends_at_the_chosen_request_which_is_decided() {
    let host = host().await;
    host.faults().set(Faults {
        disconnect_after: Some(2),
        ..Faults::default()
    });
    let mut terminal = terminal(&host).await;
    assert!(
        terminal
            .purchase(1_000, &card(Outcome::Approved))
            .await
            .unwrap()
            .is_approved()
    );
    assert!(matches!(
        terminal.purchase(2_000, &card(Outcome::Approved)).await,
        Err(Error::Closed)
    ));
    assert_eq!(host.standing().len(), 2);
}

#[tokio::test]
async fn a_host_that_goes_down_closes_and_comes_back() {
    let host = host().await;
    let mut terminal = terminal(&host).await;
    assert!(terminal.echo().await.is_ok());
    host.faults().set(Faults {
        down: true,
        ..Faults::default()
    });
    assert!(matches!(terminal.echo().await, Err(Error::Closed)));
    terminal.connect(host.addr()).await.unwrap();
    assert!(matches!(terminal.echo().await, Err(Error::Closed)));
    host.faults().set(Faults::default());
    terminal.connect(host.addr()).await.unwrap();
    assert!(terminal.echo().await.unwrap().is_approved());
}

#[tokio::test]
async fn shutdown_closes_connections_and_frees_the_address() {
    let host = host().await;
    let addr = host.addr();
    let mut terminal = terminal(&host).await;
    host.shutdown().await;
    assert!(matches!(terminal.echo().await, Err(Error::Closed)));
    assert!(terminal.connect(addr).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_parsed_is_answered_30_and_what_has_no_bounds_closes() {
    let host = host().await;
    let mut stream = TcpStream::connect(host.addr()).await.unwrap();
    let mut damaged = Vec::new();
    let message = &purchase(1, &session())[13..];
    let tpdu = Tpdu {
        id: 0x60,
        destination: 3,
        source: 0,
    };
    frame::write(
        &mut damaged,
        tpdu,
        Header([0x60, 0x31, 0, 0, 0, 0]),
        &message[..message.len() - 3],
    )
    .unwrap();
    stream.write_all(&damaged).await.unwrap();
    assert_eq!(field39(&read_frame(&mut stream).await), "30");
    for bytes in [
        &[0, 1, 2, 3][..],
        &[0xFF; 64],
        &[0, 21, 0xFF, 0xFF, 0xFF, 0xFF].repeat(9),
    ] {
        let mut stream = TcpStream::connect(host.addr()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.ok();
        assert!(rest.is_empty());
    }
    assert!(host.stats().malformed >= 3);
}

#[tokio::test]
async fn no_cut_or_flipped_message_stops_the_host() {
    let host = host().await;
    let whole = purchase(1, &session());
    for index in 13..whole.len() {
        let mut flipped = whole.clone();
        flipped[index] ^= 0xFF;
        let mut cut = whole[..index.max(23)].to_vec();
        let bytes = (cut.len() - 2) as u16;
        cut[..2].copy_from_slice(&bytes.to_be_bytes());
        for bytes in [flipped, cut] {
            let mut stream = TcpStream::connect(host.addr()).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
        }
    }
    assert!(host.standing().is_empty());
    let mut terminal = terminal(&host).await;
    assert!(terminal.echo().await.unwrap().is_approved());
}
