//! The small estate of every simulation: one merchant, one shop, a few terminals that are signed in.

use app::estate::Estate;
use app::sign_in::{SignedIn, Who};
use app::transaction::Attempt;
use domain::Actor;
use domain::account::{Account, Proof, Role, Scope};
use domain::merchant::Merchant;
use domain::operator::{Number, Operator};
use domain::shop::Shop;
use domain::terminal::{BoundElements, Control, SettlementAccount, Status, Terminal};
use domain::transaction::{BatchTrace, Kind};
use domain::{MerchantId, TerminalId, Timestamp};
use store::{Error, Tx};

use super::network::Place;

/// Terminals of the estate; a run uses the first few.
const TERMINALS: usize = 3;
/// The terminal of a number, from 0.
pub fn terminal(number: usize) -> TerminalId {
    TerminalId::parse(format!("1000000{}", number + 1).as_bytes()).expect("eight digits")
}

/// Where a terminal is on the network.
pub fn place_of(terminal_id: TerminalId) -> Place {
    let number = (0..TERMINALS).find(|number| terminal(*number) == terminal_id);
    Place::Terminal(number.unwrap_or_default())
}

/// The one merchant.
pub fn merchant() -> MerchantId {
    MerchantId::parse(b"104520157120001").expect("fifteen digits")
}

/// Who reports and proposes.
pub fn owner() -> Actor {
    account("owner", Role::Owner, Scope::Merchant(merchant()))
}

/// Who confirms.
pub fn risk_officer() -> Actor {
    account("risk", Role::RiskOfficer, Scope::All)
}

fn account(login: &str, role: Role, scope: Scope) -> Actor {
    let (login, name) = (login.to_owned(), login.to_owned());
    Actor::Person(Account {
        login,
        name,
        role,
        scope,
        custom_role: None,
        proof: Proof::FRESH,
    })
}

/// Fills an empty store and signs the terminals in.
pub fn fill(tx: &Tx<'_>) -> Result<(), Error> {
    let shop_id = "s1".to_owned();
    let code = "91110000000000000X".to_owned();
    let estate = Estate {
        merchants: vec![Merchant {
            merchant_id: merchant(),
            name: "小店".into(),
            name_en: "Shop".into(),
            trade: "snacks".into(),
            unified_social_credit_code: code.clone(),
            state: domain::merchant::State::Active,
        }],
        shops: vec![Shop {
            shop_id: shop_id.clone(),
            merchant_id: merchant(),
            name: "小店".into(),
            address: "1 Test Road".into(),
            state: domain::shop::State::Active,
        }],
        operators: vec![(
            Operator {
                shop_id: shop_id.clone(),
                operator: operator(),
                name: "收银员".into(),
                state: domain::operator::State::Active,
            },
            "no hash: nobody signs in with a password here".into(),
        )],
        terminals: (0..TERMINALS)
            .map(|number| (built(terminal(number), &shop_id, &code), b"key".to_vec()))
            .collect(),
        accounts: Vec::new(),
    };
    app::estate::fill(tx, &estate)?;
    for number in 0..TERMINALS {
        let attempt = Attempt {
            terminal_id: terminal(number),
            merchant_id: merchant(),
            kind: Kind::SignIn,
            name: BatchTrace { batch: 1, trace: 0 },
            original: None,
            retrieval_reference: None,
            approval_code: None,
            flaw: None,
            amount: None,
            card: None,
            entry_mode: None,
            reversal_sealed: None,
            undo_sealed: None,
            peer: "peer".into(),
            mac_verified: true,
            keys: None,
            received_at: Timestamp(0),
        };
        let offered = app::sign_in::sign_in(tx, &attempt, super::who(), b"keys".to_vec())?;
        if let SignedIn::Offered { keys, .. } = offered {
            app::sign_in::prove(tx, attempt.terminal_id, keys.sequence, 1, "peer")?;
        }
    }
    Ok(())
}

fn built(terminal_id: TerminalId, shop_id: &str, code: &str) -> Terminal {
    Terminal {
        terminal_id,
        serial: format!("SN{terminal_id}"),
        model: "P1".into(),
        name: "前台".into(),
        shop_id: shop_id.into(),
        bound: BoundElements {
            acquirer_code: "48021000".into(),
            merchant_code: merchant(),
            unified_social_credit_code: code.into(),
            settlement_account: SettlementAccount {
                sealed: b"sealed".to_vec(),
                last4: "8888".into(),
            },
            placement_address: "1 Test Road".into(),
        },
        status: Status::Active,
        control: Control::Gate,
        at_provider: None,
        language: "zh-CN".into(),
        time_zone: "Asia/Shanghai".into(),
        about: domain::terminal::About::default(),
        key_check: None,
    }
}

/// The operator every shop has.
pub fn operator() -> Number {
    Number::parse("001").expect("three digits")
}

/// That operator, signing in.
pub fn who() -> Who {
    Who {
        operator: operator(),
        net_code: 3,
    }
}
