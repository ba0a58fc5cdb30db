//! Contacts: whom a shop calls outside the house.

use domain::MerchantId;
use domain::account::Scope;
use domain::contact::{Contact, Details, Kind, State};

use crate::row::{columns, read, select, table};
use crate::shop::scope_values;
use crate::sql::{Value, values};
use crate::{Error, Tx};

crate::row::words!(Kind, State);
columns!(Details {
    merchant_id,
    kind,
    name,
    #[sealed]
    hotline,
    #[sealed]
    email,
    reference
});
table!(Contact: "contact", 1 { contact_id, details: Details, state });

/// What a second contact of one merchant, kind and name breaks.
pub const UNIQUE: &str = "contact_merchant_id_kind_name";

/// The contact of that merchant, kind and name.
pub fn named(
    tx: &Tx<'_>,
    merchant_id: Option<MerchantId>,
    kind: Kind,
    name: &str,
) -> Result<Option<Contact>, Error> {
    let sql = select!(
        Contact,
        "WHERE coalesce(contact.merchant_id, '') = $1 AND contact.kind = $2 AND contact.name = $3 LIMIT 1"
    );
    let merchant = merchant_id.as_ref().map_or("", MerchantId::as_str);
    tx.first(sql, values![merchant, kind.code(), name], read)
}

/// Whom a merchant asks to stop a terminal: its own acquirer before everybody's, one with an address before one without.
pub fn acquirer(tx: &Tx<'_>, merchant_id: MerchantId) -> Result<Option<Contact>, Error> {
    let sql = select!(
        Contact,
        "WHERE (contact.merchant_id = $1 OR contact.merchant_id IS NULL) AND contact.kind = 'acquirer' AND contact.state = 'active'
         ORDER BY CASE WHEN contact.merchant_id IS NULL THEN 1 ELSE 0 END, CASE WHEN contact.email IS NULL THEN 1 ELSE 0 END,
           contact.contact_id LIMIT 1"
    );
    tx.first(sql, values![&merchant_id], read)
}

/// Which contacts a list is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// What the account sees.
    pub scope: &'a Scope,
    /// Those of one merchant, and everybody's.
    pub merchant_id: Option<MerchantId>,
    /// One kind only.
    pub kind: Option<Kind>,
    /// One state only.
    pub state: Option<State>,
    /// Part of a name, a number, an address or a reference.
    pub search: Option<&'a str>,
}

/// Contacts looked through at a time.
const PAGE: i64 = 500;
/// Contacts looked through for one list at most; no house has as many.
const LOOKED_MAX: usize = 100_000;

/// Contacts in the order of their identifiers, after `after`; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    filter: &Filter<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Contact>, Error> {
    let Some(search) = filter.search.map(str::to_lowercase) else {
        return page(tx, filter, after, limit);
    };
    // Numbers and addresses are sealed, so they are looked through here and not by the database.
    let (mut found, mut looked) = (Vec::new(), 0);
    let mut after = after.map(str::to_owned);
    while found.len() < usize::try_from(limit).unwrap_or_default() && looked < LOOKED_MAX {
        let page = page(tx, filter, after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.contact_id.clone());
        looked += page.len();
        found.extend(page.into_iter().filter(|contact| says(&contact.details, &search)));
    }
    found.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(found)
}

/// Whether something that is said of a contact has this part, in small letters.
fn says(details: &Details, part: &str) -> bool {
    let others = [&details.hotline, &details.email, &details.reference];
    let texts = others.into_iter().flatten().chain([&details.name]);
    texts.into_iter().any(|text| text.to_lowercase().contains(part))
}

fn page(tx: &Tx<'_>, filter: &Filter<'_>, after: Option<&str>, limit: i64) -> Result<Vec<Contact>, Error> {
    let sql = select!(
        Contact,
        "WHERE (CAST($1 AS TEXT) IS NULL OR contact.merchant_id IS NULL OR contact.merchant_id = $1)
           AND (CAST($2 AS TEXT) IS NULL OR contact.merchant_id IS NULL OR contact.merchant_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR contact.kind = $3) AND (CAST($4 AS TEXT) IS NULL OR contact.state = $4)
           AND (CAST($5 AS TEXT) IS NULL OR contact.contact_id > $5)
           ORDER BY contact.contact_id LIMIT $6"
    );
    let (own, _) = scope_values(filter.scope);
    let values = [
        own,
        filter.merchant_id.as_ref().into(),
        filter.kind.map(Kind::code).into(),
        filter.state.map(State::code).into(),
        after.into(),
        Value::Int(limit),
    ];
    tx.all(sql, &values, read)
}
