//! Several nodes on one store: who a report waits for, and who stands in for whom.

use app::incident::Acknowledged;
use app::node::Renewed;
use domain::transaction::ResponseCode;
use store::node::Incarnation;

use crate::fixture::{House, NODE, purchase, terminal};

/// A house with two nodes present.
fn two() -> (House, Incarnation, Incarnation) {
    let house = House::open();
    let a = house.write(|tx| app::node::join(tx, NODE, &[]));
    let b = house.write(|tx| app::node::join(tx, "node-b", &[]));
    house.sign_in(terminal(1));
    (house, a, b)
}

fn acknowledge(house: &House, incident_id: &str, here: Option<&Incarnation>) -> Acknowledged {
    let (incident_id, here) = (incident_id.to_owned(), here.cloned());
    house.write(move |tx| {
        let here = here.as_ref().map(|who| (who, 2));
        app::incident::acknowledge(tx, &incident_id, NODE, here)
    })
}

#[test]
fn a_report_waits_for_every_node_that_is_present() {
    let (house, a, b) = two();
    let incident = house.lose(terminal(1));
    assert!(matches!(
        acknowledge(&house, &incident.incident_id, Some(&a)),
        Acknowledged::NotYet
    ));
    let asked = house.read(|tx| store::drain::asked(tx, &b));
    assert_eq!(asked, [(terminal(1), incident.hold_id)]);
    let answering = b.clone();
    house.write(move |tx| store::drain::answer(tx, terminal(1), incident.hold_id, &answering, 3));
    let Acknowledged::Receipts(receipts) = acknowledge(&house, &incident.incident_id, Some(&a)) else {
        panic!("both have drained");
    };
    let card = &receipts[0];
    assert_eq!(
        (card.in_flight_waited, card.nodes_drained, card.nodes_expelled),
        (5, 2, 0)
    );
    assert!(house.read(|tx| store::drain::asked(tx, &b)).is_empty());
}

#[test]
fn a_report_waits_for_no_node_that_was_expelled_and_that_node_must_join_anew() {
    let (house, a, b) = two();
    let incident = house.lose(terminal(1));
    let present = house.read(store::node::present);
    let seen = present.iter().find(|node| node.who == b).unwrap().clone();
    assert!(matches!(
        acknowledge(&house, &incident.incident_id, Some(&a)),
        Acknowledged::NotYet
    ));
    // It has renewed since it was seen: nobody may expel it.
    let renewing = b.clone();
    assert!(matches!(
        house.write(move |tx| app::node::renew(tx, &renewing)),
        Renewed::Present(_)
    ));
    let stale = seen.clone();
    assert!(!house.write(move |tx| store::node::expel(tx, &stale)));
    let now = store::node::Present {
        renewal: seen.renewal + 1,
        ..seen
    };
    assert!(house.write(move |tx| store::node::expel(tx, &now)));
    let Acknowledged::Receipts(receipts) = acknowledge(&house, &incident.incident_id, Some(&a)) else {
        panic!("nobody is left to wait for");
    };
    assert_eq!((receipts[0].nodes_drained, receipts[0].nodes_expelled), (1, 1));
    let renewing = b.clone();
    assert!(matches!(
        house.write(move |tx| app::node::renew(tx, &renewing)),
        Renewed::Expelled
    ));
    let again = house.write(|tx| app::node::join(tx, "node-b", &[]));
    assert_eq!(again.incarnation, b.incarnation + 1);
}

#[test]
fn what_a_node_that_is_gone_has_left_is_done_by_one_other() {
    let (house, a, b) = two();
    house.forward(&purchase(terminal(1), 7));
    let incident = house.lose(terminal(1));
    let (first, second) = (a.clone(), b.clone());
    assert_eq!(
        house.write(move |tx| app::node::stand_in(tx, &second)),
        0,
        "nobody is gone"
    );
    let (me, gone) = (b.clone(), first);
    let done = house.write(move |tx| {
        store::node::leave(tx, &gone)?;
        app::node::stand_in(tx, &me)
    });
    assert_eq!(
        done, 1,
        "the request at the host; the report still waits for this node"
    );
    assert_eq!(house.pending_count(terminal(1)), 0);
    let owed = house.owed(terminal(1));
    assert_eq!((owed.len(), owed[0].reason_code.as_str()), (1, "06"));
    let rows = house.rows(terminal(1));
    assert_eq!(
        rows.last().unwrap().response_code,
        Some(ResponseCode::TERMINAL_NOT_PERMITTED)
    );
    let me = b.clone();
    let done = house.write(move |tx| {
        store::drain::answer(tx, terminal(1), incident.hold_id, &me, 0)?;
        app::node::stand_in(tx, &me)
    });
    assert_eq!(done, 1, "the acknowledgement nobody else writes");
    assert!(house.read(store::incident::unacknowledged).is_empty());
}

#[test]
fn a_duty_stays_with_its_node_while_it_is_present() {
    let (house, a, b) = two();
    let takes = |who: &Incarnation| {
        let who = who.clone();
        house.write(move |tx| store::node::take_duty(tx, "recovery", &who))
    };
    assert!(takes(&b) && !takes(&a) && takes(&b));
    let gone = b.clone();
    house.write(move |tx| store::node::leave(tx, &gone));
    assert!(takes(&a) && !takes(&b));
}

#[test]
fn a_report_whose_node_started_anew_is_acknowledged_by_whoever_has_the_duty() {
    let (house, a, b) = two();
    let incident = house.lose(terminal(1));
    // The report's node dies and is back under its name; nobody there remembers the report.
    house.write(move |tx| app::node::join(tx, NODE, std::slice::from_ref(&a)));
    let me = b.clone();
    let done = house.write(move |tx| {
        store::drain::answer(tx, terminal(1), incident.hold_id, &me, 0)?;
        app::node::stand_in(tx, &me)
    });
    assert_eq!(done, 1);
    assert!(house.read(store::incident::unacknowledged).is_empty());
}
