//! What every noun with states keeps, whatever it is: each state, verb and actor is tried on a real store.
//!
//! A noun gets this by a call of [`a_case`].

use app::case::{Error, Noun, Stateful, actions, create, step};
use domain::MerchantId;
use domain::account::{Account, Person, Proof, Role, Scope};
use domain::actor::Actor;
use domain::api_key::ApiKey;
use domain::case::{Text, decide};
use domain::contact::{Contact, Details, Kind, State as ContactState};
use domain::event::Subject;
use domain::factor::Factor;
use domain::incident::found::Kind as FoundAs;
use domain::incident::{Found, Incident, State as IncidentState};
use domain::invitation::Invitation;
use domain::merchant::{self, Merchant};
use domain::operator::Cashier;
use domain::right::{Right, Rights};
use domain::shop::Shop;
use domain::stop_request::{State as StopState, StopRequest};
use domain::terminal::{Control, Status, Terminal};
use domain::word::Word;
use domain::work::{Id, State as WorkState, Work};

use crate::fixture::{House, auditor, manager, ours, owner, risk_officer, stranger, terminal};

/// Tries every verb in every state as every actor. `prepare` keeps the one of that identifier as it is given.
fn a_case<N>(house: &House, id: &str, states: &[N], stranger: &Actor)
where
    N: Stateful + Clone + PartialEq + std::fmt::Debug + Send + 'static,
    N::Verb: Send,
{
    let events = || house.events(N::SUBJECT, id);
    let actors = [
        owner(),
        manager("s1"),
        risk_officer(),
        auditor(),
        Actor::Node("node-1".into()),
    ];
    for before in states {
        for verb in N::Verb::WORDS.iter().copied() {
            for actor in &actors {
                let kept = before.clone();
                house.write(move |tx| store::row::update(tx, &kept));
                let told = events().len();
                let wanted =
                    decide(before, verb, actor).map(|row| (row.to.unwrap_or(before.state()), row.text));
                let offered = house.read(|tx| actions(tx, actor, before)).contains(&verb);
                let by = actor.clone();
                let taken = take::<N>(house, &by, id, verb, Some("in a few words"));
                let after: N = house.read(|tx| N::get(tx, id)).unwrap();
                let context = format!("{} {} {actor:?}", before.state().word(), verb.word());
                assert_eq!(offered, taken.is_ok(), "{context}");
                match wanted {
                    Ok((to, text)) => {
                        assert_eq!(taken.unwrap(), after, "{context}");
                        assert_eq!(after.state(), to, "{context}");
                        let events = events();
                        assert_eq!(events.len(), told + 1, "{context}");
                        let event = &events[told];
                        assert_eq!(
                            (event.verb.as_str(), event.actor.as_str()),
                            (N::happened(verb), actor.name())
                        );
                        let says = N::SUBJECT == Subject::Revision || text != Text::None;
                        assert_eq!(event.text.is_some(), says, "{context}");
                    }
                    Err(_) => {
                        assert!(taken.is_err(), "{context}");
                        assert_eq!((&after, events().len()), (before, told), "{context}");
                    }
                }
                let hidden = take::<N>(house, stranger, id, verb, None);
                assert!(matches!(hidden, Err(Error::NotFound(_))), "{context}");
            }
        }
    }
    let sequences: Vec<i64> = events().iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=sequences.len() as i64).collect::<Vec<_>>());
}

fn take<N>(
    house: &House,
    actor: &Actor,
    id: &str,
    verb: N::Verb,
    text: Option<&'static str>,
) -> Result<N, Error>
where
    N: Stateful + Send + 'static,
    N::Verb: Send,
{
    let (actor, id) = (actor.clone(), id.to_owned());
    house.try_write(move |tx| step::<N>(tx, &actor, &id, verb, text, |_| ()))
}

#[test]
fn an_incident_moves_by_its_table_alone() {
    let house = House::open();
    let open = house.lose(terminal(1));
    let found = Found {
        kind: Some(FoundAs::FalseAlarm),
        ..Found::said("owner", house.now(), "behind the counter")
    };
    let states = IncidentState::ALL.map(|state| Incident {
        state,
        found: (state != IncidentState::Open).then(|| found.clone()),
        unproven_attempt_count: 0,
        open_alarm_count: i64::from(state == IncidentState::Open),
        // As if everything that had to follow were done.
        playbook: Some(domain::incident::Pinned {
            playbook: "lost".into(),
            version: 1,
            revision_id: None,
            found_revision_id: None,
        }),
        moments: Default::default(),
        closing: None,
        ..open.clone()
    });
    a_case(&house, &open.incident_id, &states, &stranger());
}

#[test]
fn a_settlement_hold_moves_by_its_table_alone() {
    use domain::settlement_hold::{Ground, Release, SettlementHold, State};
    let house = House::open();
    let proposed = house.try_write(|tx| {
        let new = app::settlement_hold::New {
            of: app::settlement_hold::Of::Merchant(ours()),
            incident_id: None,
            ground: Ground::Dispute,
            ground_text: "a quarrel".into(),
            days: 1,
        };
        app::settlement_hold::propose(tx, &risk_officer(), "HOLD0001", new)
    });
    let proposed = proposed.unwrap();
    let states = State::ALL.map(|state| SettlementHold {
        state,
        proposed_by: "another".into(),
        since: Some(house.now()),
        release: (state == State::ReleaseProposed).then(|| Release {
            by: "another".into(),
            at: house.now(),
            ground: None,
        }),
        ..proposed.clone()
    });
    a_case(&house, "HOLD0001", &states, &stranger());
}

#[test]
fn a_suspicious_report_moves_by_its_table_alone() {
    use domain::suspicious_report::{Decision, Said, State, SuspiciousReport};
    let house = House::open();
    let draft = house.try_write(|tx| {
        let of = app::suspicious_report::Of {
            merchant_id: ours(),
            terminal_id: None,
            incident_id: None,
            earlier: None,
        };
        let said = Said {
            decision: Some(Decision::Report),
            ..Said::default()
        };
        app::suspicious_report::create(tx, &risk_officer(), "REPORT01", of, said, &[])
    });
    let draft = draft.unwrap();
    let states = State::ALL.map(|state| SuspiciousReport {
        state,
        writers: "another".into(),
        ..draft.clone()
    });
    a_case(&house, "REPORT01", &states, &stranger());
}

#[test]
fn an_import_moves_by_its_table_alone() {
    let house = House::open();
    let begun = house.try_write(|tx| {
        let new = app::import::New {
            import_id: "I1".into(),
            file_name: "estate.csv".into(),
            has_gate: false,
        };
        app::import::begin(tx, &owner(), new)
    });
    let mut counts = domain::import::Counts::default();
    counts.count(domain::import::Outcome::Added);
    let begun = begun.unwrap();
    let states = domain::import::State::ALL.map(|state| domain::import::Import {
        state,
        counts,
        ..begun.clone()
    });
    a_case(&house, "I1", &states, &stranger());
}

#[test]
fn a_stop_request_moves_by_its_table_alone() {
    let house = House::open();
    let id = house.outside_terminal(6);
    let acquirer = Details {
        kind: Kind::Acquirer,
        email: Some("stop@acquirer.example".into()),
        ..police(Some(ours()))
    };
    house.write(|tx| create::<Contact>(tx, &owner(), "C1", acquirer).map_err(kept));
    let open = house.lose(id);
    let request = house.read(|tx| store::stop_request::get(tx, &open.incident_id));
    let states = StopState::ALL.map(|state| StopRequest {
        state,
        remind_at: None,
        ..request.clone().unwrap()
    });
    a_case(&house, &open.incident_id, &states, &stranger());
}

fn police(merchant_id: Option<MerchantId>) -> Details {
    Details {
        merchant_id,
        kind: Kind::Police,
        name: "城南派出所".into(),
        hotline: Some("110".into()),
        email: None,
        reference: None,
    }
}

#[test]
fn a_contact_moves_by_its_table_alone() {
    let house = House::open();
    let contact: Contact = house.write(|tx| create(tx, &owner(), "C1", police(Some(ours()))).map_err(kept));
    let states = ContactState::ALL.map(|state| Contact {
        state,
        ..contact.clone()
    });
    a_case(&house, "C1", &states, &stranger());
}

#[test]
fn a_merchant_and_its_shops_move_by_their_tables_alone() {
    let house = House::open();
    // With terminals in use neither is retired.
    (1..=3).for_each(|number| house.retire(terminal(number)));
    let merchant = house.read(|tx| store::merchant::get(tx, ours())).unwrap();
    let states = merchant::State::ALL.map(|state| Merchant {
        state,
        ..merchant.clone()
    });
    a_case(&house, ours().as_str(), &states, &stranger());
    house.write(move |tx| store::row::update(tx, &merchant));
    let shop = house.read(|tx| store::shop::get(tx, "s1")).unwrap();
    let states = merchant::State::ALL.map(|state| Shop {
        state,
        ..shop.clone()
    });
    a_case(&house, "s1", &states, &stranger());
}

#[test]
fn a_terminal_moves_by_its_table_alone_whoever_decides() {
    let house = House::open();
    let kept = house.read(|tx| store::terminal::get(tx, terminal(1))).unwrap();
    for control in Control::ALL {
        let states = Status::ALL.map(|status| Terminal {
            status,
            control,
            ..kept.clone()
        });
        a_case(&house, terminal(1).as_str(), &states, &stranger());
    }
}

/// What the actor is offered, which must be just what it can do.
fn offered<N>(house: &House, actor: &Actor, id: &str) -> Vec<&'static str>
where
    N: Stateful + Send + 'static,
    N::Verb: Send,
{
    let offered = house.read(|tx| actions(tx, actor, &N::get(tx, id)?.unwrap()));
    for verb in N::Verb::WORDS.iter().copied() {
        let (actor, id) = (actor.clone(), id.to_owned());
        let tried: Result<(), Error> = house.try_write(move |tx| {
            step::<N>(tx, &actor, &id, verb, None, |_| ())?;
            Err(Error::Fixed("taken back"))
        });
        let is_taken = matches!(tried, Err(Error::Fixed("taken back")));
        assert_eq!(offered.contains(&verb), is_taken, "{}", verb.word());
    }
    offered.into_iter().map(Word::word).collect()
}

#[test]
fn what_something_else_stands_against_is_not_offered() {
    let house = House::open();
    let by = risk_officer();
    let of_terminal = |number| offered::<Terminal>(&house, &by, terminal(number).as_str());
    let of_shop = || offered::<Shop>(&house, &by, "s2");
    let of_merchant = || offered::<Merchant>(&house, &by, ours().as_str());
    assert_eq!((of_shop(), of_merchant()), (vec!["change"], vec!["change"]));
    assert_eq!(of_terminal(1), ["change", "move", "set_key", "retire"]);
    house.lose(terminal(1));
    assert_eq!(of_terminal(1), ["change", "set_key"]);
    house.retire(terminal(3));
    assert_eq!(of_terminal(3), ["restore"]);
    assert_eq!(of_shop(), ["change", "retire"]);
    take::<Shop>(&house, &by, "s2", merchant::Verb::Retire, None).unwrap();
    assert_eq!(of_shop(), ["restore"]);
    assert_eq!(of_terminal(3), [""; 0], "where nobody is");
    let kept = house.read(|tx| store::merchant::get(tx, ours())).unwrap();
    let retired = Merchant {
        state: merchant::State::Retired,
        ..kept
    };
    house.write(move |tx| store::row::update(tx, &retired));
    assert_eq!(of_shop(), [""; 0], "its merchant is not in business");
}

#[test]
fn an_operator_moves_by_its_table_alone() {
    let house = House::open();
    let kept = house.read(|tx| Cashier::get(tx, "s1.001")).unwrap();
    let states = domain::operator::State::ALL.map(|state| {
        let mut cashier = kept.clone();
        cashier.operator.state = state;
        cashier
    });
    a_case(&house, "s1.001", &states, &stranger());
}

#[test]
fn an_account_and_an_invitation_move_by_their_tables_alone() {
    let house = House::open();
    let scope = Scope::Shop(ours(), "s1".into());
    let account = Account {
        login: "li.na".into(),
        name: "李娜".into(),
        role: Role::Manager,
        scope: scope.clone(),
        custom_role: None,
        proof: Proof::default(),
    };
    let kept = account.clone();
    house.write(move |tx| {
        store::account::insert(tx, &kept, "hash")?;
        // There is something to clear.
        let factor = Factor {
            factor_id: "F1".into(),
            login: "li.na".into(),
            kind: domain::factor::Kind::Passkey,
            name: "phone".into(),
            rp_id: None,
            secret_sealed: vec![1],
            last_step: None,
            since: tx.now(),
            used_at: None,
        };
        store::row::insert(tx, &factor)
    });
    let states = domain::account::State::ALL.map(|state| Person {
        email: None,
        phone: None,
        account: account.clone(),
        state,
    });
    a_case(&house, "li.na", &states, &stranger());
    let invitation = Invitation {
        invitation_id: "I1".into(),
        token_digest: vec![7; 32],
        login: None,
        name: "李娜".into(),
        role: Role::Manager,
        scope,
        custom_role: None,
        state: domain::invitation::State::Open,
        made_by: "owner".into(),
        made_at: house.now(),
        ends_at: house.now().plus_ms(1),
    };
    let kept = invitation.clone();
    house.write(move |tx| store::row::insert(tx, &kept));
    let states = domain::invitation::State::ALL.map(|state| Invitation {
        state,
        ..invitation.clone()
    });
    a_case(&house, "I1", &states, &stranger());
}

#[test]
fn an_api_key_moves_by_its_table_alone() {
    let house = House::open();
    let key = ApiKey {
        api_key_id: "K1".into(),
        secret_digest: vec![7; 32],
        name: "ERP".into(),
        scope: Scope::Shop(ours(), "s1".into()),
        rights: Rights::new(&[Right::ReportLoss]),
        state: domain::api_key::State::Active,
        made_by: "owner".into(),
        made_at: house.now(),
        ends_at: house.now().plus_ms(1),
        used_at: None,
        used_from: None,
    };
    let kept = key.clone();
    house.write(move |tx| store::row::insert(tx, &kept));
    let states = domain::api_key::State::ALL.map(|state| ApiKey { state, ..key.clone() });
    a_case(&house, "K1", &states, &stranger());
}

#[test]
fn a_registration_moves_by_its_table_alone() {
    use domain::registration::{Approval, Outcome, Registration, State};
    let house = crate::registration::open();
    let it = crate::registration::confirmed(&house, 1);
    for outcome in [Outcome::Same, Outcome::NoRecord] {
        let confirmed = State::ALL
            .into_iter()
            .filter(|state| *state != State::Unconfirmed);
        let states: Vec<Registration> = confirmed
            .map(|state| Registration {
                state,
                person_outcome: Some(outcome),
                company_outcome: Some(outcome),
                approval: (state == State::Approved).then(|| Approval {
                    approved_by: "risk".into(),
                    approved_at: house.now(),
                    documents: "ab".repeat(32),
                    documents_until: None,
                    reason: "seen".into(),
                }),
                ..it.clone()
            })
            .collect();
        a_case(&house, &it.registration_id, &states, &stranger());
    }
}

#[test]
fn work_moves_by_its_table_alone() {
    let house = House::open();
    let id = Id::hold_end(terminal(1), 7);
    let enqueued = id.clone();
    house.write(move |tx| app::work::enqueue(tx, enqueued, tx.now()));
    let work = Work::new(id.clone(), house.now(), house.now());
    let states = WorkState::ALL.map(|state| Work {
        state,
        due: matches!(state, WorkState::Waiting | WorkState::Claimed).then_some(house.now()),
        ..work.clone()
    });
    a_case(&house, id.as_str(), &states, &stranger());
}

fn kept(error: Error) -> store::Error {
    match error {
        Error::Store(error) => error,
        error => panic!("{error}"),
    }
}

#[test]
fn a_contact_is_added_once_by_whoever_keeps_it() {
    let house = House::open();
    let added = |actor: Actor, id: &'static str, merchant_id| {
        house.try_write(move |tx| create::<Contact>(tx, &actor, id, police(merchant_id)))
    };
    let ours = Some(ours());
    for (actor, merchant_id) in [
        (manager("s1"), ours),
        (stranger(), ours),
        (auditor(), None),
        (owner(), None),
    ] {
        let refused = added(actor.clone(), "C0", merchant_id);
        assert!(matches!(refused, Err(Error::NotAllowed)), "{actor:?}");
    }
    added(owner(), "C1", ours).unwrap();
    assert!(matches!(added(risk_officer(), "C2", ours), Err(Error::Taken(_))));
    added(risk_officer(), "C3", None).unwrap();
    assert_eq!(house.events(domain::event::Subject::Contact, "C1").len(), 1);
}

#[test]
fn a_step_without_the_text_it_asks_for_is_not_taken() {
    let house = House::open();
    let id = house.lose(terminal(1)).incident_id;
    let told = house.timeline(&id).len();
    let refused = take::<Incident>(&house, &owner(), &id, domain::incident::Verb::ProposeFound, None);
    assert!(matches!(refused, Err(Error::TextRequired)), "{refused:?}");
    assert_eq!(house.timeline(&id).len(), told);
}

#[test]
fn a_revision_moves_by_its_table_alone() {
    let house = House::open();
    let begun = house.try_write(|tx| {
        let new = app::revision::New {
            revision_id: "V1".into(),
            kind: domain::revision::Kind::Playbook,
            name: "stolen",
            built_in: 1,
        };
        app::revision::create(tx, &risk_officer(), new, |_| "text".into())
    });
    let begun = begun.unwrap();
    let states = domain::revision::State::ALL.map(|state| domain::revision::Revision {
        state,
        merchant_id: Some(ours()),
        writers: "somebody".into(),
        ..begun.clone()
    });
    a_case(&house, "V1", &states, &stranger());
}
