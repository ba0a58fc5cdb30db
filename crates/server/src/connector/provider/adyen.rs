//! Adyen: a terminal that is moved to the inventory of its merchant account cannot process transactions.
//!
//! A boarded terminal has to synchronise with the platform first; until then it is `reassignmentInProgress`, and not stopped.
//! Source: Adyen's Management API, version 3: `/terminals`, `/terminals/{id}/reassign`.
//!
//! Invariant: a search finds every terminal whose name contains another's; only the one of that very name counts.

use hyper::Method;
use serde_json::{Value, json};

use super::{Known, Provider, Standing, Trouble, evidence, moment, text, unknown};

/// The live system and the test system.
pub(super) const ADDRESSES: [&str; 2] = [
    "https://management-live.adyen.com/v3",
    "https://management-test.adyen.com/v3",
];

pub(super) async fn test(adyen: &Provider) -> Result<(), Trouble> {
    adyen.get("/terminals?pageSize=1".to_owned()).await.map(drop)
}

async fn terminal(adyen: &Provider, device: &str) -> Result<Value, Trouble> {
    let mut found = adyen
        .get(format!("/terminals?searchQuery={device}&pageSize=100"))
        .await?;
    let total = found["itemsTotal"].as_u64();
    let terminals = match (found["data"].take(), total) {
        (Value::Array(terminals), _) => terminals,
        // An empty list may be left out.
        (Value::Null, Some(0)) => Vec::new(),
        _ => return Err(unknown("the answer is no list of terminals")),
    };
    let name = |terminal: &Value| terminal["id"].as_str().map(str::to_owned);
    let names: Vec<_> = terminals.iter().filter_map(name).collect();
    let is_honest = names.len() == terminals.len() && names.iter().all(|name| name.contains(device));
    let is_whole = found["pagesTotal"].as_u64().is_some_and(|pages| pages <= 1);
    let is_it = |terminal: &Value| terminal["id"].as_str() == Some(device);
    match terminals.into_iter().find(is_it) {
        Some(terminal) => Ok(terminal),
        None if is_honest && is_whole => Err(Trouble::NoSuchDevice),
        None => Err(unknown("the answer is about other terminals")),
    }
}

pub(super) async fn look(adyen: &Provider, device: &str) -> Result<Known, Trouble> {
    let terminal = terminal(adyen, device).await?;
    let nets = ["wifi", "ethernet", "bluetooth"].map(|kind| &terminal["connectivity"][kind]);
    Ok(Known {
        last_seen_at: moment(&terminal["lastActivityAt"]),
        last_payment_at: moment(&terminal["lastTransactionAt"]),
        address: nets.iter().find_map(|net| text(&net["ipAddress"])),
        network: text(&terminal["connectivity"]["wifi"]["ssid"]),
        serial: text(&terminal["serialNumber"]),
        model: text(&terminal["model"]),
        status: text(&terminal["assignment"]["status"]),
        told: evidence(&terminal),
        is_busy: false,
    })
}

pub(super) async fn stop(adyen: &Provider, merchant: &str, device: &str) -> Result<(), Trouble> {
    let body = json!({ "merchantId": merchant, "inventory": true }).to_string();
    let path = format!("/terminals/{device}/reassign");
    adyen
        .ask(Method::POST, path, Some(("application/json", body)))
        .await
        .map(drop)
}

pub(super) async fn standing(adyen: &Provider, device: &str) -> Result<Standing, Trouble> {
    let terminal = terminal(adyen, device).await?;
    let assignment = &terminal["assignment"];
    Ok(match assignment["status"].as_str() {
        Some("inventory") => Standing::Stopped,
        // On its way to where it will work again.
        Some("reassignmentInProgress") if assignment["reassignmentTarget"]["inventory"] == json!(false) => {
            Standing::Working
        }
        Some("reassignmentInProgress") => Standing::InProgress,
        Some("boarded" | "deployed") => Standing::Working,
        _ => Standing::Unknown,
    })
}

pub(super) fn error(said: &Value) -> (Option<String>, Option<String>) {
    (
        text(&said["errorCode"]),
        text(&said["detail"]).or_else(|| text(&said["title"])),
    )
}
