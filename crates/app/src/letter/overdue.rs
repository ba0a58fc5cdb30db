//! Mails about letters that nobody has answered by the day that they name: to who wrote one, and to those of the same side who follow the
//! loss, so that no shop can have the house mailed (R1.3).
//!
//! Invariant: a mail names the case, the letter and to whom it went, and nothing of what it asks; it goes to nobody who does not see the
//! case, and not at all once there is an answer.

use std::collections::BTreeSet;

use domain::account::{Person, Scope};
use domain::duty_mail::Often;
use domain::letter::Letter;
use domain::right::Right;
use domain::setting::Language;
use domain::work::{Id, Work};
use store::{Error as StoreError, Tx, row};

use super::{incident_of, is_open, terminal_of};
use crate::case::Noun;
use crate::duty_mail::{add, chosen, is_chinese};
use crate::stop_request::clock;
use crate::stop_request::reminder::{PEOPLE_MAX, Reminding, login, reached_at};

/// Has those told who wait for the answer, when the day is over that the letter names.
pub(super) fn enqueue(tx: &Tx<'_>, letter: &Letter) -> Result<(), StoreError> {
    let terminal = terminal_of(tx, &incident_of(tx, letter)?)?;
    let shop = (terminal.bound.merchant_code, terminal.shop_id.as_str());
    let writer: Option<Person> = row::by_id(tx, &letter.by)?;
    let mut logins = BTreeSet::from([letter.by.clone()]);
    logins.extend(
        match writer.is_some_and(|writer| writer.account.scope == Scope::All) {
            true => store::account::of_house(tx, Right::FollowLoss, PEOPLE_MAX)?,
            false => store::account::of_shop(tx, Right::FollowLoss, shop, PEOPLE_MAX)?,
        },
    );
    for (place, login) in logins.into_iter().enumerate() {
        let id = Id::letter_overdue_mail(&letter.incident_id, letter.position, place);
        add(tx, (id, letter.due_at), login)?;
    }
    Ok(())
}

/// The mail that work is about; `None` when it is not to be sent any more: the letter is answered or taken back, the case closed, or the
/// person sees it or is reached no more, or wants no mail each time.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Reminding>, StoreError> {
    let Some(login) = login(claimed) else {
        return Ok(None);
    };
    let position = claimed.id.part().split('-').next().unwrap_or_default();
    let letter: Option<Letter> = row::by_id(tx, &format!("{}-l{position}", claimed.id.subject_id()))?;
    let person: Option<Person> = row::by_id(tx, login)?;
    let (Some(letter), Some(person), Some((to, name))) = (letter, person, reached_at(tx, login)?) else {
        return Ok(None);
    };
    let incident = incident_of(tx, &letter)?;
    let is_told = letter.is_overdue(tx.now())
        && is_open(&incident).is_ok()
        && chosen(tx, login)? == Often::AtOnce
        && letter.seen_by(tx, &person.account.scope)?;
    if !is_told {
        return Ok(None);
    }
    let terminal = terminal_of(tx, &incident)?;
    let (number, whom, due_on) = (&letter.number, &letter.to.name, &letter.due_on);
    let (id, called, due_at) = (
        &incident.incident_id,
        &terminal.name,
        clock(letter.due_at, &terminal),
    );
    let (subject, text) = match is_chinese(tx)? {
        true => (
            format!("事件 {id}：{number} 号函没有收到答复"),
            format!(
                "{name}：\n\n终端“{called}”的事件 {id} 里，发给“{whom}”的{} {number} 请对方在 {due_on} 前书面答复，到 {due_at} 还没有登记\
                 答复。\n\n请联系对方；收到了答复，就写到这个事件的页面上，不需要了就撤回这封函。\n",
                letter.kind.title(Language::Chinese)
            ),
        ),
        false => (
            format!("Case {id}: letter {number} was not answered"),
            format!(
                "{name},\n\nthe letter {number} to {whom} ({}) in the case {id} of the terminal “{called}” asks for an answer by {due_on}. None \
                 was written down by {due_at}.\n\nPlease ask them. When they have answered, write that down on the page of the case; \
                 when it is not needed any more, take the letter back.\n",
                letter.kind.title(Language::English)
            ),
        ),
    };
    let mail = Reminding { to, subject, text };
    mail.leading_to(tx, &format!("/incidents/{id}")).map(Some)
}
