//! Two nodes at one thing at the same moment: an approval held open by a barrier while a report comes, and the other
//! way round.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use app::api_key::{New, NotMade};
use app::case::Against;
use app::recorded::Said;
use app::transaction::Answer;
use domain::account::{Account, Proof, Role, Scope};
use domain::actor::Actor;
use domain::api_key::WORKING_MAX;
use domain::recorded::Way;
use domain::revision::{Kind as TextKind, Revision, State};
use domain::right::Rights;
use domain::setting::Mode;
use domain::transaction::{Decision, Entry};
use domain::work::{Id, Kind};
use store::node::Incarnation;
use store::{Error, Tx, Want};

use crate::account::peopled;
use crate::fixture::{House, NODE, approval, code, ours, owner, purchase, risk_officer, terminal};

/// A transaction that stands still until it is told to go on.
struct Barrier {
    reached: Receiver<()>,
    go: Sender<()>,
}

fn barrier() -> (Barrier, impl FnOnce() + Send + 'static) {
    let (reach, reached) = channel();
    let (go, wait) = channel();
    let stand = move || {
        reach.send(()).unwrap();
        wait.recv().unwrap();
    };
    (Barrier { reached, go }, stand)
}

fn wait_for_a_lock(house: &House) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !house.somebody_waits_for_a_lock() {
        assert!(Instant::now() < deadline, "nobody waits");
        std::thread::yield_now();
    }
}

fn stolen() -> app::incident::Report {
    app::incident::Report {
        terminal_id: terminal(1),
        last_seen_at: None,
        place: None,
        circumstances: None,
        manner: domain::incident::Manner::Stolen,
        reported_at: domain::Timestamp(0),
        payments: Vec::new(),
    }
}

/// Hands a second check over, by name or not; its answer is told.
fn hand_over(
    house: &House,
    gathered: bool,
    work: impl FnOnce(&Tx<'_>) -> Result<Option<Answer>, Error> + Send + 'static,
    told: Sender<Answer>,
) {
    let done = move |answer: Result<Option<Answer>, Error>| told.send(answer.unwrap().unwrap()).unwrap();
    match gathered {
        true => house.store().submit_for(Want::of(terminal(1)), work, done),
        false => house.store().submit(work, done),
    }
}

#[test]
fn a_report_waits_for_an_approval_whose_transaction_is_open() {
    for gathered in [false, true] {
        let house = House::open();
        house.sign_in(terminal(1));
        let other = house.another_store();
        let sequence = house.forward(&purchase(terminal(1), 7));
        let (barrier, stand) = barrier();
        let (told, hear) = channel();
        let work = move |tx: &Tx<'_>| {
            let answer = app::transaction::release(tx, terminal(1), sequence, &approval(), None)?;
            stand();
            Ok::<_, Error>(answer)
        };
        hand_over(&house, gathered, work, told);
        barrier.reached.recv().unwrap();
        let (told, reported) = channel();
        other.submit(
            |tx| app::incident::report_loss(tx, &owner(), &stolen(), "TESTRACE", NODE),
            move |done| told.send(done.unwrap().incident.hold_id).unwrap(),
        );
        wait_for_a_lock(&house);
        assert!(
            reported.try_recv().is_err(),
            "acknowledged before the approval was durable"
        );
        barrier.go.send(()).unwrap();
        assert!(hear.recv().unwrap().response_code.is_approved());
        let hold_id = reported.recv().unwrap();
        let rows = house.rows(terminal(1));
        let approved = rows
            .iter()
            .filter(|row| row.decision == Some(Decision::Approved) && row.amount.is_some());
        assert!(approved.clone().count() == 1 && approved.clone().all(|row| row.sequence < hold_id));
    }
}

#[test]
fn an_approval_waits_for_a_report_whose_transaction_is_open_and_meets_its_hold() {
    for gathered in [false, true] {
        let house = House::open();
        house.sign_in(terminal(1));
        let other = house.another_store();
        let sequence = house.forward(&purchase(terminal(1), 7));
        let (barrier, stand) = barrier();
        let (told, reported) = channel();
        other.submit(
            move |tx| {
                let reported = app::incident::report_loss(tx, &owner(), &stolen(), "TESTRACE", NODE)?;
                stand();
                Ok::<_, app::case::Error>(reported)
            },
            move |done| told.send(done.is_ok()).unwrap(),
        );
        barrier.reached.recv().unwrap();
        let (told, hear) = channel();
        let work = move |tx: &Tx<'_>| app::transaction::release(tx, terminal(1), sequence, &approval(), None);
        hand_over(&house, gathered, work, told);
        wait_for_a_lock(&house);
        barrier.go.send(()).unwrap();
        assert!(reported.recv().unwrap());
        assert_eq!(code(&hear.recv().unwrap()), "58");
        let rows = house.rows(terminal(1));
        let hold = rows
            .iter()
            .position(|row| row.entry == Entry::HoldPlaced)
            .unwrap();
        assert_eq!(rows[hold + 1].decision, Some(Decision::Declined));
        assert_eq!(house.owed(terminal(1)).len(), 1, "the host said yes to nobody");
    }
}

#[test]
fn of_two_nodes_that_decide_about_a_recorded_request_at_once_one_does() {
    let house = House::open();
    let sale = purchase(terminal(1), 7);
    house.sign_in(terminal(1));
    house.approve(&sale);
    let id = house.lose(terminal(1)).incident_id;
    house.reverse(&app::transaction::Attempt {
        undo_sealed: Some(b"sealed".to_vec()),
        ..sale
    });
    let sequence = house.last(terminal(1)).sequence;
    let say = |said| {
        let id = id.clone();
        move |tx: &Tx<'_>| app::recorded::take(tx, &crate::revision::second(), (&id, sequence), said)
    };
    let proposal = Said::Propose {
        ground: "the shop asked for it".into(),
        reference: None,
    };
    let by = id.clone();
    house
        .try_write(move |tx| app::recorded::take(tx, &risk_officer(), (&by, sequence), proposal))
        .unwrap();
    let other = house.another_store();
    let confirm = say(Said::Confirm {
        way: Way::Host,
        reference: None,
    });
    let refuse = say(Said::Refuse { ground: "no".into() });
    let (barrier, stand) = barrier();
    let (told, confirmed) = channel();
    let first = move |tx: &Tx<'_>| {
        let taken = confirm(tx)?;
        stand();
        Ok::<_, app::case::Error>(taken)
    };
    other.submit(first, move |done| told.send(done.is_ok()).unwrap());
    barrier.reached.recv().unwrap();
    let (told, refused) = channel();
    house.store().submit(refuse, move |done| {
        told.send(matches!(done, Err(app::case::Error::WrongState("carried_out"))))
            .unwrap();
    });
    wait_for_a_lock(&house);
    barrier.go.send(()).unwrap();
    assert!(confirmed.recv().unwrap() && refused.recv().unwrap());
    assert_eq!(house.owed(terminal(1)).len(), 1);
}

#[test]
fn of_two_who_disable_each_other_at_once_one_stays() {
    let house = peopled(Mode::Acquirer);
    house.write(|tx| {
        let second = Account {
            login: "second".into(),
            name: "second".into(),
            role: Role::RiskOfficer,
            scope: Scope::All,
            custom_role: None,
            proof: Proof::default(),
        };
        store::account::insert(tx, &second, "hash")
    });
    let disable = |tx: &Tx<'_>, login: &str| app::account::disable(tx, &risk_officer(), login);
    let (barrier, stand) = barrier();
    let (told, first) = channel();
    let slow = move |tx: &Tx<'_>| {
        let disabled = disable(tx, "risk")?;
        stand();
        Ok::<_, app::case::Error>(disabled)
    };
    house
        .store()
        .submit(slow, move |done| told.send(done.is_ok()).unwrap());
    barrier.reached.recv().unwrap();
    let (told, second) = channel();
    let other = house.another_store();
    other.submit(
        move |tx| disable(tx, "second"),
        move |done| told.send(done).unwrap(),
    );
    wait_for_a_lock(&house);
    barrier.go.send(()).unwrap();
    assert!(first.recv().unwrap());
    let refused = second.recv().unwrap();
    assert!(
        matches!(
            refused,
            Err(app::case::Error::Against(Against::LastAdministrator))
        ),
        "{refused:?}"
    );
}

#[test]
fn whoever_claims_work_waits_for_nobody_else_who_does() {
    let house = House::open();
    house.write(|tx| {
        let ids = [1, 2].map(|sequence| Id::reversal(terminal(1), sequence));
        ids.into_iter()
            .try_for_each(|id| app::work::enqueue(tx, id, tx.now()).map(drop))
    });
    let claim = |tx: &Tx<'_>, name: &str| {
        let who = Incarnation {
            node: name.into(),
            incarnation: 1,
        };
        let claimed = app::work::claim(tx, Kind::Reversal, &Kind::Reversal.policy(), &who, 1)?;
        Ok::<_, Error>(claimed.into_iter().map(|work| work.id).collect::<Vec<_>>())
    };
    let (barrier, stand) = barrier();
    let (told, heard) = channel();
    let slow = move |tx: &Tx<'_>| {
        let claimed = claim(tx, "node-a")?;
        stand();
        Ok::<_, Error>(claimed)
    };
    house
        .store()
        .submit(slow, move |claimed| told.send(claimed.unwrap()).unwrap());
    barrier.reached.recv().unwrap();
    let other = house.another_store();
    let second = other.write(move |tx| claim(tx, "node-b")).unwrap();
    let third = other.write(move |tx| claim(tx, "node-b")).unwrap();
    barrier.go.send(()).unwrap();
    let first = heard.recv().unwrap();
    assert_eq!((first.len(), second.len(), third.len()), (1, 1, 0));
    assert_ne!(first, second);
}

#[test]
fn of_two_keys_made_at_once_for_the_last_place_one_is_made() {
    let house = peopled(Mode::Acquirer);
    let make = |tx: &Tx<'_>, id: String| {
        let new = New {
            api_key_id: id,
            secret_digest: [7; 32],
            name: "ERP".into(),
            scope: Scope::Merchant(ours()),
            rights: Rights::default(),
            ends_at: tx.now().plus_ms(60_000),
        };
        app::api_key::create(tx, &owner(), new)
    };
    for at in 1..WORKING_MAX {
        house.try_write(move |tx| make(tx, format!("K{at}"))).unwrap();
    }
    let (barrier, stand) = barrier();
    let (told, first) = channel();
    let slow = move |tx: &Tx<'_>| {
        let made = make(tx, "FIRST".into())?;
        stand();
        Ok::<_, NotMade>(made)
    };
    house
        .store()
        .submit(slow, move |made| told.send(made.is_ok()).unwrap());
    barrier.reached.recv().unwrap();
    let (told, second) = channel();
    let other = house.another_store();
    other.submit(
        move |tx| make(tx, "SECOND".into()),
        move |made| told.send(made).unwrap(),
    );
    wait_for_a_lock(&house);
    barrier.go.send(()).unwrap();
    assert!(first.recv().unwrap());
    let refused = second.recv().unwrap();
    assert!(matches!(refused, Err(NotMade::TooMany)), "{refused:?}");
}

#[test]
fn of_two_texts_signed_off_at_once_the_later_is_used_and_no_two_are() {
    let house = peopled(Mode::Acquirer);
    for id in ["V1", "V2"] {
        house
            .try_write(move |tx| {
                let new = app::revision::New {
                    revision_id: id.into(),
                    kind: TextKind::Playbook,
                    name: "stolen",
                    built_in: 3,
                };
                let it = app::revision::create(tx, &risk_officer(), new, |_| id.to_owned())?;
                let sha256 = app::revision::digest(&it.text);
                app::revision::propose(tx, &risk_officer(), (TextKind::Playbook, id), &sha256, None)
            })
            .unwrap();
    }
    let sign = |tx: &Tx<'_>, id: &str| {
        let second = Actor::Person(Account {
            login: "second".into(),
            name: "second".into(),
            role: Role::RiskOfficer,
            scope: Scope::All,
            custom_role: None,
            proof: Proof::FRESH,
        });
        app::revision::sign_off(
            tx,
            &second,
            (TextKind::Playbook, id),
            &app::revision::digest(id),
            None,
        )
    };
    let (barrier, stand) = barrier();
    let (told, first) = channel();
    let slow = move |tx: &Tx<'_>| {
        let signed = sign(tx, "V1")?;
        stand();
        Ok::<_, app::case::Error>(signed)
    };
    house
        .store()
        .submit(slow, move |signed| told.send(signed.is_ok()).unwrap());
    barrier.reached.recv().unwrap();
    let (told, second) = channel();
    let other = house.another_store();
    other.submit(
        move |tx| sign(tx, "V2"),
        move |signed| told.send(signed.map(drop)).unwrap(),
    );
    wait_for_a_lock(&house);
    barrier.go.send(()).unwrap();
    assert!(first.recv().unwrap());
    second.recv().unwrap().unwrap();
    let used = house.read(|tx| app::revision::in_use(tx, TextKind::Playbook, "stolen"));
    assert_eq!(used.unwrap().revision_id, "V2");
    let first: Revision = house.read(|tx| store::row::by_id(tx, "V1")).unwrap();
    assert_eq!(first.state, State::Replaced);
}
