//! Asking an outside acquirer to stop a terminal: what a report starts, what is known when, and who is reminded.

use app::case::{Error, actions};
use app::stop_request::reminder::{self, Reminding};
use app::stop_request::{MailOutcome, Said};
use domain::TerminalId;
use domain::actor::Actor;
use domain::contact::Kind as ContactKind;
use domain::event::Subject;
use domain::hold::Kind as HoldKind;
use domain::incident::{Happened, Incident};
use domain::provider_account::ProviderAccount;
use domain::stop_request::{MailState, Mailed, ProviderState, State, StopRequest, Verb};
use domain::terminal::Provider;
use domain::time::HOUR_MS;
use domain::work::{Id, Kind, State as WorkState, Work};
use store::node::Incarnation;

use crate::fixture::{
    House, NODE, auditor, code, manager, ours, owner, purchase, risk_officer, stranger, terminal,
};

const ADDRESS: &str = "stop@acquirer.example";
const MINUTE_MS: i64 = 60_000;

/// A house whose terminal 6 an outside acquirer decides, and can be written to.
fn alone() -> (House, TerminalId) {
    let house = House::open();
    house.write_to(Some(ADDRESS));
    let id = house.outside_terminal(6);
    (house, id)
}

impl House {
    fn write_to(&self, email: Option<&'static str>) {
        let details = domain::contact::Details {
            merchant_id: Some(ours()),
            kind: ContactKind::Acquirer,
            name: "澄湖支付".into(),
            hotline: Some("400-000-0117".into()),
            email: email.map(str::to_owned),
            reference: None,
        };
        self.try_write(move |tx| {
            app::case::create::<domain::contact::Contact>(tx, &owner(), "CT000001", details)
        })
        .unwrap();
    }

    fn request(&self, incident_id: &str) -> StopRequest {
        self.read(|tx| store::stop_request::get(tx, incident_id)).unwrap()
    }

    fn may(&self, by: &Actor, incident_id: &str) -> Vec<Verb> {
        self.read(|tx| actions(tx, by, &store::stop_request::get(tx, incident_id)?.unwrap()))
    }

    fn mail(&self, incident_id: &str) -> Mailed {
        self.request(incident_id).mail.unwrap()
    }

    fn work_of(&self, id: &Id) -> Option<Work> {
        self.read(|tx| store::work::get(tx, id))
    }

    fn take(&self, kind: Kind) -> Option<Work> {
        let who = Incarnation {
            node: NODE.into(),
            incarnation: 1,
        };
        self.write(move |tx| app::work::claim(tx, kind, &kind.policy(), &who, 1))
            .pop()
    }

    fn mailed(&self, work: &Work, outcome: MailOutcome) -> bool {
        let work = work.clone();
        self.write(move |tx| app::stop_request::mailed(tx, &work, NODE, &outcome))
    }

    fn answered(&self, work: &Work, state: ProviderState) -> bool {
        let work = work.clone();
        self.write(move |tx| app::stop_request::answered(tx, &work, NODE, state, "as it said"))
    }

    fn remind(&self) -> Option<String> {
        let work = self.take(Kind::Reminder)?;
        self.write(move |tx| app::stop_request::remind(tx, &work))
    }

    fn confirm(&self, by: &Actor, incident_id: &str) -> Result<Incident, Error> {
        let (by, id, at) = (by.clone(), incident_id.to_owned(), self.now());
        let said = Said {
            reference: "GS-0417".into(),
            confirmed_by: "0317".into(),
            at,
        };
        self.try_write(move |tx| app::stop_request::confirm(tx, &by, &id, said))
    }

    fn send(&self, by: &Actor, incident_id: &str) -> Result<Incident, Error> {
        let (by, id) = (by.clone(), incident_id.to_owned());
        self.try_write(move |tx| app::stop_request::send(tx, &by, &id))
    }
}

#[test]
fn a_report_asks_for_the_stop_and_shuts_our_own_doors_all_the_same() {
    let (house, id) = alone();
    let incident = house.lose(id);
    let request = house.request(&incident.incident_id);
    assert_eq!(request.state, State::Requested);
    assert_eq!(
        house.timeline(&incident.incident_id),
        [Happened::Reported, Happened::StopRequested],
        "nothing of it is called stopped"
    );
    assert!(house.standing(id).has(HoldKind::Loss));
    assert_eq!(code(&house.refuse(&purchase(id, 1))), "58");
    let mail = request.mail.unwrap();
    assert_eq!(
        (mail.state, mail.to.as_str(), mail.count),
        (MailState::Queued, ADDRESS, 1)
    );
    assert!(house.work_of(&Id::mail(&incident.incident_id, 1)).is_some());
    let reminder = house.work_of(&Id::reminder(&incident.incident_id)).unwrap();
    assert_eq!(reminder.due, Some(house.now().plus_ms(15 * MINUTE_MS)));
    assert!(!request.letter.text().contains("停用时间") && !request.letter.text().contains("Stopped by"));
}

#[test]
fn what_our_gate_decides_is_stopped_and_nobody_is_asked() {
    let (house, _) = alone();
    let incident = house.lose(terminal(1));
    assert_eq!(
        house.read(|tx| store::stop_request::known(tx, &incident.incident_id)),
        None
    );
    assert!(
        house
            .timeline(&incident.incident_id)
            .contains(&Happened::Suspended)
    );
    for work in [
        Id::mail(&incident.incident_id, 1),
        Id::reminder(&incident.incident_id),
    ] {
        assert_eq!(house.work_of(&work), None);
    }
    let refused = house.confirm(&owner(), &incident.incident_id).unwrap_err();
    assert!(matches!(refused, Error::WrongState("stopped")), "{refused}");
}

#[test]
fn the_letter_stays_as_it_was_written_whatever_becomes_of_the_terminal() {
    let (house, id) = alone();
    let incident = house.lose(id);
    let written = house.request(&incident.incident_id).letter;
    for word in ["SN10000006", incident.stop_request_number.as_str(), "尾号 8888"] {
        assert!(written.text().contains(word), "{word}");
    }
    house.write(move |tx| {
        let renamed = domain::terminal::Terminal {
            model: "another model".into(),
            ..store::terminal::get(tx, id)?.unwrap()
        };
        store::row::update(tx, &renamed).map(drop)
    });
    house.pass_ms(5 * HOUR_MS);
    let work = house.take(Kind::Mail).unwrap();
    let sent = house
        .write(move |tx| app::stop_request::to_send(tx, &work))
        .unwrap();
    assert_eq!(sent.text, written.text());
    assert_eq!(house.request(&incident.incident_id).letter, written);
}

#[test]
fn without_an_address_the_report_is_the_same_and_no_mail_waits() {
    let house = House::open();
    house.write_to(None);
    let id = house.outside_terminal(6);
    let incident = house.lose(id);
    assert_eq!(house.request(&incident.incident_id).mail, None);
    assert_eq!(house.take(Kind::Mail), None);
    let refused = house.send(&owner(), &incident.incident_id).unwrap_err();
    assert!(matches!(refused, Error::NotFound(Subject::Contact)), "{refused}");
    assert_eq!(house.may(&owner(), &incident.incident_id), [Verb::Confirm]);
    // Who may not send it, or after its end, hears nothing of the address.
    let refused = house.send(&auditor(), &incident.incident_id).unwrap_err();
    assert!(matches!(refused, Error::NotAllowed), "{refused}");
    house.find_again(&incident.incident_id);
    let refused = house.send(&owner(), &incident.incident_id).unwrap_err();
    assert!(matches!(refused, Error::WrongState("closed")), "{refused}");
}

#[test]
fn sent_is_said_only_with_the_servers_reply_and_confirms_nothing() {
    let (house, id) = alone();
    let incident = house.lose(id);
    let work = house.take(Kind::Mail).unwrap();
    assert!(house.mailed(&work, MailOutcome::Accepted("250 queued as 8F2".into())));
    let request = house.request(&incident.incident_id);
    let mail = request.mail.unwrap();
    assert_eq!(
        (mail.state, mail.said.as_deref()),
        (MailState::Sent, Some("250 queued as 8F2"))
    );
    assert_eq!(request.state, State::Requested);
    assert_eq!(house.work_of(&work.id), None);
    assert_eq!(
        house.timeline(&incident.incident_id).last(),
        Some(&Happened::LetterSent)
    );
}

#[test]
fn a_mail_that_waits_says_why() {
    let (house, id) = alone();
    let incident = house.lose(id);
    let work = house.take(Kind::Mail).unwrap();
    house.write(move |tx| app::stop_request::not_sent(tx, &work, "connection refused"));
    let mail = house.mail(&incident.incident_id);
    assert_eq!(
        (mail.state, mail.said.as_deref()),
        (MailState::Queued, Some("connection refused"))
    );
}

#[test]
fn a_mail_that_may_have_gone_out_is_not_sent_again_until_a_person_says_so() {
    let (house, id) = alone();
    let incident = house.lose(id);
    let incident_id = incident.incident_id.as_str();
    // The node dies while it sends: its claim runs out.
    let lost = house.take(Kind::Mail).unwrap();
    house.pass_ms(Kind::Mail.policy().claim_ms + 1);
    assert_eq!(house.take(Kind::Mail), None);
    assert_eq!(house.mail(incident_id).state, MailState::Unknown);
    assert_eq!(house.work_of(&lost.id).unwrap().state, WorkState::Unknown);
    assert_eq!(house.timeline(incident_id).last(), Some(&Happened::LetterUnknown));
    // What the lost node says afterwards counts no more.
    assert!(!house.mailed(&lost, MailOutcome::Accepted("250".into())));
    house.pass_ms(HOUR_MS);
    house.remind();
    house.remind();
    assert_eq!(house.take(Kind::Mail), None, "no reminder sends it either");
    house.send(&manager("s1"), incident_id).unwrap();
    let mail = house.mail(incident_id);
    assert_eq!((mail.state, mail.count), (MailState::Queued, 2));
    assert_eq!(house.work_of(&lost.id), None, "a person has decided about it");
    let again = house.take(Kind::Mail).unwrap();
    assert_eq!(again.id, Id::mail(incident_id, 2));
    assert!(house.mailed(&again, MailOutcome::Unknown("the connection was lost".into())));
    assert_eq!(house.mail(incident_id).state, MailState::Unknown);
    assert_eq!(house.take(Kind::Mail), None);
}

#[test]
fn who_may_not_report_may_not_confirm_and_nothing_is_confirmed_twice() {
    let (house, id) = alone();
    let incident = house.lose(id);
    let incident_id = incident.incident_id.as_str();
    assert!(matches!(
        house.confirm(&stranger(), incident_id),
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        house.confirm(&manager("s2"), incident_id),
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        house.confirm(&auditor(), incident_id),
        Err(Error::NotAllowed)
    ));
    assert_eq!(house.request(incident_id).state, State::Requested);
    house.confirm(&manager("s1"), incident_id).unwrap();
    let request = house.request(incident_id);
    let said = request.confirmation.unwrap();
    assert_eq!(request.state, State::Confirmed);
    assert_eq!(
        (
            said.reference.as_str(),
            said.confirmed_by.as_str(),
            said.recorded_by.as_str()
        ),
        ("GS-0417", "0317", "manager")
    );
    let told = house.events(Subject::Incident, incident_id).pop().unwrap();
    assert_eq!(
        (told.verb.as_str(), told.text.as_deref()),
        ("stop_confirmed", Some("GS-0417"))
    );
    assert!(matches!(
        house.confirm(&owner(), incident_id),
        Err(Error::WrongState("confirmed"))
    ));
    assert!(house.standing(id).has(HoldKind::Loss), "our own doors stay shut");
}

#[test]
fn nobody_confirms_and_each_reminder_reaches_more_people() {
    let (house, id) = alone();
    let incident = house.lose(id);
    let incident_id = incident.incident_id.as_str();
    let work = house.take(Kind::Mail).unwrap();
    house.mailed(&work, MailOutcome::Accepted("250".into()));
    let mut told = Vec::new();
    let from = house.now();
    for due_ms in [15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 28 * HOUR_MS] {
        house.pass_ms(due_ms - house.now().since_ms(from) - 1);
        assert_eq!(house.remind(), None, "{due_ms}");
        house.pass_ms(1);
        assert_eq!(house.remind().as_deref(), Some(incident_id), "{due_ms}");
        let event = house.events(Subject::Incident, incident_id).pop().unwrap();
        assert_eq!(event.verb, "reminded");
        told.extend(event.text);
        if let Some(mail) = house.take(Kind::Mail) {
            house.mailed(&mail, MailOutcome::Accepted("250".into()));
        }
    }
    assert_eq!(told, ["reporter", "shop", "house", "house"]);
    let request = house.request(incident_id);
    assert_eq!(request.reminder_count, 4);
    assert_eq!(request.remind_at, Some(from.plus_ms(52 * HOUR_MS)));
    assert_eq!(
        request.mail.unwrap().count,
        4,
        "a written demand with each but the first"
    );
}

/// The reminders that are to be sent now, each with its work.
fn to_remind(house: &House) -> Vec<(Work, Option<Reminding>)> {
    let claimed = std::iter::from_fn(|| house.take(Kind::ReminderMail));
    let read = |work: Work| {
        let asked = work.clone();
        let mail = house.write(move |tx| reminder::to_send(tx, &asked));
        (work, mail)
    };
    claimed.map(read).collect()
}

fn reminded(house: &House, work: Work, outcome: MailOutcome) -> bool {
    house.write(move |tx| reminder::mailed(tx, &work, NODE, &outcome))
}

#[test]
fn whoever_is_reminded_gets_a_mail_that_says_no_more_than_is_known() {
    let (house, id) = alone();
    house.begins_to_mail();
    let incident = house.lose(id);
    house.pass_ms(15 * MINUTE_MS);
    house.remind().unwrap();
    let mut first = to_remind(&house);
    let (work, mail) = first.pop().unwrap();
    assert!(first.is_empty(), "{first:?}");
    let mail = mail.unwrap();
    assert_eq!(mail.to, "owner@fuji.example");
    let number = incident.stop_request_number.as_str();
    for word in [
        number,
        &incident.incident_id,
        "400-000-0117",
        "邮件还没有发出",
        "可能还能收款",
    ] {
        assert!(mail.text.contains(word), "{word}: {}", mail.text);
    }
    assert!(reminded(
        &house,
        work.clone(),
        MailOutcome::Accepted("250".into())
    ));
    assert!(
        !reminded(&house, work, MailOutcome::Accepted("250".into())),
        "twice"
    );
    let told = house
        .events(Subject::Incident, &incident.incident_id)
        .pop()
        .unwrap();
    assert_eq!(
        (told.verb.as_str(), told.text.as_deref()),
        ("reminder_sent", Some("owner"))
    );

    // Four hours on it reaches those who see to the whole estate, and nobody of another merchant.
    house.pass_ms(45 * MINUTE_MS);
    house.remind().unwrap();
    house.pass_ms(3 * HOUR_MS);
    house.remind().unwrap();
    let mut mails = to_remind(&house);
    let addresses: Vec<_> = mails
        .iter()
        .map(|(_, mail)| mail.as_ref().map(|mail| mail.to.as_str()))
        .collect();
    let wanted = [None, Some("owner@fuji.example"), Some("risk@fuji.example")];
    assert_eq!(addresses, wanted, "the later takes the place of the earlier");
    let outcomes = [
        MailOutcome::Dropped,
        MailOutcome::Refused("550".into()),
        MailOutcome::Unknown("cut off".into()),
    ];
    for outcome in outcomes {
        assert!(reminded(&house, mails.remove(0).0, outcome));
    }
    let line = house.timeline(&incident.incident_id);
    assert_eq!(
        line[line.len() - 2..],
        [Happened::ReminderRefused, Happened::ReminderUnknown]
    );
    assert_eq!(house.take(Kind::ReminderMail), None, "none is sent twice");
}

#[test]
fn no_reminder_goes_out_once_somebody_has_confirmed_or_without_a_mail_server() {
    let (house, id) = alone();
    house.begins_to_mail();
    let incident = house.lose(id);
    house.pass_ms(15 * MINUTE_MS);
    house.remind().unwrap();
    house.confirm(&owner(), &incident.incident_id).unwrap();
    let [(work, mail)] = <[_; 1]>::try_from(to_remind(&house)).unwrap();
    assert_eq!(mail, None);
    assert!(reminded(&house, work, MailOutcome::Dropped));

    let (house, id) = alone();
    house.lose(id);
    house.pass_ms(15 * MINUTE_MS);
    house.remind().unwrap();
    assert_eq!(house.take(Kind::ReminderMail), None);
}

#[test]
fn a_stop_that_is_known_or_an_incident_that_is_over_reminds_nobody() {
    let (house, id) = alone();
    let confirmed = house.lose(id);
    house.confirm(&owner(), &confirmed.incident_id).unwrap();
    assert_eq!(house.work_of(&Id::reminder(&confirmed.incident_id)), None);
    house.find_again(&confirmed.incident_id);

    let closed = house.lose(id);
    house.find_again(&closed.incident_id);
    house.pass_ms(HOUR_MS);
    assert_eq!(house.remind(), None);
    assert_eq!(house.work_of(&Id::reminder(&closed.incident_id)), None);
    assert_eq!(house.request(&closed.incident_id).reminder_count, 0);
    assert!(matches!(
        house.confirm(&owner(), &closed.incident_id),
        Err(Error::WrongState("closed"))
    ));
    assert_eq!(house.may(&owner(), &closed.incident_id), []);
    // Its letter had not gone out yet, and does not any more.
    let mut mails = std::iter::from_fn(|| house.take(Kind::Mail));
    let mail = mails
        .find(|work| work.id.subject_id() == closed.incident_id)
        .unwrap();
    let asked = mail.clone();
    assert_eq!(
        house.write(move |tx| app::stop_request::to_send(tx, &asked)),
        None
    );
    assert!(house.mailed(&mail, MailOutcome::Dropped));
    assert_eq!(house.mail(&closed.incident_id).state, MailState::Dropped);
}

#[test]
fn a_provider_that_read_it_back_stops_it_and_nothing_less_does() {
    let house = House::open();
    let id = house.provider_terminal(6);
    let incident = house.lose(id);
    let incident_id = incident.incident_id.as_str();
    let state = || {
        (
            house.request(incident_id).state,
            house.request(incident_id).asked.unwrap().state,
        )
    };
    let work = house.take(Kind::ProviderStop).unwrap();
    assert_eq!(state(), (State::Requested, ProviderState::Asked));
    let asked = work.clone();
    house.write(move |tx| app::stop_request::looked(tx, &asked, "last seen 14:32 at 192.0.2.9"));
    for (said, known) in [
        (ProviderState::Unknown, State::Requested),
        (ProviderState::InProgress, State::Requested),
        (ProviderState::InProgress, State::Requested),
        (ProviderState::Stopped, State::Stopped),
    ] {
        assert!(house.answered(&work, said));
        assert_eq!(state(), (known, said));
    }
    let request = house.request(incident_id);
    assert_eq!(
        request.asked.unwrap().evidence.as_deref(),
        Some("last seen 14:32 at 192.0.2.9"),
        "what was seen before the stop stays"
    );
    assert_eq!(house.work_of(&work.id), None);
    assert_eq!(house.work_of(&Id::reminder(incident_id)), None);
    assert_eq!(
        house.timeline(incident_id)[2..],
        [Happened::StopInProgress, Happened::StopReadBack],
        "told once each"
    );
    assert!(
        !house.answered(&work, ProviderState::Stopped),
        "its claim is over"
    );
}

#[test]
fn a_provider_that_refuses_leaves_the_request_as_it_is() {
    let house = House::open();
    let id = house.provider_terminal(6);
    let incident = house.lose(id);
    let work = house.take(Kind::ProviderStop).unwrap();
    assert!(house.answered(&work, ProviderState::Refused));
    let request = house.request(&incident.incident_id);
    assert_eq!(
        (request.state, request.asked.unwrap().state),
        (State::Requested, ProviderState::Refused)
    );
    assert_eq!(house.work_of(&work.id), None);
    assert!(house.work_of(&Id::reminder(&incident.incident_id)).is_some());
}

#[test]
fn with_another_key_what_was_refused_is_asked_for_again_and_nothing_else_is() {
    let house = House::open();
    let id = house.provider_terminal(6);
    let provider = house
        .read(|tx| store::terminal::get(tx, id))
        .unwrap()
        .at_provider
        .unwrap()
        .provider;
    let keep = |merchant_id, provider| {
        let account = ProviderAccount {
            merchant_id,
            provider,
            account: Some("M".into()),
            address: None,
            key_sealed: vec![1],
            since: house.now(),
        };
        house
            .try_write(move |tx| app::provider_account::put(tx, &owner(), account))
            .unwrap();
    };
    let incident = house.lose(id);
    let stop = Id::provider_stop(&incident.incident_id);
    let refuse = || {
        let work = house.take(Kind::ProviderStop).unwrap();
        assert!(house.answered(&work, ProviderState::Refused));
        assert_eq!(house.work_of(&stop), None);
    };
    refuse();
    let another = Provider::ALL.into_iter().find(|one| *one != provider).unwrap();
    keep(ours(), another);
    assert_eq!(house.work_of(&stop), None, "of another provider");
    keep(ours(), provider);
    assert!(house.work_of(&stop).is_some());
    refuse();
    house.confirm(&owner(), &incident.incident_id).unwrap();
    keep(ours(), provider);
    assert_eq!(house.work_of(&stop), None, "it is confirmed");
}

#[test]
fn a_second_report_of_the_same_terminal_asks_for_nothing_twice() {
    let (house, id) = alone();
    let first = house.lose(id);
    let written = house.request(&first.incident_id);
    house.pass_ms(HOUR_MS);
    let again = house.report(&risk_officer(), id).unwrap();
    assert!(!again.opened);
    assert_eq!(house.request(&first.incident_id), written);
}

#[test]
fn a_node_that_starts_anew_says_at_once_that_it_does_not_know() {
    let (house, id) = alone();
    let incident = house.lose(id);
    house.take(Kind::Mail).unwrap();
    house.write(|tx| app::work::give_back(tx, "another"));
    assert_eq!(house.mail(&incident.incident_id).state, MailState::Queued);
    house.write(|tx| app::work::give_back(tx, NODE));
    assert_eq!(house.mail(&incident.incident_id).state, MailState::Unknown);
    assert_eq!(
        house.timeline(&incident.incident_id).last(),
        Some(&Happened::LetterUnknown)
    );
    assert_eq!(house.take(Kind::Mail), None);
}
