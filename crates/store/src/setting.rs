//! Settings of the house: one row.

use domain::setting::{Language, Mode, Settings, Watch};

use crate::row::{self, columns, table};
use crate::sql::values;
use crate::{Error, Tx};

crate::row::words!(Language, Mode, Watch);

columns!(Settings {
    mode,
    merchant_id,
    language,
    time_zone,
    currency,
    address,
    mail_from,
    smtp_url_sealed,
    host_address,
    acquirer_code,
    zone_keys_sealed,
    second_factor_from = "second_factor_from_ms",
    takes_registrations,
    identity_provider,
    identity_key_sealed,
    identity_daily_limit,
    watch,
});

/// The settings and their key.
#[derive(Clone, Debug)]
struct Kept {
    setting_id: String,
    settings: Settings,
}
table!(Kept: "setting", 1 { setting_id, settings: Settings });

/// The key of the only row, and what the settings are called in events.
pub const HOUSE: &str = "house";
/// What a second row breaks: two first accounts at once, one of which is not to be.
pub const UNIQUE: &str = "setting_pkey";

fn kept(settings: &Settings) -> Kept {
    Kept {
        setting_id: HOUSE.to_owned(),
        settings: settings.clone(),
    }
}

/// Adds the settings.
///
/// # Errors
/// [`Error::Conflict`] of [`UNIQUE`] when there are settings, also such as another transaction is just adding.
pub fn insert(tx: &Tx<'_>, settings: &Settings) -> Result<(), Error> {
    row::insert(tx, &kept(settings))
}

/// The settings, when there are any yet.
pub fn get(tx: &Tx<'_>) -> Result<Option<Settings>, Error> {
    let kept: Option<Kept> = row::get(tx, values![HOUSE])?;
    Ok(kept.map(|kept| kept.settings))
}

/// The same, as they are once nobody else changes them any more.
pub fn lock(tx: &Tx<'_>) -> Result<Option<Settings>, Error> {
    if let Some(settings) = get(tx)? {
        row::lock(tx, &kept(&settings))?;
    }
    get(tx)
}

/// Writes them anew.
pub fn update(tx: &Tx<'_>, settings: &Settings) -> Result<(), Error> {
    row::update(tx, &kept(settings)).map(drop)
}
