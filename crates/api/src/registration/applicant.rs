//! What anybody may do: fill the form in, bring the code, look how it stands, correct it, take it back.
//!
//! Invariant: the answers to whoever fills a form in are the same whoever is known here; a wrong token or code is paid for by the address
//! it comes from; who writes is asked only where something can change.

use std::sync::Arc;

use app::registration::{Asked, Brought, Fresh, NotDone, NotTaken};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::Actor;
use domain::account::is_login;
use domain::case::actions;
use domain::code::Code;
use domain::identity::{self, Wrong};
use domain::registration::{
    CODE_LASTS_MS, Kind, NAME_CHARS_MAX, Registration, SENT_MAX, Said, State as Stands, Verb,
};
use node::seal::Purpose;
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::{BusinessKind, CLOSED, CODE_WRONG, OVER, RegistrationAction, SaidOut, TOO_MANY};
use crate::auth::mailed::{digest, new_code};
use crate::auth::{Asker, Guess, Token};
use crate::edge::Secret;
use crate::input::{In, email_of_person, text};
use crate::problem::{Problem, ProblemOut, Why, code};
use crate::session::{Held, Network, opened};
use crate::setting::{IdentityProvider, Language};
use crate::wire::Time;
use crate::{Api, id};

/// The routes.
pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(confirm))
        .routes(routes!(look))
        .routes(routes!(send))
        .routes(routes!(withdraw))
}

/// Who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegistrationNew, example = json!({
    "kind": "individual", "business_name": "福记小吃店", "credit_code": "92110101MA0TXXX2XP", "person_name": "测试甲",
    "identity_number": "110101180001010015", "mobile": "13800138000", "email": "li.na@shop.example", "login": "li.na",
    "password": "teapot-in-the-rain",
}))]
struct RegistrationIn {
    /// What the business is.
    kind: BusinessKind,
    /// What it is called, as on its licence; what a micro-merchant calls itself. At most 100 characters.
    business_name: String,
    /// 统一社会信用代码 (GB 32100-2015); none for a micro-merchant.
    credit_code: Option<String>,
    /// The legal representative, the operator, or the person who sells; at most 100 characters.
    person_name: String,
    /// That person's identity number (GB 11643-1999), eighteen characters.
    identity_number: String,
    /// That person's mobile number.
    mobile: String,
    /// Where the code is mailed.
    email: String,
    /// What the owner will type to log in.
    login: String,
    /// At least 8 characters, and none of those that are guessed first.
    password: String,
    /// What to be spoken to in; the house's own without it.
    language: Option<Language>,
    /// To whom the name and the identity number, and what the business is called, may be given to be compared: the `identity_provider` of
    /// `GET /hotline`, when the applicant has said so apart from all else. Without it nobody is asked, and people look at documents.
    consents_to: Option<IdentityProvider>,
}

/// What the applicant holds until the code has come, and after.
#[derive(Serialize, ToSchema)]
struct RegistrationBegun {
    /// The registration's number, which stands in the mail too.
    id: String,
    /// What opens it, shown this once: the page is `/registration#` and this.
    token: String,
    /// For how long the code will work, in minutes.
    minutes: i64,
}

/// Sign up: a code is mailed, and nothing counts before it comes back. The answer is the same whoever is known here.
#[utoipa::path(post, path = "/registrations", tag = "registration", security(()), request_body = RegistrationIn, responses(
    (status = 202, description = "A code is on its way, unless that mailbox has had enough of them.", body = RegistrationBegun),
    (status = 409, description = "registrations_closed", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn ask(
    State(api): State<Arc<Api>>,
    network: Network,
    input: In<RegistrationIn>,
) -> Result<Response, Problem> {
    network.pays(&api, Guess::Password)?;
    if !api.node.read(app::registration::are_taken).await? {
        return Err(Problem::new(CLOSED));
    }
    let said = input.body;
    let password = Zeroizing::new(said.password);
    let email = email_of_person(&api, "email", Some(said.email))?;
    let email = email.ok_or_else(|| Problem::field("email", Why::Missing))?;
    let what = read_all(SaidIn {
        kind: said.kind.0,
        business_name: said.business_name,
        credit_code: said.credit_code,
        person_name: said.person_name,
        identity_number: said.identity_number,
        mobile: said.mobile,
        login: said.login,
    })?;
    let theirs = vec![what.login.clone(), what.business_name.clone(), email.clone()];
    let asker = Asker::Stranger(network.0);
    let hash = api.passwords.hash_new_of(asker, "password", password, theirs);
    let asked = Asked {
        password_hash: hash.await?,
        said: what,
        email,
        language: match said.language {
            Some(language) => language.0,
            None => language_of_house(&api).await?,
        },
        consents_to: said.consents_to.map(|provider| provider.0),
        from: network.name(),
    };
    let (fresh, token) = fresh(&api)?;
    let begun = RegistrationBegun {
        id: fresh.registration_id.clone(),
        token: token.to_string(),
        minutes: CODE_LASTS_MS / 60_000,
    };
    let work = move |tx: &Tx<'_>| app::registration::ask(tx, fresh, asked).map_err(Problem::from);
    api.node.write(work).await?;
    api.node.work_due.notify_one();
    Ok((StatusCode::ACCEPTED, Extension(Secret), Json(begun)).into_response())
}

async fn language_of_house(api: &Api) -> Result<domain::setting::Language, Problem> {
    let settings = api.node.read(store::setting::get).await?;
    Ok(settings.map_or(domain::setting::Language::Chinese, |settings| settings.language))
}

fn fresh(api: &Api) -> Result<(Fresh, Token), Problem> {
    let internal = |error| Problem::internal(&error);
    let token = Token::random().map_err(internal)?;
    let registration_id = id::new()?;
    let made = new_code(&api.node.sealer, Purpose::RegistrationCode, &registration_id);
    let (code_digest, code_sealed) = made.map_err(internal)?;
    let fresh = Fresh {
        token_digest: token.digest(),
        code_digest,
        code_sealed,
        registration_id,
    };
    Ok((fresh, token))
}

/// All that is said of a registration, at the first form or with what is corrected.
struct SaidIn {
    kind: Kind,
    business_name: String,
    credit_code: Option<String>,
    person_name: String,
    identity_number: String,
    mobile: String,
    login: String,
}

/// The same, each checked as far as it can be without asking anybody.
fn read_all(said: SaidIn) -> Result<Said, Problem> {
    let code = said.credit_code.filter(|code| !code.trim().is_empty());
    let credit_code = match (said.kind.has_licence(), code) {
        (true, Some(code)) => {
            identity::credit_code(&code).ok_or_else(|| Problem::field("credit_code", Why::NotACreditCode))?
        }
        (true, None) => return Err(Problem::field("credit_code", Why::Missing)),
        (false, Some(_)) => return Err(Problem::field("credit_code", Why::Unknown)),
        (false, None) => String::new(),
    };
    let login = said.login.trim();
    Ok(Said {
        kind: said.kind,
        business_name: text("business_name", &said.business_name, NAME_CHARS_MAX)?,
        credit_code,
        person_name: text("person_name", &said.person_name, NAME_CHARS_MAX)?,
        identity_number: identity::identity_number(&said.identity_number, node::now())
            .map_err(wrong_number)?,
        mobile: identity::mobile(&said.mobile).ok_or_else(|| Problem::field("mobile", Why::NotAMobile))?,
        login: match is_login(login) {
            true => login.to_owned(),
            false => return Err(Problem::field("login", Why::NotALogin)),
        },
    })
}

fn wrong_number(wrong: Wrong) -> Problem {
    let why = match wrong {
        Wrong::CheckDigit => Why::WrongCheckDigit,
        Wrong::Shape | Wrong::Day => Why::NotAnIdentityNumber,
    };
    Problem::field("identity_number", why)
}

impl From<NotTaken> for Problem {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Closed => Self::new(CLOSED),
            NotTaken::Busy => Self::new(code::OVERLOADED).retry_after_s(60),
            NotTaken::Store(error) => error.into(),
        }
    }
}

impl From<NotDone> for Problem {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::Over => Self::new(OVER),
            NotDone::WrongCode => Self::new(CODE_WRONG),
            NotDone::TooMany => Self::new(TOO_MANY),
            NotDone::Closed => Self::new(CLOSED),
            NotDone::WrongState(_) => Self::new(code::WRONG_STATE),
            NotDone::Store(error) => error.into(),
        }
    }
}

/// A registration as the applicant sees it.
#[derive(Serialize, ToSchema)]
struct RegistrationSeen {
    #[serde(flatten)]
    said: SaidOut,
    /// Until when the code works, as long as it is not confirmed.
    #[schema(required)]
    ends_at: Option<Time>,
    /// How often it may be sent again.
    sends_left: i64,
    /// What the applicant may do now.
    actions: Vec<RegistrationAction>,
}

impl RegistrationSeen {
    fn of(it: &Registration) -> Self {
        let applicant = Actor::Outside(String::new());
        let is_open = it.state == Stands::Unconfirmed;
        Self {
            actions: actions(it, &applicant)
                .into_iter()
                .map(RegistrationAction)
                .collect(),
            said: SaidOut::of(it, &applicant),
            ends_at: is_open.then_some(Time(it.ends_at)),
            sends_left: (SENT_MAX - it.sent_count).max(0),
        }
    }
}

/// The registration of a token.
fn open(tx: &Tx<'_>, token: &[u8; 32]) -> Result<Registration, Problem> {
    app::registration::open(tx, token)?.ok_or_else(|| Problem::new(OVER))
}

/// Say where a registration stands.
#[utoipa::path(post, path = "/registrations/look", tag = "registration", security(()), request_body = Held, responses(
    (status = 200, body = RegistrationSeen),
    (status = 410, description = "registration_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn look(
    State(api): State<Arc<Api>>,
    network: Network,
    input: In<Held>,
) -> Result<Json<RegistrationSeen>, Problem> {
    let seen = |tx: &Tx<'_>, token: &[u8; 32]| Ok(RegistrationSeen::of(&open(tx, token)?));
    let (_, seen) = opened(&api, &network, &input.body.token, OVER, seen).await?;
    Ok(Json(seen))
}

/// The token, and the code from the mailbox.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegistrationConfirm, example = json!({ "token": "8_J1TXmC3r0vGQ2bW8lYkPa9sDfHjKlQwErTyUiOpAs", "code": "M701-Z01A-BCDE" }))]
struct Confirm {
    /// What the first answer held.
    token: String,
    /// As it came by mail: twelve letters and digits, however they are typed.
    code: String,
}

/// Bring the code: from here the registration counts. The same again gets the same answer.
#[utoipa::path(post, path = "/registrations/confirm", tag = "registration", security(()), request_body = Confirm, responses(
    (status = 200, body = RegistrationSeen),
    (status = 409, description = "registrations_closed", body = ProblemOut),
    (status = 410, description = "registration_over, registration_code_wrong", body = ProblemOut),
    (status = 429, description = "too_many_attempts; too_many_registrations from this mailbox in a day", body = ProblemOut),
))]
async fn confirm(
    State(api): State<Arc<Api>>,
    network: Network,
    input: In<Confirm>,
) -> Result<Json<RegistrationSeen>, Problem> {
    let Confirm { token, code } = input.body;
    let code = Code::parse(&code).ok_or_else(|| network.wrong(&api, CODE_WRONG))?;
    let code = digest(&code);
    let looked = move |tx: &Tx<'_>, token: &[u8; 32]| {
        let it = open(tx, token)?;
        Ok((app::registration::brought(tx, &it, &code)?, it))
    };
    let (token, (brought, it)) = opened(&api, &network, &token, OVER, looked).await?;
    match brought {
        Brought::Again => return Ok(Json(RegistrationSeen::of(&it))),
        Brought::Nothing(NotDone::WrongCode) => return Err(network.wrong(&api, CODE_WRONG)),
        Brought::Nothing(why) => return Err(why.into()),
        // Paid for before it is counted.
        Brought::Wrong => network.pays(&api, Guess::Password)?,
        Brought::Right => {}
    }
    let token = token.digest();
    // What is counted stays, whatever the answer.
    let confirm = move |tx: &Tx<'_>| app::registration::confirm(tx, &token, &code);
    let it = api.node.write(confirm).await??;
    api.node.work_due.notify_one();
    Ok(Json(RegistrationSeen::of(&it)))
}

/// What is corrected; what is not said stays, but for `consents_to`.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegistrationSend, example = json!({ "token": "8_J1TXmC3r0vGQ2bW8lYkPa9sDfHjKlQwErTyUiOpAs", "login": "li.na.2" }))]
struct Corrected {
    /// From the link.
    token: String,
    /// What the business is.
    kind: Option<BusinessKind>,
    /// What it is called.
    business_name: Option<String>,
    /// 统一社会信用代码.
    credit_code: Option<String>,
    /// The legal representative, the operator, or the person who sells.
    person_name: Option<String>,
    /// That person's identity number.
    identity_number: Option<String>,
    /// That person's mobile number.
    mobile: Option<String>,
    /// What the owner will type to log in.
    login: Option<String>,
    /// To whom what is said now may be given to be compared, as at the first form; what was said of that before does not stay.
    consents_to: Option<IdentityProvider>,
}

impl Corrected {
    /// All that is said now; a code that is left over from another kind of business goes.
    fn over(self, known: Said) -> SaidIn {
        let kind = self.kind.map_or(known.kind, |kind| kind.0);
        let known_code = Some(known.credit_code).filter(|_| kind.has_licence());
        let blank_is_none = |code: &String| !code.trim().is_empty();
        SaidIn {
            kind,
            business_name: self.business_name.unwrap_or(known.business_name),
            credit_code: self.credit_code.filter(blank_is_none).or(known_code),
            person_name: self.person_name.unwrap_or(known.person_name),
            identity_number: self.identity_number.unwrap_or(known.identity_number),
            mobile: self.mobile.unwrap_or(known.mobile),
            login: self.login.unwrap_or(known.login),
        }
    }
}

/// What a registration would say, corrected, if it may be sent again.
fn corrected(tx: &Tx<'_>, token: &[u8; 32], said: Corrected) -> Result<Said, Problem> {
    let it = open(tx, token)?;
    app::registration::may_take(&it, Verb::Send)?;
    read_all(said.over(it.said))
}

/// Send a returned registration again, corrected; five times in all.
#[utoipa::path(post, path = "/registrations/send", tag = "registration", security(()), request_body = Corrected, responses(
    (status = 200, body = RegistrationSeen),
    (status = 409, description = "wrong_state", body = ProblemOut),
    (status = 410, description = "registration_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn send(
    State(api): State<Arc<Api>>,
    network: Network,
    input: In<Corrected>,
) -> Result<Json<RegistrationSeen>, Problem> {
    let said = input.body;
    let (held, looked_at) = (said.token.clone(), said.clone());
    // Who writes is not asked about what cannot be sent.
    let looked = |tx: &Tx<'_>, token: &[u8; 32]| corrected(tx, token, looked_at).map(drop);
    let (token, ()) = opened(&api, &network, &held, OVER, looked).await?;
    let token = token.digest();
    let send = move |tx: &Tx<'_>| {
        let consents_to = said.consents_to.map(|provider| provider.0);
        let corrected = corrected(tx, &token, said)?;
        Ok::<_, Problem>(app::registration::send(tx, &token, corrected, consents_to)?)
    };
    let it = api.node.write(send).await?;
    api.node.work_due.notify_one();
    Ok(Json(RegistrationSeen::of(&it)))
}

/// Take a registration back.
#[utoipa::path(post, path = "/registrations/withdraw", tag = "registration", security(()), request_body = Held, responses(
    (status = 200, body = RegistrationSeen),
    (status = 409, description = "wrong_state", body = ProblemOut),
    (status = 410, description = "registration_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn withdraw(
    State(api): State<Arc<Api>>,
    network: Network,
    input: In<Held>,
) -> Result<Json<RegistrationSeen>, Problem> {
    let looked = |tx: &Tx<'_>, token: &[u8; 32]| {
        let it = open(tx, token)?;
        Ok(app::registration::may_take(&it, Verb::Withdraw)?)
    };
    let (token, ()) = opened(&api, &network, &input.body.token, OVER, looked).await?;
    let token = token.digest();
    let withdraw = move |tx: &Tx<'_>| app::registration::withdraw(tx, &token);
    let it = api.node.write(withdraw).await?;
    Ok(Json(RegistrationSeen::of(&it)))
}
