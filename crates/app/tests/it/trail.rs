//! Where the money of payments around a loss is: by the ledger, by settlements, by files; the same on both stores.

use app::suspect::trail::{Traced, flows, trace};
use app::suspect::{Looked, look};
use domain::incident::Incident;
use domain::mark::Verdict;
use domain::money::Currency;
use domain::statement::{Direction, Fate, Method, Payment, PaymentState};
use domain::terminal::Terminal;
use domain::trail::{Ask, Node, Source, State, To, Trail};
use domain::transaction::{BatchTrace, Decision, Entry, Kind, LedgerRow};
use domain::{MaskedPan, TerminalId, Timestamp};

use crate::fixture::{House, ours, risk_officer, terminal};
use crate::statement::{begin, finish, new, payments, place, put};
use crate::suspect::{before, row, say, written};

fn in_batch(mut row: LedgerRow, batch: u32) -> LedgerRow {
    let trace = u32::try_from(row.sequence).unwrap();
    row.batch_trace = Some(BatchTrace { batch, trace });
    row.card = MaskedPan::parse("622202******9830");
    row
}

fn settled(id: TerminalId, sequence: i64, at: Timestamp) -> LedgerRow {
    LedgerRow {
        decision: Some(Decision::Approved),
        ..LedgerRow::bare(id, sequence, at, Entry::Request(Kind::Settlement))
    }
}

/// An evening: two sales of a batch that was settled, then of the next one a sale, a void of it, a sale, a refund of a part of it, and
/// a refund to somebody without a sale.
fn evening(id: TerminalId) -> Vec<LedgerRow> {
    let of = |mut row: LedgerRow, of: i64| {
        row.of_sequence = Some(of);
        row
    };
    vec![
        in_batch(row(id, 1, before(60), Kind::Purchase, 1_000, 1), 7),
        in_batch(row(id, 2, before(59), Kind::Purchase, 2_000, 2), 7),
        settled(id, 3, before(50)),
        in_batch(row(id, 4, before(40), Kind::Purchase, 3_000, 3), 8),
        of(in_batch(row(id, 5, before(39), Kind::Void, 3_000, 3), 8), 4),
        in_batch(row(id, 6, before(30), Kind::Purchase, 4_000, 4), 8),
        of(in_batch(row(id, 7, before(29), Kind::Refund, 1_500, 4), 8), 6),
        in_batch(row(id, 8, before(20), Kind::Refund, 480_000, 9_830), 8),
    ]
}

/// Brings a file in which these rows are.
fn brings(house: &House, statement_id: &str, content: u8, rows: Vec<Payment>) {
    begin(house, &new(statement_id, place(None), content)).unwrap();
    put(house, rows).unwrap();
    finish(house, statement_id, &[(-600, 60)]).unwrap();
}

/// A row of a file: a sale of so many fen, so many minutes before the house was opened.
fn line(statement_id: &str, position: i64, key: &str, minutes: i64, minor: i64) -> Payment {
    let [mut it] = payments(statement_id, ours(), &[(key, -minutes, None)])
        .try_into()
        .unwrap();
    it.position = position;
    it.amount_minor = minor;
    it.method = Method::Other;
    it
}

fn fated(mut row: Payment, fate: Fate, minutes: i64) -> Payment {
    (row.fate, row.fate_at) = (Some(fate), Some(before(minutes)));
    row
}

fn traced(house: &House, incident_id: &str) -> (Looked, Traced) {
    let incident_id = incident_id.to_owned();
    house
        .store()
        .read(move |tx| {
            let incident: Incident = store::row::by_id(tx, &incident_id)?.unwrap();
            let terminal: Terminal = store::terminal::get(tx, incident.terminal_id)?.unwrap();
            let looked = look(tx, &incident, &terminal)?;
            let traced = trace(tx, &terminal, &looked)?;
            Ok::<_, store::Error>((looked, traced))
        })
        .unwrap()
}

fn of<'t>((looked, traced): &'t (Looked, Traced), id: &str) -> &'t Trail {
    let at = looked.suspects.iter().position(|it| it.source.id() == id);
    &traced.trails[at.unwrap()]
}

#[test]
fn the_ledger_says_how_far_the_money_went_and_by_which_row() {
    let mut house = House::open();
    let id = terminal(1);
    written(&house, evening(id));
    let incident_id = house.lose(id).incident_id;
    let all = traced(&house, &incident_id);
    let told = |id: &str| {
        let trail = of(&all, id);
        (trail.state, trail.fact.as_ref().map(|fact| fact.by.clone()))
    };
    let agreed = Source::Settlement {
        sequence: 3,
        agreed: true,
    };
    assert_eq!(told("L1"), (State::BatchClosed, Some(agreed.clone())));
    assert_eq!(told("L2"), (State::BatchClosed, Some(agreed)));
    assert_eq!(told("L4"), (State::Reversed, Some(Source::Ledger(5))));
    assert_eq!(told("L6"), (State::InBatch, Some(Source::Ledger(6))));
    assert_eq!(told("L8"), (State::InBatch, Some(Source::Ledger(8))));
    let refund = of(&all, "L8").fact.clone().unwrap();
    assert_eq!(refund.to, Some(To::Card("622202******9830".into())));
    let part = of(&all, "L6");
    assert_eq!((part.back_minor(), part.backs.len()), (1_500, 1));
    assert_eq!(part.backs[0].id.as_deref(), Some("L7"));
    assert_eq!(of(&all, "L1").ask, Some(Ask::AcquirerStatement));
    assert_eq!(of(&all, "L4").ask, None);
    // What somebody called genuine is not counted; nothing is counted twice.
    say(
        &house,
        &risk_officer(),
        &incident_id,
        &["L1", "L2"],
        Some(Verdict::Genuine),
    )
    .unwrap();
    house.reopen();
    let (looked, again) = traced(&house, &incident_id);
    assert_eq!(again.trails, all.1.trails, "the same after a restart");
    let flow = &flows(&looked, &again)[&Currency::CNY];
    let edges: Vec<_> = flow
        .edges
        .iter()
        .filter(|((_, to), _)| matches!(to, Node::State(_)))
        .map(|((from, to), sum)| (from.clone(), to.clone(), sum.minor))
        .collect();
    assert_eq!(
        edges,
        [
            (Node::Payers, Node::State(State::InBatch), 2_500),
            (Node::Payers, Node::State(State::Refunded), 1_500),
            (Node::Payers, Node::State(State::Reversed), 3_000),
            (Node::Shop, Node::State(State::InBatch), 480_000),
        ]
    );
    let sum = flow.sums[&(None, Direction::Refund, State::InBatch)];
    assert_eq!((sum.count, sum.minor), (2, 481_500));
}

#[test]
fn a_fund_bill_settles_what_fits_it_alone_and_says_so_where_more_does() {
    let house = House::open();
    let id = terminal(1);
    written(
        &house,
        vec![
            in_batch(row(id, 1, before(60), Kind::Purchase, 1_000, 1), 7),
            in_batch(row(id, 2, before(40), Kind::Purchase, 2_000, 2), 7),
            in_batch(row(id, 3, before(38), Kind::Purchase, 2_000, 3), 7),
        ],
    );
    let incident_id = house.lose(id).incident_id;
    // Of the first it is four minutes off; two others are alike.
    let rows = vec![
        fated(line("AAAA2222", 0, "f:1", 56, 1_000), Fate::Settled, 56),
        fated(line("AAAA2222", 1, "f:2", 39, 2_000), Fate::PaidOut, 30),
    ];
    brings(&house, "AAAA2222", 1, rows);
    let all = traced(&house, &incident_id);
    let first = of(&all, "L1");
    assert_eq!((first.state, first.fitting, first.ask), (State::Settled, 0, None));
    let row = Source::Row {
        statement_id: "AAAA2222".into(),
        file_row: line("AAAA2222", 0, "", 0, 0).file_row,
    };
    assert_eq!(first.fact.clone().unwrap().by, row);
    assert_eq!(first.fact.clone().unwrap().at, Some(before(56)));
    for id in ["L2", "L3"] {
        let trail = of(&all, id);
        assert_eq!(
            (trail.state, trail.fitting, trail.ask),
            (State::InBatch, 1, Some(Ask::AcquirerStatement)),
            "{id}"
        );
    }
}

#[test]
fn one_payment_in_a_trade_bill_and_a_fund_bill_is_settled_and_its_refund_takes_it_back() {
    let house = House::open();
    let mut sale = line("AAAA2222", 0, "w:1:sale", 60, 5_000);
    sale.order_id = Some("SH1".into());
    sale.method = Method::Wechat;
    let mut other = line("AAAA2222", 1, "w:2:sale", 50, 700);
    other.method = Method::Wechat;
    let fund = fated(sale.clone(), Fate::Settled, 59);
    let mut refund = line("BBBB2222", 1, "w:refund:9", 30, 5_000);
    refund.order_id = Some("SH1".into());
    refund.direction = Direction::Refund;
    refund.state = PaymentState::Refunded;
    refund.card = None;
    let fund = Payment {
        statement_id: "BBBB2222".into(),
        ..fund
    };
    // The fund bill is brought after it, and names no terminal: the trade bill's row stays the payment's.
    brings(&house, "AAAA2222", 1, vec![sale, other]);
    brings(&house, "BBBB2222", 2, vec![fund.clone()]);
    let incident_id = house.lose(terminal(1)).incident_id;
    let (looked, _) = traced(&house, &incident_id);
    let places = looked.suspects.iter().map(|it| it.source.id());
    assert_eq!(places.collect::<Vec<_>>(), ["PAAAA2222.0", "PAAAA2222.1"]);
    let ids = |all: &(Looked, Traced)| -> Vec<(State, Option<Ask>)> {
        let trails = all.1.trails.iter();
        trails.map(|trail| (trail.state, trail.ask)).collect()
    };
    assert_eq!(
        ids(&traced(&house, &incident_id)),
        [
            (State::Settled, None),
            (State::Authorised, Some(Ask::WechatFundBill)),
        ]
    );
    let refund = Payment {
        statement_id: "CCCC2222".into(),
        ..refund
    };
    brings(&house, "CCCC2222", 3, vec![refund]);
    let all = traced(&house, &incident_id);
    let states: Vec<State> = all.1.trails.iter().map(|trail| trail.state).collect();
    assert_eq!(states, [State::Refunded, State::Authorised, State::Refunded]);
    let to = all.1.trails[0].fact.clone().unwrap().to;
    assert_eq!(to, Some(To::Payer("oTES****xxxx".into())));
}
