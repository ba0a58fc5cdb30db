//! What a loss interrupted, as the ledger and the clock say it (R1.4): for the case's page and for an insurer.
//!
//! Invariant: it only reads; a day is a day by the terminal's clock.

use domain::Timestamp;
use domain::incident::Incident;
use domain::replacement::interruption::{Day, Usual, WEEKS, usual};
use domain::replacement::{Replacement, State};
use domain::terminal::Terminal;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Moment};
use store::{Error as StoreError, Tx};

/// Days that are counted at most.
const DAYS_MAX: usize = 366;

/// How long a loss left a place without a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// From when: its stop by our gate; outside, the report.
    pub from: Timestamp,
    /// Until when: a loaner or a replacement sold, or it was found; `None`: still.
    pub to: Option<Timestamp>,
    /// Whole days between, by the terminal's calendar: from the day of the stop to the day on which one was there again.
    pub days: i64,
    /// What it used to take on these days; `None`: not known.
    pub usual: Option<Usual>,
}

/// What an incident has interrupted until now; `None` where the terminal's zone is not known.
pub fn of(tx: &Tx<'_>, incident: &Incident, terminal: &Terminal) -> Result<Option<Interruption>, StoreError> {
    let Ok(zone) = TimeZone::get(&terminal.time_zone) else {
        return Ok(None);
    };
    let from = incident.suspended_at;
    let to = until(tx, incident)?;
    let (Some(first), Some(last)) = (date(from, &zone), date(to.unwrap_or(tx.now()), &zone)) else {
        return Ok(None);
    };
    let without = dates(first, last);
    let usual = match without.is_empty() {
        true => None,
        false => usually(tx, terminal, first, &zone, &without)?,
    };
    Ok(Some(Interruption {
        from,
        to,
        days: i64::try_from(without.len()).unwrap_or(i64::MAX),
        usual,
    }))
}

/// When there was a terminal again.
fn until(tx: &Tx<'_>, incident: &Incident) -> Result<Option<Timestamp>, StoreError> {
    let its = store::replacement::of(tx, &incident.incident_id)?;
    let sold = |it: &Replacement| {
        matches!(it.state, State::Live | State::Returned)
            .then_some(it.live_at)
            .flatten()
    };
    let found = incident
        .closing
        .as_ref()
        .filter(|closing| closing.ended.runs_again());
    let ends = its.iter().filter_map(sold).chain(found.map(|closing| closing.at));
    Ok(ends.min())
}

fn date(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let at = Moment::from_millisecond(at.0).ok()?;
    Some(zone.to_datetime(at).date())
}

/// The days from the first until before the last.
fn dates(first: Date, last: Date) -> Vec<Date> {
    let day = Span::new().days(1);
    let days = std::iter::successors(Some(first), |date| date.checked_add(day).ok());
    days.take_while(|date| *date < last).take(DAYS_MAX).collect()
}

fn weekday(date: Date) -> u8 {
    date.weekday().to_monday_zero_offset().unsigned_abs()
}

/// What it took on the same weekdays in the weeks before, since it sold first: in the one currency that it took.
fn usually(
    tx: &Tx<'_>,
    terminal: &Terminal,
    first: Date,
    zone: &TimeZone,
    without: &[Date],
) -> Result<Option<Usual>, StoreError> {
    let begin = first.checked_sub(Span::new().weeks(WEEKS));
    let midnight = |date: Date| {
        date.to_zoned(zone.clone())
            .map(|at| Timestamp(at.timestamp().as_millisecond()))
    };
    let (Ok(begin), Ok(end)) = (begin.and_then(midnight), midnight(first)) else {
        return Ok(None);
    };
    let hours = store::ledger::hourly_takings(tx, terminal.terminal_id, begin, end)?;
    let Some(currency) = hours.first().map(|hour| hour.currency) else {
        return Ok(None);
    };
    if hours.iter().any(|hour| hour.currency != currency) {
        return Ok(None);
    }
    let Some(opened) = hours
        .iter()
        .map(|hour| hour.at)
        .min()
        .and_then(|at| date(at, zone))
    else {
        return Ok(None);
    };
    let before: Vec<Day> = dates(opened, first)
        .into_iter()
        .map(|one| Day {
            weekday: weekday(one),
            minor: hours
                .iter()
                .filter(|hour| date(hour.at, zone) == Some(one))
                .map(|hour| hour.minor)
                .sum(),
        })
        .collect();
    let without: Vec<u8> = without.iter().copied().map(weekday).collect();
    Ok(usual(currency, &without, &before))
}
