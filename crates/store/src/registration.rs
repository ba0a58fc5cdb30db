//! Registrations, and how many queries that cost a day has had.

use std::collections::BTreeMap;

use domain::registration::{
    Approval, Because, Kind, OPEN_OF_PAIR_MAX, Outcome, Provider, Registration, Said, State,
};
use domain::{Timestamp, time::HOUR_MS};

use crate::account::{EMAIL, index};
use crate::row::{self, columns, read, select, table};
use crate::sql::{Value, sql, values};
use crate::vault::{self, Vault};
use crate::{Error, Tx};

crate::row::words!(Kind, State, Outcome, Because, Provider);
columns!(Said {
    kind,
    business_name,
    credit_code,
    #[sealed]
    person_name,
    #[sealed]
    identity_number,
    #[sealed]
    mobile,
    login
});
columns!(Approval {
    approved_by,
    approved_at = "approved_at_ms",
    documents,
    documents_until = "documents_until_ms",
    #[sealed]
    reason
});
table!(Registration: "registration", 1 {
    registration_id,
    token_digest,
    code_digest,
    wrong_codes,
    made_from,
    made_at = "made_at_ms",
    ends_at = "ends_at_ms",
    said: Said,
    #[sealed] email,
    password_hash,
    language,
    consents_to,
    state,
    sent_count,
    sent_at = "sent_at_ms",
    provider,
    person_asked_at = "person_asked_at_ms",
    person_outcome,
    person_because,
    company_asked_at = "company_asked_at_ms",
    company_outcome,
    company_because,
    approval: Option<Approval>,
    wrong_fields,
    #[sealed] told,
    decided_by,
    decided_at = "decided_at_ms",
    became,
});

/// The label of what identity numbers are found by.
pub(crate) const IDENTITY: &str = "tillguard/identity-number/1";

/// Adds one.
pub fn insert(tx: &Tx<'_>, it: &Registration) -> Result<(), Error> {
    row::insert(tx, it)?;
    write_indices(tx, it)
}

/// Writes one anew after what is said of it has changed.
pub fn write_indices(tx: &Tx<'_>, it: &Registration) -> Result<(), Error> {
    let vault = vault::given(tx.vault)?;
    let (email, identity) = (
        index(vault, EMAIL, &it.email),
        index(vault, IDENTITY, &it.said.identity_number),
    );
    let sql =
        sql!("UPDATE registration SET email_index = $2, identity_index = $3 WHERE registration_id = $1");
    let values = values![&it.registration_id, email.as_deref(), identity.as_deref()];
    tx.execute(sql, values).map(drop)
}

/// The one whose token has this digest.
pub fn of_token(tx: &Tx<'_>, token_digest: &[u8]) -> Result<Option<Registration>, Error> {
    let sql = select!(Registration, "WHERE registration.token_digest = $1");
    tx.first(sql, values![token_digest], read)
}

/// Those that made the account of that log-in, the newest first; at most `limit`.
pub fn of_login(tx: &Tx<'_>, login: &str, limit: i64) -> Result<Vec<Registration>, Error> {
    let sql = select!(
        Registration,
        "WHERE registration.state = 'accepted' AND registration.login = $1
           ORDER BY registration.made_at_ms DESC, registration.registration_id LIMIT $2"
    );
    tx.all(sql, values![login, limit], read)
}

/// How many wait for their code, at most `limit`.
pub fn unconfirmed_count(tx: &Tx<'_>, limit: i64) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM registration WHERE state = 'unconfirmed' AND ends_at_ms > $1 LIMIT $2) AS waiting"
    );
    count(tx, sql, values![tx.now(), limit])
}

fn count(tx: &Tx<'_>, sql: crate::sql::Sql, values: &[Value<'_>]) -> Result<i64, Error> {
    Ok(tx.first(sql, values, |row| row.int(0))?.unwrap_or_default())
}

/// How many that name this address wait for their code: those asked for from that network address; and those from anywhere, of each
/// network address no more than are mailed, so that nobody's further forms count against another's.
pub fn open_counts(tx: &Tx<'_>, email: &str, from: &str) -> Result<(i64, i64), Error> {
    // As many groups at most as there are unconfirmed ones.
    let sql = sql!(
        "SELECT made_from, count(*) FROM registration WHERE email_index = $1 AND made_at_ms > $2 AND state = 'unconfirmed'
           GROUP BY made_from"
    );
    let since = tx.now().plus_ms(-domain::registration::CODE_LASTS_MS);
    let mut of_each: BTreeMap<String, i64> = BTreeMap::new();
    for index in indices(tx, EMAIL, email)? {
        let counted = |row: &crate::sql::Row<'_>| Ok((row.string(0)?, row.int(1)?));
        for (from, more) in tx.all(sql, values![&index, since], counted)? {
            *of_each.entry(from).or_default() += more;
        }
    }
    let of_email = of_each.values().map(|count| (*count).min(OPEN_OF_PAIR_MAX)).sum();
    Ok((of_each.get(from).copied().unwrap_or_default(), of_email))
}

/// How many were confirmed from this address after a time.
pub fn confirmed_since(tx: &Tx<'_>, email: &str, since: Timestamp) -> Result<i64, Error> {
    let sql = sql!(
        "SELECT count(*) FROM registration WHERE email_index = $1 AND made_at_ms > $2 AND state <> 'unconfirmed'"
    );
    let mut confirmed = 0;
    for index in indices(tx, EMAIL, email)? {
        confirmed += count(tx, sql, values![&index, since])?;
    }
    Ok(confirmed)
}

/// Those confirmed from this address that are not decided; at most 20.
pub fn pending_of_email(tx: &Tx<'_>, email: &str) -> Result<Vec<Registration>, Error> {
    let sql = select!(
        Registration,
        "WHERE registration.email_index = $1 AND registration.state IN ('checking', 'review', 'approved', 'returned')
           ORDER BY registration.registration_id LIMIT 20"
    );
    found(tx, sql, EMAIL, email)
}

/// Others, confirmed, that name the same person or the same business; at most 20 of each.
pub fn alike(tx: &Tx<'_>, it: &Registration) -> Result<Vec<Registration>, Error> {
    let by_identity = select!(
        Registration,
        "WHERE registration.identity_index = $1 AND registration.state <> 'unconfirmed' ORDER BY registration.registration_id LIMIT 20"
    );
    let by_code = select!(
        Registration,
        "WHERE registration.credit_code = $1 AND registration.credit_code <> '' AND registration.state <> 'unconfirmed'
           ORDER BY registration.registration_id LIMIT 20"
    );
    let mut alike = found(tx, by_identity, IDENTITY, &it.said.identity_number)?;
    let of_code: Vec<Registration> = tx.all(by_code, values![&it.said.credit_code], read)?;
    for other in of_code {
        if !alike
            .iter()
            .any(|known| known.registration_id == other.registration_id)
        {
            alike.push(other);
        }
    }
    alike.retain(|other| other.registration_id != it.registration_id);
    Ok(alike)
}

/// Under each key: what was sealed with an older one has that one's index until it is moved.
fn indices(tx: &Tx<'_>, label: &str, text: &str) -> Result<Vec<String>, Error> {
    let vault: &dyn Vault = vault::given(tx.vault)?;
    Ok(vault::indices(vault, label, &text.trim().to_lowercase()))
}

fn found(tx: &Tx<'_>, sql: crate::sql::Sql, label: &str, text: &str) -> Result<Vec<Registration>, Error> {
    let mut found: Vec<Registration> = Vec::new();
    for index in indices(tx, label, text)? {
        let of_key: Vec<Registration> = tx.all(sql, values![&index], read)?;
        found.extend(of_key);
    }
    Ok(found)
}

/// Confirmed ones in the order of their identifiers, after one; at most `limit`.
pub fn list(
    tx: &Tx<'_>,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Registration>, Error> {
    let sql = select!(
        Registration,
        "WHERE registration.state <> 'unconfirmed' AND (CAST($1 AS TEXT) IS NULL OR registration.state = $1)
           AND (CAST($2 AS TEXT) IS NULL OR registration.registration_id > $2) ORDER BY registration.registration_id LIMIT $3"
    );
    tx.all(
        sql,
        &[state.map(State::code).into(), after.into(), Value::Int(limit)],
        read,
    )
}

/// Counts one more query that costs, unless the day has had as many as `limit`; false then.
pub fn pays(tx: &Tx<'_>, limit: i64) -> Result<bool, Error> {
    let sql = sql!(
        "INSERT INTO identity_day (day, asked_count) SELECT CAST($1 AS BIGINT), 1 WHERE CAST($2 AS BIGINT) > 0
           ON CONFLICT (day) DO UPDATE SET asked_count = identity_day.asked_count + 1 WHERE identity_day.asked_count < $2"
    );
    Ok(tx.execute(sql, values![day(tx.now()), limit])? > 0)
}

/// Takes one back that was counted then, and surely not asked.
pub fn pays_not(tx: &Tx<'_>, counted_at: Timestamp) -> Result<(), Error> {
    let sql =
        sql!("UPDATE identity_day SET asked_count = asked_count - 1 WHERE day = $1 AND asked_count > 0");
    tx.execute(sql, values![day(counted_at)]).map(drop)
}

/// How many queries this day has had.
pub fn paid(tx: &Tx<'_>) -> Result<i64, Error> {
    let sql = sql!("SELECT asked_count FROM identity_day WHERE day = $1");
    count(tx, sql, values![day(tx.now())])
}

const fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(24 * HOUR_MS)
}

/// Days of queries that are remembered.
const DAYS_KEPT: i64 = 400;

/// Forgets those that nobody confirmed, and those that came to nothing before a time; at most `limit` of each. Answers how many.
pub fn forget(tx: &Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let unconfirmed = sql!(
        "DELETE FROM registration WHERE registration_id IN
           (SELECT registration_id FROM registration WHERE state = 'unconfirmed' AND ends_at_ms <= $1 LIMIT $2)"
    );
    let over = sql!(
        "DELETE FROM registration WHERE registration_id IN
           (SELECT registration_id FROM registration WHERE state IN ('refused', 'withdrawn', 'returned')
              AND coalesce(decided_at_ms, sent_at_ms) <= $1 LIMIT $2)"
    );
    let days = sql!("DELETE FROM identity_day WHERE day < $1");
    tx.execute(days, values![day(tx.now()) - DAYS_KEPT])?;
    let forgotten = tx.execute(unconfirmed, values![tx.now(), limit])?;
    Ok(forgotten.max(tx.execute(over, values![before, limit])?))
}

#[cfg(test)]
mod tests {
    use domain::setting::Language;
    use rusqlite::Connection;

    use super::*;
    use crate::migration;
    use crate::postgres::Session;
    use crate::vault::tests::Marking;

    const VAULT: Marking = Marking { newest: 1 };

    /// Runs the same on both databases.
    fn on_both(run: impl Fn(&Tx<'_>)) {
        let connection = Connection::open_in_memory().unwrap();
        migration::sqlite(&connection).unwrap();
        run(&Tx::sqlite(&connection, Timestamp(1_000)).with(Some(&VAULT)));
        let database = local_postgres::shared().new_database().unwrap();
        let session = Session::open_to_write(&crate::postgres::config(&database).unwrap()).unwrap();
        migration::postgres(&session).unwrap();
        session.begin_alone().unwrap();
        run(&Tx::postgres(&session, Timestamp(1_000)).with(Some(&VAULT)));
        session.roll_back();
    }

    fn registration(id: &str, state: State) -> Registration {
        Registration {
            registration_id: id.into(),
            token_digest: id.as_bytes().to_vec(),
            code_digest: vec![1],
            wrong_codes: 0,
            made_from: "192.0.2.1".into(),
            made_at: Timestamp(900),
            ends_at: Timestamp(2_000),
            said: Said {
                kind: Kind::Individual,
                business_name: "测试小吃店".into(),
                credit_code: "92110101MA0TXXX2XP".into(),
                person_name: "测试甲".into(),
                identity_number: "110101180001010015".into(),
                mobile: "+8613800138000".into(),
                login: "shop".into(),
            },
            email: "a@shop.example".into(),
            password_hash: "hash".into(),
            language: Language::English,
            consents_to: Some(Provider::Aliyun),
            state,
            sent_count: 1,
            sent_at: Some(Timestamp(950)),
            provider: Some(Provider::Aliyun),
            person_asked_at: Some(Timestamp(960)),
            person_outcome: Some(Outcome::Down),
            person_because: Some(Because::NoAnswer),
            company_asked_at: None,
            company_outcome: None,
            company_because: None,
            approval: Some(Approval {
                approved_by: "risk".into(),
                approved_at: Timestamp(970),
                documents: "ab".into(),
                documents_until: None,
                reason: "seen".into(),
            }),
            wrong_fields: Some("login".into()),
            told: Some("taken".into()),
            decided_by: None,
            decided_at: None,
            became: None,
        }
    }

    #[test]
    fn what_is_of_a_person_is_sealed_and_found_by_whoever_has_the_key() {
        on_both(|tx| {
            let kept = registration("R1", State::Review);
            insert(tx, &kept).unwrap();
            assert_eq!(row::by_id(tx, "R1").unwrap(), Some(kept.clone()));
            let clear = sql!(
                "SELECT person_name || identity_number || mobile || email || reason || told FROM registration"
            );
            let row = tx.first(clear, &[], |row| row.string(0)).unwrap().unwrap();
            for secret in ["测试甲", "110101", "138", "shop.example", "seen", "taken"] {
                assert!(!row.contains(secret), "{secret}: {row}");
            }
            // The same person in another business, and the same business by another person.
            let mut other = registration("R2", State::Returned);
            other.said.credit_code = "91110101MA0TXXX113".into();
            insert(tx, &other).unwrap();
            let mut third = registration("R3", State::Unconfirmed);
            third.said.identity_number = "11010118000104002X".into();
            insert(tx, &third).unwrap();
            let ids = |found: Vec<Registration>| -> Vec<String> {
                found.into_iter().map(|one| one.registration_id).collect()
            };
            assert_eq!(ids(alike(tx, &kept).unwrap()), ["R2"]);
            assert_eq!(ids(pending_of_email(tx, "A@Shop.example").unwrap()), ["R1", "R2"]);
            assert_eq!(open_counts(tx, "a@shop.example", "192.0.2.1").unwrap(), (1, 1));
            assert_eq!(open_counts(tx, "a@shop.example", "192.0.2.2").unwrap(), (0, 1));
            assert_eq!(confirmed_since(tx, "a@shop.example", Timestamp(0)).unwrap(), 2);
            assert_eq!(ids(list(tx, None, None, 9).unwrap()), ["R1", "R2"]);
            assert_eq!(
                ids(list(tx, Some(State::Returned), Some("R1"), 9).unwrap()),
                ["R2"]
            );
            assert_eq!(unconfirmed_count(tx, 9).unwrap(), 1);
        });
    }

    #[test]
    fn a_business_that_is_a_merchant_already_is_found_by_its_code() {
        on_both(|tx| {
            for (merchant_id, code) in [("104520157120077", "92110101MA0TXXX2XP"), ("104520157120078", "")] {
                let merchant = domain::merchant::Merchant {
                    merchant_id: domain::MerchantId::parse(merchant_id.as_bytes()).unwrap(),
                    name: "老店".into(),
                    name_en: String::new(),
                    trade: String::new(),
                    unified_social_credit_code: code.into(),
                    state: domain::merchant::State::Retired,
                };
                crate::merchant::insert(tx, &merchant).unwrap();
            }
            let found = |code| crate::merchant::of_code(tx, code, 9).unwrap();
            let ids: Vec<_> = found("92110101MA0TXXX2XP")
                .into_iter()
                .map(|one| one.merchant_id.to_string())
                .collect();
            assert_eq!(ids, ["104520157120077"]);
            assert!(found("").is_empty(), "none has no code");
        });
    }

    #[test]
    fn what_came_to_nothing_is_forgotten_and_a_merchant_is_not() {
        on_both(|tx| {
            for (id, state) in [
                ("R1", State::Unconfirmed),
                ("R2", State::Refused),
                ("R3", State::Accepted),
                ("R4", State::Review),
            ] {
                let ends_at = if id == "R1" {
                    Timestamp(1_000)
                } else {
                    Timestamp(2_000)
                };
                insert(
                    tx,
                    &Registration {
                        ends_at,
                        ..registration(id, state)
                    },
                )
                .unwrap();
            }
            assert_eq!(forget(tx, Timestamp(949), 9).unwrap(), 1);
            assert_eq!(forget(tx, Timestamp(950), 9).unwrap(), 1);
            let left: Vec<String> = list(tx, None, None, 9)
                .unwrap()
                .into_iter()
                .map(|one| one.registration_id)
                .collect();
            assert_eq!(left, ["R3", "R4"]);
        });
    }

    #[test]
    fn a_day_has_no_more_queries_than_the_house_pays_for() {
        on_both(|tx| {
            let count = |limit| pays(tx, limit).unwrap();
            assert!(!count(0));
            assert_eq!([count(2), count(2), count(2)], [true, true, false]);
            pays_not(tx, Timestamp(tx.now().0 - 24 * HOUR_MS)).unwrap();
            assert_eq!(paid(tx).unwrap(), 2, "of another day");
            pays_not(tx, tx.now()).unwrap();
            assert_eq!(paid(tx).unwrap(), 1);
            assert!(count(2) && !count(2) && count(3));
        });
    }
}
