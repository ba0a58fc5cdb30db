//! The cashier's lock and unlock of a terminal (R5.1), from elsewhere than the terminal itself.
//!
//! Invariant: of a password, an answer keeps only whether it was right.

use std::sync::Arc;

use app::operator::{LockedBy, NotUnlocked};
use axum::extract::{Path, State};
use domain::actor::By;
use domain::operator::Number;
use domain::right::{Object, Right};
use domain::terminal::Control;
use serde::Deserialize;
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{NOT_FOUND, TerminalOut, page, parse_id, visible};
use crate::Api;
use crate::auth::{self, Asker};
use crate::idempotency::{Kept, once};
use crate::input::In;
use crate::problem::{Problem, ProblemOut, Why};

crate::problem::codes! {
    /// Wrong operator or password.
    WRONG_OPERATOR_PASSWORD = "wrong_operator_password", FORBIDDEN:
        ("密码错误", "操作员号或密码不对。"),
        ("Wrong password", "The operator or the password is wrong.");
    /// No cashier lock stands.
    NOT_LOCKED = "not_locked", CONFLICT:
        ("没有锁定", "这台终端没有被收银员锁定。"),
        ("Not locked", "No cashier has locked this terminal.");
    /// Another hold stands that a password cannot release.
    HELD = "held", CONFLICT:
        ("终端被停用", "这台终端因其他原因停用，密码不能解除。"),
        ("Terminal held", "The terminal is stopped for a reason that a password cannot release.");
    /// Nobody here decides what it may do.
    OUTSIDE = "outside_terminal", CONFLICT:
        ("锁不住", "这台终端由外面的收单机构控制，这里锁不住它。丢了请报失。"),
        ("Cannot be locked here", "An outside acquirer decides what this terminal may do: a lock here would not hold. If it is missing, report it.");
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(lock)).routes(routes!(unlock))
}

/// Who locks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct Lock {
    /// The operator on whose behalf, where there is one.
    operator: Option<String>,
}

/// Who unlocks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "operator": "001", "password": "246810" }))]
struct Unlock {
    /// The operator's number.
    operator: String,
    /// The operator's password.
    password: String,
}

fn operator(number: &str) -> Result<Number, Problem> {
    Number::parse(number).ok_or_else(|| Problem::field("operator", Why::Invalid))
}

/// Lock, with the same effect as the cashier's lock key; a locked one stays as it is.
#[utoipa::path(post, path = "/terminals/{terminal_id}/lock", tag = "terminal", params(("terminal_id" = String, Path)),
    request_body = Lock, responses(
    (status = 200, body = TerminalOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "outside_terminal: nobody here would keep the lock", body = ProblemOut),
))]
async fn lock(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(terminal_id): Path<String>,
    input: In<Lock>,
) -> Result<Kept, Problem> {
    let terminal_id = parse_id(&terminal_id)?;
    let operator = input.body.operator.as_deref().map(operator).transpose()?;
    let by = account.clone();
    let work = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let terminal = visible(tx, &actor, terminal_id)?;
        auth::may(&actor, Right::LockTerminal, Object::Seen)?;
        if terminal.control == Control::Outside {
            return Ok(Err(Problem::new(OUTSIDE)));
        }
        let by = match operator {
            None => account.name().to_owned(),
            Some(operator) => format!("{}, operator {operator}", account.name()),
        };
        let by = By {
            name: &by,
            ..actor.by()
        };
        app::operator::lock_terminal(tx, terminal_id, LockedBy::Account, by)?;
        page(tx, &actor, terminal).map(Ok)
    };
    once(&api, &by, input.key, work).await
}

/// Unlock by operator number and password (R5.1). Three wrong ones in a row lock the terminal for 24 hours (R5.3).
#[utoipa::path(post, path = "/terminals/{terminal_id}/unlock", tag = "terminal", params(("terminal_id" = String, Path)),
    request_body = Unlock, responses(
    (status = 200, body = TerminalOut),
    (status = 403, description = "wrong_operator_password with attempts_left, or not_allowed", body = ProblemOut),
    (status = 404, description = "terminal_not_found", body = ProblemOut),
    (status = 409, description = "not_locked, or held with hold_kinds", body = ProblemOut),
))]
async fn unlock(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(terminal_id): Path<String>,
    input: In<Unlock>,
) -> Result<Kept, Problem> {
    let terminal_id = parse_id(&terminal_id)?;
    let Unlock {
        operator: number,
        password,
    } = input.body;
    let number = operator(&number)?;
    let (reader, asked) = (account.clone(), number);
    let find = move |tx: &Tx<'_>| {
        let actor = reader.actor(tx)?;
        visible(tx, &actor, terminal_id)?;
        auth::may(&actor, Right::LockTerminal, Object::Seen)?;
        Ok::<_, Problem>(store::operator::password_hash(tx, terminal_id, asked.as_str())?)
    };
    let hash = api.node.read(find).await?;
    let right = api.passwords.verify(Asker::Known, password, hash).await?;
    // Of the password, the answer's key keeps only whether it was right.
    let key = input
        .key
        .map(|key| key.with_content(&format!("{number} {right}")));
    let by = account.clone();
    let work = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        let terminal = visible(tx, &actor, terminal_id)?;
        auth::may(&actor, Right::LockTerminal, Object::Seen)?;
        match app::operator::unlock(tx, terminal_id, number.as_str(), right, actor.by())? {
            Ok(()) => page(tx, &actor, terminal).map(Ok),
            Err(refusal) => Ok(Err(refused(refusal))),
        }
    };
    once(&api, &by, key, work).await
}

fn refused(refusal: NotUnlocked) -> Problem {
    match refusal {
        NotUnlocked::UnknownTerminal => Problem::new(NOT_FOUND),
        NotUnlocked::NotLocked => Problem::new(NOT_LOCKED),
        NotUnlocked::Held(standing) => Problem::new(HELD).held_by(standing),
        NotUnlocked::WrongPassword { attempts_left } => {
            Problem::new(WRONG_OPERATOR_PASSWORD).attempts_left(attempts_left)
        }
        NotUnlocked::Store(error) => error.into(),
    }
}
