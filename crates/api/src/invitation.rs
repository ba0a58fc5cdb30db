//! Invitations: links that make one account, or give one another password (R7.1).
//!
//! Invariant: the token of a link is answered once, to whoever makes it, and kept nowhere.

use std::sync::Arc;

use app::invitation::{Accepted, Link, NotAccepted, open};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::Actor;
use domain::account::{ProvedBy, is_login};
use domain::invitation::{Invitation, State as Word, Verb};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::account::{NAME_CHARS_MAX, Rights};
use super::edge::Secret;
use super::input::{In, Limit, email_of_person, text};
use super::people::Names;
use super::problem::{Problem, ProblemOut, Why};
use super::route::{self, Listed, Shown};
use super::session::{self, AccountOut, HalfWay, Held, Network, Role, custom_role_id, custom_role_name};
use super::wire::{Time, word};
use super::{Api, id};
use crate::auth::{self, Account, Asker, DeviceId, Token, scope};

word! {
    /// What became of an invitation.
    InvitationState: Word;
    /// What people can do with an invitation.
    InvitationAction: Verb;
}

crate::problem::codes! {
    /// No such invitation, for this account.
    NOT_FOUND = "invitation_not_found", NOT_FOUND:
        ("没有找到邀请", "没有这个邀请。"),
        ("Invitation not found", "There is no such invitation.");
    /// The link was used, taken back, is too old, or never was.
    OVER = "link_over", GONE:
        ("链接已失效", "这个链接已用过、被收回或已过期。请向邀请您的人要一个新的。"),
        ("The link is over", "This link was used, taken back, or is too old. Ask the person who invited you for another one.");
    /// Somebody else has this login.
    LOGIN_TAKEN = "login_taken", CONFLICT:
        ("登录名已被占用", "这个登录名已有人用，请换一个。"),
        ("Login taken", "Somebody else has this login: choose another one.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(look))
        .routes(routes!(accept))
        .routes(routes!(withdraw))
}

route::list_route!(list: Invitation => InvitationOut, InvitationQuery, "invitation", "/invitations");
route::step_route!(withdraw: Invitation => InvitationOut, Verb::Withdraw, "invitation", "/invitations/{invitation_id}/withdraw", "invitation_id");

/// An invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationOut {
    /// Eight letters and digits.
    id: String,
    /// The account that gets another password; null: a new account.
    #[schema(required)]
    login: Option<String>,
    /// How the one who invites calls the person.
    name: String,
    /// What the account is for.
    role: Role,
    /// The custom role that will leave it only some of the role's rights.
    #[schema(required)]
    custom_role_id: Option<String>,
    /// That role's name.
    #[schema(required)]
    custom_role_name: Option<String>,
    /// The one merchant it will see; null: all.
    #[schema(required)]
    merchant_id: Option<String>,
    /// That merchant's name.
    #[schema(required)]
    merchant_name: Option<String>,
    /// The one shop it will see; null: all of the merchant's.
    #[schema(required)]
    shop_id: Option<String>,
    /// That shop's name.
    #[schema(required)]
    shop_name: Option<String>,
    /// What became of it.
    state: InvitationState,
    /// Who made it, by name.
    made_by: String,
    /// When.
    made_at: Time,
    /// Until when its link works.
    ends_at: Time,
    /// Whether its link works.
    works: bool,
    /// What the one who asks may do with it now.
    actions: Vec<InvitationAction>,
}

impl Shown for Invitation {
    type Out = InvitationOut;

    fn out(tx: &Tx<'_>, actor: &Actor, it: Self) -> Result<InvitationOut, Problem> {
        let mut names = Names::new(tx);
        let (merchant_name, shop_name) = names.place(&it.scope)?;
        Ok(InvitationOut {
            actions: route::actions(tx, actor, &it, InvitationAction)?,
            works: it.works(tx.now()),
            merchant_name,
            shop_name,
            made_by: names.person(&it.made_by)?,
            id: it.invitation_id,
            login: it.login,
            name: it.name,
            role: Role(it.role),
            custom_role_name: custom_role_name(tx, it.custom_role.as_ref())?,
            custom_role_id: custom_role_id(it.custom_role.as_ref()),
            merchant_id: it.scope.merchant_id().map(|merchant_id| merchant_id.to_string()),
            shop_id: it.scope.shop_id().map(str::to_owned),
            state: InvitationState(it.state),
            made_at: Time(it.made_at),
            ends_at: Time(it.ends_at),
        })
    }
}

/// An invitation that was just made, and its link's token.
#[derive(Serialize, ToSchema)]
pub struct Invited {
    #[serde(flatten)]
    invitation: InvitationOut,
    /// What opens it, shown this once: the page is `/join#` and this.
    token: String,
}

/// Makes a link as the actor. The answer, which holds its token, is not compressed, and not kept for a key.
pub async fn invite(
    api: &Api,
    account: Account,
    make: impl FnOnce(&Tx<'_>, &Actor, Link) -> Result<Invitation, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let token = Token::random().map_err(|error| Problem::internal(&error))?;
    let link = Link {
        invitation_id: id::new()?,
        token_digest: token.digest(),
    };
    let work = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let made = make(tx, &actor, link)?;
        Ok::<_, Problem>(Invited {
            invitation: Invitation::out(tx, &actor, made)?,
            token: token.to_string(),
        })
    };
    let out = api.node.write(work).await?;
    Ok((StatusCode::CREATED, Extension(Secret), Json(out)).into_response())
}

/// Which invitations.
#[derive(Default, Deserialize, IntoParams)]
pub struct InvitationQuery {
    /// One state only.
    state: Option<InvitationState>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The last page's `next_cursor`.
    cursor: Option<String>,
}

impl Listed for Invitation {
    type Query = InvitationQuery;

    fn list(tx: &Tx<'_>, actor: &Actor, which: &InvitationQuery, limit: i64) -> Result<Vec<Self>, Problem> {
        let state = which.state.map(|state| state.0);
        Ok(store::invitation::list(
            tx,
            scope(actor)?,
            state,
            which.cursor.as_deref(),
            limit,
        )?)
    }
}

/// Invite somebody, with at most one's own rights. The answer holds the link's token, this once; a key does not repeat it.
#[utoipa::path(post, path = "/invitations", tag = "invitation", request_body = Rights, responses(
    (status = 201, body = Invited),
    (status = 403, description = "not_allowed", body = ProblemOut),
))]
async fn create(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    input: In<Rights>,
) -> Result<Response, Problem> {
    invite(&api, account, move |tx, actor, link| {
        let (name, given) = input.body.read(tx, actor)?;
        Ok(app::invitation::create(tx, actor, link, name, given)?)
    })
    .await
}

/// What a link is for.
#[derive(Serialize, ToSchema)]
struct InvitationSeen {
    /// The account that gets another password; null: a new account, whose login one chooses.
    #[schema(required)]
    login: Option<String>,
    /// How the one who invites calls the person.
    name: String,
    /// What the account is for.
    role: Role,
    /// The name of the custom role that leaves it only some of the role's rights.
    #[schema(required)]
    custom_role_name: Option<String>,
    /// The one merchant it sees.
    #[schema(required)]
    merchant_name: Option<String>,
    /// The one shop it sees.
    #[schema(required)]
    shop_name: Option<String>,
    /// Until when the link works.
    ends_at: Time,
}

/// Say what a link is for. It stays as it is.
#[utoipa::path(post, path = "/invitations/look", tag = "invitation", security(()), request_body = Held, responses(
    (status = 200, body = InvitationSeen),
    (status = 410, description = "link_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn look(
    State(api): State<Arc<Api>>,
    network: Network,
    input: In<Held>,
) -> Result<Json<InvitationSeen>, Problem> {
    seen(&api, &network, &input.body.token)
        .await
        .map(|(_, seen)| Json(seen))
}

/// What a link is for, and its token. A wrong one is paid for by the address it comes from.
async fn seen(api: &Api, network: &Network, said: &str) -> Result<(Token, InvitationSeen), Problem> {
    let read = |tx: &Tx<'_>, digest: &[u8; 32]| {
        let it = open(tx, digest)?;
        let (merchant_name, shop_name) = Names::new(tx).place(&it.scope)?;
        Ok(InvitationSeen {
            login: it.login,
            name: it.name,
            role: Role(it.role),
            custom_role_name: custom_role_name(tx, it.custom_role.as_ref())?,
            merchant_name,
            shop_name,
            ends_at: Time(it.ends_at),
        })
    };
    session::opened(api, network, said, OVER, read).await
}

impl From<NotAccepted> for Problem {
    fn from(error: NotAccepted) -> Self {
        match error {
            NotAccepted::Over => Self::new(OVER),
            NotAccepted::Taken => Self::new(LOGIN_TAKEN),
            NotAccepted::Store(error) => error.into(),
        }
    }
}

/// What the one who accepts says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationAccept, example = json!({
    "token": "8_J1TXmC3r0vGQ2bW8lYkPa9sDfHjKlQwErTyUiOpAs", "login": "li.na", "name": "李娜", "password": "teapot-in-the-rain",
}))]
struct Accept {
    /// From the link.
    token: String,
    /// What the person will type: 2 to 64 letters, digits or `.`, `_`, `-`, `@`, `+`. Not where the link is for an account.
    login: Option<String>,
    /// How others see the person; as in the invitation without it.
    name: Option<String>,
    /// At least 8 characters, and none of those that are guessed first.
    password: String,
    /// Where the person is reminded of what nobody has answered; at most 254 characters. Not where the link is for an account.
    email: Option<String>,
}

/// The link was used, and the person is logged in.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationAccepted)]
struct Done {
    /// For `Authorization: Bearer`; also set as a cookie. Lasts 12 hours.
    token: String,
    /// Whose.
    account: AccountOut,
}

/// Use a link, once: choose a login and a password, or another password. The answer is that of a log-in.
#[utoipa::path(post, path = "/invitations/accept", tag = "invitation", security(()), request_body = Accept, responses(
    (status = 201, body = Done),
    (status = 202, description = "The account has a second factor, which is awaited as after a log-in.", body = HalfWay),
    (status = 409, description = "login_taken: the link still works", body = ProblemOut),
    (status = 410, description = "link_over", body = ProblemOut),
    (status = 429, description = "too_many_attempts", body = ProblemOut),
))]
async fn accept(
    State(api): State<Arc<Api>>,
    network: Network,
    headers: HeaderMap,
    input: In<Accept>,
) -> Result<Response, Problem> {
    let said = input.body;
    let password = Zeroizing::new(said.password);
    let (opened, seen) = seen(&api, &network, &said.token).await?;
    let login = login(&seen, said.login.as_deref())?;
    let name = match said.name {
        None => seen.name,
        Some(name) => text("name", &name, NAME_CHARS_MAX)?,
    };
    if seen.login.is_none() {
        // Who chooses one that somebody has costs no processor.
        let chosen = login.clone();
        let free = move |tx: &Tx<'_>| match store::account::get(tx, &chosen)? {
            Some(_) => Err(Problem::new(LOGIN_TAKEN)),
            None => Ok(()),
        };
        api.node.read(free).await?;
    }
    let theirs = vec![login.clone(), name.clone()];
    let hash = api
        .passwords
        .hash_new_of(Asker::Stranger(network.0), "password", password, theirs);
    let accepted = Accepted {
        password_hash: hash.await?,
        login: login.clone(),
        name,
        email: email_of_person(&api, "email", said.email)?,
    };
    let token = Token::random().map_err(|error| Problem::internal(&error))?;
    let from = session::From::of(&api, network.0, &headers);
    let (begun, opened) = (from.begun(token.digest(), ProvedBy::Password)?, opened.digest());
    let work = move |tx: &Tx<'_>| {
        let account = app::invitation::accept(tx, &opened, accepted)?;
        session::begin(tx, &from, begun, &account)
    };
    let account = match api.node.write(work).await?.account(&token) {
        Ok(account) => account,
        Err(half_way) => return Ok(half_way.into_response()),
    };
    let device = DeviceId::of(&api.node.sealer, &headers, &login);
    let out = Done {
        token: token.to_string(),
        account,
    };
    let begun = session::begun(&api, device, &login, &token, out)?;
    Ok((StatusCode::CREATED, begun).into_response())
}

/// The account's own login, or the one the person chooses.
fn login(seen: &InvitationSeen, said: Option<&str>) -> Result<String, Problem> {
    let said = said.map(str::trim).filter(|said| !said.is_empty());
    match (&seen.login, said) {
        (Some(own), None) => Ok(own.clone()),
        (Some(own), Some(said)) if own == said => Ok(own.clone()),
        (Some(_), Some(_)) => Err(Problem::field("login", Why::Fixed)),
        (None, None) => Err(Problem::field("login", Why::Missing)),
        (None, Some(said)) if is_login(said) => Ok(said.to_owned()),
        (None, Some(_)) => Err(Problem::field("login", Why::NotALogin)),
    }
}
