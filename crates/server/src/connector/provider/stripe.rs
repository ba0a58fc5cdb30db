//! Stripe Terminal: a reader that is deleted takes payments again only when somebody with rights registers it anew.
//!
//! Source: Stripe's API reference, *Terminal reader*: retrieve, delete, cancel_action.
//!
//! Invariant: an action that is under way is cancelled before the reader is deleted, and its failure does not keep the deletion
//! back.

use domain::Timestamp;
use hyper::Method;
use serde_json::Value;

use super::{Known, Provider, Standing, Trouble, evidence, text, unknown};

/// Its test keys go to the same system.
pub(super) const ADDRESSES: [&str; 1] = ["https://api.stripe.com"];
/// The first version whose readers have `last_seen_at`.
pub(super) const VERSION: &str = "2025-10-29.clover";

pub(super) async fn test(stripe: &Provider) -> Result<(), Trouble> {
    stripe
        .get("/v1/terminal/readers?limit=1".to_owned())
        .await
        .map(drop)
}

/// The reader, or what is left of it, if that is whom the answer is about.
async fn reader(stripe: &Provider, device: &str) -> Result<Value, Trouble> {
    let reader = stripe.get(format!("/v1/terminal/readers/{device}")).await?;
    match reader["id"].as_str() == Some(device) {
        true => Ok(reader),
        false => Err(unknown("the answer is about another reader")),
    }
}

fn is_deleted(reader: &Value) -> bool {
    reader["deleted"] == Value::Bool(true)
}

fn is_busy(reader: &Value) -> bool {
    reader["action"]["status"] == "in_progress"
}

pub(super) async fn look(stripe: &Provider, device: &str) -> Result<Known, Trouble> {
    let reader = reader(stripe, device).await?;
    if is_deleted(&reader) {
        return Err(Trouble::NoSuchDevice);
    }
    Ok(Known {
        last_seen_at: reader["last_seen_at"].as_i64().map(Timestamp),
        address: text(&reader["ip_address"]),
        serial: text(&reader["serial_number"]),
        model: text(&reader["device_type"]),
        status: text(&reader["status"]),
        is_busy: is_busy(&reader),
        told: evidence(&reader),
        ..Known::default()
    })
}

pub(super) async fn stop(stripe: &Provider, device: &str) -> Result<(), Trouble> {
    let path = format!("/v1/terminal/readers/{device}");
    match reader(stripe, device).await {
        Ok(reader) if is_deleted(&reader) => return Ok(()),
        Ok(reader) if is_busy(&reader) => {
            let form = ("application/x-www-form-urlencoded", String::new());
            if let Err(trouble) = stripe
                .ask(Method::POST, format!("{path}/cancel_action"), Some(form))
                .await
            {
                tracing::warn!(?trouble, "what was under way on a reader could not be cancelled");
            }
        }
        Err(refused @ Trouble::Refused { .. }) => return Err(refused),
        // Whether something is under way is not known: the stop is asked for all the same.
        Ok(_) | Err(_) => {}
    }
    stripe.ask(Method::DELETE, path, None).await.map(drop)
}

pub(super) async fn standing(stripe: &Provider, device: &str) -> Result<Standing, Trouble> {
    let reader = reader(stripe, device).await?;
    Ok(match reader["object"] == "terminal.reader" {
        true if is_deleted(&reader) => Standing::Stopped,
        true => Standing::Working,
        false => Standing::Unknown,
    })
}

pub(super) fn error(said: &Value) -> (Option<String>, Option<String>) {
    let error = &said["error"];
    (
        text(&error["code"]).or_else(|| text(&error["type"])),
        text(&error["message"]),
    )
}
