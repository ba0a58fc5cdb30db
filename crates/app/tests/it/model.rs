//! Models: what marks taught is a second opinion once two people agree, comes back as an earlier version, and is the same on both stores.

use app::case::Error;
use app::model::{self, Learnt};
use app::revision::{self, digest};
use app::suspect::training::{TooFew, Training};
use domain::mark::Verdict;
use domain::revision::{Revision, State};
use domain::setting::Mode;
use domain::transaction::{Kind, LedgerRow};

use crate::account::peopled;
use crate::fixture::{House, auditor, manager, owner, risk_officer, terminal};
use crate::revision::second;
use crate::suspect::{before, find, looked, month, ranked, row, say, written};

/// A month, then two days of a shop that a thief is at work in beside its people: forty sales of some thirty yuan, and twenty-five
/// refunds of three thousand to one card.
fn lost(house: &House) -> String {
    let id = terminal(1);
    let sales = (0..40).map(|nth| {
        let minor = 2_400 + nth % 7 * 300;
        row(
            id,
            1_000 + nth,
            before(1_300 - nth * 30),
            Kind::Purchase,
            minor,
            nth as u64,
        )
    });
    let refunds = (0..25).map(|nth| {
        let minor = 300_000 + nth * 100;
        row(id, 2_000 + nth, before(100 - nth * 4), Kind::Refund, minor, 9_830)
    });
    let rows: Vec<LedgerRow> = month(id).into_iter().chain(sales).chain(refunds).collect();
    written(house, rows);
    house.lose(id).incident_id
}

fn mark(house: &House, incident_id: &str, names: impl Iterator<Item = i64>, verdict: Verdict) {
    let names: Vec<String> = names.map(|sequence| format!("L{sequence}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    say(house, &owner(), incident_id, &names, Some(verdict)).unwrap();
}

/// What a house can learn now.
fn trained(house: &House) -> Result<Learnt, TooFew> {
    let by = risk_officer();
    let read = |work: &mut dyn FnMut(&store::Tx<'_>)| {
        house
            .store()
            .read(|tx| {
                work(tx);
                Ok::<_, store::Error>(())
            })
            .unwrap()
    };
    let mut begun = None;
    read(&mut |tx| begun = Some(Training::begin(tx, &by).unwrap()));
    let (mut training, incidents) = begun.unwrap();
    for incident_id in incidents {
        assert!(training.has_room());
        read(&mut |tx| training.look(tx, &by, &incident_id).unwrap());
    }
    training.train(house.now())
}

fn kept(house: &House, id: &str) -> Revision {
    house.read(|tx| store::row::by_id(tx, id)).unwrap()
}

fn used(house: &House, id: &'static str) {
    let seen = digest(&kept(house, id).text);
    let proposed = seen.clone();
    house
        .try_write(move |tx| {
            revision::propose_readable(
                tx,
                &risk_officer(),
                (model::KIND, id),
                (&proposed, None),
                model::is_read,
            )
        })
        .unwrap();
    house
        .try_write(move |tx| {
            revision::sign_off_readable(tx, &second(), (model::KIND, id), (&seen, None), model::is_read)
        })
        .unwrap();
}

/// What the model in use says of a payment, and of which features.
fn score(house: &House, incident_id: &str, id: &str) -> Option<u16> {
    let all = looked(house, incident_id);
    let row = find(&all, id).row.as_deref()?;
    Some(all.model.as_ref()?.model.score(row))
}

/// The text of the model that these marks give, on any store.
const SHA256: &str = "35f4646111ce6d83b7053b4ad07378827fdb8416f5fd005dce594fcf2a53de42";

#[test]
fn what_marks_taught_is_a_second_opinion_once_two_people_agree_and_comes_back_as_an_earlier_version() {
    let mut house = peopled(Mode::Acquirer);
    let incident_id = lost(&house);
    mark(&house, &incident_id, 1_000..1_040, Verdict::Genuine);
    mark(&house, &incident_id, 2_000..2_019, Verdict::Fraudulent);
    let too_few = TooFew {
        fraudulent: 19,
        genuine: 40,
    };
    assert_eq!(trained(&house).map(drop), Err(too_few));
    mark(&house, &incident_id, 2_019..2_025, Verdict::Fraudulent);
    let learnt = trained(&house).unwrap();
    let card = learnt.model.card();
    assert_eq!((card.rows, card.marked), (65, 25));
    assert_eq!(digest(&learnt.write()), SHA256);
    assert_eq!(Learnt::read(&learnt.write()).as_ref(), Some(&learnt));

    let before = ranked(&looked(&house, &incident_id));
    assert_eq!(score(&house, &incident_id, "L2024"), None);
    let first = learnt.clone();
    house
        .try_write(move |tx| model::create(tx, &risk_officer(), "V1", &first))
        .unwrap();
    assert_eq!(score(&house, &incident_id, "L2024"), None, "a draft is not used");
    used(&house, "V1");
    let (thief, shop) = (
        score(&house, &incident_id, "L2024").unwrap(),
        score(&house, &incident_id, "L1030").unwrap(),
    );
    assert!(thief >= 900 && shop <= 100, "{thief} {shop}");
    assert_eq!(
        ranked(&looked(&house, &incident_id)),
        before,
        "the signals' scores stay as they are"
    );
    house.reopen();
    assert_eq!(score(&house, &incident_id, "L2024"), Some(thief));

    // Somebody thinks better of it; the next model learns that, and the one before comes back.
    mark(&house, &incident_id, 2_020..2_025, Verdict::Genuine);
    let next = trained(&house).unwrap();
    assert_eq!(next.model.card().marked, 20);
    house
        .try_write(move |tx| model::create(tx, &risk_officer(), "V2", &next))
        .unwrap();
    used(&house, "V2");
    assert_ne!(score(&house, &incident_id, "L2024"), Some(thief));
    house
        .try_write(|tx| model::copy(tx, &risk_officer(), "V3", "V1"))
        .unwrap();
    used(&house, "V3");
    assert_eq!(kept(&house, "V2").state, State::Replaced);
    assert_eq!(score(&house, &incident_id, "L2024"), Some(thief));
}

#[test]
fn who_keeps_no_texts_trains_none_and_what_cannot_be_read_is_not_used() {
    let house = peopled(Mode::Acquirer);
    let incident_id = lost(&house);
    mark(&house, &incident_id, 1_000..1_040, Verdict::Genuine);
    mark(&house, &incident_id, 2_000..2_025, Verdict::Fraudulent);
    for actor in [owner(), manager("s1"), auditor()] {
        let begun = house
            .store()
            .read(|tx| Ok::<_, store::Error>(Training::begin(tx, &actor).map(drop)))
            .unwrap();
        assert!(matches!(begun, Err(Error::NotAllowed)));
    }
    let learnt = trained(&house).unwrap();
    house
        .try_write(move |tx| model::create(tx, &risk_officer(), "V1", &learnt))
        .unwrap();
    used(&house, "V1");
    assert!(score(&house, &incident_id, "L2000").is_some());
    house.write(|tx| {
        let mut it: Revision = store::row::by_id(tx, "V1")?.unwrap();
        it.text = it.text.replace("card_ratio", "card_shape");
        store::row::update(tx, &it).map(drop)
    });
    assert_eq!(score(&house, &incident_id, "L2000"), None);
    let copied = house.try_write(|tx| model::copy(tx, &risk_officer(), "V2", "V1"));
    assert!(matches!(copied, Err(Error::Unknown("from"))));
}
