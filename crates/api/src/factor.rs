//! One's own second factors (R7.2).
//!
//! Invariant: a secret and recovery codes are answered once, when they are made.

use std::sync::Arc;

use app::factor::{Error, Holder, New};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::account::Account as Person;
use domain::factor::{Ask, FACTORS_MAX, Factor, Kind};
use node::seal;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::edge::Secret;
use super::input::{In, text, text_opt};
use super::problem::{Problem, ProblemOut};
use super::proof::PasskeyAsked;
use super::session::{WRONG_PROOF, site};
use super::wire::{Time, word};
use super::{Api, id};
use crate::auth;
use crate::auth::factor::{RecoveryCode, open, passkeys};
use crate::auth::passkey::Possible;

/// Longest name of a factor, in characters.
const NAME_CHARS_MAX: usize = 60;

word! {
    /// What a second factor is.
    FactorKind: Kind;
    /// Whether a passkey can be made at the address the page was opened by.
    PasskeyPossible: Possible;
}

crate::problem::codes! {
    /// No such factor of one's own.
    NOT_FOUND = "factor_not_found", NOT_FOUND:
        ("没有找到验证方式", "没有这个验证方式。"),
        ("Factor not found", "There is no such second factor.");
    /// As many as there may be.
    FULL = "too_many_factors", CONFLICT:
        ("验证方式太多", "最多十个，请先删除一个。"),
        ("Too many factors", "There are ten, which is the most: remove one first.");
    /// Nothing was begun, or too long ago.
    NOT_AWAITED = "enrolment_over", GONE:
        ("设置已超时", "这次设置已失效，请重新开始。"),
        ("The enrolment is over", "This enrolment is over. Begin again.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(begin_totp))
        .routes(routes!(confirm_totp))
        .routes(routes!(begin_passkey))
        .routes(routes!(confirm_passkey))
        .routes(routes!(renew_codes))
        .routes(routes!(remove))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Full => Self::new(FULL),
            Error::NotAwaited => Self::new(NOT_AWAITED),
            Error::WrongCode => Self::new(WRONG_PROOF),
            Error::NotFound => Self::new(NOT_FOUND),
            Error::Case(error) => error.into(),
        }
    }
}

/// A second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = Factor)]
struct FactorOut {
    /// How it is named.
    id: String,
    /// What it is.
    kind: FactorKind,
    /// How its owner calls it.
    name: String,
    /// Since when.
    since: Time,
    /// When it was last used.
    #[schema(required)]
    used_at: Option<Time>,
    /// Of a passkey: the host name it is good for.
    #[schema(required)]
    rp_id: Option<String>,
}

/// One's own second factors, and what is asked of one.
#[derive(Serialize, ToSchema)]
struct Factors {
    /// At most ten, the oldest first.
    items: Vec<FactorOut>,
    /// Recovery codes that are not used yet.
    recovery_codes_left: i64,
    /// When one of them was last used.
    #[schema(required)]
    recovery_code_used_at: Option<Time>,
    /// Whether a passkey can be made here.
    passkey: PasskeyPossible,
    /// From when the house requires one of this account; null: it does not.
    #[schema(required)]
    required_from: Option<Time>,
    /// Whether it does by now, and there is none: until then a loss can be reported, and nothing else changed.
    is_owed: bool,
}

/// One's own second factors.
#[utoipa::path(get, path = "/factors", tag = "factor", responses((status = 200, body = Factors)))]
async fn list(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    headers: HeaderMap,
) -> Result<Json<Factors>, Problem> {
    let passkey = site(&api, &headers).err().unwrap_or(Possible::Yes);
    let read = move |tx: &Tx<'_>| {
        let items = store::factor::of(tx, &account.login, FACTORS_MAX as i64)?;
        let required_from = store::setting::get(tx)?.and_then(|settings| settings.second_factor_from);
        Ok::<_, Problem>(Json(Factors {
            items: items.into_iter().map(out).collect(),
            recovery_codes_left: store::factor::codes_left(tx, &account.login)?,
            recovery_code_used_at: store::factor::code_used_at(tx, &account.login)?.map(Time),
            passkey: PasskeyPossible(passkey),
            required_from: required_from.filter(|_| account.has_power()).map(Time),
            is_owed: account.proof.owes_factor,
        }))
    };
    api.node.read(read).await
}

fn out(factor: Factor) -> FactorOut {
    FactorOut {
        id: factor.factor_id,
        kind: FactorKind(factor.kind),
        name: factor.name,
        since: Time(factor.since),
        used_at: factor.used_at.map(Time),
        rp_id: factor.rp_id,
    }
}

/// Does something as the holder of a session, as it stands in the transaction.
async fn holding<T: Send + 'static>(
    api: &Api,
    account: &auth::Person,
    act: impl FnOnce(&Tx<'_>, Holder<'_>) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let token_digest = account.token_digest;
    let gone = || Problem::new(super::problem::code::UNAUTHENTICATED);
    let work = move |tx: &Tx<'_>| {
        let account: Person = store::account::of_session(tx, &token_digest)?.ok_or_else(gone)?;
        act(
            tx,
            Holder {
                account: &account,
                token_digest: &token_digest,
            },
        )
    };
    let done = api.node.write(work).await;
    // Other sessions may have ended.
    api.node.changed(Some(account.login.clone()));
    done
}

/// The secret of new codes.
#[derive(Serialize, ToSchema)]
struct TotpBegun {
    /// For whoever types it: base 32 (RFC 4648).
    secret: String,
    /// For a QR code: `otpauth://totp/…`.
    uri: String,
}

/// Begin to set up an authenticator. Nothing counts until its first code was shown.
#[utoipa::path(post, path = "/factors/totp", tag = "factor", responses(
    (status = 200, body = TotpBegun),
    (status = 403, description = "step_up_required", body = ProblemOut),
    (status = 409, description = "too_many_factors", body = ProblemOut),
))]
async fn begin_totp(State(api): State<Arc<Api>>, account: auth::Person) -> Result<Response, Problem> {
    let secret = seal::random::<{ app::totp::SECRET_BYTES }>().map_err(|error| Problem::internal(&error))?;
    let secret = Zeroizing::new(secret);
    let sealed = crate::auth::factor::seal(&api.node.sealer, &account.login, secret.as_slice())?;
    holding(&api, &account, move |tx, holder| {
        Ok(app::factor::begin(tx, holder, Ask::EnrolTotp, sealed)?)
    })
    .await?;
    let secret = base32(secret.as_slice());
    let label = utf8_percent_encode(&account.login, NON_ALPHANUMERIC);
    let uri = format!("otpauth://totp/Tillguard:{label}?secret={secret}&issuer=Tillguard");
    Ok((Extension(Secret), Json(TotpBegun { secret, uri })).into_response())
}

/// RFC 4648, section 6, without padding; of 20 bytes there is none.
fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let fives = bytes.chunks(5).map(|five| {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let places = (five.len() * 8).div_ceil(5);
        let bits = bits << (places * 5 - five.len() * 8);
        (0..places)
            .rev()
            .map(move |place| char::from(DIGITS[(bits >> (5 * place) & 31) as usize]))
    });
    fives.flatten().collect()
}

/// The first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "287082", "name": "Phone" }))]
struct TotpConfirm {
    /// Six digits, as the authenticator shows them now.
    code: String,
    /// How one calls it; at most 60 characters.
    name: Option<String>,
}

/// A factor that counts from now on.
#[derive(Serialize, ToSchema)]
struct Enrolled {
    /// With the first factor: codes for the day it is lost, each good once. Shown this once.
    recovery_codes: Vec<String>,
}

/// What is to be, with new recovery codes, which count if there are none.
fn new(name: String) -> Result<(New, Vec<RecoveryCode>), Problem> {
    let codes = RecoveryCode::some()?;
    let new = New {
        factor_id: id::new()?,
        name,
        code_digests: codes.iter().map(RecoveryCode::digest).collect(),
    };
    Ok((new, codes))
}

fn enrolled(codes: Vec<RecoveryCode>, they_count: bool) -> Response {
    let codes = codes.iter().filter(|_| they_count).map(RecoveryCode::to_string);
    let out = Enrolled {
        recovery_codes: codes.collect(),
    };
    (StatusCode::CREATED, Extension(Secret), Json(out)).into_response()
}

/// Show the first code of an authenticator: from now on it counts, and every other session of one's own ends.
#[utoipa::path(post, path = "/factors/totp/confirm", tag = "factor", request_body = TotpConfirm, responses(
    (status = 201, body = Enrolled),
    (status = 403, description = "wrong_proof, step_up_required", body = ProblemOut),
    (status = 409, description = "too_many_factors", body = ProblemOut),
    (status = 410, description = "enrolment_over", body = ProblemOut),
))]
async fn confirm_totp(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    input: In<TotpConfirm>,
) -> Result<Response, Problem> {
    let name = text_opt("name", input.body.name, NAME_CHARS_MAX)?;
    let (new, codes) = new(name.unwrap_or_else(|| "TOTP".to_owned()))?;
    let (code, node) = (input.body.code, api.node.clone());
    let they_count = holding(&api, &account, move |tx, holder| {
        let open = |login: &str, sealed: &[u8]| open(&node.sealer, login, sealed);
        Ok(app::factor::enrol_totp(tx, holder, new, code.trim(), &open)?)
    })
    .await?;
    Ok(enrolled(codes, they_count))
}

/// Begin to make a passkey.
#[utoipa::path(post, path = "/factors/passkeys", tag = "factor", responses(
    (status = 200, body = PasskeyAsked),
    (status = 403, description = "step_up_required", body = ProblemOut),
    (status = 409, description = "too_many_factors", body = ProblemOut),
    (status = 410, description = "enrolment_over: no passkey can be made at this address", body = ProblemOut),
))]
async fn begin_passkey(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    headers: HeaderMap,
) -> Result<Json<PasskeyAsked>, Problem> {
    let site = site(&api, &headers).map_err(|_| Problem::new(NOT_AWAITED))?;
    let (node, login, rp_id) = (api.node.clone(), account.login.clone(), site.rp_id.clone());
    let known = api
        .node
        .read(move |tx| passkeys(tx, &node.sealer, &login, &rp_id))
        .await?;
    let known: Vec<_> = known.into_iter().map(|(_, passkey)| passkey).collect();
    let (options, state) = site.ask_new(&account.login, &account.name, &known)?;
    let sealed = crate::auth::factor::seal(&api.node.sealer, &account.login, &state)?;
    holding(&api, &account, move |tx, holder| {
        Ok(app::factor::begin(tx, holder, Ask::EnrolPasskey, sealed)?)
    })
    .await?;
    Ok(Json(PasskeyAsked { options }))
}

/// A passkey that was just made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Phone", "passkey": {} }))]
struct PasskeyConfirm {
    /// How one calls it; at most 60 characters.
    name: String,
    /// What `navigator.credentials.create` answered, as JSON.
    #[schema(value_type = Object)]
    passkey: Map<String, Value>,
}

/// Keep a passkey that was just made: from now on it counts, and every other session of one's own ends.
#[utoipa::path(post, path = "/factors/passkeys/confirm", tag = "factor", request_body = PasskeyConfirm, responses(
    (status = 201, body = Enrolled),
    (status = 403, description = "wrong_proof, step_up_required", body = ProblemOut),
    (status = 409, description = "too_many_factors", body = ProblemOut),
    (status = 410, description = "enrolment_over", body = ProblemOut),
))]
async fn confirm_passkey(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    headers: HeaderMap,
    input: In<PasskeyConfirm>,
) -> Result<Response, Problem> {
    let (new, codes) = new(text("name", &input.body.name, NAME_CHARS_MAX)?)?;
    let site = site(&api, &headers).map_err(|_| Problem::new(NOT_AWAITED))?;
    let (holder, login, node) = (account.token_digest, account.login.clone(), api.node.clone());
    // Taken away first: the same answer twice is compared with nothing.
    let take = move |tx: &Tx<'_>| {
        let awaited = app::factor::take_awaited(tx, &holder, Ask::EnrolPasskey)?;
        let state = awaited.filter(|one| one.login == login);
        Ok::<_, Problem>(state.and_then(|one| open(&node.sealer, &login, &one.secret_sealed)))
    };
    let state = api
        .node
        .write(take)
        .await?
        .ok_or_else(|| Problem::new(NOT_AWAITED))?;
    let passkey = site.made(&state, Value::Object(input.body.passkey));
    let passkey = passkey.ok_or_else(|| Problem::new(WRONG_PROOF))?;
    let sealed = crate::auth::factor::seal(&api.node.sealer, &account.login, &passkey)?;
    let they_count = holding(&api, &account, move |tx, holder| {
        Ok(app::factor::enrol_passkey(tx, holder, new, site.rp_id, sealed)?)
    })
    .await?;
    Ok(enrolled(codes, they_count))
}

/// Make new recovery codes; those before are good for nothing any more.
#[utoipa::path(post, path = "/factors/recovery-codes", tag = "factor", responses(
    (status = 201, body = Enrolled),
    (status = 403, description = "step_up_required", body = ProblemOut),
    (status = 404, description = "factor_not_found", body = ProblemOut),
))]
async fn renew_codes(State(api): State<Arc<Api>>, account: auth::Person) -> Result<Response, Problem> {
    let codes = RecoveryCode::some()?;
    let digests: Vec<_> = codes.iter().map(RecoveryCode::digest).collect();
    holding(&api, &account, move |tx, holder| {
        Ok(app::factor::renew_codes(tx, holder, &digests)?)
    })
    .await?;
    Ok(enrolled(codes, true))
}

/// Remove one. With the last one the recovery codes go; every other session of one's own ends.
#[utoipa::path(delete, path = "/factors/{factor_id}", tag = "factor", params(("factor_id" = String, Path)), responses(
    (status = 204),
    (status = 403, description = "step_up_required", body = ProblemOut),
    (status = 404, description = "factor_not_found", body = ProblemOut),
))]
async fn remove(
    State(api): State<Arc<Api>>,
    account: auth::Person,
    Path(factor_id): Path<String>,
) -> Result<StatusCode, Problem> {
    holding(&api, &account, move |tx, holder| {
        Ok(app::factor::remove(tx, holder, &factor_id)?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_is_typed_in_base_32() {
        // RFC 4648, section 10, without padding.
        for (plain, written) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(super::base32(plain.as_bytes()), written);
        }
    }
}
