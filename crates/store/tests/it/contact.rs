//! Contacts as rows, and what a broken constraint is called.

use domain::account::Scope;
use domain::contact::{Contact, Details, Kind, State};
use store::Error;
use store::contact::{self, Filter};
use store::row;

use crate::fixture::{Kept, merchant_id, shops};

fn police(contact_id: &str, merchant: Option<u32>, name: &str) -> Contact {
    Contact {
        contact_id: contact_id.into(),
        details: Details {
            merchant_id: merchant.map(merchant_id),
            kind: Kind::Police,
            name: name.into(),
            hotline: Some("110".into()),
            email: None,
            reference: None,
        },
        state: State::Active,
    }
}

fn kept() -> Kept {
    let kept = Kept::open();
    kept.write(|tx| {
        shops(tx)?;
        row::insert(tx, &police("A", Some(1), "south"))?;
        row::insert(tx, &police("B", Some(2), "south"))?;
        row::insert(tx, &police("C", None, "south"))
    });
    kept
}

#[test]
fn a_contact_comes_back_as_it_was_written_and_changed() {
    let kept = kept();
    let before = police("A", Some(1), "south");
    let changed = Contact {
        details: Details {
            hotline: None,
            email: Some("south@police.example".into()),
            ..before.details
        },
        state: State::Retired,
        ..before
    };
    let written = changed.clone();
    assert!(kept.write(move |tx| row::update(tx, &written)));
    assert_eq!(kept.read(|tx| row::by_id(tx, "A")), Some(changed));
    assert_eq!(kept.read(|tx| row::by_id::<Contact>(tx, "Z")), None);
    assert!(!kept.write(|tx| row::update(tx, &police("Z", None, "x"))));
}

#[test]
fn a_list_shows_the_merchants_own_and_everybodys() {
    let kept = kept();
    let seen = |scope: Scope, merchant: Option<u32>| {
        let filter = Filter {
            scope: &scope,
            merchant_id: merchant.map(merchant_id),
            kind: Some(Kind::Police),
            state: Some(State::Active),
            search: Some("SOU"),
        };
        let found = kept.read(|tx| contact::list(tx, &filter, None, 9));
        found
            .iter()
            .map(|contact| contact.contact_id.as_str())
            .collect::<String>()
    };
    assert_eq!(seen(Scope::All, None), "ABC");
    assert_eq!(seen(Scope::All, Some(2)), "BC");
    assert_eq!(seen(Scope::Merchant(merchant_id(1)), None), "AC");
    assert_eq!(seen(Scope::Merchant(merchant_id(1)), Some(2)), "C");
}

#[test]
fn a_broken_constraint_is_called_by_its_name_on_either_database() {
    let kept = kept();
    let refused = |contact: Contact| match kept.try_write(move |tx| row::insert(tx, &contact)) {
        Err(Error::Conflict(name)) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(police("D", Some(1), "south")), contact::UNIQUE);
    assert_eq!(refused(police("A", Some(1), "north")), "contact_pkey");
    assert_eq!(refused(police("D", Some(77), "north")), "foreign_key");
}
