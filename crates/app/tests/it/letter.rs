//! Letters: who writes them to whom about what, what is sent when, and that what was sent stays as it is.

use app::case::{Error, actions};
use app::letter::{self, Answered, New, NotTaken, To};
use app::stop_request::MailOutcome;
use domain::actor::Actor;
use domain::contact::Kind as ContactKind;
use domain::duty_mail::Often;
use domain::event::Subject;
use domain::incident::Happened;
use domain::letter::{Kind, Letter, MAILS_MAX, OF_DAY_MAX, Question, State, Verb, Way};
use domain::mark::Verdict;
use domain::setting::Language;
use domain::stop_request::MailState;
use domain::time::HOUR_MS;
use domain::work::{Kind as Doing, State as WorkState, Work};
use store::node::Incarnation;

use crate::fixture::{House, NODE, START, auditor, manager, ours, owner, risk_officer, stranger, theirs};
use crate::suspect::{lost, say};

const DAY_MS: i64 = 24 * HOUR_MS;
const ADDRESS: &str = "fraud@bank.example";

fn to_bank() -> To {
    To::Named {
        name: "城南银行".into(),
        email: Some(ADDRESS.into()),
    }
}

fn inquiry() -> New {
    New {
        kind: Kind::Inquiry,
        language: Language::Chinese,
        to: to_bank(),
        questions: None,
        own_question: Some("还有别的终端吗？".into()),
        payments: None,
        due_in_days: 7,
    }
}

/// A house that mails, and a loss in it whose payments a thief made.
fn house() -> (House, String) {
    let house = House::that_mails();
    let incident_id = lost(&house);
    (house, incident_id)
}

impl House {
    fn write_letter(&self, by: &Actor, incident_id: &str, new: New) -> Result<Letter, NotTaken> {
        let (by, id) = (by.clone(), incident_id.to_owned());
        self.try_write(move |tx| letter::write(tx, &by, &id, new))
    }

    /// Keeps bytes as the document of a letter.
    fn make(&self, letter: &Letter, sha256: &str) -> Result<Letter, Error> {
        let (made_of, sha256) = (letter.clone(), sha256.to_owned());
        self.try_write(move |tx| {
            let which = format!("letter zh sha256:{sha256}");
            letter::keep(tx, &owner(), &made_of, (sha256, 2, &[b"ab".to_vec()]), &which)
        })
    }

    /// A letter with its document.
    fn made_letter(&self, incident_id: &str) -> Letter {
        let letter = self.write_letter(&owner(), incident_id, inquiry()).unwrap();
        self.make(&letter, "aa").unwrap()
    }

    fn mail_letter(&self, letter: &Letter) -> Result<Letter, NotTaken> {
        let id = letter.letter_id.clone();
        self.try_write(move |tx| letter::mail(tx, &owner(), &id, None))
    }

    fn change_letter(&self, letter: &Letter, new: New) -> Result<Letter, Error> {
        let id = letter.letter_id.clone();
        self.try_write(move |tx| letter::change(tx, &owner(), &id, new))
    }

    fn withdraw_letter(&self, letter: &Letter, ground: Option<&'static str>) -> Result<Letter, Error> {
        let id = letter.letter_id.clone();
        self.try_write(move |tx| letter::withdraw(tx, &owner(), &id, ground))
    }

    fn take_letter(&self) -> Option<Work> {
        let who = Incarnation {
            node: NODE.into(),
            incarnation: 1,
        };
        let kind = Doing::LetterMail;
        self.write(move |tx| app::work::claim(tx, kind, &kind.policy(), &who, 1))
            .pop()
    }

    fn settle_letter(&self, work: &Work, outcome: MailOutcome) -> bool {
        let work = work.clone();
        self.write(move |tx| letter::mailed(tx, &work, NODE, &outcome))
    }

    fn letter(&self, letter: &Letter) -> Letter {
        self.read(|tx| store::row::by_id(tx, &letter.letter_id)).unwrap()
    }

    fn may_with(&self, letter: &Letter) -> Vec<Verb> {
        let letter = self.letter(letter);
        self.read(|tx| actions(tx, &owner(), &letter))
    }

    fn told_of_letters(&self, incident_id: &str) -> Vec<(String, String)> {
        let events = self.events(Subject::Incident, incident_id).into_iter();
        let events = events.filter(|event| event.verb.starts_with("letter_"));
        events
            .map(|event| (event.verb, event.text.unwrap_or_default()))
            .collect()
    }

    fn contact(&self, id: &'static str, of: Option<domain::MerchantId>, kind: ContactKind) {
        let details = domain::contact::Details {
            merchant_id: of,
            kind,
            name: format!("name of {id}"),
            hotline: None,
            email: Some(ADDRESS.into()),
            reference: None,
        };
        self.try_write(move |tx| {
            app::case::create::<domain::contact::Contact>(tx, &risk_officer(), id, details)
        })
        .unwrap();
    }
}

#[test]
fn a_letter_is_numbered_in_its_year_and_asks_what_is_usual_of_its_kind() {
    let (house, id) = house();
    let first = house.write_letter(&owner(), &id, inquiry()).unwrap();
    assert_eq!((first.number.as_str(), first.state), ("2027-0001", State::Draft));
    assert_eq!(first.questions().collect::<Vec<_>>(), Kind::Inquiry.usual());
    // It is four in the afternoon there; an answer is late when the seventh day after this one is over.
    assert_eq!(first.due_on, "2027-01-22");
    assert_eq!(first.due_at, START.plus_ms(7 * DAY_MS + 8 * HOUR_MS));
    let chosen = New {
        questions: Some(vec![Question::Keep, Question::Payments]),
        ..inquiry()
    };
    let chosen = house.write_letter(&manager("s1"), &id, chosen).unwrap();
    assert_eq!(chosen.questions, "payments keep", "in the order of its kind");
    assert_eq!(chosen.number, "2027-0002");
    // Taking one back frees no number.
    house.withdraw_letter(&chosen, None).unwrap();
    let third = house.write_letter(&owner(), &id, inquiry()).unwrap();
    assert_eq!(third.number, "2027-0003");
    house.pass_ms(352 * DAY_MS);
    let next_year = house.write_letter(&owner(), &id, inquiry()).unwrap();
    assert_eq!(next_year.number, "2028-0001");
    assert_eq!(
        house.told_of_letters(&id)[..2],
        [
            ("letter_written".to_owned(), "2027-0001\ninquiry".to_owned()),
            ("letter_written".to_owned(), "2027-0002\ninquiry".to_owned())
        ]
    );
}

#[test]
fn it_is_about_what_people_called_fraudulent_or_do_not_know_unless_they_choose() {
    let (house, id) = house();
    let none = house.write_letter(&owner(), &id, inquiry()).unwrap();
    assert_eq!(none.payments, "");
    let protection = || New {
        kind: Kind::Protection,
        ..inquiry()
    };
    let refused = house.write_letter(&owner(), &id, protection()).unwrap_err();
    assert!(
        matches!(refused, NotTaken::Case(Error::Required("payments"))),
        "{refused}"
    );
    say(&house, &owner(), &id, &["L1003"], Some(Verdict::Fraudulent)).unwrap();
    say(&house, &owner(), &id, &["L1002"], Some(Verdict::Unsure)).unwrap();
    say(&house, &owner(), &id, &["L1001"], Some(Verdict::Genuine)).unwrap();
    let about = house.write_letter(&owner(), &id, protection()).unwrap();
    assert_eq!(about.payments, "L1002 L1003", "the oldest first");
    let chosen = |names: &[&str]| New {
        payments: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..inquiry()
    };
    let of_one = house.write_letter(&owner(), &id, chosen(&["L1001"])).unwrap();
    assert_eq!(of_one.payments, "L1001");
    let refused = house
        .write_letter(&owner(), &id, chosen(&["L1001", "L9"]))
        .unwrap_err();
    assert!(
        matches!(refused, NotTaken::Case(Error::Unknown("payments"))),
        "{refused}"
    );
}

#[test]
fn it_goes_to_banks_and_acquirers_of_the_merchant_and_settlement_is_held_by_an_acquirer_outside() {
    let (house, id) = house();
    house.contact("CTOURS01", Some(ours()), ContactKind::Bank);
    house.contact("CTEVERY1", None, ContactKind::Acquirer);
    house.contact("CTTHEIRS", Some(theirs()), ContactKind::Bank);
    house.contact("CTPOLICE", Some(ours()), ContactKind::Police);
    let offer = house
        .read(|tx| Ok(letter::offer(tx, &owner(), &id).unwrap()))
        .unwrap();
    let ids: Vec<_> = offer
        .contacts
        .iter()
        .map(|contact| contact.contact_id.as_str())
        .collect();
    assert_eq!(ids, ["CTOURS01", "CTEVERY1"]);
    assert_eq!(offer.kinds, [Kind::Inquiry, Kind::Protection]);
    let to = |contact: &str| New {
        to: To::Contact(contact.to_owned()),
        ..inquiry()
    };
    let written = house.write_letter(&owner(), &id, to("CTOURS01")).unwrap().to;
    assert_eq!(
        (written.name.as_str(), written.email.as_deref()),
        ("name of CTOURS01", Some(ADDRESS))
    );
    // Nor to another merchant's by somebody who sees all of them.
    for (by, contact) in [
        (owner(), "CTTHEIRS"),
        (risk_officer(), "CTTHEIRS"),
        (owner(), "CTPOLICE"),
        (owner(), "NOBODY01"),
    ] {
        let refused = house.write_letter(&by, &id, to(contact)).unwrap_err();
        assert!(
            matches!(refused, NotTaken::Case(Error::Unknown("to.contact"))),
            "{contact} {refused}"
        );
    }
    let hold = |questions: Option<&[Question]>| New {
        kind: Kind::SettlementHold,
        questions: questions.map(<[Question]>::to_vec),
        ..inquiry()
    };
    let refused = house.write_letter(&owner(), &id, hold(None)).unwrap_err();
    assert!(
        matches!(refused, NotTaken::Case(Error::Unknown("kind"))),
        "{refused}"
    );
    let outside = house.lose(house.outside_terminal(6)).incident_id;
    let held = house.write_letter(&owner(), &outside, hold(None)).unwrap();
    assert_eq!(held.questions, "hold_terminal held payee release keep");
    for (questions, why) in [
        (&[Question::Keep][..], Error::Required("questions")),
        (&[], Error::Required("questions")),
        (
            &[Question::HoldTerminal, Question::Watch],
            Error::Unknown("questions"),
        ),
    ] {
        let refused = house
            .write_letter(&owner(), &outside, hold(Some(questions)))
            .unwrap_err();
        assert_eq!(refused.to_string(), why.to_string());
    }
}

#[test]
fn only_people_who_follow_the_loss_write_one_and_a_closed_incident_takes_none() {
    let (house, id) = house();
    let refused = house.write_letter(&stranger(), &id, inquiry()).unwrap_err();
    assert!(
        matches!(refused, NotTaken::Case(Error::NotFound(Subject::Incident))),
        "{refused}"
    );
    let refused = house.write_letter(&auditor(), &id, inquiry()).unwrap_err();
    assert!(matches!(refused, NotTaken::Case(Error::NotAllowed)), "{refused}");
    assert!(
        house
            .read(|tx| Ok(letter::offer(tx, &auditor(), &id).unwrap()))
            .is_none()
    );
    for days in [0, 61, i64::MAX] {
        let late = New {
            due_in_days: days,
            ..inquiry()
        };
        let refused = house.write_letter(&owner(), &id, late).unwrap_err();
        assert!(
            matches!(refused, NotTaken::Case(Error::Unknown("due_in_days"))),
            "{refused}"
        );
    }
    let letter = house.made_letter(&id);
    house.find_again(&id);
    assert!(
        house
            .read(|tx| Ok(letter::offer(tx, &owner(), &id).unwrap()))
            .is_none()
    );
    for refused in [
        house.write_letter(&owner(), &id, inquiry()).unwrap_err(),
        house.mail_letter(&letter).unwrap_err(),
        house.withdraw_letter(&letter, None).unwrap_err().into(),
    ] {
        assert!(
            matches!(refused, NotTaken::Case(Error::WrongState("closed"))),
            "{refused}"
        );
    }
    assert_eq!(house.may_with(&letter), []);
}

#[test]
fn letters_are_no_mail_cannon() {
    let (house, id) = house();
    for _ in 0..OF_DAY_MAX {
        house.write_letter(&owner(), &id, inquiry()).unwrap();
    }
    let refused = house.write_letter(&owner(), &id, inquiry()).unwrap_err();
    assert!(matches!(refused, NotTaken::TooManyToday), "{refused}");
    house.pass_ms(DAY_MS + 1);
    let letter = house.made_letter(&id);
    // The same one goes out three times at most, however often a server refuses it.
    for _ in 0..MAILS_MAX {
        house.mail_letter(&letter).unwrap();
        let work = house.take_letter().unwrap();
        assert!(house.settle_letter(&work, MailOutcome::Refused("550 no such user".into())));
        assert_eq!(house.letter(&letter).state, State::Draft);
    }
    assert!(matches!(
        house.mail_letter(&letter),
        Err(NotTaken::Case(Error::WrongState("draft")))
    ));
    assert_eq!(
        house.may_with(&letter),
        [Verb::HandOver, Verb::Change, Verb::Withdraw]
    );
}

#[test]
fn the_document_is_made_once_and_the_record_has_its_digest() {
    let (house, id) = house();
    let letter = house.made_letter(&id);
    let same = house.make(&letter, "bb").unwrap();
    assert_eq!(same.document.unwrap().sha256, "aa", "what was kept first");
    assert_eq!(
        house.read(|tx| store::piece::get(tx, &letter.letter_id, 0)),
        Some(b"ab".to_vec())
    );
    let made = house.events(Subject::Incident, &id).into_iter();
    let made: Vec<_> = made
        .filter(|event| event.verb == Happened::DocumentMade.code())
        .filter_map(|event| event.text)
        .collect();
    assert_eq!(made, ["letter zh sha256:aa"]);
    // One that was taken back before is not made any more.
    let unmade = house.write_letter(&owner(), &id, inquiry()).unwrap();
    house.withdraw_letter(&unmade, None).unwrap();
    assert!(matches!(
        house.make(&unmade, "cc"),
        Err(Error::WrongState("withdrawn"))
    ));
}

#[test]
fn sent_is_said_only_with_the_servers_reply_and_then_an_answer_may_be_late() {
    let (house, id) = house();
    let letter = house.made_letter(&id);
    assert_eq!(
        house.may_with(&letter),
        [Verb::Mail, Verb::HandOver, Verb::Change, Verb::Withdraw]
    );
    house.mail_letter(&letter).unwrap();
    assert_eq!(house.letter(&letter).state, State::Sending);
    assert_eq!(house.may_with(&letter), [Verb::Withdraw]);
    let work = house.take_letter().unwrap();
    let mail = {
        let work = work.clone();
        house.write(move |tx| letter::to_send(tx, &work)).unwrap()
    };
    assert_eq!((mail.to.as_str(), mail.sha256.as_str()), (ADDRESS, "aa"));
    assert!(
        mail.text.contains("2027-0001") && mail.text.contains("2027-01-22"),
        "{}",
        mail.text
    );
    let waits = work.clone();
    house.write(move |tx| letter::not_sent(tx, &waits, "connection refused"));
    assert_eq!(
        house.letter(&letter).mail.unwrap().said.as_deref(),
        Some("connection refused")
    );
    assert!(house.settle_letter(&work, MailOutcome::Accepted("250 queued as 8F2".into())));
    let sent = house.letter(&letter);
    assert_eq!(sent.state, State::Sent);
    assert_eq!(
        sent.sent.as_ref().map(|sent| (sent.way, sent.by.as_str())),
        Some((Way::Mail, NODE))
    );
    assert!(!sent.is_overdue(house.now()));
    house.pass_ms(7 * DAY_MS + 8 * HOUR_MS);
    assert!(sent.is_overdue(house.now()));
    assert_eq!(
        house.told_of_letters(&id)[1..],
        [
            ("letter_mail_asked".to_owned(), "2027-0001".to_owned()),
            (
                "letter_mailed".to_owned(),
                "2027-0001\n250 queued as 8F2".to_owned()
            )
        ]
    );
    // What was sent is neither mailed nor handed over again.
    assert!(matches!(
        house.mail_letter(&letter),
        Err(NotTaken::Case(Error::WrongState("sent")))
    ));
}

#[test]
fn a_letter_whose_day_is_over_is_not_mailed() {
    let (house, id) = house();
    let letter = house.made_letter(&id);
    house.pass_ms(8 * DAY_MS);
    let refused = house.mail_letter(&letter).unwrap_err();
    assert!(
        matches!(refused, NotTaken::Case(Error::WrongState("overdue"))),
        "{refused}"
    );
    assert_eq!(
        house.may_with(&letter),
        [Verb::HandOver, Verb::Change, Verb::Withdraw]
    );
}

#[test]
fn a_mail_that_may_have_gone_out_waits_for_a_person() {
    let (house, id) = house();
    let letter = house.made_letter(&id);
    house.mail_letter(&letter).unwrap();
    // The node dies while it sends: its claim runs out.
    let lost = house.take_letter().unwrap();
    house.pass_ms(Doing::LetterMail.policy().claim_ms + 1);
    assert_eq!(house.take_letter(), None);
    let unknown = house.letter(&letter);
    assert_eq!(
        (unknown.state, unknown.mail.unwrap().state),
        (State::Sending, MailState::Unknown)
    );
    assert!(
        !house.settle_letter(&lost, MailOutcome::Accepted("250".into())),
        "it counts no more"
    );
    assert_eq!(
        house.may_with(&letter),
        [Verb::Mail, Verb::HandOver, Verb::Answer, Verb::Withdraw]
    );
    house.mail_letter(&letter).unwrap();
    let gone = house.read(|tx| store::work::get(tx, &lost.id));
    assert_eq!(gone, None, "a person has decided about it");
    let again = house.take_letter().unwrap();
    assert!(house.settle_letter(&again, MailOutcome::Unknown("the connection was lost".into())));
    let kept = house.read(|tx| store::work::get(tx, &again.id)).unwrap();
    assert_eq!(kept.state, WorkState::Unknown);
    // They telephone: it has come.
    let said = letter.letter_id.clone();
    let at = house.now();
    let sent = house
        .try_write(move |tx| letter::hand_over(tx, &owner(), &said, (at, None)))
        .unwrap();
    assert_eq!((sent.state, sent.sent.unwrap().way), (State::Sent, Way::Hand));
    assert_eq!(house.read(|tx| store::work::get(tx, &again.id)), None);
}

#[test]
fn what_is_taken_back_or_closed_meanwhile_is_not_sent() {
    let (house, id) = house();
    let letter = house.made_letter(&id);
    house.mail_letter(&letter).unwrap();
    assert!(matches!(
        house.withdraw_letter(&letter, None),
        Err(Error::TextRequired)
    ));
    house.withdraw_letter(&letter, Some("另一家银行")).unwrap();
    let work = house.take_letter().unwrap();
    let asked = work.clone();
    assert_eq!(house.write(move |tx| letter::to_send(tx, &asked)), None);
    assert!(house.settle_letter(&work, MailOutcome::Dropped));
    assert_eq!(house.letter(&letter).state, State::Withdrawn);
    let other = house.made_letter(&id);
    house.mail_letter(&other).unwrap();
    house.find_again(&id);
    let work = house.take_letter().unwrap();
    let asked = work.clone();
    assert_eq!(house.write(move |tx| letter::to_send(tx, &asked)), None);
    assert!(house.settle_letter(&work, MailOutcome::Dropped));
    let other = house.letter(&other);
    assert_eq!(
        (other.state, other.mail.unwrap().state),
        (State::Draft, MailState::Dropped),
        "nobody has it"
    );
}

#[test]
fn a_draft_may_be_changed_and_what_was_made_of_it_before_goes_nowhere() {
    let (house, id) = house();
    let before = house.made_letter(&id);
    house.mail_letter(&before).unwrap();
    assert!(
        matches!(
            house.change_letter(&before, inquiry()),
            Err(Error::WrongState("sending"))
        ),
        "a mail may be under way"
    );
    let work = house.take_letter().unwrap();
    assert!(house.settle_letter(&work, MailOutcome::Refused("550 no such user".into())));
    assert!(house.may_with(&before).contains(&Verb::Change));
    house.pass_ms(DAY_MS);
    let other = New {
        language: Language::English,
        to: To::Named {
            name: "城北银行".into(),
            email: Some("right@bank.example".into()),
        },
        questions: Some(vec![Question::Keep]),
        own_question: None,
        ..inquiry()
    };
    let wrong = New {
        questions: Some(vec![Question::Watch]),
        ..other.clone()
    };
    assert!(matches!(
        house.change_letter(&before, wrong),
        Err(Error::Unknown("questions"))
    ));
    assert!(
        house.letter(&before).document.is_some(),
        "what is wrong changes nothing"
    );
    let changed = house.change_letter(&before, other).unwrap();
    assert_eq!((&changed.number, &changed.by), (&before.number, &before.by));
    assert_eq!(
        (changed.language, changed.questions.as_str()),
        (Language::English, "keep")
    );
    assert_eq!(
        changed.due_at,
        before.due_at.plus_ms(DAY_MS),
        "from the day of the change"
    );
    assert_eq!(changed.document, None);
    assert_eq!(house.read(|tx| store::piece::count(tx, &before.letter_id)), 0);
    // One who was setting the earlier one then keeps nothing, and nobody sends it.
    assert!(matches!(
        house.make(&before, "aa"),
        Err(Error::WrongState("changed"))
    ));
    assert!(matches!(
        house.mail_letter(&changed),
        Err(NotTaken::Case(Error::WrongState("changed")))
    ));
    house.make(&changed, "bb").unwrap();
    let of_before = before.letter_id.clone();
    let unseen = house.try_write(move |tx| letter::mail(tx, &owner(), &of_before, Some("aa")));
    assert!(
        matches!(unseen, Err(NotTaken::Case(Error::WrongState("changed")))),
        "nobody sends what was not looked at"
    );
    let mailed = house.mail_letter(&changed).unwrap().mail.unwrap();
    assert_eq!(
        (mailed.to.as_str(), mailed.count),
        ("right@bank.example", 2),
        "and is no new cannon"
    );
    let work = house.take_letter().unwrap();
    assert!(house.settle_letter(&work, MailOutcome::Accepted("250".into())));
    assert!(matches!(
        house.change_letter(&changed, inquiry()),
        Err(Error::WrongState("sent"))
    ));
    let told = house.told_of_letters(&id);
    assert!(
        told.contains(&("letter_changed".to_owned(), before.number.clone())),
        "{told:?}"
    );
    let by_others = |by: Actor| {
        let id = before.letter_id.clone();
        house
            .try_write(move |tx| letter::change(tx, &by, &id, inquiry()))
            .unwrap_err()
    };
    assert!(matches!(by_others(stranger()), Error::NotFound(_)));
    assert!(matches!(by_others(auditor()), Error::NotAllowed));
}

/// To whom mails go that nobody has answered a letter, and what they say; they are then sent.
fn not_answered(house: &House) -> Vec<(String, String)> {
    let (kind, node) = (
        Doing::LetterOverdueMail,
        Incarnation {
            node: NODE.into(),
            incarnation: 1,
        },
    );
    let mut told = Vec::new();
    for work in house.write(move |tx| app::work::claim(tx, kind, &kind.policy(), &node, 100)) {
        let mail = house.read(|tx| letter::overdue::to_send(tx, &work));
        told.extend(mail.map(|mail| (mail.to, mail.text)));
        assert!(house.write(move |tx| app::duty_mail::mailed(tx, &work, NODE, &MailOutcome::Dropped)));
    }
    told.sort();
    told
}

#[test]
fn who_waits_for_an_answer_is_told_once_when_it_is_late() {
    let (house, id) = house();
    let letters = [(); 3].map(|()| house.made_letter(&id));
    let [late, answered, mailed] = &letters;
    for letter in [late, answered] {
        let (which, at) = (letter.letter_id.clone(), letter.at);
        house
            .try_write(move |tx| letter::hand_over(tx, &owner(), &which, (at, None)))
            .unwrap();
    }
    house.mail_letter(mailed).unwrap();
    let work = house.take_letter().unwrap();
    assert!(house.settle_letter(&work, MailOutcome::Accepted("250".into())));
    let (which, said) = (answered.letter_id.clone(), "收到");
    let answer = Answered {
        reference: None,
        text: Some(said.into()),
        attachment_id: None,
    };
    house
        .try_write(move |tx| letter::answer(tx, &owner(), &which, answer))
        .unwrap();
    house.pass_ms(late.due_at.since_ms(house.now()) - 1);
    assert_eq!(not_answered(&house), [], "its day is not over");
    house.write(|tx| app::duty_mail::choose(tx, &risk_officer(), Often::Daily));
    house.pass_ms(1);
    let told = not_answered(&house);
    let to: Vec<&str> = told.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(
        to, ["owner@fuji.example"; 2],
        "who wants one mail a day gets that"
    );
    for (letter, (_, text)) in [late, mailed].into_iter().zip(&told) {
        assert!(
            text.contains(&letter.number) && text.contains("2027-01-22"),
            "{text}"
        );
        assert!(
            text.contains("城南银行") && !text.contains("还有别的终端吗"),
            "{text}"
        );
    }
    assert_eq!(not_answered(&house), [], "once");
    // In the morning the other hears of both, and of nobody else's.
    let node = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    house.write(|tx| app::duty_mail::choose(tx, &stranger(), Often::Daily));
    house.pass_ms(DAY_MS);
    house.write(app::digest_mail::begin_day);
    let kind = Doing::DigestMail;
    let works = house.write(move |tx| app::work::claim(tx, kind, &kind.policy(), &node, 100));
    let mails: Vec<_> = works
        .iter()
        .filter_map(|work| house.read(|tx| app::digest_mail::to_send(tx, work)))
        .collect();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail.to, "risk@fuji.example");
    for (letter, is_named) in [(late, true), (answered, false), (mailed, true)] {
        assert_eq!(mail.text.contains(&letter.number), is_named, "{}", mail.text);
    }
}

#[test]
fn a_letter_of_the_house_is_waited_for_by_the_house() {
    let (house, id) = house();
    let letter = house.write_letter(&risk_officer(), &id, inquiry()).unwrap();
    let letter = house.make(&letter, "aa").unwrap();
    let (which, at) = (letter.letter_id.clone(), letter.at);
    house
        .try_write(move |tx| letter::hand_over(tx, &risk_officer(), &which, (at, Some("aa"))))
        .unwrap();
    house.pass_ms(letter.due_at.since_ms(house.now()));
    let to: Vec<_> = not_answered(&house).into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, ["risk@fuji.example"]);
}

#[test]
fn what_was_handed_over_says_when_and_an_answer_says_something() {
    let (house, id) = house();
    let letter = house.made_letter(&id);
    house.pass_ms(HOUR_MS);
    for at in [letter.at.plus_ms(-1), house.now().plus_ms(1)] {
        let said = letter.letter_id.clone();
        let refused = house
            .try_write(move |tx| letter::hand_over(tx, &owner(), &said, (at, None)))
            .unwrap_err();
        assert!(matches!(refused, Error::Unknown("at")), "{refused}");
    }
    let answer = |answered: Answered| {
        let said = letter.letter_id.clone();
        house.try_write(move |tx| letter::answer(tx, &owner(), &said, answered))
    };
    let said = |text: Option<&str>, attachment: Option<&str>| Answered {
        reference: Some("GS-118".into()),
        text: text.map(str::to_owned),
        attachment_id: attachment.map(str::to_owned),
    };
    assert!(matches!(
        answer(said(Some("好"), None)),
        Err(Error::WrongState("draft"))
    ));
    let (which, at) = (letter.letter_id.clone(), letter.at);
    house
        .try_write(move |tx| letter::hand_over(tx, &owner(), &which, (at, None)))
        .unwrap();
    assert!(matches!(answer(said(None, None)), Err(Error::Required("text"))));
    assert!(matches!(
        answer(said(None, Some("NOFILE01"))),
        Err(Error::Unknown("attachment"))
    ));
    let answered = answer(said(Some("已暂缓结算"), None)).unwrap();
    assert_eq!(answered.state, State::Answered);
    assert!(!answered.is_overdue(answered.due_at));
    let told = house.told_of_letters(&id);
    assert_eq!(
        told.last().unwrap(),
        &(
            "letter_answered".to_owned(),
            "2027-0001\nGS-118\n已暂缓结算".to_owned()
        )
    );
    assert_eq!(
        told[1],
        (
            "letter_handed_over".to_owned(),
            "2027-0001\n2027-01-15 16:00:00 (UTC+08:00)".to_owned()
        )
    );
}

#[test]
fn what_a_letter_says_of_people_goes_with_its_case_and_its_digest_stays() {
    let (house, id) = house();
    let letter = house.made_letter(&id);
    let which = letter.letter_id.clone();
    let at = letter.at;
    house
        .try_write(move |tx| letter::hand_over(tx, &owner(), &which, (at, None)))
        .unwrap();
    house.find_again(&id);
    house.pass_ms(1096 * DAY_MS);
    house.clean_up(domain::work::CleanUp::Cases);
    let erased = house.letter(&letter);
    assert!(erased.is_erased() && erased.to.email.is_none() && erased.own_question.is_none());
    assert_eq!(erased.document.unwrap().sha256, "aa");
    house.pass_ms(2 * HOUR_MS);
    house.clean_up(domain::work::CleanUp::Files);
    assert_eq!(house.read(|tx| store::piece::count(tx, &letter.letter_id)), 0);
}
