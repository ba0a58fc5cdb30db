//! Merchants.

use domain::MerchantId;
use domain::merchant::Merchant;

use crate::sql::{Row, sql, values};
use crate::{Error, Tx};

/// Adds a merchant.
pub fn insert(tx: &Tx<'_>, merchant: &Merchant) -> Result<(), Error> {
    let sql = sql!(
        "INSERT INTO merchant (merchant_id, name, name_en, trade, unified_social_credit_code) VALUES ($1, $2, $3, $4, $5)"
    );
    let Merchant {
        merchant_id,
        name,
        name_en,
        trade,
        unified_social_credit_code,
    } = merchant;
    tx.execute(
        sql,
        values![merchant_id, name, name_en, trade, unified_social_credit_code],
    )
    .map(drop)
}

/// The merchant of that code.
pub fn get(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<Option<Merchant>, Error> {
    let sql = sql!(
        "SELECT merchant_id, name, name_en, trade, unified_social_credit_code FROM merchant WHERE merchant_id = $1"
    );
    tx.first(sql, values![&merchant_id], read)
}

fn read(row: &Row<'_>) -> Result<Merchant, Error> {
    Ok(Merchant {
        merchant_id: row.merchant_id(0)?,
        name: row.string(1)?,
        name_en: row.string(2)?,
        trade: row.string(3)?,
        unified_social_credit_code: row.string(4)?,
    })
}
