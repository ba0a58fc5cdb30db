//! The mail of the day: what is late, or due within a day, of duties and of letters, to who wants one mail a day and not one for each
//! (R1.1, R1.3). That a suspicious-transaction report is to be filed is said in it, too, whatever was chosen: that something waits.
//!
//! Invariant: it names cases and terminals that its reader sees, and of reports nothing, not even by the name of its work.

use domain::Timestamp;
use domain::account::Person;
use domain::actor::Actor;
use domain::duty_mail::Often;
use domain::right::Right;
use domain::suspicious_report::is_shown_to;
use domain::time::HOUR_MS;
use domain::work::{Id, Work};
use jiff::ToSpan;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use store::{Error as StoreError, Tx};

use crate::duty_mail::{add, chosen, is_chinese, terminal_of};
use crate::stop_request::reminder::{PEOPLE_MAX, Reminding, login, reached_at};
use crate::stop_request::{clock, mail_is_set_up};

/// The hour of the house's day at which the mail of the day goes out.
const MORNING: i8 = 8;
/// What it is about: all that is late, and what is due within a day.
const AHEAD_MS: i64 = 24 * HOUR_MS;
/// Duties that one mail names at most.
const NAMED_MAX: usize = 50;
/// A mail of the day is due within two days at the latest; what is later was put off by a clock that went wrong.
const NEXT_MS_MAX: i64 = 48 * HOUR_MS;
/// Mails of the day that are asked for in one look.
const AT_ONCE_MAX: i64 = 20;

/// The next morning of the house.
pub(crate) fn morning(tx: &Tx<'_>) -> Result<Timestamp, StoreError> {
    next_at(tx, MORNING)
}

/// When it is that hour next by the clock of the house.
pub(crate) fn next_at(tx: &Tx<'_>, hour: i8) -> Result<Timestamp, StoreError> {
    let settings = store::setting::get(tx)?;
    let zone = settings.and_then(|settings| TimeZone::get(&settings.time_zone).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    Ok(next_hour(tx.now(), hour, &zone).unwrap_or(tx.now().plus_ms(AHEAD_MS)))
}

fn next_hour(now: Timestamp, hour: i8, zone: &TimeZone) -> Option<Timestamp> {
    let here = jiff::Timestamp::from_millisecond(now.0)
        .ok()?
        .to_zoned(zone.clone());
    let of = |day: jiff::civil::Date| {
        let at = day.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(Timestamp(at.timestamp().as_millisecond()))
    };
    let today = of(here.date())?;
    match today > now {
        true => Some(today),
        false => of(here.date().checked_add(1.day()).ok()?),
    }
}

/// The last morning of the house.
fn last_morning(tx: &Tx<'_>) -> Result<Timestamp, StoreError> {
    Ok(morning(tx)?.plus_ms(-AHEAD_MS))
}

/// Has the mail of the day sent to those who file suspicious-transaction reports, whatever they chose for duties, where the term of one
/// is over or ends within a day. It is the same work as anybody's mail of the day: its name does not say that there is a report.
fn remind_of_reports(tx: &Tx<'_>) -> Result<(), StoreError> {
    if !crate::suspicious_report::to_remind(tx, last_morning(tx)?)? || !mail_is_set_up(tx)? {
        return Ok(());
    }
    for login in store::account::of_house(tx, Right::ReportSuspicion, PEOPLE_MAX)? {
        if reached_at(tx, &login)?.is_some() {
            add_digest(tx, login)?;
        }
    }
    Ok(())
}

fn add_digest(tx: &Tx<'_>, login: String) -> Result<(), StoreError> {
    let digest = Sha256::digest(login.as_bytes());
    let id = Id::digest_mail(&domain::hex::of(&digest[..16]));
    add(tx, (id, tx.now()), login)
}

/// Has the mails of the day sent that are due: each once, and none where nothing is due.
pub fn begin_day(tx: &Tx<'_>) -> Result<(), StoreError> {
    remind_of_reports(tx)?;
    let due = store::duty_mail::due(tx, NEXT_MS_MAX, AT_ONCE_MAX)?;
    if due.is_empty() {
        return Ok(());
    }
    let (next, is_set_up) = (morning(tx)?, mail_is_set_up(tx)?);
    for mut chosen in due {
        chosen.next_at = Some(next);
        store::duty_mail::put(tx, &chosen)?;
        let person: Option<Person> = store::row::by_id(tx, &chosen.login)?;
        let Some(person) = person.filter(|_| is_set_up) else {
            continue;
        };
        if reached_at(tx, &chosen.login)?.is_some() && !lines(tx, &person)?.0.is_empty() {
            add_digest(tx, chosen.login)?;
        }
    }
    Ok(())
}

/// A line of each duty of a person's that is late, or due within a day, and of each letter that nobody has answered in time; and whether
/// there are more than a mail names.
fn lines(tx: &Tx<'_>, person: &Person) -> Result<(Vec<String>, bool), StoreError> {
    let (account, zh) = (&person.account, is_chinese(tx)?);
    if !account.rights().has(Right::FollowLoss) {
        return Ok((Vec::new(), false));
    }
    let mut lines = Vec::new();
    let terminal = |incident_id: &str| {
        let incident = store::incident::get(tx, incident_id)?;
        terminal_of(
            tx,
            &incident.ok_or(StoreError::Corrupt("incident of what is due"))?,
        )
    };
    let (until, limit) = (tx.now().plus_ms(AHEAD_MS), NAMED_MAX as i64 + 1);
    for duty in store::duty::due_by(tx, (&account.scope, &account.login), until, limit)? {
        let Some(due_at) = duty.due_at else { continue };
        let terminal = terminal(&duty.incident_id)?;
        let (until, case, called) = (clock(due_at, &terminal), &duty.incident_id, &terminal.name);
        let is_late = due_at < tx.now();
        lines.push(match (zh, is_late) {
            (true, true) => format!("· 已过期 {until}  {}（{called}，事件 {case}）", duty.title_zh),
            (true, false) => format!("· 期限 {until}  {}（{called}，事件 {case}）", duty.title_zh),
            (false, true) => format!("- late since {until}: {} ({called}, case {case})", duty.title_en),
            (false, false) => format!("- until {until}: {} ({called}, case {case})", duty.title_en),
        });
    }
    for letter in store::letter::overdue(tx, &account.scope, limit)? {
        let terminal = terminal(&letter.incident_id)?;
        let (since, case, called) = (
            clock(letter.due_at, &terminal),
            &letter.incident_id,
            &terminal.name,
        );
        let (number, whom) = (&letter.number, &letter.to.name);
        lines.push(match zh {
            true => format!("· 没有答复 {since}  函件 {number}，致 {whom}（{called}，事件 {case}）"),
            false => format!("- not answered by {since}: letter {number} to {whom} ({called}, case {case})"),
        });
    }
    let is_cut = lines.len() > NAMED_MAX;
    lines.truncate(NAMED_MAX);
    Ok((lines, is_cut))
}

/// That a suspicious-transaction report is to be filed, to who files them: nothing of which, or of what.
fn of_reports(tx: &Tx<'_>, person: &Person) -> Result<Option<String>, StoreError> {
    if !is_shown_to(&Actor::Person(person.account.clone())) {
        return Ok(None);
    }
    let zh = is_chinese(tx)?;
    let line = match store::suspicious_report::due(tx)? {
        (0, 0) => return Ok(None),
        (0, _) if zh => "· 有保密事项一天之内到期，请登录后查看。",
        (0, _) => "- a confidential matter is due within a day: log in to see it",
        _ if zh => "· 有保密事项已过期，请登录后查看。",
        _ => "- a confidential matter is late: log in to see it",
    };
    Ok(Some(line.to_owned()))
}

/// The mail of the day that work is about; `None` when nothing is due any more.
pub fn to_send(tx: &Tx<'_>, claimed: &Work) -> Result<Option<Reminding>, StoreError> {
    let Some(login) = login(claimed) else {
        return Ok(None);
    };
    let person: Option<Person> = store::row::by_id(tx, login)?;
    let (Some(person), Some((to, name))) = (person, reached_at(tx, login)?) else {
        return Ok(None);
    };
    let (mut lines, is_cut) = match chosen(tx, login)? {
        Often::Daily => lines(tx, &person)?,
        Often::AtOnce | Often::Never => (Vec::new(), false),
    };
    lines.extend(of_reports(tx, &person)?);
    if lines.is_empty() {
        return Ok(None);
    }
    let (count, lines) = (lines.len(), lines.join("\n"));
    let (subject, text) = match is_chinese(tx)? {
        true => {
            let more = if is_cut {
                "还有更多，请登录后查看。\n"
            } else {
                ""
            };
            (
                format!("今天的待办：{count} 件{}", if is_cut { "以上" } else { "" }),
                format!("{name}：\n\n已过期的，和一天之内到期的：\n{lines}\n{more}\n请登录后办理。\n"),
            )
        }
        false => {
            let more = if is_cut {
                "There are more: log in to see them.\n"
            } else {
                ""
            };
            (
                format!("To do today: {count}{}", if is_cut { " and more" } else { "" }),
                format!(
                    "{name},\n\nwhat is late, and what is due within a day:\n{lines}\n{more}\nLog in to see to it.\n"
                ),
            )
        }
    };
    let mail = Reminding { to, subject, text };
    mail.leading_to(tx, "/").map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_next_morning_is_by_the_clock_of_the_house() {
        for (zone, now, wanted) in [
            ("Asia/Shanghai", "2026-11-26T23:59:59Z", "2026-11-27T00:00:00Z"),
            ("Asia/Shanghai", "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"),
            ("Asia/Shanghai", "2026-11-27T15:00:00Z", "2026-11-28T00:00:00Z"),
            // The clocks go forward in the night between.
            ("Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T06:00:00Z"),
            ("Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-28T07:00:00Z"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(next_hour(at(now), MORNING, &zone), Some(at(wanted)), "{now}");
        }
    }
}
