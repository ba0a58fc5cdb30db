//! Replacing a lost terminal: in order, with the old keys dead before the new one sells, and a loss that nothing here ends.

use app::case::{Against, Error as CaseError};
use app::replacement::{self as replace, Binding, Error, Receipt, TheySay};
use app::terminal::MasterKey;
use domain::TerminalId;
use domain::actor::Actor;
use domain::duty::State as DutyState;
use domain::hold::{Authority, Kind as HoldKind};
use domain::incident::found::Kind as FoundAs;
use domain::incident::{Happened, Incident};
use domain::replacement::checklist::{self, Answer};
use domain::replacement::device::{Certificate, Channel, Delivery, Device, Kind as DeviceKind};
use domain::replacement::{NotTested, Replacement, State, TEST_MS, Verb};
use domain::terminal::{Control, Status};
use domain::time::HOUR_MS;
use domain::transaction::Kind;
use store::Tx;

use crate::fixture::{
    House, OPERATOR, after, code, manager, owner, purchase, risk_officer, stranger, terminal, unsigned,
};

const CHECK: &str = "08D7B4";
/// The new terminal.
const NEW: u32 = 50;

fn device(serial: &str) -> Device {
    Device {
        serial: serial.into(),
        tusn: Some(format!("00000304{serial}")),
        kind: DeviceKind::Smart,
        make: "Newland".into(),
        model: "N7".into(),
        supplier: "收单行".into(),
        channel: Channel::Acquirer,
        certificate: Certificate {
            unionpay: Some("P3100".into()),
            model: Some("N7".into()),
            hardware: Some("H1".into()),
            firmware: Some("F1".into()),
            ..Certificate::default()
        },
        delivery: Delivery {
            seal: Some("FS1".into()),
            dispatched_seal: Some("FS1".into()),
            box_serial: Some(serial.into()),
            seal_is_whole: true,
        },
        signs: String::new(),
    }
}

fn binding(number: u32, control: Control) -> Binding {
    Binding {
        terminal_id: terminal(number),
        name: None,
        control,
        settlement_account: Default::default(),
        master_key: None,
        has_gate: true,
    }
}

fn key(check: &str) -> MasterKey {
    MasterKey {
        sealed: b"new key".to_vec(),
        check: check.into(),
    }
}

fn answers() -> Vec<Answer> {
    let answer = |item: domain::checklist::Item| Answer {
        item: item.item.into(),
        is_so: true,
        note: None,
    };
    checklist::ITEMS.map(answer).into()
}

/// A replacement under way in a house.
struct Case {
    house: House,
    incident: Incident,
    id: String,
}

impl Case {
    fn of(house: House, old: TerminalId, is_loaner: bool) -> Self {
        let incident = house.lose(old);
        let id = incident.incident_id.clone();
        let begun = house
            .try_write(move |tx| replace::begin(tx, &owner(), &id, is_loaner))
            .unwrap();
        Self {
            house,
            incident,
            id: begun.replacement_id,
        }
    }

    /// Of terminal 1, which our gate decides and which has a key of its own.
    fn gate() -> Self {
        let house = House::open();
        house.sign_in(terminal(1));
        house
            .try_write(|tx| app::terminal::set_key(tx, &risk_officer(), terminal(1), key("AAAAAA")))
            .unwrap();
        Self::of(house, terminal(1), false)
    }

    fn act(
        &self,
        by: &Actor,
        act: impl FnOnce(&Tx<'_>, &Actor, &str) -> Result<Replacement, Error> + Send + 'static,
    ) -> Result<Replacement, Error> {
        let (by, id) = (by.clone(), self.id.clone());
        self.house.try_write(move |tx| act(tx, &by, &id))
    }

    /// What people say to take a step, when it is its turn in a case of our gate.
    fn take(&self, verb: Verb) -> Result<Replacement, Error> {
        let risk = &risk_officer();
        match verb {
            Verb::Pick => self.act(risk, |tx, by, id| {
                replace::pick(tx, by, id, device("N7NL00000001"))
            }),
            Verb::AcceptWarnings => self.act(risk, |tx, by, id| replace::accept_warnings(tx, by, id, "seen")),
            Verb::Bind => self.act(risk, |tx, by, id| {
                let binding = Binding {
                    master_key: Some(key(CHECK)),
                    ..binding(NEW, Control::Gate)
                };
                replace::bind(tx, by, id, binding)
            }),
            Verb::EndOldKeys => self.act(risk, |tx, by, id| replace::end_old_keys(tx, by, id, None)),
            Verb::LoadKeys => self.act(risk, |tx, by, id| {
                replace::load_keys(tx, by, id, (Some("08d7b4fb"), None))
            }),
            Verb::BeginTest => self.act(risk, replace::begin_test),
            Verb::PassTest => self.act(risk, |tx, by, id| replace::pass_test(tx, by, id, None)),
            Verb::Sign => self.act(risk, |tx, by, id| replace::sign(tx, by, id, &answers())),
            Verb::GoLive => self.act(risk, replace::go_live),
            Verb::Withdraw => self.act(risk, |tx, by, id| replace::withdraw(tx, by, id, "no need")),
            Verb::GiveBack => self.act(risk, |tx, by, id| replace::give_back(tx, by, id, "cleared")),
            other => panic!("{other:?} is nobody's to say"),
        }
    }

    /// A sale and its void, both approved.
    fn sell_and_void(&self) {
        self.house.sign_in(terminal(NEW));
        let sale = purchase(terminal(NEW), 1);
        self.house.approve(&sale);
        self.house.approve(&after(Kind::Void, 2, &sale, 1_000));
    }

    /// All steps until it stands so.
    fn walk(&self, to: State) {
        for (verb, state) in WAY {
            if self.now().state == to {
                return;
            }
            if *verb == Verb::PassTest {
                self.sell_and_void();
            }
            assert_eq!(self.take(*verb).unwrap().state, *state);
        }
        assert_eq!(self.now().state, to);
    }

    fn now(&self) -> Replacement {
        let all = self
            .house
            .read(|tx| store::replacement::of(tx, &self.incident.incident_id));
        all.into_iter().find(|one| one.replacement_id == self.id).unwrap()
    }

    fn steps(&self) -> Vec<Verb> {
        let steps = self.house.read(|tx| store::replacement::steps(tx, &self.id));
        assert!((1..).zip(&steps).all(|(at, step)| step.position == at));
        steps.into_iter().map(|step| step.verb).collect()
    }

    fn is_held(&self) -> bool {
        self.house.standing(terminal(NEW)).has(HoldKind::Commissioning)
    }

    fn told(&self, happened: Happened) -> usize {
        let all = self.house.timeline(&self.incident.incident_id).into_iter();
        all.filter(|one| *one == happened).count()
    }
}

/// The way of a replacement.
const WAY: &[(Verb, State)] = &[
    (Verb::Pick, State::DeviceChecked),
    (Verb::Bind, State::Bound),
    (Verb::EndOldKeys, State::OldKeysDead),
    (Verb::LoadKeys, State::KeysLoaded),
    (Verb::BeginTest, State::Testing),
    (Verb::PassTest, State::Tested),
    (Verb::Sign, State::Signed),
    (Verb::GoLive, State::Live),
];

#[test]
fn a_lost_terminal_is_replaced_step_by_step() {
    let it = Case::gate();
    let house = &it.house;
    assert_eq!(it.take(Verb::Pick).unwrap().state, State::DeviceChecked);
    assert_eq!(it.take(Verb::Bind).unwrap().state, State::Bound);
    // Of the same merchant and shop, and held from the first moment.
    let new = house.read(|tx| store::terminal::get(tx, terminal(NEW))).unwrap();
    assert_eq!(
        (new.shop_id.as_str(), new.serial.as_str()),
        ("s1", "N7NL00000001")
    );
    assert!(it.is_held());
    assert_eq!(
        code(&house.refuse(&unsigned(Kind::Purchase, terminal(NEW)))),
        "58"
    );
    // The acquirer's notice has a clock of its own.
    let duties = house.read(|tx| store::duty::of(tx, &it.incident.incident_id));
    let notice = duties
        .iter()
        .find(|duty| duty.duty == "replacement_notice")
        .unwrap();
    assert_eq!(notice.started_at, Some(house.now()));
    assert!(notice.due_at.unwrap().since_ms(house.now()) > 48 * HOUR_MS);
    assert_eq!(notice.rule.as_deref(), Some("binding"));
    it.take(Verb::EndOldKeys).unwrap();
    let (door, session) = house.read(|tx| {
        let door = store::terminal::door(tx, terminal(1))?.unwrap();
        Ok((door, store::terminal_session::get(tx, terminal(1))?.unwrap()))
    });
    assert!(
        door.master_key_sealed.is_empty() && session.keys_sealed.is_empty() && session.operator.is_none()
    );
    it.take(Verb::LoadKeys).unwrap();
    assert!(it.is_held());
    it.take(Verb::BeginTest).unwrap();
    assert!(!it.is_held());
    assert!(matches!(
        it.take(Verb::PassTest),
        Err(Error::NotTested(NotTested::NoSale))
    ));
    it.sell_and_void();
    it.take(Verb::PassTest).unwrap();
    // Between the test and the day it goes live it sells for nobody.
    assert_eq!(code(&house.refuse(&purchase(terminal(NEW), 3))), "58");
    let signed = it.take(Verb::Sign).unwrap().signed.unwrap();
    assert!(signed.text.contains("signed by: risk") && signed.digest.len() == 64);
    let live = it.take(Verb::GoLive).unwrap();
    assert_eq!(live.live_at, Some(house.now()));
    house.approve(&purchase(terminal(NEW), 4));
    // The lost one stays lost.
    assert!(house.standing(terminal(1)).has(HoldKind::Loss));
    assert_eq!(code(&house.refuse(&purchase(terminal(1), 9))), "58");
    let duties = house.read(|tx| store::duty::of(tx, &it.incident.incident_id));
    let replace = duties.iter().find(|duty| duty.duty == "replacement").unwrap();
    assert_eq!(replace.state, DutyState::Done);
    let end = replace.end.as_ref().unwrap();
    assert_eq!(end.reference.as_deref(), Some(terminal(NEW).as_str()));
    let way: Vec<Verb> = WAY.iter().map(|(verb, _)| *verb).collect();
    assert_eq!(it.steps(), way);
    for happened in [
        Happened::ReplacementBegun,
        Happened::ReplacementChecked,
        Happened::ReplacementBound,
        Happened::OldKeysEnded,
        Happened::ReplacementKeysLoaded,
        Happened::ReplacementTestBegun,
        Happened::ReplacementTested,
        Happened::ReplacementSigned,
        Happened::ReplacementLive,
    ] {
        assert_eq!(it.told(happened), 1, "{happened:?}");
    }
}

/// In each state every other step is refused, and leaves nothing behind.
#[test]
fn each_gate_refuses_in_each_wrong_order() {
    let it = Case::gate();
    let verbs = [
        Verb::AcceptWarnings,
        Verb::Bind,
        Verb::EndOldKeys,
        Verb::LoadKeys,
        Verb::BeginTest,
        Verb::PassTest,
        Verb::Sign,
        Verb::GoLive,
        Verb::GiveBack,
    ];
    for at in 0..=WAY.len() {
        let next = WAY.get(at).map(|(verb, _)| *verb);
        let before = (it.now(), it.steps());
        for verb in verbs {
            let is_turn = Some(verb) == next || (before.0.state == State::Live && verb == Verb::GiveBack);
            if is_turn {
                continue;
            }
            let refused = it.take(verb);
            let is_early = WAY.iter().skip(at).any(|(later, _)| *later == verb);
            match refused {
                Err(Error::EarlierStep(state)) => assert!(
                    is_early || verb == Verb::GiveBack || verb == Verb::AcceptWarnings,
                    "{state:?} {verb:?}"
                ),
                Err(Error::Case(CaseError::WrongState(_))) => {
                    assert!(!is_early || verb == Verb::GiveBack, "{verb:?}")
                }
                other => panic!("{:?} {verb:?}: {other:?}", before.0.state),
            }
            assert_eq!((it.now(), it.steps()), before, "{verb:?}");
        }
        if let Some((verb, state)) = WAY.get(at) {
            if *verb == Verb::PassTest {
                it.sell_and_void();
            }
            assert_eq!(it.take(*verb).unwrap().state, *state);
        }
    }
    // It sells: nothing but a loaner is given back, and another is not begun.
    assert!(matches!(
        it.take(Verb::GiveBack),
        Err(Error::Case(CaseError::WrongState("live")))
    ));
    let incident_id = it.incident.incident_id.clone();
    let again = it
        .house
        .try_write(move |tx| replace::begin(tx, &owner(), &incident_id, false));
    assert!(matches!(again, Err(Error::Case(CaseError::Taken(_)))));
}

#[test]
fn what_another_merchants_people_do_not_see_is_not_there() {
    let it = Case::gate();
    let hidden =
        |done: Result<Replacement, Error>| assert!(matches!(done, Err(Error::Case(CaseError::NotFound(_)))));
    hidden(it.act(&stranger(), |tx, by, id| {
        replace::pick(tx, by, id, device("N7NL00000001"))
    }));
    hidden(it.act(&stranger(), replace::begin_test));
    hidden(it.act(&stranger(), replace::go_live));
    hidden(it.act(&stranger(), |tx, by, id| replace::withdraw(tx, by, id, "x")));
    let incident_id = it.incident.incident_id.clone();
    hidden(
        it.house
            .try_write(move |tx| replace::begin(tx, &stranger(), &incident_id, true)),
    );
    // Who sees it and has no right to it is refused.
    let refused = it.act(&manager("s1"), |tx, by, id| {
        replace::pick(tx, by, id, device("N7NL00000001"))
    });
    assert!(matches!(refused, Err(Error::Case(CaseError::NotAllowed))));
}

#[test]
fn a_device_that_is_lost_bound_or_picked_is_refused_and_stays_on_the_case() {
    let it = Case::gate();
    let pick = |change: fn(&mut Device)| {
        it.act(&owner(), move |tx, by, id| {
            let mut device = device("N7NL00000001");
            change(&mut device);
            replace::pick(tx, by, id, device)
        })
        .unwrap()
    };
    // The lost one itself comes back as its own replacement, by either of its numbers.
    let old = pick(|it| (it.serial, it.tusn, it.delivery.box_serial) = ("sn10000001".into(), None, None));
    assert_eq!((old.state, old.refusals.as_str()), (State::Refused, "lost"));
    let old = pick(|it| {
        (it.tusn, it.serial, it.delivery.box_serial) =
            (Some("00000304SN10000001".into()), "SN10000001".into(), None)
    });
    assert_eq!(old.refusals, "lost");
    let theirs = pick(|it| (it.serial, it.tusn, it.delivery.box_serial) = ("SN10000004".into(), None, None));
    assert_eq!(theirs.refusals, "bound_elsewhere");
    let broken = pick(|it| (it.delivery.seal_is_whole, it.certificate) = (false, Certificate::default()));
    assert_eq!(broken.refusals, "certificate_missing seal_broken");
    assert_eq!(it.steps(), [Verb::PickRefused; 4]);
    assert!(matches!(
        it.take(Verb::Bind),
        Err(Error::EarlierStep(State::Refused))
    ));
    assert!(matches!(
        it.take(Verb::AcceptWarnings),
        Err(Error::EarlierStep(State::Refused))
    ));
    // What only needs a ground is used on one.
    let grey = pick(|it| it.channel = Channel::SecondHand);
    assert_eq!(
        (grey.state, grey.warnings.as_str()),
        (State::Warned, "grey_market")
    );
    assert!(matches!(
        it.take(Verb::Bind),
        Err(Error::EarlierStep(State::Warned))
    ));
    let unsaid = it.act(&owner(), |tx, by, id| replace::accept_warnings(tx, by, id, ""));
    assert!(matches!(unsaid, Err(Error::Case(CaseError::TextRequired))));
    it.take(Verb::AcceptWarnings).unwrap();
    // Another case does not take the same device.
    let other = it.house.lose(terminal(2)).incident_id;
    let other = it.house.try_write(move |tx| {
        let begun = replace::begin(tx, &owner(), &other, false)?;
        replace::pick(tx, &owner(), &begun.replacement_id, device("n7nl00000001"))
    });
    assert_eq!(other.unwrap().refusals, "duplicate");
    // What was free when it was looked at may be lost before it is bound.
    it.house
        .try_write(|tx| {
            let mut lost = store::terminal::get(tx, terminal(2))?.unwrap();
            lost.serial = "N7NL00000001".into();
            store::row::update(tx, &lost).map(drop)
        })
        .unwrap_or_else(|error: store::Error| panic!("{error}"));
    assert!(matches!(it.take(Verb::Bind), Err(Error::DeviceNotFree)));
}

#[test]
fn the_lost_terminals_number_is_never_used_again() {
    let it = Case::gate();
    it.take(Verb::Pick).unwrap();
    let same = it.act(&risk_officer(), |tx, by, id| {
        replace::bind(tx, by, id, binding(1, Control::Gate))
    });
    assert!(matches!(
        same,
        Err(Error::NotKept(app::terminal::NotKept::Taken {
            field: "terminal_id",
            ..
        }))
    ));
    // A shop does not add what our gate decides.
    let by_shop = it.act(&owner(), |tx, by, id| {
        replace::bind(tx, by, id, binding(NEW, Control::Gate))
    });
    assert!(matches!(by_shop, Err(Error::NotKept(_))));
}

#[test]
fn a_new_key_is_compared_and_is_nobody_elses() {
    let it = Case::gate();
    it.take(Verb::Pick).unwrap();
    it.act(&risk_officer(), |tx, by, id| {
        replace::bind(tx, by, id, binding(NEW, Control::Gate))
    })
    .unwrap();
    it.take(Verb::EndOldKeys).unwrap();
    assert!(matches!(it.take(Verb::LoadKeys), Err(Error::NoKey)));
    let set = |check: &'static str| {
        it.house
            .try_write(move |tx| app::terminal::set_key(tx, &risk_officer(), terminal(NEW), key(check)))
            .unwrap();
    };
    let load = |check: &'static str| {
        it.act(&risk_officer(), move |tx, by, id| {
            replace::load_keys(tx, by, id, (Some(check), None))
        })
    };
    set("111111");
    assert!(matches!(load(CHECK), Err(Error::OtherKey)));
    assert!(matches!(load(""), Err(Error::OtherKey)));
    // The lost one's own key, with or without its last byte.
    set("AAAAAA55");
    assert!(matches!(load("AAAAAA"), Err(Error::KeyNotUnique)));
    it.house
        .try_write(|tx| app::terminal::set_key(tx, &risk_officer(), terminal(2), key("08D7B4FB")))
        .unwrap();
    set(CHECK);
    assert!(matches!(load(CHECK), Err(Error::KeyNotUnique)));
    it.house
        .try_write(|tx| app::terminal::set_key(tx, &risk_officer(), terminal(2), key("BBBBBB")))
        .unwrap();
    load(CHECK).unwrap();
    // Another key between the comparison and the day it goes live is another terminal, as far as anybody knows.
    it.take(Verb::BeginTest).unwrap();
    it.sell_and_void();
    it.take(Verb::PassTest).unwrap();
    it.take(Verb::Sign).unwrap();
    set("CCCCCC");
    assert!(matches!(it.take(Verb::GoLive), Err(Error::OtherKey)));
    assert!(it.is_held());
}

#[test]
fn the_old_keys_stay_dead_or_nothing_goes_live() {
    let it = Case::gate();
    it.walk(State::Signed);
    let set = |house: &House| {
        house.try_write(|tx| app::terminal::set_key(tx, &risk_officer(), terminal(1), key("DDDDDD")))
    };
    assert!(matches!(
        set(&it.house),
        Err(CaseError::Against(Against::LossOpen))
    ));
    // Whoever brings a key back in behind our back does not get past the last look.
    for bring in [
        (|tx: &Tx<'_>| store::terminal::set_master_key(tx, terminal(1), b"old"))
            as fn(&Tx<'_>) -> Result<(), store::Error>,
        |tx| {
            let session = store::terminal_session::get(tx, terminal(1))?.unwrap();
            let keys_sealed = b"old".to_vec();
            store::terminal_session::put(
                tx,
                terminal(1),
                &store::terminal_session::TerminalSession {
                    keys_sealed,
                    ..session
                },
            )
        },
    ] {
        let undone: Result<(), Error> = it.house.try_write(move |tx| {
            bring(tx)?;
            let incident = store::incident::unclosed(tx, terminal(1))?.unwrap();
            let id = format!("{}-R1", incident.incident_id);
            replace::go_live(tx, &risk_officer(), &id)?;
            // Whatever came of it is taken back with the transaction.
            Err(Error::TooManySteps)
        });
        assert!(matches!(undone, Err(Error::OldKeysAlive)), "{undone:?}");
    }
    it.take(Verb::GoLive).unwrap();
    // Said to be back beside its replacement it owes a new key, and may have one; reported again, no more.
    let lost = &it.incident.incident_id;
    assert!(set(&it.house).is_err());
    it.house
        .propose_found_as(&owner(), lost, FoundAs::Recovered)
        .unwrap();
    set(&it.house).unwrap();
    it.house.report(&owner(), terminal(1)).unwrap();
    assert!(set(&it.house).is_err());
    // Found again it needs a key like any terminal, and may have one.
    it.house.find_again(lost);
    set(&it.house).unwrap();
}

#[test]
fn a_test_lasts_minutes_and_every_sale_of_it_is_taken_back() {
    let it = Case::gate();
    it.walk(State::Testing);
    it.house.sign_in(terminal(NEW));
    let sale = purchase(terminal(NEW), 1);
    it.house.approve(&sale);
    assert!(matches!(
        it.take(Verb::PassTest),
        Err(Error::NotTested(NotTested::SaleStands))
    ));
    // What is at the host when the time is over is approved for nobody.
    let late = it.house.forward(&purchase(terminal(NEW), 2));
    it.house.pass_ms(TEST_MS - 1);
    let end = |house: &House| -> Vec<bool> {
        let due = house.read(|tx| store::replacement::tests_over(tx, TEST_MS, 9));
        due.into_iter()
            .map(|id| house.write(move |tx| replace::end_test(tx, &id)))
            .collect()
    };
    assert_eq!(end(&it.house), [false; 0]);
    it.house.pass_ms(1);
    assert_eq!(end(&it.house), [true]);
    assert_eq!(end(&it.house), [false; 0]);
    assert_eq!((it.now().state, it.is_held()), (State::KeysLoaded, true));
    let late = it.house.release(terminal(NEW), late, crate::fixture::approval());
    assert_eq!(code(&late), "58");
    assert!(matches!(
        it.take(Verb::PassTest),
        Err(Error::EarlierStep(State::KeysLoaded))
    ));
    // The next one counts only when the first sale is taken back too.
    it.take(Verb::BeginTest).unwrap();
    let second = purchase(terminal(NEW), 3);
    it.house.approve(&second);
    it.house.approve(&after(Kind::Void, 4, &second, 1_000));
    assert!(matches!(
        it.take(Verb::PassTest),
        Err(Error::NotTested(NotTested::SaleStands))
    ));
    it.house.approve(&after(Kind::Void, 5, &sale, 1_000));
    it.take(Verb::PassTest).unwrap();
    assert!(it.is_held());
    assert_eq!(it.told(Happened::ReplacementTestOver), 1);
}

#[test]
fn where_an_acquirer_outside_decides_they_say_and_the_shop_writes_it_down() {
    let house = House::open();
    let old = house.outside_terminal(6);
    let it = Case::of(house, old, false);
    let by = owner();
    it.act(&by, |tx, by, id| {
        replace::pick(tx, by, id, device("N7NL00000001"))
    })
    .unwrap();
    it.act(&by, |tx, by, id| {
        replace::bind(tx, by, id, binding(NEW, Control::Outside))
    })
    .unwrap();
    let unsaid = it.act(&by, |tx, by, id| replace::end_old_keys(tx, by, id, None));
    assert!(matches!(
        unsaid,
        Err(Error::Case(CaseError::Required("confirmation")))
    ));
    let at = it.house.now();
    it.act(&by, move |tx, by, id| {
        let said = TheySay {
            reference: "GD-1".into(),
            by: "hotline, Ms Li".into(),
            at,
        };
        replace::end_old_keys(tx, by, id, Some(said))
    })
    .unwrap();
    let unsaid = it.act(&by, |tx, by, id| replace::load_keys(tx, by, id, (None, None)));
    assert!(matches!(
        unsaid,
        Err(Error::Case(CaseError::Required("statement")))
    ));
    it.act(&by, |tx, by, id| {
        replace::load_keys(tx, by, id, (None, Some("engineer loaded them")))
    })
    .unwrap();
    assert!(matches!(
        it.act(&by, replace::begin_test),
        Err(Error::Case(CaseError::WrongState(_)))
    ));
    let unsaid = it.act(&by, |tx, by, id| replace::pass_test(tx, by, id, None));
    assert!(matches!(unsaid, Err(Error::Case(CaseError::Required("receipt")))));
    it.act(&by, |tx, by, id| {
        let receipt = Receipt {
            number: "000123".into(),
            statement: None,
        };
        replace::pass_test(tx, by, id, Some(receipt))
    })
    .unwrap();
    it.act(&by, |tx, by, id| replace::sign(tx, by, id, &answers()))
        .unwrap();
    assert!(it.is_held());
    it.act(&by, replace::go_live).unwrap();
    assert!(!it.is_held());
    let steps = it.house.read(|tx| store::replacement::steps(tx, &it.id));
    let said = steps.iter().find(|step| step.verb == Verb::EndOldKeys).unwrap();
    assert_eq!(said.reference.as_deref(), Some("GD-1"));
    assert!(said.statement.as_deref().unwrap().ends_with("\nhotline, Ms Li"));
}

#[test]
fn what_was_withdrawn_sells_never_and_its_device_is_free_again() {
    let it = Case::gate();
    it.walk(State::Testing);
    assert!(!it.is_held());
    let withdrawn = it.take(Verb::Withdraw).unwrap();
    assert_eq!(
        (withdrawn.state, withdrawn.closed_at),
        (State::Withdrawn, Some(it.house.now()))
    );
    assert!(it.is_held());
    let new = it
        .house
        .read(|tx| store::terminal::get(tx, terminal(NEW)))
        .unwrap();
    assert_eq!((new.status, new.key_check), (Status::Retired, None));
    assert_eq!(code(&it.house.refuse(&purchase(terminal(NEW), 3))), "97");
    assert!(matches!(
        it.take(Verb::GoLive),
        Err(Error::Case(CaseError::WrongState("withdrawn")))
    ));
    // The same device, under the same number, once more.
    let incident_id = it.incident.incident_id.clone();
    let again = it
        .house
        .try_write(move |tx| replace::begin(tx, &owner(), &incident_id, false))
        .unwrap();
    let it = Case {
        id: again.replacement_id,
        ..it
    };
    it.walk(State::Bound);
    let new = it
        .house
        .read(|tx| store::terminal::get(tx, terminal(NEW)))
        .unwrap();
    assert_eq!(
        (new.status, new.key_check.as_deref()),
        (Status::Active, Some(CHECK))
    );
    assert!(it.is_held());
}

#[test]
fn a_loaner_stands_in_until_it_is_given_back_and_the_real_one_goes_on_meanwhile() {
    let house = House::open();
    let it = Case::of(house, terminal(1), true);
    it.walk(State::Live);
    assert_eq!(it.now().closed_at, None);
    // The duty to replace it is open still.
    let open = |house: &House| {
        let duties = house.read(|tx| store::duty::of(tx, &it.incident.incident_id));
        duties
            .iter()
            .any(|duty| duty.duty == "replacement" && duty.is_open())
    };
    assert!(open(&it.house));
    let begin = |is_loaner| {
        let incident_id = it.incident.incident_id.clone();
        it.house
            .try_write(move |tx| replace::begin(tx, &owner(), &incident_id, is_loaner))
    };
    assert!(matches!(begin(true), Err(Error::Case(CaseError::Taken(_)))));
    begin(false).unwrap();
    assert!(matches!(begin(false), Err(Error::Case(CaseError::Taken(_)))));
    // A loaner that is lost itself is a loss of its own.
    let lost = it.house.lose(terminal(NEW));
    assert!(matches!(
        it.take(Verb::GiveBack),
        Err(Error::Case(CaseError::Against(Against::LossOpen)))
    ));
    it.house.find_again(&lost.incident_id);
    assert_eq!(it.take(Verb::GiveBack).unwrap().state, State::Returned);
    let loaner = it
        .house
        .read(|tx| store::terminal::get(tx, terminal(NEW)))
        .unwrap();
    assert_eq!((loaner.status, loaner.key_check), (Status::Retired, None));
    assert!(open(&it.house));
}

/// A step is whole or not there: the process dies after each, and in the middle of each.
#[test]
fn a_kill_between_steps_loses_and_doubles_none() {
    let mut it = Case::gate();
    for (verb, state) in WAY {
        if *verb == Verb::PassTest {
            it.sell_and_void();
        }
        let before = (it.now(), it.steps(), it.is_held());
        // The transaction ends before its commit.
        let (id, verb) = (it.id.clone(), *verb);
        let died: Result<(), Error> = it.house.try_write(move |tx| {
            let risk = risk_officer();
            let done = match verb {
                Verb::Pick => replace::pick(tx, &risk, &id, device("N7NL00000001")),
                Verb::Bind => {
                    let binding = Binding {
                        master_key: Some(key(CHECK)),
                        ..binding(NEW, Control::Gate)
                    };
                    replace::bind(tx, &risk, &id, binding)
                }
                Verb::EndOldKeys => replace::end_old_keys(tx, &risk, &id, None),
                Verb::LoadKeys => replace::load_keys(tx, &risk, &id, (Some(CHECK), None)),
                Verb::BeginTest => replace::begin_test(tx, &risk, &id),
                Verb::PassTest => replace::pass_test(tx, &risk, &id, None),
                Verb::Sign => replace::sign(tx, &risk, &id, &answers()),
                _ => replace::go_live(tx, &risk, &id),
            };
            done?;
            Err(Error::TooManySteps)
        });
        assert!(matches!(died, Err(Error::TooManySteps)), "{verb:?}: {died:?}");
        it.house.reopen();
        assert_eq!((it.now(), it.steps(), it.is_held()), before, "{verb:?}");
        assert_eq!(it.take(verb).unwrap().state, *state);
        let after = (it.now(), it.steps(), it.is_held());
        it.house.reopen();
        assert_eq!((it.now(), it.steps(), it.is_held()), after, "{verb:?}");
    }
}

#[test]
fn nothing_here_ends_a_loss_and_a_closed_case_goes_no_further() {
    let it = Case::gate();
    it.walk(State::Bound);
    let lift = |kind| it.house.lift(terminal(1), kind, Authority::Replacement);
    assert!(!lift(HoldKind::Loss) && !lift(HoldKind::Commissioning));
    it.house.find_again(&it.incident.incident_id);
    assert!(matches!(
        it.take(Verb::EndOldKeys),
        Err(Error::Case(CaseError::WrongState("closed")))
    ));
    it.take(Verb::Withdraw).unwrap();
    // Nobody signs in on what was never live.
    let refused = it
        .house
        .try_sign_in(&unsigned(Kind::SignIn, terminal(NEW)), OPERATOR);
    assert!(matches!(refused, app::sign_in::SignedIn::Answer(_)));
}

#[test]
fn days_without_a_terminal_and_its_usual_takings_are_told_as_far_as_they_are_known() {
    const DAY_MS: i64 = 24 * HOUR_MS;
    let house = House::open();
    house.sign_in(terminal(1));
    // Five weeks of sales, the same each day but one.
    for day in 0..35_u32 {
        let minor = if day == 3 { 90_000 } else { 1_000 };
        let sale = app::transaction::Attempt {
            amount: crate::fixture::fen(minor),
            ..purchase(terminal(1), day + 1)
        };
        house.approve(&sale);
        house.pass_ms(DAY_MS);
    }
    let it = Case::of(house, terminal(1), false);
    let told = |it: &Case| {
        it.house.read(|tx| {
            let incident = store::incident::get(tx, &it.incident.incident_id)?.unwrap();
            let terminal = store::terminal::get(tx, incident.terminal_id)?.unwrap();
            app::interruption::of(tx, &incident, &terminal)
        })
    };
    let now = told(&it).unwrap();
    assert_eq!(
        (now.from, now.to, now.days, now.usual),
        (it.incident.suspended_at, None, 0, None)
    );
    it.house.pass_ms(3 * DAY_MS);
    let now = told(&it).unwrap();
    let usual = now.usual.unwrap();
    assert_eq!((now.days, usual.minor, usual.from_days), (3, 3_000, 15));
    it.walk(State::Live);
    let live = it.house.now();
    it.house.pass_ms(9 * DAY_MS);
    let now = told(&it).unwrap();
    assert_eq!((now.to, now.days), (Some(live), 3));
    // Of a terminal that has sold for two weeks nothing usual is known.
    let house = House::open();
    house.sign_in(terminal(1));
    house.approve(&purchase(terminal(1), 1));
    house.pass_ms(14 * DAY_MS);
    let it = Case::of(house, terminal(1), false);
    it.house.pass_ms(2 * DAY_MS);
    let now = told(&it).unwrap();
    assert_eq!((now.days, now.usual), (2, None));
}
