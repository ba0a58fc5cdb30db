//! The estate as people keep it: what stands against a change, who sees what is taken, and what a retired terminal may do.

use app::case::{Against, Error, step};
use app::cashier;
use app::sign_in::SignedIn;
use app::terminal::{Changes, New, NotKept};
use domain::actor::Actor;
use domain::event::Subject;
use domain::merchant::{Merchant, Verb as MerchantVerb};
use domain::operator::{Number, Operator, State as OperatorState};
use domain::setting::{Mode, Settings};
use domain::shop::{Shop, Verb as ShopVerb};
use domain::terminal::keep::Verb;
use domain::terminal::{Control, Status, Terminal};
use domain::transaction::Kind;
use store::Tx;

use crate::fixture::{
    House, OPERATOR, built, code, manager, ours, owner, purchase, risk_officer, stranger, terminal, unsigned,
};

fn new(number: u32, shop_id: &str, control: Control) -> New {
    New {
        terminal: Terminal {
            control,
            ..built(terminal(number), ours(), shop_id, Status::Active)
        },
        master_key: None,
        has_gate: false,
    }
}

fn create(house: &House, actor: Actor, new: New) -> Result<Terminal, NotKept> {
    house.try_write(move |tx| app::terminal::create(tx, &actor, new))
}

fn retire(house: &House, actor: Actor, id: u32) -> Result<Terminal, Error> {
    house.try_write(move |tx| step(tx, &actor, terminal(id).as_str(), Verb::Retire, None, |_| ()))
}

fn keep_settings(house: &House, mode: Mode) {
    house.write(move |tx| {
        store::setting::insert(
            tx,
            &Settings {
                mode,
                merchant_id: (mode == Mode::Shop).then(ours),
                ..Settings::unasked()
            },
        )
    });
}

/// Whether a sign-in is answered with keys.
fn gets_keys(house: &House, number: u32) -> bool {
    let signed_in = house.try_sign_in(&unsigned(Kind::SignIn, terminal(number)), OPERATOR);
    matches!(signed_in, SignedIn::Offered { .. })
}

#[test]
fn the_gate_decides_only_what_the_acquirer_has_added_and_only_where_there_is_one() {
    let house = House::open();
    keep_settings(&house, Mode::Shop);
    let outside = create(&house, owner(), new(60, "s2", Control::Outside)).unwrap();
    assert_eq!((outside.bound.merchant_code, outside.key_check), (ours(), None));
    assert_eq!(house.events(Subject::Terminal, terminal(60).as_str()).len(), 1);
    for actor in [owner(), manager("s1"), stranger()] {
        let refused = create(&house, actor.clone(), new(61, "s1", Control::Gate));
        assert!(
            matches!(
                refused,
                Err(NotKept::Case(Error::NotAllowed | Error::Unknown("shop_id")))
            ),
            "{actor:?} {refused:?}"
        );
    }
    let none = create(&house, risk_officer(), new(61, "s1", Control::Gate));
    assert!(
        matches!(none, Err(NotKept::Case(Error::Against(Against::NoGate)))),
        "{none:?}"
    );
    let flags = New {
        has_gate: true,
        ..new(61, "s1", Control::Gate)
    };
    create(&house, risk_officer(), flags).unwrap();
    let acquirers = House::open();
    keep_settings(&acquirers, Mode::Acquirer);
    create(&acquirers, risk_officer(), new(61, "s1", Control::Gate)).unwrap();
}

#[test]
fn what_is_taken_says_where_it_is_to_whoever_may_see_it() {
    let house = House::open();
    keep_settings(&house, Mode::Acquirer);
    let same_serial = |number| {
        let mut new = new(number, "s1", Control::Outside);
        new.terminal.serial = format!("SN{}", terminal(4));
        new
    };
    for (actor, is_told) in [(owner(), false), (risk_officer(), true)] {
        let Err(NotKept::Taken { field, by }) = create(&house, actor, same_serial(70)) else {
            panic!("added")
        };
        assert_eq!((field, by.is_some()), ("serial", is_told));
    }
    let Err(NotKept::Taken { field, by }) = create(&house, owner(), new(1, "s2", Control::Outside)) else {
        panic!("added")
    };
    assert_eq!((field, by.unwrap().shop_id.as_str()), ("terminal_id", "s1"));
    // Also of one that is retired: a number is never another device's.
    let retired = create(&house, owner(), new(5, "s2", Control::Outside));
    assert!(matches!(retired, Err(NotKept::Taken { .. })), "{retired:?}");
    // And when it is written down anew.
    create(&house, owner(), new(71, "s1", Control::Outside)).unwrap();
    let changes = Changes {
        serial: Some(format!("SN{}", terminal(4))),
        ..Changes::default()
    };
    let changed = house.try_write(move |tx| app::terminal::change(tx, &owner(), terminal(71), changes));
    assert!(
        matches!(changed, Err(NotKept::Taken { by: None, .. })),
        "{changed:?}"
    );
}

#[test]
fn a_retired_terminal_cannot_transact_until_it_is_restored() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    house.approve(&purchase(id, 1));
    retire(&house, risk_officer(), 1).unwrap();
    assert_eq!(code(&house.refuse(&purchase(id, 2))), "97");
    assert!(!gets_keys(&house, 1));
    house
        .try_write(move |tx| step::<Terminal>(tx, &risk_officer(), id.as_str(), Verb::Restore, None, |_| ()))
        .unwrap();
    house.approve(&purchase(id, 3));
    let verbs: Vec<_> = house
        .events(Subject::Terminal, id.as_str())
        .into_iter()
        .map(|event| event.verb)
        .collect();
    assert_eq!(verbs, ["retire", "restore"]);
}

#[test]
fn a_terminal_whose_loss_is_open_is_neither_moved_nor_retired() {
    let house = House::open();
    house.lose(terminal(1));
    let refused = retire(&house, risk_officer(), 1);
    assert!(
        matches!(refused, Err(Error::Against(Against::LossOpen))),
        "{refused:?}"
    );
    let moved = house.try_write(|tx| app::terminal::move_to(tx, &risk_officer(), terminal(1), "s2"));
    assert!(
        matches!(moved, Err(Error::Against(Against::LossOpen))),
        "{moved:?}"
    );
}

#[test]
fn a_shop_or_a_merchant_is_retired_when_none_of_its_terminals_is_in_use() {
    let house = House::open();
    let shop =
        |actor: Actor, verb| house.try_write(move |tx| step::<Shop>(tx, &actor, "s2", verb, None, |_| ()));
    let merchant = |verb| {
        let id = ours();
        house.try_write(move |tx| step::<Merchant>(tx, &risk_officer(), id.as_str(), verb, None, |_| ()))
    };
    let in_use = |refused: Option<Error>| matches!(refused, Some(Error::Against(Against::TerminalsInUse)));
    assert!(in_use(shop(owner(), ShopVerb::Retire).err()) && in_use(merchant(MerchantVerb::Retire).err()));
    retire(&house, risk_officer(), 3).unwrap();
    shop(owner(), ShopVerb::Retire).unwrap();
    assert!(in_use(merchant(MerchantVerb::Retire).err()));
    // Nothing is added, moved or brought back to where nobody is.
    let closed = |refused: Error| matches!(refused, Error::Against(Against::OutOfBusiness));
    let Err(NotKept::Case(added)) = create(&house, owner(), new(60, "s2", Control::Outside)) else {
        panic!("added")
    };
    let moved = house.try_write(|tx| app::terminal::move_to(tx, &risk_officer(), terminal(1), "s2"));
    let restore = |tx: &Tx<'_>| {
        step::<Terminal>(
            tx,
            &risk_officer(),
            terminal(3).as_str(),
            Verb::Restore,
            None,
            |_| (),
        )
    };
    assert!(closed(added) && closed(moved.unwrap_err()) && closed(house.try_write(restore).unwrap_err()));
    retire(&house, risk_officer(), 1).unwrap();
    retire(&house, risk_officer(), 2).unwrap();
    merchant(MerchantVerb::Retire).unwrap();
    assert!(closed(shop(owner(), ShopVerb::Restore).unwrap_err()));
    merchant(MerchantVerb::Restore).unwrap();
    shop(owner(), ShopVerb::Restore).unwrap();
}

#[test]
fn a_moved_terminal_keeps_its_history_and_signs_its_operator_out() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    house.approve(&purchase(id, 1));
    let rows = house.rows(id).len();
    let moved = house.try_write(move |tx| app::terminal::move_to(tx, &risk_officer(), id, "s2"));
    assert_eq!(moved.unwrap().shop_id, "s2");
    assert_eq!(house.rows(id).len(), rows);
    assert_eq!(
        house
            .read(|tx| store::terminal_session::get(tx, id))
            .unwrap()
            .operator,
        None
    );
    assert_ne!(code(&house.refuse(&purchase(id, 2))), "00");
    let event = house.events(Subject::Terminal, id.as_str()).pop().unwrap();
    assert_eq!(
        (event.verb.as_str(), event.text.as_deref()),
        ("move", Some("s1 → s2"))
    );
    let away = house.try_write(move |tx| app::terminal::move_to(tx, &risk_officer(), id, "s3"));
    assert!(matches!(away, Err(Error::Unknown("shop_id"))), "{away:?}");
}

#[test]
fn a_shop_says_how_its_terminal_is_called_and_the_acquirer_what_it_is() {
    let house = House::open();
    let change = |actor: Actor, changes: Changes| {
        house.try_write(move |tx| app::terminal::change(tx, &actor, terminal(1), changes))
    };
    let name = |name: &str| Changes {
        name: Some(name.into()),
        ..Changes::default()
    };
    assert_eq!(change(owner(), name("外带窗口")).unwrap().name, "外带窗口");
    let told = house.events(Subject::Terminal, terminal(1).as_str()).len();
    change(owner(), name("外带窗口")).unwrap();
    assert_eq!(
        house.events(Subject::Terminal, terminal(1).as_str()).len(),
        told,
        "nothing was changed"
    );
    let model = Changes {
        model: Some("P2".into()),
        ..Changes::default()
    };
    assert!(matches!(
        change(owner(), model.clone()),
        Err(NotKept::Case(Error::NotAllowed))
    ));
    assert_eq!(change(risk_officer(), model).unwrap().model, "P2");
    let serial = Changes {
        serial: Some("SN0".into()),
        ..Changes::default()
    };
    assert!(matches!(
        change(risk_officer(), serial),
        Err(NotKept::Case(Error::Fixed("serial")))
    ));
}

#[test]
fn a_disabled_operator_is_signed_out_and_signs_in_no_more() {
    let house = House::open();
    let id = terminal(1);
    house.sign_in(id);
    let offered = house.try_sign_in(&unsigned(Kind::SignIn, terminal(2)), OPERATOR);
    let (batch, keys) = crate::fixture::offered(offered);
    house
        .try_write(|tx| cashier::disable(tx, &manager("s1"), "s1.001"))
        .unwrap();
    assert_eq!(
        house
            .read(|tx| store::terminal_session::get(tx, id))
            .unwrap()
            .operator,
        None
    );
    // Keys that were on offer are worth nothing, and no others are given.
    assert_ne!(
        house.prove(terminal(2), keys.sequence, batch),
        app::sign_in::Proved::InUse
    );
    assert!(!gets_keys(&house, 1));
    // The same number of another shop is another operator.
    house.sign_in(terminal(3));
    let other = Operator {
        shop_id: "s1".into(),
        operator: Number::parse("001").unwrap(),
        name: "另一个".into(),
        state: OperatorState::Active,
    };
    let again = house.try_write(move |tx| cashier::create(tx, &owner(), other, "hash"));
    assert!(matches!(again, Err(Error::Taken(Subject::Operator))), "{again:?}");
}
