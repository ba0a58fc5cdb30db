//! SumUp: a reader is the pairing of a device with a merchant; deleted, the device is no reader of the merchant any more.
//!
//! Whether a Solo goes on taking payments typed in on the device itself is not documented, so people are told that the pairing
//! is stopped. Source: SumUp's API reference, *Readers*.
//!
//! Invariant: a reader counts as stopped only when it is not found **and** the same key lists the merchant's readers without it.

use hyper::Method;
use serde_json::Value;

use super::{Known, Provider, Standing, Trouble, evidence, moment, text, unknown};

/// Its test merchants are in the same system.
pub(super) const ADDRESSES: [&str; 1] = ["https://api.sumup.com"];

fn readers(merchant: &str) -> String {
    format!("/v0.1/merchants/{merchant}/readers")
}

pub(super) async fn test(sumup: &Provider, merchant: &str) -> Result<(), Trouble> {
    listed(sumup, merchant).await.map(drop)
}

async fn listed(sumup: &Provider, merchant: &str) -> Result<Vec<Value>, Trouble> {
    let mut list = sumup.get(readers(merchant)).await?;
    match list["items"].take() {
        Value::Array(items) => Ok(items),
        _ => Err(unknown("the answer is no list of readers")),
    }
}

async fn reader(sumup: &Provider, merchant: &str, device: &str) -> Result<Value, Trouble> {
    let reader = sumup.get(format!("{}/{device}", readers(merchant))).await?;
    match reader["id"].as_str() == Some(device) {
        true => Ok(reader),
        false => Err(unknown("the answer is about another reader")),
    }
}

pub(super) async fn look(sumup: &Provider, merchant: &str, device: &str) -> Result<Known, Trouble> {
    let reader = reader(sumup, merchant, device).await?;
    // When it was last heard of stands elsewhere, and is worth having, not waiting for.
    let status = sumup
        .get(format!("{}/{device}/status", readers(merchant)))
        .await
        .unwrap_or_default();
    Ok(Known {
        last_seen_at: moment(&status["data"]["last_activity"]),
        network: text(&status["data"]["connection_type"]),
        serial: text(&reader["device"]["identifier"]),
        model: text(&reader["device"]["model"]),
        status: text(&reader["status"]),
        told: evidence(&serde_json::json!({ "reader": reader, "status": status })),
        ..Known::default()
    })
}

pub(super) async fn stop(sumup: &Provider, merchant: &str, device: &str) -> Result<(), Trouble> {
    let path = format!("{}/{device}", readers(merchant));
    sumup.ask(Method::DELETE, path, None).await.map(drop)
}

pub(super) async fn standing(sumup: &Provider, merchant: &str, device: &str) -> Result<Standing, Trouble> {
    match reader(sumup, merchant, device).await {
        Ok(reader) => Ok(match reader["status"].as_str() {
            Some("paired" | "processing") => Standing::Working,
            _ => Standing::Unknown,
        }),
        Err(Trouble::NoSuchDevice) => {
            let readers = listed(sumup, merchant).await?;
            let is_there = readers.iter().any(|reader| reader["id"].as_str() == Some(device));
            Ok(if is_there {
                Standing::Unknown
            } else {
                Standing::Stopped
            })
        }
        Err(trouble) => Err(trouble),
    }
}

pub(super) fn error(said: &Value) -> (Option<String>, Option<String>) {
    let kind = said["type"].as_str().and_then(|kind| kind.rsplit('/').next());
    let code = kind.and_then(|kind| text(&kind.into()));
    (code, text(&said["detail"]).or_else(|| text(&said["title"])))
}
