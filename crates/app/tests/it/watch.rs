//! The watcher and its questions: asked when a terminal behaves as a stolen one would, once in a week, and answered by people.

use app::case::Error;
use app::question::{Asking, answer, ask, holds_at, pass_on, reasons, to_send};
use app::watch::{Watcher, acted_since};
use domain::event::{Subject, Verb as Told};
use domain::hold::Kind as HoldKind;
use domain::question::{HELD_A_DAY_MAX, PATIENCE_MS, Question, State, Verb};
use domain::setting::{Settings as HouseSettings, Watch};
use domain::terminal::Control;
use domain::time::HOUR_MS;
use domain::transaction::Kind;
use domain::work::{Kind as WorkKind, Work};
use domain::{Actor, TerminalId};
use screening::{Code, Settings};
use store::node::Incarnation;

use crate::fixture::{House, auditor, manager, owner, stranger, terminal};
use crate::suspect::{before, month, row, thief, written};

const NODE: &str = "node-1";
const DAY_MS: i64 = 24 * HOUR_MS;

fn look(house: &House, watcher: &mut Watcher, id: TerminalId) -> Vec<Asking> {
    house.read(|tx| watcher.look(tx, &[id]))
}

fn asked(house: &House, question_id: &'static str, asking: &Asking) -> Option<Question> {
    let asking = asking.clone();
    house.write(move |tx| ask(tx, question_id, &asking, NODE))
}

fn of(house: &House, id: TerminalId) -> Vec<Question> {
    house.read(|tx| store::question::of(tx, id, 10))
}

fn open(house: &House, by: &Actor) -> Vec<String> {
    let listed = house.read(|tx| store::question::open(tx, by.scope().unwrap(), 10));
    listed.into_iter().map(|question| question.question_id).collect()
}

fn say(house: &House, by: &Actor, id: &'static str, verb: Verb) -> Result<Question, Error> {
    let by = by.clone();
    house.try_write(move |tx| answer(tx, &by, id, verb))
}

fn work(house: &House, kind: WorkKind) -> Option<Work> {
    let who = Incarnation {
        node: NODE.into(),
        incarnation: 1,
    };
    house
        .write(move |tx| app::work::claim(tx, kind, &kind.policy(), &who, 1))
        .pop()
}

/// From now on the house wants this done about terminals that behave as stolen ones would.
fn wants(house: &House, watch: Watch) {
    house.write(move |tx| {
        let had = store::setting::get(tx)?;
        let write = match had {
            Some(_) => store::setting::update,
            None => store::setting::insert,
        };
        let had = had.unwrap_or_else(HouseSettings::unasked);
        write(tx, &HouseSettings { watch, ..had })
    });
}

/// Nobody has answered within the time.
fn nobody_answers(house: &House) -> Question {
    house.pass_ms(PATIENCE_MS);
    let due = work(house, WorkKind::Question).unwrap();
    assert_eq!(house.write(move |tx| pass_on(tx, &due)), Some(terminal(1)));
    of(house, terminal(1)).remove(0)
}

fn is_held(house: &House) -> bool {
    house.standing(terminal(1)).has(HoldKind::Unanswered)
}

/// A house in which a thief has been at work, and what is to be asked about it.
fn stolen(house: &House) -> Asking {
    let id = terminal(1);
    written(house, [month(id), thief(id)].concat());
    look(house, &mut Watcher::default(), id).pop().unwrap()
}

#[test]
fn a_thief_is_asked_about_as_it_happens_the_same_as_when_all_is_read_anew() {
    let mut house = House::open();
    let id = terminal(1);
    let mut watcher = Watcher::default();
    written(&house, month(id));
    assert_eq!(look(&house, &mut watcher, id), [], "a month like any other");
    let mut asks = Vec::new();
    for row in thief(id) {
        written(&house, vec![row]);
        asks.extend(look(&house, &mut watcher, id));
    }
    let codes: Vec<Code> = asks[0].reasons.iter().map(|reason| reason.code).collect();
    assert!(codes.contains(&Code::RefundWithoutSale), "{codes:?}");
    assert!(asks[0].score >= 500);
    assert_eq!(look(&house, &mut watcher, id), [], "nothing new, nothing to ask");
    let whole = look(&house, &mut Watcher::default(), id);
    house.reopen();
    assert_eq!(look(&house, &mut Watcher::default(), id), whole);
    assert_eq!(whole.len(), 1);
    assert_eq!(whole[0].terminal_id, id);
    // What was due first is said when it was due; what is read at once is said of all that came.
    let anew: Vec<Code> = whole[0].reasons.iter().map(|reason| reason.code).collect();
    assert!(codes.iter().all(|code| anew.contains(code)), "{codes:?} {anew:?}");
    let since = |at| house.read(|tx| acted_since(tx, at));
    assert_eq!((since(before(30)), since(before(5))), (vec![id], vec![]));
}

#[test]
fn nobody_is_asked_about_what_is_long_ago() {
    let house = House::open();
    let id = terminal(1);
    written(&house, [month(id), thief(id)].concat());
    house.pass_ms(3 * DAY_MS);
    assert_eq!(look(&house, &mut Watcher::default(), id), []);
}

#[test]
fn a_refund_of_a_sale_in_the_ledger_has_its_sale_whenever_it_is_read() {
    let house = House::open();
    let id = terminal(1);
    // Each thing that stands out is a question.
    let anxious = || {
        Watcher::new(Settings {
            ask_from: 1,
            ask_every_hours: 0,
            ..Settings::default()
        })
    };
    let mut watcher = anxious();
    written(&house, month(id));
    look(&house, &mut watcher, id);
    let back = |sequence, minutes, minor| domain::transaction::LedgerRow {
        of_sequence: Some(2_000),
        ..row(id, sequence, before(minutes), Kind::Refund, minor, 77)
    };
    let sale = row(id, 2_000, before(90), Kind::Purchase, 3_000, 77);
    written(&house, vec![sale, back(2_001, 80, 2_000)]);
    look(&house, &mut watcher, id);
    written(&house, vec![back(2_002, 70, 1_500)]);
    // More went back than was paid: that, and not that there was no sale.
    let (said, anew) = (look(&house, &mut watcher, id), look(&house, &mut anxious(), id));
    assert_eq!(said, anew);
    let codes: Vec<Code> = said[0].reasons.iter().map(|reason| reason.code).collect();
    assert!(
        codes.contains(&Code::RefundExceedsSale) && !codes.contains(&Code::RefundWithoutSale),
        "{codes:?}"
    );
}

#[test]
fn a_terminal_is_asked_about_once_in_a_week_and_not_where_nobody_wants_it() {
    let house = House::open();
    let asking = stolen(&house);
    let question = asked(&house, "Q1", &asking).unwrap();
    assert_eq!(
        (question.state, question.score),
        (State::Asked, i64::from(asking.score))
    );
    assert_eq!(reasons(&question), asking.reasons[..5], "the weightiest");
    assert_eq!(asked(&house, "Q2", &asking), None, "two nodes saw it at once");
    // Who reads all anew knows that it was asked.
    assert_eq!(look(&house, &mut Watcher::default(), terminal(1)), []);
    house.pass_ms(7 * DAY_MS + 1);
    let next = asked(&house, "Q3", &asking).unwrap();
    assert_eq!(
        (next.state, of(&house, terminal(1))[1].state),
        (State::Asked, State::Over)
    );
    assert_eq!(open(&house, &owner()), ["Q3"]);
    assert_eq!(open(&house, &stranger()), [""; 0]);
    house.pass_ms(7 * DAY_MS + 1);
    wants(&house, Watch::Off);
    assert_eq!(asked(&house, "Q4", &asking), None);
}

#[test]
fn who_has_it_at_hand_says_so_and_what_stood_out_is_answered() {
    let house = House::open();
    let asking = stolen(&house);
    asked(&house, "Q1", &asking).unwrap();
    assert!(matches!(
        say(&house, &auditor(), "Q1", Verb::Here),
        Err(Error::NotAllowed)
    ));
    assert!(matches!(
        say(&house, &stranger(), "Q1", Verb::Here),
        Err(Error::NotFound(Subject::Question))
    ));
    assert_eq!(
        say(&house, &manager("s1"), "Q1", Verb::Unsure).unwrap().state,
        State::Unsure
    );
    assert_eq!(open(&house, &owner()), ["Q1"], "somebody else may know");
    let answered = say(&house, &owner(), "Q1", Verb::Here).unwrap();
    assert_eq!(
        (answered.state, answered.answered_at),
        (State::Here, Some(house.now()))
    );
    assert!(matches!(
        say(&house, &owner(), "Q1", Verb::Unsure),
        Err(Error::WrongState("here"))
    ));
    // Without the week's cap: of a small thing that comes then, nothing is asked; it would be, had nobody answered.
    let anew = || {
        let mut uncapped = Watcher::new(Settings {
            ask_every_hours: 0,
            ..Settings::default()
        });
        look(&house, &mut uncapped, terminal(1))
    };
    house.pass_ms(5 * 60_000);
    written(
        &house,
        vec![row(terminal(1), 1_004, house.now(), Kind::Refund, 2_500, 77)],
    );
    assert_eq!(anew(), []);
    house.write(|tx| {
        let mut question: Question = store::row::by_id(tx, "Q1")?.unwrap();
        question.state = State::Over;
        store::row::update(tx, &question).map(drop)
    });
    assert_eq!(anew().len(), 1);
    let told: Vec<String> = house
        .events(Subject::Terminal, terminal(1).as_str())
        .into_iter()
        .filter(|event| event.text.as_deref() == Some("Q1"))
        .map(|event| event.verb)
        .collect();
    assert_eq!(
        told,
        [Told::QuestionAsked, Told::QuestionUnsure, Told::QuestionHere].map(|verb| verb.code().to_owned())
    );
}

#[test]
fn a_report_is_the_answer_no_and_of_a_lost_terminal_nobody_is_asked() {
    let house = House::open();
    let asking = stolen(&house);
    asked(&house, "Q1", &asking).unwrap();
    let incident_id = house.lose(terminal(1)).incident_id;
    assert_eq!(open(&house, &owner()), [""; 0], "from the report on");
    let drawn = incident_id.clone();
    assert!(house.write(move |tx| app::duty::draw_up(tx, &drawn)));
    let question = of(&house, terminal(1)).remove(0);
    assert_eq!(question.state, State::Missing);
    assert_eq!(question.incident_id, Some(incident_id));
    assert_eq!(question.answered_by.as_deref(), Some(owner().name()));
    house.pass_ms(7 * DAY_MS + 1);
    assert_eq!(asked(&house, "Q2", &asking), None);
}

#[test]
fn nobody_answers_and_others_are_asked_too_by_mail() {
    let house = House::that_mails();
    let asking = stolen(&house);
    house.write(|tx| {
        let mut person: domain::account::Person = store::row::by_id(tx, owner().name())?.unwrap();
        person.email = Some("li.na@shop.example".into());
        store::row::update(tx, &person).map(drop)
    });
    let question = asked(&house, "Q1", &asking).unwrap();
    let mail = work(&house, WorkKind::QuestionMail).unwrap();
    let written = house.read(|tx| to_send(tx, &mail)).unwrap();
    assert_eq!(written.to, "li.na@shop.example");
    let reason = reasons(&question)[0].text(domain::setting::Language::Chinese);
    assert!(
        written.text.contains(&reason) && written.text.contains("没有因此停用"),
        "{}",
        written.text
    );
    assert_eq!(work(&house, WorkKind::Question), None, "not yet");
    let passed_on = nobody_answers(&house);
    assert_eq!(
        (passed_on.passed_on_at, passed_on.held_at),
        (Some(house.now()), None)
    );
    assert!(!is_held(&house), "a house that only asks stops nothing");
    let others = work(&house, WorkKind::QuestionMail).unwrap();
    // Answered meanwhile, it goes to nobody any more.
    say(&house, &owner(), "Q1", Verb::Here).unwrap();
    assert_eq!(house.read(|tx| to_send(tx, &others)), None);
}

#[test]
fn of_a_shop_with_many_terminals_each_is_judged_by_itself() {
    let house = House::open();
    house.more_terminals(25);
    let id = terminal(1);
    let mut watcher = Watcher::default();
    written(&house, month(id));
    assert_eq!(look(&house, &mut watcher, id), []);
    written(&house, thief(id));
    let asks = look(&house, &mut watcher, id);
    assert_eq!(asks.len(), 1);
    assert_eq!(look(&house, &mut Watcher::default(), id).len(), 1);
}

#[test]
fn where_the_house_wants_it_nobodys_answer_stops_the_terminal_until_somebody_answers() {
    let house = House::that_mails();
    wants(&house, Watch::Hold);
    let asking = stolen(&house);
    let asked_at = asked(&house, "Q1", &asking).unwrap().asked_at;
    let told = |house: &House| {
        let mail = work(house, WorkKind::QuestionMail).unwrap();
        house.read(|tx| to_send(tx, &mail)).unwrap().text
    };
    house.write(|tx| {
        let mut person: domain::account::Person = store::row::by_id(tx, owner().name())?.unwrap();
        person.email = Some("li.na@shop.example".into());
        store::row::update(tx, &person).map(drop)
    });
    assert!(told(&house).contains("还没人回答，就先停用"));
    let question = of(&house, terminal(1)).remove(0);
    assert_eq!(
        house.read(|tx| holds_at(tx, &question)),
        Some(asked_at.plus_ms(PATIENCE_MS))
    );
    let question = nobody_answers(&house);
    assert!(question.held_at.is_some() && is_held(&house) && question.is_open());
    assert_eq!(house.read(|tx| holds_at(tx, &question)), None, "it was");
    let written = told(&house);
    assert!(
        written.contains("起停用") && !written.contains("没有停用"),
        "{written}"
    );
    // Who does not know lets nothing go, nor does anybody without a right to it.
    say(&house, &manager("s1"), "Q1", Verb::Unsure).unwrap();
    say(&house, &stranger(), "Q1", Verb::Here).unwrap_err();
    say(&house, &auditor(), "Q1", Verb::Here).unwrap_err();
    wants(&house, Watch::Off);
    assert!(is_held(&house));
    say(&house, &owner(), "Q1", Verb::Here).unwrap();
    assert!(house.standing(terminal(1)).may_transact());
}

#[test]
fn a_report_takes_the_place_of_what_nobodys_answer_stopped() {
    let house = House::open();
    wants(&house, Watch::Hold);
    let asking = stolen(&house);
    asked(&house, "Q1", &asking).unwrap();
    nobody_answers(&house);
    let incident_id = house.lose(terminal(1)).incident_id;
    assert!(is_held(&house) && house.standing(terminal(1)).has(HoldKind::Loss));
    assert!(house.write(move |tx| app::duty::draw_up(tx, &incident_id)));
    let standing: Vec<_> = house.standing(terminal(1)).kinds().collect();
    assert_eq!(standing, [HoldKind::Loss]);
}

#[test]
fn nobodys_answer_stops_no_terminal_of_another_acquirer_and_no_estate() {
    let outside = House::open();
    wants(&outside, Watch::Hold);
    let asking = stolen(&outside);
    outside.write(|tx| {
        let mut terminal = store::terminal::get(tx, terminal(1))?.unwrap();
        terminal.control = Control::Outside;
        store::row::update(tx, &terminal).map(drop)
    });
    let question = asked(&outside, "Q1", &asking).unwrap();
    assert_eq!(outside.read(|tx| holds_at(tx, &question)), None);
    assert_eq!(nobody_answers(&outside).held_at, None);
    assert!(!is_held(&outside));
    for (held_before, is_stopped) in [(HELD_A_DAY_MAX, false), (HELD_A_DAY_MAX - 1, true)] {
        let house = House::open();
        wants(&house, Watch::Hold);
        let asking = stolen(&house);
        asked(&house, "Q1", &asking).unwrap();
        house.write(move |tx| {
            let question: Question = store::row::by_id(tx, "Q1")?.unwrap();
            (0..held_before).try_for_each(|nth| {
                let another = Question {
                    question_id: format!("H{nth}"),
                    terminal_id: terminal(2),
                    state: State::Over,
                    held_at: Some(tx.now()),
                    ..question.clone()
                };
                store::row::insert(tx, &another)
            })
        });
        assert_eq!(nobody_answers(&house).held_at.is_some(), is_stopped);
        assert_eq!(is_held(&house), is_stopped);
    }
}
