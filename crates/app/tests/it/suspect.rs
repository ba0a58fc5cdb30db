//! Suspects: what stands out around a loss and why, from both sources and the same each time; and what people say of them.

use app::case::Error;
use app::mark::{self, NotMarked};
use app::suspect::{Counts, Looked, Source, Suspect, at_risk, chart};
use domain::event::Subject;
use domain::mark::Verdict;
use domain::money::{Currency, Money};
use domain::statement::{Direction, Payment, PaymentState};
use domain::terminal::Control;
use domain::transaction::{Decision, Entry, EntryMode, Kind, LedgerRow, Proof, ResponseCode};
use domain::{Actor, MaskedPan, TerminalId, Timestamp};
use screening::Code;

use crate::fixture::{
    House, START, auditor, manager, ours, owner, partner, risk_officer, stranger, terminal,
};
use crate::statement::{begin, finish, new, payments, place, put};

const MINUTE_MS: i64 = 60_000;

/// So many minutes before the house was opened.
pub fn before(minutes: i64) -> Timestamp {
    START.plus_ms(-minutes * MINUTE_MS)
}

/// A row of a terminal's ledger.
pub fn row(id: TerminalId, sequence: i64, at: Timestamp, kind: Kind, minor: i64, card: u64) -> LedgerRow {
    LedgerRow {
        decision: Some(Decision::Approved),
        amount: Some(Money {
            minor,
            currency: Currency::CNY,
        }),
        card: MaskedPan::of(
            format!("622202000000{card:04}")
                .into_bytes()
                .into_iter()
                .map(|digit| digit - b'0'),
        ),
        entry_mode: Some(EntryMode::Contactless),
        operator: Some("01".into()),
        response_code: Some(ResponseCode::APPROVED),
        proof: Some(Proof::Proven),
        ..LedgerRow::bare(id, sequence, at, Entry::Request(kind))
    }
}

/// A month of a shop: six sales a day in the hours before this one, some 30 yuan each, each by another card.
pub fn month(id: TerminalId) -> Vec<LedgerRow> {
    let day = |day: i64| {
        (0..6).map(move |nth| {
            let (sequence, at) = ((30 - day) * 6 + nth + 1, before(day * 1_440 + 600 - nth * 90));
            row(
                id,
                sequence,
                at,
                Kind::Purchase,
                2_500 + nth * 300,
                (sequence as u64) % 9_000,
            )
        })
    };
    (1..=30).rev().flat_map(day).collect()
}

/// What a thief does in the last half an hour: a yuan by a number typed in, and money to a card twice without a sale.
pub fn thief(id: TerminalId) -> Vec<LedgerRow> {
    let by = |mut row: LedgerRow| {
        row.entry_mode = Some(EntryMode::Manual);
        row
    };
    vec![
        by(row(id, 1_001, before(30), Kind::Purchase, 100, 9_830)),
        by(row(id, 1_002, before(20), Kind::Refund, 320_000, 9_830)),
        by(row(id, 1_003, before(10), Kind::Refund, 480_000, 9_830)),
    ]
}

pub fn written(house: &House, rows: Vec<LedgerRow>) {
    house.write(move |tx| rows.iter().try_for_each(|row| store::ledger::append(tx, row)));
}

/// A loss after a month, in whose last half an hour a thief was at work.
pub fn lost(house: &House) -> String {
    let id = terminal(1);
    written(house, [month(id), thief(id)].concat());
    house.lose(id).incident_id
}

pub fn looked(house: &House, incident_id: &str) -> Looked {
    house
        .store()
        .read(|tx| Ok::<_, store::Error>(mark::looked(tx, &owner(), incident_id).unwrap()))
        .unwrap()
}

/// The names, the most suspicious first.
pub fn ranked(looked: &Looked) -> Vec<(String, u16)> {
    let mut all: Vec<_> = looked
        .suspects
        .iter()
        .map(|it| (it.source.id(), it.judgement.score))
        .collect();
    all.sort_by_key(|(id, score)| (std::cmp::Reverse(*score), id.clone()));
    all
}

pub fn find<'l>(looked: &'l Looked, id: &str) -> &'l Suspect {
    looked.suspects.iter().find(|it| it.source.id() == id).unwrap()
}

fn codes(suspect: &Suspect) -> Vec<Code> {
    suspect
        .judgement
        .reasons
        .iter()
        .map(|reason| reason.code)
        .collect()
}

pub fn say(
    house: &House,
    by: &Actor,
    incident_id: &str,
    items: &[&str],
    verdict: Option<Verdict>,
) -> Result<Looked, NotMarked> {
    let (by, incident_id) = (by.clone(), incident_id.to_owned());
    let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
    let looked = house
        .store()
        .read(|tx| Ok::<_, store::Error>(mark::looked(tx, &by, &incident_id)))
        .unwrap()?;
    house.try_write(move |tx| {
        let said = (verdict, Some("nobody was there"));
        mark::mark(tx, &by, &incident_id, &items, said, looked)
    })
}

#[test]
fn what_a_thief_does_stands_out_of_a_month_and_says_why_the_same_after_a_restart() {
    let mut house = House::open();
    let incident_id = lost(&house);
    let all = looked(&house, &incident_id);
    let first = ranked(&all);
    // Three days before the window of a day: six sales each; and the thief.
    assert_eq!(all.suspects.len(), 3 * 6 + 3, "{first:?}");
    let ids: Vec<&str> = first.iter().take(3).map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["L1003", "L1002", "L1001"]);
    assert!(codes(find(&all, "L1002")).contains(&Code::RefundWithoutSale));
    assert!(
        codes(find(&all, "L1003")).contains(&Code::AmountUnusual)
            || codes(find(&all, "L1003")).contains(&Code::RoundAmounts)
    );
    assert!(find(&all, "L1002").in_window && !find(&all, "L163").in_window);
    let usual = first.iter().filter(|(id, _)| !ids.contains(&id.as_str()));
    let most = usual.map(|(_, score)| *score).max().unwrap();
    assert!(first[2].1 >= most + 200, "{first:?}");
    // Nobody kept shifts, and the source has no network: said, not silent.
    let unseen: Vec<Code> = all.unseen.iter().map(|unseen| unseen.what.code).collect();
    assert!(unseen.contains(&Code::OperatorOffShift) && unseen.contains(&Code::NewPlace));
    assert!(all.holes.is_empty(), "the gate's own ledger has none");
    house.reopen();
    assert_eq!(ranked(&looked(&house, &incident_id)), first);
}

#[test]
fn what_a_stranger_may_have_sent_is_none_and_what_was_undone_is_no_money() {
    let house = House::open();
    let id = terminal(1);
    let forged = LedgerRow {
        proof: Some(Proof::Unproven),
        ..row(id, 1_004, before(9), Kind::Refund, 700_000, 1)
    };
    let sale = row(id, 1_005, before(8), Kind::Purchase, 9_900, 2);
    let undone = LedgerRow {
        decision: Some(Decision::Reversed),
        of_sequence: Some(1_005),
        ..row(id, 1_006, before(7), Kind::Purchase, 9_900, 2)
    };
    let refused = LedgerRow {
        decision: Some(Decision::Declined),
        ..row(id, 1_007, before(6), Kind::Purchase, 8_800, 3)
    };
    let back = LedgerRow {
        of_sequence: Some(1_008),
        ..row(id, 1_009, before(4), Kind::Refund, 2_000, 4)
    };
    let bought = row(id, 1_008, before(5), Kind::Purchase, 2_000, 4);
    written(
        &house,
        [
            month(id),
            thief(id),
            vec![forged, sale, undone, refused, bought, back],
        ]
        .concat(),
    );
    let all = looked(&house, &house.lose(id).incident_id);
    let ids: Vec<String> = all.suspects.iter().map(|it| it.source.id()).collect();
    assert!(!ids.contains(&"L1004".into()) && !ids.contains(&"L1006".into()));
    assert!(find(&all, "L1005").is_undone);
    let sale = find(&all, "L1009").sale.as_ref().unwrap();
    assert_eq!((sale.id.as_deref(), sale.amount.minor), (Some("L1008"), 2_000));
    assert!(!codes(find(&all, "L1009")).contains(&Code::RefundWithoutSale));
    let risk = at_risk(&all.suspects);
    let risk = &risk[&Currency::CNY].unmarked;
    // A yuan, and the one that was given back; three refunds. What was undone or refused is no money.
    assert_eq!((risk.sale_count, risk.sale_minor), (2, 2_100));
    assert_eq!((risk.refund_count, risk.refund_minor), (3, 802_000));
}

/// A row of a statement: its key, when, what, and of which order.
fn brought(house: &House, id: &str, content: u8, rows: &[(&str, Timestamp, Direction, i64)]) {
    let new = new(id, place(None), content);
    begin(house, &new).unwrap();
    let named: Vec<_> = rows.iter().map(|(key, ..)| (*key, 0, None)).collect();
    let mut all: Vec<Payment> = payments(id, ours(), &named);
    for (payment, (key, at, direction, minor)) in all.iter_mut().zip(rows) {
        payment.at = *at;
        payment.direction = *direction;
        payment.amount_minor = *minor;
        payment.order_id = Some(key.trim_end_matches('-').to_owned());
        payment.state = match direction {
            Direction::Sale => PaymentState::Approved,
            Direction::Refund => PaymentState::Refunded,
        };
        payment.card = None;
        payment.payer = Some(format!("o{key}"));
    }
    for part in all.chunks(200) {
        put(house, part.to_vec()).unwrap();
    }
    finish(house, id, &[(-40 * 1_440, 10)]).unwrap();
}

#[test]
fn a_shop_alone_sees_what_stands_out_in_its_files() {
    let house = House::open();
    let id = house.outside_terminal(7);
    let mut rows: Vec<(String, Timestamp, Direction, i64)> = Vec::new();
    for day in 1..=30 {
        for nth in 0..6 {
            let at = before(day * 1_440 + 600 - nth * 90);
            rows.push((format!("{day}.{nth}"), at, Direction::Sale, 2_500 + nth * 300));
        }
    }
    rows.push(("1.1-".into(), before(20), Direction::Refund, 2_800));
    rows.push(("unheard".into(), before(10), Direction::Refund, 400_000));
    rows.sort_by_key(|row| row.1);
    let borrowed: Vec<_> = rows
        .iter()
        .map(|(key, at, way, minor)| (key.as_str(), *at, *way, *minor))
        .collect();
    brought(&house, "F1", 1, &borrowed);
    let incident_id = house.lose(id).incident_id;
    let all = looked(&house, &incident_id);
    let of = |key: &str| {
        let is = |it: &&Suspect| matches!(&it.source, Source::Statement(row) if row.key == key);
        all.suspects.iter().find(is).unwrap()
    };
    assert!(codes(of("unheard")).contains(&Code::RefundWithoutSale));
    assert!(!codes(of("1.1-")).contains(&Code::RefundWithoutSale));
    assert_eq!(of("1.1-").sale.as_ref().unwrap().amount.minor, 2_800);
    assert_eq!(ranked(&all)[0].0, of("unheard").source.id());
    assert!(all.holes.is_empty(), "the file covers it: {:?}", all.holes);
    // A file that covers only these days cannot say that there was no sale before.
    let other = House::open();
    let id = other.outside_terminal(7);
    let new = new("F1", place(None), 1);
    begin(&other, &new).unwrap();
    let mut one = payments("F1", ours(), &[("unheard", 0, None)]);
    (one[0].at, one[0].direction, one[0].order_id) = (before(10), Direction::Refund, Some("unheard".into()));
    put(&other, one).unwrap();
    finish(&other, "F1", &[(-5 * 1_440, 10)]).unwrap();
    let all = looked(&other, &other.lose(id).incident_id);
    assert_eq!(all.suspects.len(), 1);
    assert!(!codes(&all.suspects[0]).contains(&Code::RefundWithoutSale));
    assert!(
        all.unseen
            .iter()
            .any(|unseen| unseen.what.code == Code::RefundWithoutSale)
    );
}

#[test]
fn a_payment_that_the_gate_and_a_file_have_is_one() {
    let house = House::open();
    let incident_id = lost(&house);
    let seconds = |ms: i64, at: Timestamp| at.plus_ms(ms);
    brought(
        &house,
        "F1",
        1,
        &[
            ("same", seconds(40_000, before(20)), Direction::Refund, 320_000),
            ("later", seconds(200_000, before(10)), Direction::Refund, 480_000),
            ("other", before(30), Direction::Sale, 101),
        ],
    );
    let all = looked(&house, &incident_id);
    assert_eq!(all.suspects.len(), 3 * 6 + 3 + 2);
    assert_eq!(find(&all, "L1002").also.as_ref().unwrap().key, "same");
    assert_eq!(find(&all, "L1003").also, None, "more than two minutes apart");
    let picture = house.read(|tx| {
        let terminal = store::terminal::get(tx, terminal(1))?.unwrap();
        assert_eq!(terminal.control, Control::Gate);
        chart(tx, &terminal, &all)
    });
    assert_eq!(picture.step_ms, 30 * MINUTE_MS);
    // The day of the window, six hours before and after: three sales, the thief's three, and the two of the file.
    assert_eq!(picture.own.iter().sum::<i64>(), 3 + 3 + 2);
    assert_eq!(picture.others.unwrap().iter().sum::<i64>(), 0);
}

#[test]
fn each_persons_last_word_counts_and_taking_it_back_leaves_the_others() {
    use Verdict::{Fraudulent, Genuine, Unsure};
    let house = House::open();
    let incident_id = lost(&house);
    let verdict = |id: &str| find(&looked(&house, &incident_id), id).opinions.verdict();
    say(
        &house,
        &manager("s1"),
        &incident_id,
        &["L1001", "L1002"],
        Some(Unsure),
    )
    .unwrap();
    say(
        &house,
        &owner(),
        &incident_id,
        &["L1002", "L1003"],
        Some(Fraudulent),
    )
    .unwrap();
    assert_eq!(
        (verdict("L1001"), verdict("L1002"), verdict("L1003")),
        (Some(Unsure), Some(Fraudulent), Some(Fraudulent))
    );
    let both = looked(&house, &incident_id);
    let said: Vec<_> = find(&both, "L1002")
        .opinions
        .iter()
        .map(|mark| mark.verdict.unwrap())
        .collect();
    assert_eq!(said, [Fraudulent, Unsure]);
    let counts = Counts::of(&both.suspects);
    assert_eq!(
        (counts.all, counts.unmarked, counts.fraudulent, counts.unsure),
        (21, 18, 2, 1)
    );
    let risk = at_risk(&both.suspects);
    assert_eq!(risk[&Currency::CNY].fraudulent.refund_minor, 800_000);
    assert_eq!(risk[&Currency::CNY].unsure.sale_minor, 100);
    // The same again is not said again.
    let told = |house: &House| house.events(Subject::Incident, &incident_id).len();
    let before_again = told(&house);
    say(&house, &owner(), &incident_id, &["L1002"], Some(Fraudulent)).unwrap();
    assert_eq!(told(&house), before_again);
    say(&house, &owner(), &incident_id, &["L1002"], None).unwrap();
    assert_eq!(verdict("L1002"), Some(Unsure));
    say(&house, &risk_officer(), &incident_id, &["L1002"], Some(Genuine)).unwrap();
    assert_eq!(verdict("L1002"), Some(Genuine));
    let text = |event: domain::event::Event| event.text.unwrap_or_default();
    let told: Vec<String> = house
        .events(Subject::Incident, &incident_id)
        .into_iter()
        .filter(|event| event.verb == "marked")
        .map(text)
        .collect();
    assert_eq!(
        told,
        [
            "unsure 2 L1001 L1002",
            "fraudulent 2 L1002 L1003",
            "taken_back 1 L1002",
            "genuine 1 L1002"
        ]
    );
}

#[test]
fn a_mark_of_a_payment_in_a_file_stands_when_another_file_has_it_too() {
    let house = House::open();
    let id = house.outside_terminal(7);
    brought(&house, "F1", 1, &[("a", before(20), Direction::Sale, 1_000)]);
    let incident_id = house.lose(id).incident_id;
    say(
        &house,
        &owner(),
        &incident_id,
        &["PF1.0"],
        Some(Verdict::Fraudulent),
    )
    .unwrap();
    house.pass_ms(1);
    brought(&house, "F2", 2, &[("a", before(20), Direction::Sale, 1_000)]);
    let all = looked(&house, &incident_id);
    assert_eq!(all.suspects.len(), 1);
    assert_eq!(all.suspects[0].source.id(), "PF2.0");
    assert_eq!(all.suspects[0].opinions.verdict(), Some(Verdict::Fraudulent));
}

#[test]
fn who_may_not_marks_nothing_and_a_closed_incident_takes_none() {
    let house = House::open();
    let incident_id = lost(&house);
    let mark =
        |by: &Actor, items: &[&str]| say(&house, by, &incident_id, items, Some(Verdict::Genuine)).map(drop);
    let why = |result: Result<(), NotMarked>| match result {
        Err(NotMarked::Case(error)) => format!("{error:?}"),
        other => format!("{other:?}"),
    };
    assert_eq!(
        why(mark(&auditor(), &["L1001"])),
        format!("{:?}", Error::NotAllowed)
    );
    assert_eq!(
        why(mark(&stranger(), &["L1001"])),
        format!("{:?}", Error::NotFound(Subject::Incident))
    );
    assert_eq!(
        why(mark(&manager("s2"), &["L1001"])),
        format!("{:?}", Error::NotFound(Subject::Incident))
    );
    // One of them is none: none is marked. Of before three days, of another terminal, of nothing at all.
    for unknown in ["L1", "L9999", "PF1.0", "1001", ""] {
        assert_eq!(
            why(mark(&owner(), &["L1001", unknown])),
            format!("{:?}", Error::Unknown("items")),
            "{unknown}"
        );
    }
    let many: Vec<String> = (0..201).map(|nth| format!("L{nth}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        why(mark(&owner(), &many)),
        format!("{:?}", Error::Unknown("items"))
    );
    assert_eq!(Counts::of(&looked(&house, &incident_id).suspects).unmarked, 21);
    mark(&partner(), &["L1001"]).unwrap();
    house.find_again(&incident_id);
    assert_eq!(
        why(mark(&owner(), &["L1002"])),
        format!("{:?}", Error::WrongState("closed"))
    );
    assert_eq!(Counts::of(&looked(&house, &incident_id).suspects).genuine, 1);
}
