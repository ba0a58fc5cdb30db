//! Settings of the house, changed by those who administer it.
//!
//! Invariant: a change says which settings it was, never what a secret one is.

use domain::Timestamp;
use domain::actor::Actor;
use domain::case::{in_person, proved};
use domain::event::Subject;
use domain::money::Currency;
use domain::registration::Provider;
use domain::setting::{Language, Mode, Settings, Watch};
use store::Tx;
use store::event::{self, New};

use crate::case::Error;

/// What is to be changed; `None` stays as it is, and `Some(None)` is taken away.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What people are spoken to in.
    pub language: Option<Language>,
    /// An IANA time zone.
    pub time_zone: Option<String>,
    /// What is paid in.
    pub currency: Option<Currency>,
    /// Where people open the house in a browser.
    pub address: Option<Option<String>>,
    /// Whose name is on our mails.
    pub mail_from: Option<Option<String>>,
    /// Where mails go out, sealed by the edge.
    pub smtp_url_sealed: Option<Option<Vec<u8>>>,
    /// Where the acquirer host listens.
    pub host_address: Option<Option<String>>,
    /// Institution code of the acquirer.
    pub acquirer_code: Option<Option<String>>,
    /// The keys shared with the host, sealed by the edge.
    pub zone_keys_sealed: Option<Option<Vec<u8>>>,
    /// From when a second factor is required of whoever has power.
    pub second_factor_from: Option<Option<Timestamp>>,
    /// Whether merchants may sign up by themselves.
    pub takes_registrations: Option<bool>,
    /// Whom registrations are checked by, with the keys, sealed by the edge.
    pub identity: Option<Option<(Provider, Vec<u8>)>>,
    /// How many queries a day may cost.
    pub identity_daily_limit: Option<i64>,
    /// What is done about terminals that behave as stolen ones would.
    pub watch: Option<Watch>,
}

impl Changes {
    /// Whether they set what opens or guards something: only who has just proved who it is may.
    const fn is_weighty(&self) -> bool {
        self.address.is_some()
            || self.smtp_url_sealed.is_some()
            || self.host_address.is_some()
            || self.zone_keys_sealed.is_some()
            || self.second_factor_from.is_some()
            || self.takes_registrations.is_some()
            || self.identity.is_some()
            || self.identity_daily_limit.is_some()
            || self.watch.is_some()
    }
}

/// The settings, for who administers them.
pub fn get(tx: &Tx<'_>, actor: &Actor) -> Result<Settings, Error> {
    in_person(actor)?;
    let settings = store::setting::get(tx)?;
    let settings = settings.filter(|settings| settings.administered_by(actor));
    settings.ok_or(Error::NotAllowed)
}

/// Changes some; answers what they are now.
pub fn change(tx: &Tx<'_>, actor: &Actor, changes: Changes) -> Result<Settings, Error> {
    in_person(actor)?;
    let settings = store::setting::lock(tx)?;
    let settings = settings.filter(|settings| settings.administered_by(actor));
    let mut settings = settings.ok_or(Error::NotAllowed)?;
    if changes.is_weighty() {
        proved(actor)?;
    }
    // Whoever is asked for a second factor hears of it before.
    if let Some(Some(from)) = changes.second_factor_from
        && from < tx.now()
        && settings.second_factor_from != Some(from)
    {
        return Err(Error::Unknown("second_factor_from"));
    }
    // A shop's house has its one merchant.
    if changes.takes_registrations == Some(true) && settings.mode == Mode::Shop {
        return Err(Error::Unknown("takes_registrations"));
    }
    let changed = apply(&mut settings, changes);
    if changed.is_empty() {
        return Ok(settings);
    }
    store::setting::update(tx, &settings)?;
    let new = New {
        subject: Subject::Setting,
        subject_id: store::setting::HOUSE,
        at: tx.now(),
        verb: "change",
        by: actor.by(),
        text: Some(&changed.join(", ")),
        ledger_sequence: None,
    };
    event::append(tx, new)?;
    Ok(settings)
}

/// Writes the changes; answers the names of what is another now. What is sealed anew counts as another.
fn apply(settings: &mut Settings, changes: Changes) -> Vec<&'static str> {
    fn set<T: PartialEq>(to: &mut T, value: Option<T>) -> bool {
        let changes = value.as_ref().is_some_and(|value| value != to);
        if let Some(value) = value {
            *to = value;
        }
        changes
    }
    let (provider, key_sealed) = match changes.identity {
        None => (None, None),
        Some(None) => (Some(None), Some(None)),
        Some(Some((provider, key_sealed))) => (Some(Some(provider)), Some(Some(key_sealed))),
    };
    let is_other_provider = set(&mut settings.identity_provider, provider);
    let is_other_key = set(&mut settings.identity_key_sealed, key_sealed);
    let changed = [
        ("language", set(&mut settings.language, changes.language)),
        ("time_zone", set(&mut settings.time_zone, changes.time_zone)),
        ("currency", set(&mut settings.currency, changes.currency)),
        ("address", set(&mut settings.address, changes.address)),
        ("mail_from", set(&mut settings.mail_from, changes.mail_from)),
        (
            "smtp_url",
            set(&mut settings.smtp_url_sealed, changes.smtp_url_sealed),
        ),
        (
            "host_address",
            set(&mut settings.host_address, changes.host_address),
        ),
        (
            "acquirer_code",
            set(&mut settings.acquirer_code, changes.acquirer_code),
        ),
        (
            "zone_keys",
            set(&mut settings.zone_keys_sealed, changes.zone_keys_sealed),
        ),
        (
            "second_factor_from",
            set(&mut settings.second_factor_from, changes.second_factor_from),
        ),
        (
            "takes_registrations",
            set(&mut settings.takes_registrations, changes.takes_registrations),
        ),
        ("identity", is_other_provider || is_other_key),
        (
            "identity_daily_limit",
            set(&mut settings.identity_daily_limit, changes.identity_daily_limit),
        ),
        ("watch", set(&mut settings.watch, changes.watch)),
    ];
    changed
        .into_iter()
        .filter_map(|(name, is)| is.then_some(name))
        .collect()
}
